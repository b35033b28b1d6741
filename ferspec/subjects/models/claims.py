"""What the owner of a model claims of its metrics: ``accuracy>=0.60``, ``recall[Disgust]>=0.3``."""

import re
import sys
from collections.abc import Iterable

from ferspec.errors import UserError
from ferspec.records import Record
from ferspec.reference.evaluation import NAME, require_figure

PATTERN = re.compile(
    r"\s*(?P<figure>\w+(\[[^\]]+\])?)\s*(?P<operator>>=|<=|>|<)\s*(?P<threshold>\d*\.?\d+(e[+-]?\d+)?)\s*"
)
# the largest value of each figure that has one; all begin at 0
MOST = {"accuracy": 1, "precision": 1, "recall": 1, "f1": 1, "ece": 1, "gap": 1, "brier": 2}


class Claim(Record):
    """A figure, an operator and a threshold; as text, the check's id."""

    figure: str
    operator: str
    threshold: float

    def __str__(self) -> str:
        return f"{self.figure}{self.operator}{self.stated}"

    @property
    def stated(self) -> str:
        """The threshold in the fewest digits that give it back exactly."""
        return repr(self.threshold).removesuffix(".0")


def parse_claim(text: str) -> Claim:
    """Return the claim that a text states.

    ``UserError`` with the form it should have, or for a threshold that its figure never reaches.
    """
    match = PATTERN.fullmatch(text)
    if match is None:
        raise UserError(f"cannot read the claim '{text}': write it like accuracy>=0.60 or recall[Disgust]>=0.3")
    claim = Claim(figure=match["figure"], operator=match["operator"], threshold=float(match["threshold"]))
    most = MOST.get(NAME.fullmatch(claim.figure)["base"].lower().removeprefix("macro_"), sys.float_info.max)
    if claim.threshold > most:
        meant = claim.model_copy(update={"threshold": claim.threshold / 100})
        hint = f", did you mean {meant}?" if most == 1 and meant.threshold <= most else ""
        raise UserError(f"cannot judge the claim '{text}': {claim.figure} lies in 0 to {most:g}{hint}")
    return claim


def require_known_figures(claims: Iterable[Claim], groups: Iterable[str] | None) -> None:
    """Raise ``UserError`` for a claim about a figure that is not measured, before any work is done."""
    for claim in claims:
        require_figure(claim.figure, groups or ())
