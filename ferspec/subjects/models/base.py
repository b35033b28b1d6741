"""What every model is to the judge: a name, a digest, what its file tells, and a function from images to outputs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field

from ferspec.errors import SubjectError, UserError
from ferspec.records import Record
from ferspec.subjects.disk import room_for
from ferspec.subjects.models.quiet import stdout_on_stderr

Layout = Literal["channels_last", "channels_first"]
Activation = Literal["softmax", "sigmoid", "linear", "unknown"]
Run = Callable[[np.ndarray], np.ndarray]

COLOUR_CHANNELS = (1, 3)
NO_REAL_NUMBERS = frozenset("cSUmM")


class Signature(Record):
    """What a model's file tells of its input and output; None where it leaves something open."""

    height: int | None = None
    width: int | None = None
    channels: int | None = None
    layout: Layout | None = None
    dtype: str = "float32"
    batch: int | None = Field(None, description="batch size the file fixes: other batches are split and padded to it")
    output_width: int | None = None
    activation: Activation = "unknown"
    preprocessing: tuple[str, ...] = Field((), description="preprocessing layers inside the model, in their order")
    range: tuple[float, float] | None = Field(None, description="values it is made for: quantised, or rescaled inside")
    labels: tuple[str, ...] | None = Field(None, description="names of the output's columns, where the file holds them")


@dataclass(frozen=True)
class Model:
    """A trained model that can be run.

    ``digest`` is the sha256 of the file's bytes; of a folder, over its sorted relative paths and their bytes; of a
    callable, of its source file. ``run`` takes and gives arrays as the file itself lays them out.
    """

    name: str
    format: str
    digest: str
    signature: Signature
    run: Run

    def predict(self, batch: np.ndarray) -> np.ndarray:
        """Return the model's outputs for a batch, as it gives them.

        ``batch`` is float32 (n, height, width, channels), whatever the layout of the file; it is run in one piece
        unless the file fixes another batch size. The result is float32, (n, k) of a sound model. What the model
        prints goes to stderr. ``SubjectError`` when it crashes, tries to end the process, or answers with text or
        complex numbers.
        """
        batch = np.asarray(batch, np.float32)
        if self.signature.layout == "channels_first":
            batch = batch.transpose(0, 3, 1, 2)
        batch = np.ascontiguousarray(batch)
        try:
            with stdout_on_stderr():
                if self.signature.batch is None:
                    output = np.asarray(self.run(batch))
                else:
                    output = _run_in_pieces(self.run, batch, self.signature.batch)
                if output.dtype.kind in NO_REAL_NUMBERS:
                    raise SubjectError(f"{self.name} answered with {output.dtype.name} values, not with real numbers")
                return output.astype(np.float32, copy=False)
        except (KeyboardInterrupt, SubjectError):
            raise
        except BaseException as crash:  # sys.exit() in a model must not end its judging
            raise SubjectError(f"{self.name} crashed on a batch of shape {batch.shape}: {one_line(crash)}") from crash


def _run_in_pieces(run: Run, batch: np.ndarray, size: int) -> np.ndarray:
    outputs = []
    for start in range(0, len(batch), size):
        piece = batch[start : start + size]
        padding = np.repeat(piece[-1:], size - len(piece), axis=0)
        outputs.append(np.asarray(run(np.concatenate([piece, padding])))[: len(piece)])
    return np.concatenate(outputs)


def cast(batch: np.ndarray, dtype: np.dtype | type | str) -> np.ndarray:
    """Return the batch as ``dtype``; whole-number types are rounded and clipped to their range."""
    dtype = np.dtype(dtype)
    if np.issubdtype(dtype, np.integer):
        limits = np.iinfo(dtype)
        batch = np.clip(np.rint(batch), limits.min, limits.max)
    return batch.astype(dtype)


def image_axes(shape: Iterable[int | None], layout: Layout | None) -> dict[str, int | Layout | None]:
    """Return height, width, channels and layout of a four-dimensional input shape.

    Where ``layout`` is None it is read off the axis that has one or three entries; a shape that fits both stays open.
    """
    _, second, third, last = shape
    if layout is None and (last in COLOUR_CHANNELS) != (second in COLOUR_CHANNELS):
        layout = "channels_last" if last in COLOUR_CHANNELS else "channels_first"
    if layout is None:
        return {"height": None, "width": None, "channels": None, "layout": None}
    height, width, channels = (third, last, second) if layout == "channels_first" else (second, third, last)
    return {"height": height, "width": width, "channels": channels, "layout": layout}


def require_image_input(name: str, inputs: int, rank: int) -> None:
    """Raise ``UserError`` unless a model takes one input of four dimensions."""
    if inputs != 1:
        raise UserError(f"{name} has {inputs} inputs: only models with one input, a batch of images, can be judged")
    if rank != 4:
        raise UserError(f"{name} takes an input of {rank} dimensions: a batch of images has 4")


def require_one_output(name: str, outputs: int) -> None:
    """Raise ``UserError`` unless a model gives one output."""
    if outputs != 1:
        raise UserError(f"{name} has {outputs} outputs: only models with one output, seven columns wide, can be judged")


@contextmanager
def loading(name: str, kind: str) -> Iterator[None]:
    """Turn whatever a framework raises on a file it cannot read into one line for the user."""
    try:
        with room_for(name):
            yield
    except (KeyboardInterrupt, UserError):
        raise
    except BaseException as error:  # sys.exit() in a model's code must not end the suite
        raise UserError(f"{name} cannot be loaded as {kind} (damaged, or not one): {one_line(error)}") from error


def one_line(error: BaseException, limit: int = 200) -> str:
    """Return the type of an exception and the first line of what it says."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def plain_labels(found: Iterable[object]) -> tuple[str, ...]:
    """Return the labels that a file holds, each as one line of printable characters."""
    texts = ("".join(sign if sign.isprintable() else " " for sign in str(label)) for label in found)
    return tuple(" ".join(text.split()) for text in texts)


def missing_extra(name: str, kind: str, extra: str) -> UserError:
    """Return the error for a format whose optional package is not installed."""
    return UserError(f"{name} is {kind}: install its runtime with pip install 'ferspec[{extra}]'")


def file_digest(path: Path) -> str:
    """Return the sha256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def folder_digest(folder: Path, files: Iterable[Path] | None = None) -> str:
    """Return the sha256 over the sorted relative paths of files (all of the folder's by default) and their bytes."""
    chosen = (path for path in folder.rglob("*") if path.is_file()) if files is None else files
    total = hashlib.sha256()
    for path in sorted(chosen, key=lambda path: path.relative_to(folder).as_posix()):
        total.update(f"{path.relative_to(folder).as_posix()}\0{file_digest(path)}\n".encode(errors="surrogateescape"))
    return total.hexdigest()
