"""What a training prints while it runs, and the images that it cannot read."""

import warnings

import pytest

from ferspec.commands.live.training import TrainingView, left
from ferspec.commands.unreadable import listing_unreadable
from ferspec.errors import UserError
from ferspec.reference.training.epoch_row import EpochRow
from ferspec.reference.training.fit import Outlook
from ferspec.subjects.datasets.read_all import UnreadableImages
from ferspec.subjects.runs.artifacts.record import RunDeviation
from ferspec.subjects.runs.data.decided import decided_splits
from helpers.tiny import runs as tiny_runs


class Shown:
    """Keeps the lines that a training prints."""

    def __init__(self):
        self.lines = []

    def __call__(self, step, done, total):
        pass

    def line(self, text):
        self.lines.append(text)


def row(epoch, val_accuracy):
    return EpochRow(
        epoch=epoch, accuracy=0.5, learning_rate=1e-4, loss=1.25, val_accuracy=val_accuracy, val_loss=1.5, phase=2
    )


def test_an_epoch_is_printed_with_the_best_one_and_its_seconds():
    shown = Shown()
    # only the epoch itself knows when it began: with one step the first thing a view hears is nearly its end
    view = TrainingView(shown)
    view.step(1, 1, 1)
    view.epoch([row(0, 0.61), row(1, 0.58)], Outlook(3, firm=True, seconds=12.5))
    [line] = shown.lines
    assert line.startswith("phase 2 epoch   1  loss 1.2500  accuracy 0.500  val_loss 1.5000")
    assert "val_accuracy 0.580 (best 0.610 at 0)" in line
    assert line.endswith("12.5 s  3 epochs (about 38 s) left")


@pytest.mark.parametrize(
    ("outlook", "said"),
    [
        (Outlook(0, firm=True, seconds=9.0), "phase ends"),
        (Outlook(1, firm=True, seconds=9.0), "1 epoch (about 9 s) left"),
        (Outlook(20, firm=False, seconds=30.0), "20 epochs (about 10 min) left unless val_loss improves"),
    ],
)
def test_remaining_work_is_printed_in_epochs_and_time(outlook, said):
    assert left(outlook) == said


@pytest.mark.parametrize(("count", "listed", "last"), [(50, 50, "49.jpg: torn"), (53, 51, "and 3 more")])
def test_images_that_cannot_be_read_are_listed_before_the_refusal(capsys, count, listed, last):
    errors = [UserError(f"{number}.jpg: torn") for number in range(count)]
    with pytest.raises(UnreadableImages), listing_unreadable():
        raise UnreadableImages("RAF-DB", errors, 100)
    printed = capsys.readouterr()
    lines = printed.err.splitlines()
    assert printed.out == ""
    assert (len(lines), lines[0], lines[-1]) == (listed, "0.jpg: torn", last)


def test_a_name_that_would_control_the_terminal_is_harmless_in_the_list(capsys):
    with pytest.raises(UnreadableImages), listing_unreadable():
        raise UnreadableImages("RAF-DB", [UserError("\x1b[2J.jpg: torn")], 1)
    assert "\x1b" not in capsys.readouterr().err


def test_warnings_of_pillow_about_a_damaged_image_are_suppressed():
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        with listing_unreadable():
            warnings.warn_explicit("Corrupt EXIF data", UserWarning, "TiffImage.py", 1, module="PIL.TiffImagePlugin")
            warnings.warn_explicit("something else", UserWarning, "other.py", 1, module="other")
    assert [str(warning.message) for warning in heard] == ["something else"]


def test_deviations_are_printed_before_the_training(tmp_path):
    shown = Shown()
    run = tiny_runs.begin(tmp_path, tiny_runs.data())
    no_btfer = RunDeviation(clause="FER-V-01", option="data", effect="the data root has no BTFER")
    TrainingView(shown).begin(tuple(decided_splits(run.data, (no_btfer,))))
    assert shown.lines[-1] == "not a protocol run: FER-V-01 the data root has no BTFER"
