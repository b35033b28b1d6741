"""What each statement of FER-F compares, as its clause says."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from ferspec.records import Record
from ferspec.spec.records import Clause

Unit = Literal["network", "pair"]


class _Question(Record):
    """``figures`` are compared one by one; ``where`` selects the cells."""

    figures: tuple[str, ...]
    where: str = ""


class Difference(_Question):
    """Whether the cells of ``better`` exceed those of ``worse``, which differ from them in that field alone.

    By ``stated`` (an amount for each figure), each rounded to ``decimals``; by ``at_most`` in any pair; or, without
    these, by any amount. ``relative`` amounts are shares of the worse figure.
    """

    kind: Literal["difference"]
    worse: str
    better: str
    stated: tuple[float, ...] = ()
    at_most: float | None = None
    decimals: int = 2
    relative: bool = False
    unit: Unit = "network"

    @property
    def rounding(self) -> float:
        """How far a stated amount may lie from the one that was rounded to it."""
        return 0.5 * 10**-self.decimals

    def amount(self, figure: str) -> float | None:
        """Return what is stated for a figure, or None where no amount is."""
        return self.stated[self.figures.index(figure)] if self.stated else None


class Contrast(_Question):
    """Whether the difference of ``better`` and ``worse`` is larger in ``more_in`` than in ``less_in``.

    ``paired`` differences belong to cells that differ in nothing else; others are compared as two groups.
    """

    kind: Literal["contrast"]
    worse: str
    better: str
    more_in: str
    less_in: str
    paired: bool = True
    unit: Unit = "network"


class Leading(_Question):
    """Whether the ``first`` best cells are all among ``leaders``."""

    kind: Literal["leading"]
    leaders: str
    first: int


class Reaching(_Question):
    """Whether some cell of at most that many ``millions`` of parameters lies ``above`` a value."""

    kind: Literal["reaching"]
    above: float
    millions: float


Question = Difference | Contrast | Leading | Reaching

_QUESTION: TypeAdapter[Question] = TypeAdapter(Annotated[Question, Field(discriminator="kind")])


def question_of(clause: Clause) -> Question:
    """Return what a testable clause of FER-F compares; ``pydantic.ValidationError`` where it does not say so."""
    return _QUESTION.validate_python(clause.values)
