"""The pages of the figures, their list, and the page of the research questions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ferspec import spec
from ferspec.grid.finding.findings import Finding, Findings
from ferspec.report.site.figures.accuracies import cells, means, rows
from ferspec.report.site.figures.classes import distribution, weights
from ferspec.report.site.figures.drawn import Drawn
from ferspec.report.site.figures.networks import network
from ferspec.report.site.figures.pipeline import pipeline
from ferspec.report.site.figures.records import (
    Cells,
    Distribution,
    Figure,
    Means,
    Network,
    Part,
    Pipeline,
    Rows,
    Weights,
    figures,
)
from ferspec.report.site.findings import DIFFERENCES, judged, questions
from ferspec.report.site.frame import render
from ferspec.report.site.grid_table import Measured
from ferspec.report.site.inputs import Inputs

FOLDER = "figures"
PARTS: dict[Part, str] = {
    "protocol": "The protocol",
    "networks": "Self-designed networks",
    "classes": "Classes and weights",
    "RQ1": "RQ1: resolution",
    "RQ2": "RQ2: initial weights",
    "RQ3": "RQ3: balancing and labels",
}


def figure_files(found: Findings, inputs: Inputs) -> Iterator[tuple[str, str]]:
    """Yield path and text of every page and CSV file about figures and questions.

    ``found`` are the paper's statements, judged by the published results.
    """
    every, measured = figures(), inputs.measured
    for place, figure in enumerate(every):
        drawn = draw(figure, measured)
        yield f"{FOLDER}/{_stem(figure)}.csv", drawn.table.as_csv()
        yield _path(figure), _page(figure, drawn, every[max(0, place - 1) : place + 2], found.findings, measured)
    listed = {title: [(one, _path(one)) for one in every if one.part == part] for part, title in PARTS.items()}
    yield "figures.html", render("figures.html", "figures.html", "Figures", parts=listed, sheets=inputs.sheets)
    yield "questions.html", _questions(found)


def draw(figure: Figure, measured: Measured) -> Drawn:
    """Return what a figure shows."""
    match figure:
        case Pipeline():
            return pipeline()
        case Network():
            return network(figure)
        case Distribution():
            return distribution(figure)
        case Weights():
            return weights(figure)
        case Means():
            return means(figure, measured)
        case Cells():
            return cells(figure, measured)
        case Rows():
            return rows(figure, measured)


def _page(
    figure: Figure, drawn: Drawn, around: Sequence[Figure], findings: Sequence[Finding], measured: Measured
) -> str:
    return render(
        "figure.html",
        _path(figure),
        f"Figure {figure.number}: {figure.title}",
        figure=figure,
        drawn=drawn,
        file=f"{_stem(figure)}.csv",
        around=[(one, f"{_stem(one)}.html") for one in around if one is not figure],
        findings=judged(findings, figure.clauses),
        scale=DIFFERENCES,
        errata=[spec.load().erratum(id) for id in figure.errata],
        measured=bool(measured),
    )


def _questions(found: Findings) -> str:
    asked = [(one, judged(found.findings, one.clauses)) for one in questions()]
    figures_of = {
        one.id: [(figure, _path(figure)) for figure in figures() if set(figure.clauses) & set(one.clauses)]
        for one, _ in asked
    }
    return render(
        "questions.html",
        "questions.html",
        "The research questions",
        questions=asked,
        figures=figures_of,
        scale=DIFFERENCES,
        trainings=found.trainings,
    )


def _stem(figure: Figure) -> str:
    return f"figure-{figure.number}"


def _path(figure: Figure) -> str:
    return f"{FOLDER}/{_stem(figure)}.html"
