"""The memory of a process that reads one epoch does not grow with the number of images."""

import subprocess
import sys
import textwrap

import pytest

pytestmark = [
    pytest.mark.speed,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is read from /proc"),
]

FEW, MANY = 2_000, 50_000
ROOM = 4 << 20
# A tenth of what the pixels of the images between the two numbers are.
LARGEST_GROWTH = (MANY - FEW) * 48 * 48 * 3 // 10

ONE_EPOCH = """
    import sys

    import numpy as np
    from ferspec.reference.augmentation.stream import Stream
    from ferspec.reference.models.preprocessing import RESCALED
    from ferspec.reference.training.feed import training_batches
    from ferspec.subjects.runs.data.splits import ImageSplit
    from ferspec.subjects.datasets.pixel_store import PixelStore

    count, room, path = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]

    def memory():
        with open("/proc/self/status") as status:
            lines = [line for line in status if line.startswith(("RssAnon", "VmHWM"))]
        return {name: int(kibibytes.split()[0]) << 10 for name, kibibytes in (line.split(":") for line in lines)}

    rng = np.random.default_rng(0)
    pixels = PixelStore(count, (48, 48), room)
    some = rng.integers(0, 256, (100, 48, 48, 3), dtype=np.uint8)
    for index in range(count):
        pixels.write(index, some[index % 100])
    images = ImageSplit("noise", rng.integers(0, 7, count), (None,) * count, pixels)
    stream = Stream(count, 64, seed=1)
    peak = 0
    for step, _ in enumerate(training_batches(images, stream, RESCALED, path).take(stream.steps)):
        if step % 8 == 0:
            peak = max(peak, memory()["RssAnon"])
    print(peak, memory()["VmHWM"])
"""


def peaks(count, path):
    """Return the peaks of anonymous and of all resident memory, in bytes, of a process of its own."""
    arguments = [sys.executable, "-c", textwrap.dedent(ONE_EPOCH), str(count), str(ROOM), path]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr
    return tuple(map(int, done.stdout.split()[-2:]))


@pytest.mark.parametrize("path", ["threads", "device"])
def test_memory_does_not_grow_with_the_number_of_images(path, benchmark, note):
    few, many = peaks(FEW, path), benchmark.pedantic(peaks, args=(MANY, path))
    growth = [after - before for before, after in zip(few, many, strict=True)]
    note(anonymous_growth=growth[0], resident_growth=growth[1], most=LARGEST_GROWTH)
    assert max(growth) <= LARGEST_GROWTH
