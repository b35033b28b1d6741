"""Check the cells of tables of predictions, and name the first wrong line."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from ferspec import spec
from ferspec.errors import UserError

# how a table writes that there is no answer
NO_ANSWER = frozenset({"", "nan"})
INTEGER = re.compile(r"[+-]?\d+(\.0*)?")


def is_answer(cell: str) -> bool:
    """Return whether a cell holds an answer."""
    return cell.casefold() not in NO_ANSWER


def number(cell: str) -> float:
    """Return the number in a cell, with or without a percent sign; NaN for an empty cell, ``ValueError`` for text."""
    return float(cell.rstrip(" %") or "nan")


def require_unique(path: Path, lines: Iterable[int], images: Iterable[str]) -> None:
    """Raise ``UserError`` with the line for an image that is unnamed or repeated."""
    first_lines: dict[str, int] = {}
    for line, image in zip(lines, images, strict=True):
        if not image:
            raise UserError(f"{path} line {line}: the image has no name")
        if image in first_lines:
            raise UserError(
                f"{path} line {line}: {image!r} already occurs in line {first_lines[image]}: "
                "keep one row per image, named with its folder"
            )
        first_lines[image] = line


def finite_number(path: Path, line: int, column: str, text: str) -> float:
    """Parse a finite number. Raise ``UserError`` with line and column for any other text."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise UserError(f"{path} line {line}, column {column!r}: {text!r} is not a finite number")
    return value


def class_of(path: Path, line: int, name: str) -> int:
    """Return the class, 0 to 6, of a name. Raise ``UserError`` with the line for a number or unknown name."""
    if INTEGER.fullmatch(name):
        raise UserError(f"{path} line {line}: {name!r} is a number, which is ambiguous: write the name of the class")
    try:
        return spec.load().class_index(name)
    except UserError as error:
        raise UserError(f"{path} line {line}: {error}") from error


def require_agreement(
    path: Path,
    lines: Sequence[int],
    column: str,
    probabilities: np.ndarray,
    recorded: np.ndarray,
    outside: Sequence[str] = (),
) -> None:
    """Raise ``UserError`` with the line for a class that is not the most probable.

    ``outside`` names the columns after those of the seven classes.
    """
    rows = np.flatnonzero(probabilities[np.arange(len(recorded)), recorded] < probabilities.max(axis=1))
    if len(rows):
        row, classes = rows[0], (*spec.load().classes, *outside)
        raise UserError(
            f"{path} line {lines[row]}: column {column!r} says {classes[recorded[row]]}, "
            f"but {classes[probabilities[row].argmax()]} is the most probable "
            f"(if {column!r} is the true class, rename it to 'y_true')"
        )
