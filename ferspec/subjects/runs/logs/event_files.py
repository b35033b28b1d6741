"""Read trainings from TensorBoard event files written by Keras' callback or this suite's logger.

TensorFlow's own reader trusts the lengths stored in records and tensors; this one checks them.
"""

from __future__ import annotations

import math
import os
import re
import struct
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from ferspec.errors import UserError
from ferspec.extras import require_package
from ferspec.files import open_regular
from ferspec.subjects.runs.logs.logged_run import LoggedRun
from ferspec.subjects.runs.logs.names import metric_of, read_names
from ferspec.subjects.runs.logs.phases import first_epoch_of, phases_of
from ferspec.subjects.runs.logs.series import bounded, log_rows

if TYPE_CHECKING:
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary

FORMAT = "TensorBoard"
PATTERN = "*tfevents*"
TRAINING = "train"
LARGEST = 1 << 30
# larger records hold graphs or images
LARGEST_RECORD = 1 << 20
# TensorFlow's names of numeric tensor types
NUMERIC_TYPES = (
    *("DT_FLOAT", "DT_DOUBLE", "DT_HALF", "DT_INT8", "DT_INT16", "DT_INT32", "DT_INT64"),
    *("DT_UINT8", "DT_UINT16", "DT_UINT32", "DT_UINT64"),
)
LENGTH, CHECKSUM = struct.Struct("<Q"), struct.Struct("<I")
# Keras 2 logs the learning rate of the epoch as epoch_lr; the callback logs the optimizer's, which is the next epoch's
EPOCH_RATE, OPTIMIZER_RATE = "epoch_lr", "epoch_learning_rate"


def has_events(folder: Path) -> bool:
    """Return whether a folder holds the TensorBoard logs of a training."""
    return any(_files(folder / part) for part in ("", TRAINING))


def read_events(folder: str | Path) -> LoggedRun:
    """Read the training in event files of a folder and the folders below it.

    Keras writes to ``train`` and ``validation``, and PyTorch's ``add_scalars`` to folders such as ``Loss_train``.

    Raise ``UserError`` if TensorBoard is not installed, a file is too large or invalid, or no losses are logged.
    """
    folder = Path(folder)
    require_package(f"reading {folder}", "tensorboard")
    series: dict[str, list[tuple[int, float]]] = defaultdict(list)
    tags: set[str] = set()
    scalars = ((part, *scalar) for part, files in _parts(folder) for scalar in _scalars(files, part))
    for part, tag, step, value in bounded(folder, scalars):
        tags.add(tag)
        series[f"{part}{tag}"].append((step, value))
    known = [name for name in series if EPOCH_RATE not in tags or not name.endswith(OPTIMIZER_RATE)]
    names = read_names(known)
    notes = list(names.notes)
    rows = log_rows({metric: series[name] for name, metric in names.metrics.items()}, notes)
    if not rows:
        raise UserError(f"{folder} holds no training: its event files have no losses of epochs")
    phases = phases_of(folder, rows, notes)
    shifted = OPTIMIZER_RATE in tags and EPOCH_RATE not in tags
    first = first_epoch_of(phases, notes)
    return LoggedRun(folder, FORMAT, phases, first_epoch=first, rates_of_next=shifted, notes=tuple(notes))


def _parts(folder: Path) -> Iterator[tuple[str, list[Path]]]:
    """Yield the event files of a folder and those below it, after their names."""
    yield "", _files(folder)
    for part in sorted(entry for entry in folder.iterdir() if entry.is_dir()):
        if files := _files(part):
            yield f"{part.name}/", files


def _files(folder: Path) -> list[Path]:
    files = [path for path in folder.glob(PATTERN) if path.is_file()] if folder.is_dir() else []
    return sorted(files, key=_order)


def _order(path: Path) -> list[int | str]:
    """Return a key that sorts names by their numbers: a process numbers the files that it begins in one second."""
    return [int(part) if place % 2 else part for place, part in enumerate(re.split("([0-9]+)", path.name))]


def _scalars(paths: Sequence[Path], part: str) -> Iterator[tuple[str, int, float]]:
    """Yield tag, step and value of every metric in order, up to any damage."""
    from google.protobuf.message import DecodeError

    for path in paths:
        try:
            with open_regular(path, LARGEST, "an event file") as file:
                for event in _events(file):
                    for value in event.summary.value:
                        if metric_of(f"{part}{value.tag}") and (figure := _figure(value)) is not None:
                            yield value.tag, event.step, figure
        except (DecodeError, OSError, TypeError, ValueError) as error:
            raise UserError(f"cannot read {path}: {' '.join(str(error).split()) or type(error).__name__}") from None


def _events(file: BinaryIO) -> Iterator[Event]:
    """Yield the events of a file up to its end or any damage. Each record has two checksums."""
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c

    def read(size: int) -> bytes | None:
        """Return ``size`` bytes, or None if they are truncated or their checksum is wrong."""
        content, checksum = file.read(size), file.read(CHECKSUM.size)
        complete = len(content) == size and len(checksum) == CHECKSUM.size
        return content if complete and checksum == CHECKSUM.pack(masked_crc32c(content)) else None

    remaining = os.fstat(file.fileno()).st_size
    while (head := read(LENGTH.size)) is not None:
        (length,) = LENGTH.unpack(head)
        remaining -= LENGTH.size + length + 2 * CHECKSUM.size
        if remaining < 0:
            return
        if length > LARGEST_RECORD:
            file.seek(length + CHECKSUM.size, os.SEEK_CUR)
        elif (record := read(length)) is None:
            return
        else:
            yield Event.FromString(record)


def _figure(value: Summary.Value) -> float | None:
    """Return the logged number, or None for any other value. A tensor's declared shape is checked first."""
    from tensorboard.compat.proto.types_pb2 import DataType
    from tensorboard.util import tensor_util

    if value.HasField("simple_value"):
        return value.simple_value
    numeric = value.HasField("tensor") and value.tensor.dtype in map(DataType.Value, NUMERIC_TYPES)
    if not numeric or math.prod(dimension.size for dimension in value.tensor.tensor_shape.dim) != 1:
        return None
    return float(tensor_util.make_ndarray(value.tensor).reshape(())[()])
