"""Shows a training: the batches of the current epoch as progress, and a line for each finished epoch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ferspec.commands.endings import NOTHING_KEPT
from ferspec.commands.live.progress import Bars, Lines
from ferspec.reference.training.fit import Listener, Outlook
from ferspec.reference.training.state import StateFolder
from ferspec.subjects.runs.artifacts.record import STATE, is_run, read_run

if TYPE_CHECKING:
    from ferspec.reference.training.epoch_row import EpochRow


class TrainingView(Listener):
    """Shows a training on the progress display of its command."""

    def __init__(self, shown: Bars | Lines) -> None:
        self._shown = shown

    def begin(self, lines: Sequence[str]) -> None:
        for line in lines:
            self._shown.line(line)

    def resume(self, rows: Sequence[EpochRow]) -> None:
        self._shown.line(f"resuming at epoch {len(rows)}: the epochs before it were kept")

    def step(self, epoch: int, done: int, steps: int) -> None:
        self._shown("training, steps", done, steps)

    def epoch(self, rows: Sequence[EpochRow], outlook: Outlook) -> None:
        self._shown.line(epoch_line(rows, outlook))


def what_is_kept(folder: Path) -> str:
    """Return what an interrupted training leaves in its folder, and how to resume it."""
    if is_run(folder) and read_run(folder).status == "finished":
        return f"the training in {folder} is finished; the same command shows its result"
    count = len(StateFolder(folder / STATE).progress().rows)
    return f"{epochs(count)} kept in {folder}; the same command resumes" if count else NOTHING_KEPT


def epoch_line(rows: Sequence[EpochRow], outlook: Outlook) -> str:
    """Return one line: metrics of an epoch, the best epoch, and the remaining time of the phase."""
    row, best = rows[-1], max(rows, key=lambda row: row.val_accuracy)
    parts = (
        f"phase {row.phase} epoch {row.epoch:>3}",
        f"loss {row.loss:.4f}",
        f"accuracy {row.accuracy:.3f}",
        f"val_loss {row.val_loss:.4f}",
        f"val_accuracy {row.val_accuracy:.3f} (best {best.val_accuracy:.3f} at {best.epoch})",
        f"rate {row.learning_rate:.2g}",
        f"{outlook.seconds:.1f} s",
        left(outlook),
    )
    return "  ".join(parts)


def left(outlook: Outlook) -> str:
    """Return how many epochs a phase has left, and about how long they take."""
    if outlook.epochs == 0:
        return "phase ends"
    total = outlook.epochs * outlook.seconds
    about = f"{total / 60:.0f} min" if total >= 60 else f"{total:.0f} s"
    condition = "" if outlook.firm else " unless val_loss improves"
    return f"{epochs(outlook.epochs)} (about {about}) left{condition}"


def epochs(count: int) -> str:
    """Return a number of epochs in words."""
    return "1 epoch" if count == 1 else f"{count} epochs"
