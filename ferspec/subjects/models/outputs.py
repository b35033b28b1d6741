"""Choose one output of a model, and the columns of it, as its contract declares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np

from ferspec import spec
from ferspec.errors import UserError
from ferspec.records import Record
from ferspec.subjects.models.base import Model, Sink, real_values, shown
from ferspec.subjects.models.contracts.contract import Contract

# numbers of columns of an output that may hold class scores: from three to the ten of FERPlus
CLASS_WIDTHS = range(3, 11)
MOST_LISTED = 5


class Choice(Record):
    """Hold what a contract chooses of a model; ``width`` is the number of classes that it names.

    ``architecture`` and ``channels`` describe the network of a file that holds only weights.
    An ``assumed`` choice is made before a contract exists: it takes the first output that fits.
    """

    name: str | None = None
    index: int | None = None
    columns: tuple[int, int] | None = None
    width: int | None = None
    architecture: str | None = None
    channels: int = 3
    assumed: bool = False


ASSUMED = Choice(assumed=True)


def choice_of(contract: Contract | None) -> Choice:
    """Return what a contract chooses; without one, an output as wide as the protocol's classes."""
    if contract is None:
        return Choice(width=len(spec.load().classes), assumed=True)
    output = contract.output
    return Choice(
        name=output.name,
        index=output.index,
        columns=output.columns,
        width=len(output.classes),
        architecture=contract.architecture,
        channels=contract.input.channels,
    )


def choose(model: Model, choice: Choice = ASSUMED) -> Model:
    """Return a model that answers with one output (n, k), whatever structure it returns.

    A declared name or index decides, else the only output that is as wide as the contract's classes. Axes of one value
    are removed. The choice is made now if the file declares its outputs, else on each answer.

    Raise ``UserError``, now or when the model runs, if no output or several outputs fit.
    """
    signature = model.signature
    place = None
    if signature.outputs is not None:
        place = _place(signature.outputs, choice, model.name)
        sink = signature.outputs[place]
        known = {
            "output_width": _columns(sink.width, choice),
            "activation": sink.activation,
            "output": sink.name if len(signature.outputs) > 1 else None,
        }
        signature = signature.model_copy(update=known)

    def run(batch: np.ndarray) -> np.ndarray:
        answer = model.run(batch)
        chosen = place_in(answer, len(batch), choice, model.name) if place is None else place
        rows = _rows(real_values(list(_leaves(answer))[chosen][1]))
        if choice.columns is None:
            return rows
        start, stop = choice.columns
        if rows.ndim != 2 or rows.shape[1] < stop:
            raise UserError(
                f"{model.name}: the output has shape {_shape(rows.shape)}, but the contract declares "
                f"columns = [{start}, {stop}]: correct columns in [output] of the contract"
            )
        return np.ascontiguousarray(rows[:, start:stop])

    return replace(model, run=run, signature=signature)


def place_in(answer: Any, rows: int, choice: Choice, model: str) -> int:
    """Return the position of the chosen output in an answer to ``rows`` images."""
    sinks = [_sink(name, np.shape(value), rows) for name, value in _leaves(answer)]
    return _place(sinks, choice, model)


def _place(sinks: Sequence[Sink], choice: Choice, model: str) -> int:
    """Return the position of the chosen output. ``UserError`` if no output or several fit."""
    if choice.name is not None:
        found = [place for place, sink in enumerate(sinks) if sink.name == choice.name]
        asked = f"named {shown(choice.name)!r}"
    elif choice.index is not None:
        found = [choice.index] if choice.index < len(sinks) else []
        asked = f"with index {choice.index}"
    elif len(sinks) == 1:
        return 0
    else:
        found, asked = _fitting(sinks, choice)
    if len(found) == 1 or (found and choice.assumed):
        return found[0]
    listed = ", ".join(f"{place} {shown(sink.name)!r} {_shape(sink.shape)}" for place, sink in enumerate(sinks))
    listed = shown(listed, 60 * MOST_LISTED) or "none"
    number = "several outputs" if found else "no output"
    raise UserError(
        f"{model} has {number} {asked}: set name or index in [output] of the contract; its outputs are {listed}"
    )


def _fitting(sinks: Sequence[Sink], choice: Choice) -> tuple[list[int], str]:
    """Return the positions of outputs that may hold the classes, and their required width."""
    widths = [sink.width or 0 for sink in sinks]
    if choice.columns is not None:
        stop = choice.columns[1]
        return [place for place, width in enumerate(widths) if width >= stop], f"with at least {stop} columns"
    found = [place for place, width in enumerate(widths) if width == choice.width]
    if found or not choice.assumed:
        return found, f"with {choice.width} columns"
    found = [place for place, width in enumerate(widths) if width in CLASS_WIDTHS]
    return found, f"with {CLASS_WIDTHS[0]} to {CLASS_WIDTHS[-1]} columns"


def _sink(name: str, shape: tuple[int, ...], rows: int) -> Sink:
    """Describe an array of an answer; without a row for each image, it cannot hold the classes."""
    return Sink(name=name, shape=(None, *shape[1:]) if shape[:1] == (rows,) else None)


def _columns(width: int | None, choice: Choice) -> int | None:
    if choice.columns is None:
        return width
    start, stop = choice.columns
    return stop - start


def _leaves(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the arrays of a nested structure, with names such as ``0`` or ``heads.logits``."""
    items: Any = None
    if isinstance(value, Mapping):
        items = value.items()
    elif isinstance(value, tuple | list) and any(_holds_rows(item) for item in value):
        items = zip(getattr(value, "_fields", range(len(value))), value, strict=True)
    if items is None:
        yield name or "0", value.detach().float().cpu().numpy() if hasattr(value, "detach") else np.asarray(value)
        return
    for key, item in items:
        if item is not None:
            yield from _leaves(item, f"{name}.{key}" if name else str(key))


def _holds_rows(value: Any) -> bool:
    """Return whether an item of a sequence is a whole output rather than one row."""
    if isinstance(value, Mapping):
        return True
    if isinstance(value, tuple | list):
        return any(map(_holds_rows, value))
    return len(getattr(value, "shape", ())) > 1


def _rows(values: np.ndarray) -> np.ndarray:
    """Remove the axes of size 1 of (n, k, 1, 1) and the like."""
    if values.ndim > 2 and max(values.shape[1:]) == prod(values.shape[1:]):
        return values.reshape(len(values), -1)
    return values


def _shape(shape: Sequence[int | None] | None) -> str:
    if shape is None:
        return "of unknown shape"
    return f"({', '.join('n' if size is None else str(size) for size in shape)})"
