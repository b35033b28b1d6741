"""Parse claims about a model's metrics: ``accuracy>=0.60``, ``recall[Disgust]>=0.3``."""

import re
import sys
from collections.abc import Iterable

from ferspec.errors import UserError
from ferspec.records import Record
from ferspec.reference.evaluation import CALIBRATED, require_metric

PATTERN = re.compile(
    r"\s*(?P<figure>(?P<base>\w+)(\[[^\]]+\])?)\s*(?P<operator>>=|<=|>|<)\s*(?P<threshold>\d*\.?\d+(e[+-]?\d+)?)\s*"
)
# the largest possible value of each bounded metric; the least value is 0
MOST = {"accuracy": 1, "precision": 1, "recall": 1, "f1": 1, "ece": 1, "gap": 1, "brier": 2}


class Claim(Record):
    """Hold a metric, an operator and a threshold; ``str`` gives the id of the check."""

    figure: str
    operator: str
    threshold: float

    def __str__(self) -> str:
        return f"{self.figure}{self.operator}{self.stated}"

    @property
    def parts(self) -> tuple[str, str | None]:
        """The metric, and the class or column that it is about, if any."""
        metric, _, about = self.figure.lower().partition("[")
        return metric, about.rstrip("]").strip() or None

    @property
    def stated(self) -> str:
        """The threshold in the fewest digits that represent it exactly."""
        return repr(self.threshold).removesuffix(".0")


def parse_claim(text: str) -> Claim:
    """Parse a claim such as ``accuracy>=0.60``.

    Raise ``UserError`` for another form, or a threshold outside the range of the metric.
    """
    match = PATTERN.fullmatch(text)
    if match is None:
        raise UserError(f"cannot read the claim '{text}': write it like accuracy>=0.60 or recall[Disgust]>=0.3")
    claim = Claim(figure=match["figure"], operator=match["operator"], threshold=float(match["threshold"]))
    most = MOST.get(match["base"].lower().removeprefix("macro_"), sys.float_info.max)
    if claim.threshold > most:
        fraction = claim.model_copy(update={"threshold": claim.threshold / 100})
        hint = f", did you mean {fraction}?" if most == 1 and fraction.threshold <= most else ""
        raise UserError(f"cannot judge the claim '{text}': {claim.figure} ranges from 0 to {most:g}{hint}")
    return claim


def require_known_metrics(claims: Iterable[Claim], groups: Iterable[str] | None, clustered: bool = False) -> None:
    """Raise ``UserError`` for a claim about a metric that is unknown, or ignores given clusters."""
    for claim in claims:
        name = require_metric(claim.figure, groups or ())
        if clustered and (name in CALIBRATED or name.startswith("gap[")):
            raise UserError(
                f"claim '{claim}': the interval of {name} does not allow for clusters: "
                "leave out the claim, or --clusters"
            )
