"""The memory of a process that reads one epoch does not grow with the number of images."""

import subprocess
import sys
import textwrap

import pytest

pytestmark = [
    pytest.mark.speed,
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
    from ferspec.subjects.runs.data.splits import ImagePart
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
    images = ImagePart("noise", rng.integers(0, 7, count), (None,) * count, pixels)
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
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return tuple(map(int, done.stdout.split()[-2:]))


@pytest.mark.parametrize("path", ["threads", "device"])
def test_memory_does_not_grow_with_the_number_of_images(path, capsys, record_property):
    few, many = peaks(FEW, path), peaks(MANY, path)
    with capsys.disabled():
        print(f"\n{path}, 48 × 48, {ROOM >> 20} MiB of room for pixels; peaks of one epoch, in MiB:")
        for count, (anonymous, resident) in ((FEW, few), (MANY, many)):
            print(f"  {count:>6,} images: anonymous {anonymous / 2**20:.0f}, resident {resident / 2**20:.0f}")
            record_property(f"{path}.{count}", {"anonymous": anonymous, "resident": resident})
    assert max(after - before for before, after in zip(few, many, strict=True)) <= LARGEST_GROWTH
