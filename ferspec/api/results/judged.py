"""The part of a result that has outcomes: its failures, and how many of each clause family pass."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

from ferspec.api.results.base import Result
from ferspec.api.results.drawing import bars
from ferspec.outcomes import Counts, Outcome, Status

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

COLOURS = {Status.PASS: "#2da44e", Status.FAIL: "#cf222e", Status.INCONCLUSIVE: "#d4a72c", Status.NOT_EVALUATED: "0.8"}


class HasOutcomes(Protocol):
    """Anything with outcomes."""

    @property
    def outcomes(self) -> tuple[Outcome, ...]: ...


class Judged(Result):
    """A result with outcomes."""

    @property
    def failures(self: HasOutcomes) -> tuple[Outcome, ...]:
        """The outcomes that failed, declared deviations left out."""
        return tuple(o for o in self.outcomes if o.status is Status.FAIL and o.declared is None)

    def plot_outcomes(self: HasOutcomes, ax: Axes | None = None) -> Axes:
        """Draw with Matplotlib how many checks of each family of clauses pass or fail; return the axes."""
        tallies: dict[str, Counter[Status]] = {}
        for outcome in self.outcomes:
            tallies.setdefault(outcome.clause.rpartition("-")[0] or outcome.clause, Counter())[outcome.status] += 1
        stacks = {status.replace("_", " "): [tally[status] for tally in tallies.values()] for status in COLOURS}
        axes = bars(list(tallies), stacks, list(COLOURS.values()), ax)
        axes.set(xlabel="checks")
        return axes


def outcomes_frame(outcomes: Iterable[Outcome]) -> pd.DataFrame:
    """Return a row per outcome: its check, status, and what was observed and expected."""
    import pandas as pd

    columns = [*Outcome.model_fields]
    rows = [outcome.model_dump() | {"status": outcome.status.value} for outcome in outcomes]
    return pd.DataFrame(rows, columns=columns).set_index("check")


def counted(counts: Counts) -> str:
    """Return the counts of outcomes in words; zeros are left out."""
    named = {
        "pass": counts.passed,
        "fail": counts.fail,
        "inconclusive": counts.inconclusive,
        "not evaluated": counts.not_evaluated,
    }
    return ", ".join(f"{count:,} {name}" for name, count in named.items() if count) or "no check"
