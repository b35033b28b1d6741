"""The comparison behind each statement of FER-F, read from its clause."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from ferspec.records import Record
from ferspec.spec.records import Clause

Unit = Literal["network", "pair"]


class _Question(Record):
    """A comparison of each of the ``figures``; ``where`` selects the cells."""

    figures: tuple[str, ...]
    where: str = ""


class Difference(_Question):
    """Whether the cells of ``better`` exceed those of ``worse``, which differ in that field only.

    The difference is ``stated`` (an amount for each metric, rounded to ``decimals``), limited by ``at_most`` in every
    pair, or otherwise of any amount. ``relative`` amounts are shares of the worse metric.
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
        """The largest rounding error of a stated amount."""
        return 0.5 * 10**-self.decimals

    def amount(self, figure: str) -> float | None:
        """Return the amount stated for a metric, or None."""
        return self.stated[self.figures.index(figure)] if self.stated else None


class Contrast(_Question):
    """Whether ``better`` minus ``worse`` is larger in ``more_in`` than in ``less_in``.

    ``paired`` differences are of cells that are equal in all other fields; otherwise two groups are compared.
    """

    kind: Literal["contrast"]
    worse: str
    better: str
    more_in: str
    less_in: str
    paired: bool = True
    unit: Unit = "network"


class Leading(_Question):
    """Whether the best ``first`` cells are all among ``leaders``."""

    kind: Literal["leading"]
    leaders: str
    first: int


class Reaching(_Question):
    """Whether a network of at most ``millions`` of parameters exceeds the value ``above``."""

    kind: Literal["reaching"]
    above: float
    millions: float


Question = Difference | Contrast | Leading | Reaching
StatedQuestion = Annotated[Question, Field(discriminator="kind")]

_QUESTION: TypeAdapter[Question] = TypeAdapter(StatedQuestion)


def question_of(clause: Clause) -> Question:
    """Return the comparison of a testable clause of FER-F; ``pydantic.ValidationError`` for invalid values."""
    return _QUESTION.validate_python(clause.values)
