"""Which wrong subjects prove that the check of a clause catches what is wrong, and which right ones must pass.

The list is made from the tests that run them (``tests/mutant_table.py``). It is separate from the data of the
specification and is no part of it: another mutant does not make it another specification.
"""

import csv
from functools import cache
from pathlib import Path
from typing import Literal

from ferspec.records import Record

PATH = Path(__file__).parent / "mutants.csv"


class Mutation(Record):
    """A subject that the checks of a clause are tried on: a ``mutant``, which must fail, or a ``right`` variation."""

    clause: str
    kind: Literal["mutant", "right"]
    name: str


@cache
def mutations() -> tuple[Mutation, ...]:
    """Return all of them, in the order of the clauses."""
    with PATH.open(encoding="utf-8", newline="") as lines:
        return tuple(Mutation.model_validate(row) for row in csv.DictReader(lines))
