"""The wrong subjects that checks must fail, and the right ones that must pass.

The list is generated from the tests that run them (``tests/mutant_table.py``). It is not part of the specification:
another mutant does not change the digest of the specification.
"""

import csv
from functools import cache
from pathlib import Path
from typing import Literal

from ferspec.records import Record

PATH = Path(__file__).parent / "mutants.csv"


class Mutation(Record):
    """A subject for the checks of a clause: a ``mutant``, which must fail, or a ``right`` variation."""

    clause: str
    kind: Literal["mutant", "right"]
    name: str


@cache
def mutations() -> tuple[Mutation, ...]:
    """Return all mutations in the order of the clauses."""
    with PATH.open(encoding="utf-8", newline="") as lines:
        return tuple(Mutation.model_validate(row) for row in csv.DictReader(lines))
