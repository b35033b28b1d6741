"""The page of a recommendation: the short list, its plot, and the paper's statements."""

from __future__ import annotations

from ferspec.grid.advising.advice import Advice
from ferspec.report.advice.plot import pareto_svg
from ferspec.report.advice.words import option_table, said, statement_table, totals
from ferspec.report.result_page import render_result


def render_advice(advice: Advice) -> str:
    """Return the page of a recommendation, without scripts or external files."""
    found = advice.shortlist
    return render_result(
        "recommend",
        "Networks that meet the constraints" if advice.requirements else "Networks of the published grid",
        f"{len(found.options)} of {found.candidates} cells",
        (*said(advice), totals(advice)),
        picture=pareto_svg(advice),
        texts=(option_table(advice), statement_table(advice)),
        shows="BTFER accuracy over the number of parameters, for the cells that meet the constraints.",
    )
