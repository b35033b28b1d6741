"""Read what a reviewer decided on the review page: the file ``decisions.csv``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Literal, NamedTuple

from ferspec import spec
from ferspec.collection.manifest import LARGEST, Row
from ferspec.collection.tombstones import DIGEST
from ferspec.errors import UserError
from ferspec.files import csv_rows

HEADER = ("digest", "decision", "label")
BY_REVIEWER = "decided by a reviewer"


class Reviewed(NamedTuple):
    """What a reviewer decided about a picture; ``label`` is its class."""

    decision: Literal["keep", "drop"]
    label: str


def read_decisions(path: Path) -> dict[str, Reviewed]:
    """Return the decision on each digest; none where the file does not exist yet.

    ``UserError`` for another table: its columns are ``digest``, ``decision`` (keep or drop) and ``label``.
    """
    if not path.exists():
        return {}
    lines = csv_rows(path, LARGEST, "the decisions of a reviewer")
    _, header = next(lines, (0, []))
    if tuple(header) != HEADER:
        raise UserError(f"{path}: the columns must be {','.join(HEADER)}: save the file that the review page exports")
    decisions = {}
    for line, cells in lines:
        digest, decision, label = cells if len(cells) == len(HEADER) else ("", "", "")
        if not DIGEST.fullmatch(digest) or decision not in ("keep", "drop") or label not in spec.load().classes:
            raise UserError(f"{path} line {line}: expected a digest, keep or drop, and one of the seven classes")
        decisions[digest] = Reviewed("keep" if decision == "keep" else "drop", label)
    return decisions


def with_decision(row: Row, reviewed: Reviewed | None) -> Row:
    """Return a row as a reviewer decided it; a picture that was dropped without review stays so."""
    if reviewed is None or row.decision == "drop":
        return row
    said = f"{row.reason}; {BY_REVIEWER}" if row.reason else BY_REVIEWER
    if reviewed.label != row.label:
        said += f", who changed {row.label} to {reviewed.label}"
    return replace(row, decision=reviewed.decision, label=reviewed.label, reason=said)
