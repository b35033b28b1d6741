"""Figures 9 to 13: the classes of a dataset before and after weighting, and the weights."""

from __future__ import annotations

from ferspec import spec
from ferspec.reference.balance import ClassBalance, balance_of
from ferspec.report.description.drawing import LEFT, THICK, WIDTH, Panel, panels
from ferspec.report.html import templates
from ferspec.report.site.figures.drawn import Drawn, Table
from ferspec.report.site.figures.records import Distribution, Weights
from ferspec.required import required
from ferspec.spec.records import Dataset
from ferspec.subjects.datasets.description import Description, Part

PANELS = {"images": 0, "simple": 1, "conservative": 2}
# half a unit of the last printed digit
ROUNDING = 0.005


def distribution(figure: Distribution) -> Drawn:
    """Return the bars of a class distribution."""
    found = describe(spec.load().datasets[figure.dataset])
    panel = panels(found)[PANELS[figure.panel]]
    training, rest = found.parts
    headings = ("class", "training", "validation", "simple weight", "conservative weight")
    rows = tuple(
        (one.name, one.images, rest.images[one.name], required(one.simple).weight, required(one.conservative).weight)
        for one in found.classes
    )
    said = f"{training.total:,} training images and {rest.total:,} others, counted {found.reason}."
    return Drawn(Table(headings, rows), svg=_svg(panel, figure.title), svg_class="panel", sentences=(said,))


def weights(figure: Weights) -> Drawn:
    """Return computed weights beside the printed ones, and whether they agree to the printed digit."""
    found = describe(spec.load().datasets[figure.dataset])
    computed = [_weight(one, figure.balancing) for one in found.classes]
    names = [one.name for one in found.classes]
    rows = tuple(
        (name, index, f"{printed:.2f}", f"{value:.4f}", "yes" if abs(value - printed) <= ROUNDING else "no")
        for index, (name, printed, value) in enumerate(zip(names, figure.printed, computed, strict=True))
    )
    same = sum(row[-1] == "yes" for row in rows)
    said = f"{same} of {len(rows)} weights are the printed ones to the last digit, computed {found.reason}."
    headings = ("class", "index", "printed", "computed", "same to the printed digit")
    return Drawn(Table(headings, rows), sentences=(said,), shows_table=True)


def describe(dataset: Dataset) -> Description:
    """Return the description of a published dataset, from its counts alone."""
    names, counts = spec.load().classes, required(dataset.training_counts)
    rest = [whole - part for whole, part in zip(dataset.counts, counts, strict=True)]
    share = f"{dataset.training_percent} % of each class, rounded down"
    return Description(
        name=dataset.name,
        form="published counts",
        known=dataset.name,
        total=dataset.total,
        parts=(
            Part(name="training", role="training", images=dict(zip(names, counts, strict=True))),
            Part(name="validation", role="validation", images=dict(zip(names, rest, strict=True))),
        ),
        weighted="training",
        reason=f"from the images as the runs split them, {share} (FER-D-02)",
        classes=balance_of(counts),
        notes=(),
    )


def _weight(one: ClassBalance, balancing: str) -> float:
    return required(one.simple if balancing == "simple" else one.conservative).weight


def _svg(panel: Panel, title: str) -> str:
    template = templates().get_template("site/panel.svg")
    return template.render(panel=panel, title=title, width=WIDTH, left=LEFT, thick=THICK)
