"""What it costs to decode image files in sandboxed processes instead of this one."""

from statistics import median

import numpy as np
import pytest
from PIL import Image

from ferspec.subjects.datasets import read_all
from ferspec.subjects.datasets.decode import decode
from ferspec.subjects.datasets.subject import open_dataset

pytestmark = [pytest.mark.speed, pytest.mark.timeout(1800)]

CLASSES = ("Angry", "Disgust", "Fear", "Happy", "Neutral", "Sad", "Surprise")
PER_CLASS, SIDE, QUALITY, TURNS = 300, 256, 90, 5
# of the speed in this process
LEAST = 0.8


class InProcess:
    """Decode in this process, as the decoders do in theirs."""

    def __init__(self, images):
        self.decode = decode

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass


@pytest.fixture(scope="module")
def faces(tmp_path_factory):
    """A folder of 7 × 300 JPEG files of 256 × 256 pixels, as smooth as photographs."""
    folder = tmp_path_factory.mktemp("faces")
    rng = np.random.default_rng(5)
    coarse = [Image.fromarray(rng.integers(0, 256, (48, 48, 3), np.uint8)) for _ in range(20)]
    smooth = [image.resize((SIDE, SIDE), Image.Resampling.BICUBIC) for image in coarse]
    for name in CLASSES:
        (folder / name).mkdir()
        for index in range(PER_CLASS):
            smooth[index % len(smooth)].save(folder / name / f"{index:03}.jpg", quality=QUALITY)
    return folder


def test_decoding_in_other_processes_is_nearly_as_fast(faces, in_turns, note, monkeypatch):
    others = read_all.Decoders

    def read_with(decoders):
        monkeypatch.setattr(read_all, "Decoders", decoders)
        open_dataset(faces)

    times = in_turns(lambda: read_with(others), lambda: read_with(InProcess), TURNS)
    speed = median(theirs / ours for ours, theirs in times)
    note(speed=speed, seconds=median(ours for ours, _ in times))
    assert speed >= LEAST
