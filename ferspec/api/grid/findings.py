"""Recomputes what the paper says of the grid."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, get_args

from ferspec.api.requests import FindingsRequest
from ferspec.api.results.base import Result
from ferspec.api.results.drawing import intervals
from ferspec.grid.finding import findings as recomputed
from ferspec.grid.finding.findings import Findings
from ferspec.grid.finding.outcomes import Outcome
from ferspec.grid.judging.reading import read_results
from ferspec.grid.judging.results import published
from ferspec.spec.records import DEFAULT_PROFILE, Profile

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


class GridFindings(Result, Findings):
    """The paper's findings, recomputed, as a table and a plot."""

    stem: ClassVar[str] = "findings"

    def summary(self) -> str:
        """Return the number of trainings, and the number of findings with each outcome."""
        counts = ", ".join(f"{count} {outcome}" for outcome in get_args(Outcome) if (count := self.count(outcome)))
        return f"findings of {self.trainings:,} trainings: {counts}"

    def to_frame(self) -> pd.DataFrame:
        """Return a row per finding: its outcome, the estimate with its interval, and the reason."""
        import pandas as pd

        rows = [
            {
                "clause": one.clause,
                "figure": one.figure,
                "title": one.title,
                "stated": one.stated,
                "outcome": one.outcome,
            }
            | {name: getattr(one.estimate, name, None) for name in ("value", "low", "high")}
            | {"reason": one.reason}
            for one in self.findings
        ]
        return pd.DataFrame(rows)

    def to_json(self) -> str:
        """Return the document that ``ferspec grid findings --json`` prints."""
        return self.model_dump_json(indent=2)

    def page(self) -> str:
        """Return the findings as a page."""
        from ferspec.report.result_page import render_result

        return render_result(
            "grid findings",
            f"{self.trainings:,} trainings",
            f"profile {self.profile}",
            (self.summary(),),
            self.to_frame(),
        )

    def plot_estimates(self, ax: Axes | None = None) -> Axes:
        """Draw each estimated effect with its interval with Matplotlib; return the axes."""
        known = [(one, one.estimate) for one in self.findings if one.estimate is not None]
        points = [(estimate.value, estimate.low, estimate.high) for _, estimate in known]
        return intervals([f"{one.clause} {one.figure}" for one, _ in known], points, ax)


def findings(results: str | Path | Sequence[str | Path] = (), profile: Profile = DEFAULT_PROFILE) -> GridFindings:
    """Recompute the paper's findings on the grid from results, by default the published ones.

    ``UserError`` for results that cannot be read.
    """
    given = (results,) if isinstance(results, str | Path) else tuple(results)
    return findings_request(FindingsRequest(results=given, profile=profile))


def findings_request(request: FindingsRequest) -> GridFindings:
    """Recompute the findings of a request."""
    results = read_results(request.results) if request.results else published(request.profile)
    return GridFindings(**dict(recomputed.findings(results, request.profile)))
