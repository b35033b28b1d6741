"""Define the interface of models: name, digest, signature and prediction."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypedDict

import numpy as np
from pydantic import Field

from ferspec.errors import SubjectError, UserError, one_line
from ferspec.files import open_regular
from ferspec.records import Record
from ferspec.subjects.disk import room_for
from ferspec.subjects.models.content import Content
from ferspec.subjects.models.contracts.contract import Input
from ferspec.subjects.models.cost import CountCost
from ferspec.subjects.models.quiet import stdout_on_stderr
from ferspec.subjects.models.timing import Time, Timed
from ferspec.subjects.sandbox.messages import plain_text
from ferspec.subjects.sandbox.policy import Isolation

if TYPE_CHECKING:
    from ferspec.subjects.models.callables.coverage import Coverage

Layout = Literal["channels_last", "channels_first"]
Activation = Literal["softmax", "sigmoid", "linear", "unknown"]
Run = Callable[[np.ndarray], Any]

# the largest network of the protocol has 0.5 GiB, and 1.6 GiB with the state of its optimizer
LARGEST = 4 << 30
COLOUR_CHANNELS = (1, 3)
# formats in which a row of NaN is a missing answer; in any other it is a defect
ABSTAINING = frozenset({"callable", "function in memory", "predictions csv", "predictions in memory"})
LINE = 150
LONGEST_LABEL = 100
MOST_LABELS = 1000
# NumPy kinds: complex, bytes, text, time spans and dates
NOT_REAL = frozenset("cSUmM")


class ImageAxes(TypedDict):
    """Hold the axes of an image input; None for an unknown value."""

    height: int | None
    width: int | None
    channels: int | None
    layout: Layout | None


class Sink(Record):
    """Describe one output of a model as its file declares it."""

    name: str
    shape: tuple[int | None, ...] | None = None
    activation: Activation = "unknown"

    @property
    def width(self) -> int | None:
        """Return the number of columns, without axes of size 1; None if it is unknown or the output has several."""
        if self.shape is None or None in self.shape[1:]:
            return None
        sizes = [size for size in self.shape[1:] if size is not None and size > 1]
        return prod(sizes) if len(sizes) < 2 else None


class Signature(Record):
    """Describe a model's input and output as its file declares them. Unknown values are None."""

    height: int | None = None
    width: int | None = None
    channels: int | None = None
    layout: Layout | None = None
    dtype: str = "float32"
    batch: int | None = Field(default=None, description="fixed batch size: other batches are split and padded to it")
    output_width: int | None = None
    activation: Activation = "unknown"
    preprocessing: tuple[str, ...] = Field(default=(), description="preprocessing layers inside the model, in order")
    range: tuple[float, float] | None = Field(default=None, description="input values: quantised, or rescaled inside")
    labels: tuple[str, ...] | None = Field(default=None, description="names of the output columns, if in the file")
    outputs: tuple[Sink, ...] | None = Field(default=None, max_length=MOST_LABELS, description="all, if in the file")
    output: str | None = Field(default=None, description="the chosen one of several outputs")
    guessed: dict[str, str] = Field(default={}, description="values that the file does not declare, and their origin")
    prepared: Input | None = Field(default=None, description="preparation of images, if it lies beside the model")


class MissingFiles(UserError):
    """Name the files beside a model that it needs and that cannot be read."""

    def __init__(self, message: str, files: Iterable[Path]) -> None:
        super().__init__(message)
        self.files = tuple(files)


def _nothing() -> None:
    """Do nothing: a model in this process has no other process to end."""


@dataclass(frozen=True)
class Model:
    """Hold a trained model that can be run.

    ``digest`` is the sha256 of the file, or of the sorted relative paths and bytes of a folder or of the files that a
    callable reads, which ``coverage`` lists; ``digest_now`` computes it again. ``run`` takes and returns arrays in the
    layout of the file. ``files`` lie beside the model's file and belong to it.

    A model that was opened by ``open_model`` runs in a process of its own: ``isolation`` says what was enforced on it,
    ``close`` ends it, and ``reopened`` opens the same model in a fresh process. ``runs_code`` says that the model is,
    or may hold, a program of its author. ``count_cost`` counts the cost of an image; None for a format
    that does not show it. ``time`` runs a batch once in the model's process, and measures that. ``content`` is that
    of its graph, where the adapter reads it. ``file_bytes`` is the size of its files. ``network`` is the framework's
    own object, only in the process that loaded a file; None for a format whose file is converted as it is.
    """

    name: str
    format: str
    digest: str
    signature: Signature
    run: Run
    files: tuple[Path, ...] = ()
    coverage: Coverage | None = None
    isolation: Isolation | None = None
    runs_code: bool = False
    devices: tuple[str, ...] = ()
    close: Callable[[], None] = _nothing
    reopened: Callable[[], Model] | None = None
    digest_now: Callable[[], str] | None = None
    count_cost: CountCost | None = None
    time: Time | None = None
    content: Content | None = None
    file_bytes: int | None = None
    network: Any = None

    def fresh(self) -> Model:
        """Return the same model in a fresh process, under the same name and signature.

        A model without a process of its own is returned itself. Raise ``UserError`` if its files changed.
        """
        if self.reopened is None:
            return self
        opened = self.reopened()
        if opened.digest != self.digest:
            raise self._changed()
        return replace(opened, name=self.name, signature=self.signature)

    def require_unchanged(self) -> None:
        """Raise ``UserError`` if the model's files changed since it was opened."""
        if self.digest_now is not None and self.digest_now() != self.digest:
            raise self._changed()

    def _changed(self) -> UserError:
        return UserError(f"{self.name} changed while it was judged: judge it again")

    def predict(self, batch: np.ndarray) -> np.ndarray:
        """Run the model on a batch and return its outputs unchanged.

        ``batch`` is float32 (n, height, width, channels) for every layout of the file. A file with a fixed batch size
        is run on chunks of that size. The result is float32, normally (n, k). Printed text goes to stderr. Raise
        ``SubjectError`` if the model crashes, exits, or returns text or complex numbers, and ``UserError`` if its
        process ends before its first answer.
        """
        batch = np.asarray(batch, np.float32)
        if self.signature.layout == "channels_first":
            batch = batch.transpose(0, 3, 1, 2)
        batch = np.ascontiguousarray(batch)
        try:
            with stdout_on_stderr():
                if self.signature.batch is None:
                    return real_values(self.run(batch))
                return _run_in_chunks(self.run, batch, self.signature.batch)
        except (KeyboardInterrupt, UserError):
            raise
        except SubjectError as error:
            raise SubjectError(f"{self.name} {error}") from error
        except BaseException as crash:  # sys.exit() in a model must not end the judge
            reason = f"crashed on a batch of shape {batch.shape}: {one_line(crash)}"
            raise SubjectError(f"{self.name} {shown(reason, LINE)}") from crash

    def timed(self, image: np.ndarray) -> Timed:
        """Run the model once on an image, and measure that in its process.

        The image is float32 (height, width, channels). A file with a fixed batch size gets it as often as that. Raise
        ``SubjectError`` if the model crashes.
        """
        if self.time is None:
            raise ValueError("only a model in a process of its own can be timed")
        batch = np.repeat(np.asarray(image, np.float32)[np.newaxis], self.signature.batch or 1, axis=0)
        if self.signature.layout == "channels_first":
            batch = batch.transpose(0, 3, 1, 2)
        try:
            return self.time(np.ascontiguousarray(batch))
        except SubjectError as error:
            raise SubjectError(f"{self.name} {error}") from error


def _run_in_chunks(run: Run, batch: np.ndarray, size: int) -> np.ndarray:
    outputs = []
    for start in range(0, len(batch), size):
        chunk = batch[start : start + size]
        padding = np.repeat(chunk[-1:], size - len(chunk), axis=0)
        outputs.append(real_values(run(np.concatenate([chunk, padding])))[: len(chunk)])
    return np.concatenate(outputs)


def real_values(output: object) -> np.ndarray:
    """Return a model's output as float32. Raise ``SubjectError`` for text, dates or complex numbers."""
    values = np.asarray(output)
    if values.dtype.kind in NOT_REAL:
        raise SubjectError(f"returned {values.dtype.name} values instead of real numbers")
    return values.astype(np.float32, copy=False)


def abstains(format: str) -> bool:
    """Return whether a model of this format may leave answers out, as a function does."""
    return format in ABSTAINING


def with_missing_rows(output: Any, rows: int) -> Any:
    """Return a list of rows with NaN for each None; of width 0 where all of the batch are None."""
    if not isinstance(output, list | tuple | np.ndarray) or len(output) != rows or _is_whole(output):
        return output
    answers = [None if row is None else np.asarray(row, np.float32) for row in output]
    width = next((len(row) for row in answers if row is not None), 0)
    return np.stack([np.full(width, np.nan, np.float32) if row is None else row for row in answers])


def _is_whole(output: Any) -> bool:
    """Return whether a sequence lacks no row, or holds arrays of several rows."""
    if isinstance(output, np.ndarray) and output.dtype != object:
        return True
    return all(row is not None for row in output) or any(np.ndim(row) > 1 for row in output if row is not None)


def cast(batch: np.ndarray, dtype: np.dtype | type | str) -> np.ndarray:
    """Convert a batch to ``dtype``; round and clip values for an integer type."""
    dtype = np.dtype(dtype)
    if np.issubdtype(dtype, np.integer):
        limits = np.iinfo(dtype)
        batch = np.clip(np.rint(batch), limits.min, limits.max)
    return batch.astype(dtype)


def image_axes(shape: Iterable[int | None], layout: Layout | None) -> ImageAxes:
    """Return height, width, channels and layout of a four-dimensional input shape.

    If ``layout`` is None, infer it from the axis of size 1 or 3. All values are None for an ambiguous shape.
    """
    _, second, third, last = shape
    if layout is None and (last in COLOUR_CHANNELS) != (second in COLOUR_CHANNELS):
        layout = "channels_last" if last in COLOUR_CHANNELS else "channels_first"
    if layout is None:
        return {"height": None, "width": None, "channels": None, "layout": None}
    height, width, channels = (third, last, second) if layout == "channels_first" else (second, third, last)
    return {"height": height, "width": width, "channels": channels, "layout": layout}


def require_image_input(name: str, inputs: int, rank: int) -> None:
    """Raise ``UserError`` unless a model has exactly one input, with four dimensions."""
    if inputs != 1:
        raise UserError(f"{name} has {inputs} inputs: only models with one input, a batch of images, can be judged")
    if rank != 4:
        raise UserError(f"{name} has an input of {rank} dimensions: a batch of images has 4")


@contextmanager
def loading(name: str, kind: str) -> Iterator[None]:
    """Convert any exception of a framework into a ``UserError`` of one short line."""
    try:
        with room_for(name):
            yield
    except (KeyboardInterrupt, UserError):
        raise
    except BaseException as error:  # sys.exit() in a model's code must not end the suite
        reason = f"cannot be loaded as {kind}: {one_line(error)}"
        raise UserError(f"{name} {shown(reason, LINE)}") from error


def shown(text: str, limit: int = 60) -> str:
    """Convert text from a file to one line of at most ``limit`` printable characters."""
    line = plain_text(text, 2 * limit)
    return line if len(line) <= limit and len(text) <= 2 * limit else f"{line[: limit - 1]}…"


def plain_labels(labels: Iterable[object]) -> tuple[str, ...] | None:
    """Convert labels from a file to short lines of printable characters; None for more than a thousand."""
    labels = list(labels)
    return tuple(shown(str(label), LONGEST_LABEL) for label in labels) if len(labels) <= MOST_LABELS else None


def file_digest(path: Path) -> str:
    """Return the sha256 of a file's bytes. Raise ``UserError`` for a file that is not regular, or too large."""
    with open_regular(path, LARGEST, "a model") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def folder_digest(folder: Path, files: Iterable[Path] | None = None) -> str:
    """Return the sha256 of the sorted relative paths and bytes of files (default: all)."""
    chosen = (path for path in folder.rglob("*") if path.is_file()) if files is None else files
    total = hashlib.sha256()
    for path in sorted(chosen, key=lambda path: path.relative_to(folder).as_posix()):
        total.update(f"{path.relative_to(folder).as_posix()}\0{file_digest(path)}\n".encode(errors="surrogateescape"))
    return total.hexdigest()
