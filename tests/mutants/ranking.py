"""Rankings that break FER-Z-11, and right ones."""

from __future__ import annotations

from ferspec.checks.implementation.statistics.mistakes.ranking import RANKINGS, ranked_by
from ferspec.implementation.evaluation import EvaluationCapabilities
from mutants.kinds import mistaken, right, wrong

OWN = EvaluationCapabilities()
MUTANTS = (
    *mistaken("FER-Z-11", "tie_groups", RANKINGS),
    wrong(
        "FER-Z-11",
        "groups counted from 0",
        tie_groups=lambda **asked: [place | {"group": place["group"] - 1} for place in OWN.tie_groups(**asked)],
    ),
    wrong("FER-Z-11", "places in the order of the ranks", tie_groups=lambda **asked: OWN.tie_groups(**asked)[::-1]),
    right("FER-Z-11", "all signs tried by hand", tie_groups=ranked_by()),
    right(
        "FER-Z-11",
        "more than is asked",
        tie_groups=lambda **asked: [place | {"wins": 0} for place in OWN.tie_groups(**asked)],
    ),
)
