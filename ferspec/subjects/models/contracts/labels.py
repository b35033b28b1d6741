"""Infer the classes of a model's output columns from its labels and its width."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from ferspec import spec
from ferspec.errors import UserError
from ferspec.spec.names import UNNAMED
from ferspec.subjects.models.base import Signature
from ferspec.subjects.models.contracts.class_set import MOST_COLUMNS

LISTED = 12
# fewer labels that name one of the seven classes may be a coincidence
LEAST_NAMED = 2


def classes_of(known: Signature, answered: np.ndarray | str) -> tuple[tuple[str, ...], str]:
    """Return a name for each column, and a note on its source.

    ``answered`` is an output of the model, or why there is none. Labels are used if they name at least two of the
    seven classes. Otherwise seven columns are assumed to be the seven classes, and any other number is named ``-``.
    ``UserError`` for more columns than a contract can name.
    """
    width = known.output_width or (None if isinstance(answered, str) else answered.shape[-1])
    seven, labels = spec.load().classes, known.labels
    if labels is not None and width in (None, len(labels)) and (names := _named(labels)) is not None:
        unknown = [label for label, name in zip(labels, names, strict=True) if name == UNNAMED != label]
        outside = f"; outside the seven: {', '.join(unknown[:LISTED])}" if unknown else ""
        return names, f"inferred: the labels in the file{outside}"
    reason = "not in the file" if labels is None else _why_not(labels, width)
    if width in (None, len(seven)):
        return seven, f"assumed: {reason}; this is the protocol's order, which few models use"
    if width > MOST_COLUMNS:
        raise UserError(f"the output has {width:,} columns: a contract names at most {MOST_COLUMNS:,}")
    return (UNNAMED,) * width, f"assumed: {reason}; the output has {width} columns: name each of them{_orders(width)}"


def _named(labels: Sequence[str]) -> tuple[str, ...] | None:
    """Return the labels with ``-`` for unknown ones; None if they do not name expressions."""
    names, indices = [], []
    for label in labels:
        try:
            index = spec.load().column_class(label)
        except UserError:
            names.append(UNNAMED)
            continue
        names.append(label)
        indices += [] if index is None else [index]
    unique = len(indices) >= LEAST_NAMED and max(Counter(indices).values()) == 1
    return tuple(names) if unique else None


def _why_not(labels: Sequence[str], width: int | None) -> str:
    shown = ", ".join(labels[:LISTED])
    if width not in (None, len(labels)):
        return f"the file has {len(labels)} labels for {width} columns: {shown}"
    return f"the labels in the file do not name the seven classes: {shown}"


def _orders(width: int) -> str:
    """Return the published orders of this width, in words."""
    orders = {name: order.classes for name, order in spec.load().label_orders.items() if len(order.classes) == width}
    return "".join(f"; the order of {name} is {', '.join(classes)}" for name, classes in orders.items())
