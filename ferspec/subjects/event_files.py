"""Reads trainings out of TensorBoard's event files, as Keras' callback and this suite's logger write them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from ferspec.errors import UserError
from ferspec.subjects.logged_series import rows_of
from ferspec.subjects.models.quiet import quiet
from ferspec.subjects.training_log import NAMES, split
from ferspec.subjects.training_run import TrainingRun

FORMAT = "TensorBoard"
PATTERN = "*tfevents*"
TRAINING, VALIDATION = "train", "validation"
LARGEST = 1 << 30
# Keras 2 logs the rate of the epoch as epoch_lr; the callback adds that of the optimiser, which is the next one's
OF_THE_EPOCH, OF_THE_OPTIMISER = "epoch_lr", "epoch_learning_rate"


def has_events(folder: Path) -> bool:
    """Return whether a folder is one that TensorBoard logs of a training lie in."""
    return any(_files(folder / part) for part in ("", TRAINING))


def read_events(folder: str | Path) -> TrainingRun:
    """Return the training whose scalars lie in the event files of a folder, or of ``train`` and ``validation`` in it.

    ``UserError`` where TensorBoard is not installed, files are too large or no event files, and where they hold no
    losses of epochs.
    """
    folder = Path(folder)
    if find_spec("tensorboard") is None:
        raise UserError(f"reading {folder} needs tensorboard: pip install 'ferspec[tensorboard]'")
    series: dict[str, list[tuple[int, float]]] = {}
    tags: set[str] = set()
    for part, prefix in (("", ""), (TRAINING, ""), (VALIDATION, "val_")):
        # TensorBoard reads with TensorFlow where that is installed, which talks while it loads
        with quiet():
            found = _scalars(_files(folder / part))
        tags |= found.keys()
        for tag, values in found.items():
            name = NAMES.get(prefix + tag.removeprefix("epoch_"))
            if name and not (tag == OF_THE_OPTIMISER and OF_THE_EPOCH in found):
                series[name] = values
    notes: list[str] = []
    rows = rows_of(series, notes)
    if not rows:
        raise UserError(f"{folder} holds no training: no event file in it has the losses of epochs")
    phases = split(rows, notes)
    shifted = OF_THE_OPTIMISER in tags and OF_THE_EPOCH not in tags
    return TrainingRun(folder, FORMAT, phases, rates_of_next=shifted, notes=tuple(notes))


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob(PATTERN) if path.is_file()) if folder.is_dir() else []


def _scalars(paths: Sequence[Path]) -> dict[str, list[tuple[int, float]]]:
    """Return step and value of every scalar, in the order of logging; of a file cut off, those before the cut."""
    from google.protobuf.message import DecodeError
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
    from tensorboard.util import tensor_util

    found: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for path in paths:
        if path.stat().st_size > LARGEST:
            raise UserError(f"{path}: {path.stat().st_size:,} bytes is too large for an event file")
        try:
            for event in EventFileLoader(str(path)).Load():
                for value in event.summary.value:
                    if value.tag.removeprefix("epoch_") in NAMES and value.HasField("tensor"):
                        array = tensor_util.make_ndarray(value.tensor)
                        if array.size == 1 and array.dtype.kind in "fiu":
                            found[value.tag].append((event.step, float(array.reshape(())[()])))
        except (DecodeError, OSError, TypeError, ValueError) as error:
            raise UserError(f"cannot read {path}: {' '.join(str(error).split()) or type(error).__name__}") from None
    return found
