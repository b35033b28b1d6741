"""Recommends networks from the published grid."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from ferspec.api.requests import RecommendRequest
from ferspec.api.results.base import Result
from ferspec.grid.advising.advice import Advice, advise
from ferspec.grid.advising.constraints import Constraints, parameter_count
from ferspec.grid.advising.measured import read_measured
from ferspec.spec.records import DEFAULT_PROFILE, Profile

if TYPE_CHECKING:
    import pandas as pd


class Recommendation(Result, Advice):
    """A ranked short list of cells, as a table and a page."""

    stem: ClassVar[str] = "recommendation"

    def summary(self) -> str:
        """Return how many cells are listed, and the best of them."""
        listed = self.shortlist.options
        best = f", the first {listed[0].cell}" if listed else ""
        return f"recommendation of {len(listed)} of {self.shortlist.candidates} cells{best}"

    def to_frame(self) -> pd.DataFrame:
        """Return a row per listed cell: its place, parameters, accuracies with bands, and what was measured."""
        import pandas as pd

        rows = []
        for option in self.shortlist.options:
            row = {"place": option.place, "cell": option.cell, "parameters": option.parameters}
            for name, accuracy in (("validation", option.validation), ("btfer", option.btfer)):
                row |= {name: accuracy.value, f"{name}_low": accuracy.low, f"{name}_high": accuracy.high}
            measured = option.measured
            row |= {
                "milliseconds": None if measured is None else measured.milliseconds,
                "bytes": None if measured is None else measured.bytes,
            }
            rows.append(row)
        return pd.DataFrame(rows)

    def to_json(self) -> str:
        """Return the document that ``ferspec recommend --json`` prints."""
        return self.model_dump_json(indent=2)

    def page(self) -> str:
        """Return a page with the short list, its plot and the judged statements."""
        from ferspec.report.advice.page import render_advice

        return render_advice(self)


def recommend(
    resolution: int | None = None,
    max_params: int | str | None = None,
    max_latency_ms: float | None = None,
    measured: str | Path | Sequence[str | Path] = (),
    pretrained: Literal["yes", "no"] | None = None,
    dataset: str | None = None,
    profile: Profile = DEFAULT_PROFILE,
) -> Recommendation:
    """Rank the cells of the published grid that meet all constraints.

    ``max_params`` is a number or a text such as ``5M``; ``measured`` are JSON files of latencies, which
    ``max_latency_ms`` needs. ``UserError`` for a value that no cell has, and where no cell meets all constraints.
    """
    given = (measured,) if isinstance(measured, str | Path) else tuple(measured)
    return recommend_request(
        RecommendRequest(
            resolution=resolution,
            max_params=max_params,
            max_latency_ms=max_latency_ms,
            measured=given,
            pretrained=pretrained,
            dataset=dataset,
            profile=profile,
        )
    )


def recommend_request(request: RecommendRequest) -> Recommendation:
    """Rank the cells that meet a request."""
    constraints = Constraints(
        resolution=request.resolution,
        parameters=None if request.max_params is None else parameter_count(request.max_params),
        milliseconds=request.max_latency_ms,
        pretrained=request.pretrained,
        dataset=request.dataset,
    )
    return Recommendation(**dict(advise(constraints, read_measured(request.measured), request.profile)))
