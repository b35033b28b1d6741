"""Reads trainings out of TensorBoard's event files, as Keras' callback and this suite's logger write them.

Records are read here, for TensorFlow believes the length that a record says it has, and that a tensor says.
"""

from __future__ import annotations

import math
import os
import re
import struct
from collections import defaultdict
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from ferspec.errors import UserError
from ferspec.subjects.runs.logs.csv_logger import NAMES, split
from ferspec.subjects.runs.logs.logged_run import LoggedRun
from ferspec.subjects.runs.logs.series import bounded, rows_of

if TYPE_CHECKING:
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary

FORMAT = "TensorBoard"
PATTERN = "*tfevents*"
TRAINING, VALIDATION = "train", "validation"
LARGEST = 1 << 30
# a larger record is one of a graph or of pictures
LARGEST_RECORD = 1 << 20
# the types of tensors, by their names in TensorFlow, that are a figure's; of some others none can be made
NUMBERS = ("DT_FLOAT", "DT_DOUBLE", "DT_HALF", "DT_INT8", "DT_INT16", "DT_INT32", "DT_INT64")
NUMBERS += ("DT_UINT8", "DT_UINT16", "DT_UINT32", "DT_UINT64")
LENGTH, CHECKSUM = struct.Struct("<Q"), struct.Struct("<I")
# Keras 2 logs the rate of the epoch as epoch_lr; the callback adds that of the optimiser, which is the next one's
OF_THE_EPOCH, OF_THE_OPTIMISER = "epoch_lr", "epoch_learning_rate"


def has_events(folder: Path) -> bool:
    """Return whether a folder is one that TensorBoard logs of a training lie in."""
    return any(_files(folder / part) for part in ("", TRAINING))


def read_events(folder: str | Path) -> LoggedRun:
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
        found: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for tag, step, value in bounded(folder / part, _scalars(_files(folder / part))):
            found[tag].append((step, value))
        tags |= found.keys()
        for tag, values in found.items():
            name = NAMES.get(prefix + tag.removeprefix("epoch_"))
            if name and not (tag == OF_THE_OPTIMISER and OF_THE_EPOCH in found):
                series[name] = values
    notes: list[str] = []
    rows = rows_of(series, notes)
    if not rows:
        raise UserError(f"{folder} holds no training: no event file in it has the losses of epochs")
    phases = split(folder, rows, notes)
    shifted = OF_THE_OPTIMISER in tags and OF_THE_EPOCH not in tags
    return LoggedRun(folder, FORMAT, phases, rates_of_next=shifted, notes=tuple(notes))


def _files(folder: Path) -> list[Path]:
    files = [path for path in folder.glob(PATTERN) if path.is_file()] if folder.is_dir() else []
    return sorted(files, key=_order)


def _order(path: Path) -> list[int | str]:
    """Return a key that sorts names by their numbers: a process numbers the files that it begins in one second."""
    return [int(part) if place % 2 else part for place, part in enumerate(re.split("([0-9]+)", path.name))]


def _scalars(paths: Sequence[Path]) -> Iterator[tuple[str, int, float]]:
    """Yield tag, step and value of every figure, in the order of logging; of a file cut off, those before the cut."""
    from google.protobuf.message import DecodeError

    for path in paths:
        try:
            with path.open("rb") as file:
                if (size := os.fstat(file.fileno()).st_size) > LARGEST:
                    raise UserError(f"{path}: {size:,} bytes is too large for an event file")
                for event in _events(file):
                    for value in event.summary.value:
                        if value.tag.removeprefix("epoch_") in NAMES and (figure := _figure(value)) is not None:
                            yield value.tag, event.step, figure
        except (DecodeError, OSError, TypeError, ValueError) as error:
            raise UserError(f"cannot read {path}: {' '.join(str(error).split()) or type(error).__name__}") from None


def _events(file: BinaryIO) -> Iterator[Event]:
    """Yield the events up to where a file ends, is cut off or is damaged; each is in a record with two checksums."""
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c

    def read(size: int) -> bytes | None:
        """Return so many bytes, or None where there are fewer, or others than were written."""
        content, checksum = file.read(size), file.read(CHECKSUM.size)
        whole = len(content) == size and len(checksum) == CHECKSUM.size
        return content if whole and checksum == CHECKSUM.pack(masked_crc32c(content)) else None

    left = os.fstat(file.fileno()).st_size
    while (head := read(LENGTH.size)) is not None:
        (length,) = LENGTH.unpack(head)
        left -= LENGTH.size + length + 2 * CHECKSUM.size
        if left < 0:
            return
        if length > LARGEST_RECORD:
            file.seek(length + CHECKSUM.size, os.SEEK_CUR)
        elif (record := read(length)) is None:
            return
        else:
            yield Event.FromString(record)


def _figure(value: Summary.Value) -> float | None:
    """Return the number that is logged, or None for anything but one; a tensor is believed to be one by its shape."""
    from tensorboard.compat.proto.types_pb2 import DataType
    from tensorboard.util import tensor_util

    if value.HasField("simple_value"):
        return value.simple_value
    numbers = value.HasField("tensor") and value.tensor.dtype in map(DataType.Value, NUMBERS)
    if not numbers or math.prod(of.size for of in value.tensor.tensor_shape.dim) != 1:
        return None
    return float(tensor_util.make_ndarray(value.tensor).reshape(())[()])
