"""The pages of what was measured: the list of trainings and certificates, and a page for each certificate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ferspec import spec
from ferspec.grid.judging.trainings import Training
from ferspec.reference.measured import Evaluation
from ferspec.report import words
from ferspec.report.html import top_confusions
from ferspec.report.result_page import svg_uri
from ferspec.report.site.frame import render
from ferspec.report.site.inputs import Certified, Inputs, why_left_out
from ferspec.report.training_curves import curves_svg

PATH = "measured.html"


@dataclass(frozen=True)
class Split:
    """The metrics of one split, with its most frequent confusions."""

    name: str
    metrics: Evaluation
    confusions: Sequence[tuple[str, str, int, float]]


@dataclass(frozen=True)
class Shown:
    """One training on the page of its cell: why it does not count, if so; its curves and splits."""

    training: Training
    left_out: str | None
    curves: str
    splits: tuple[Split, ...]


def shown(training: Training) -> Shown:
    """Return what a page shows of a training."""
    name, history = words.shorten(training.name, words.LONGEST_NAME), training.history
    return Shown(
        training=training,
        left_out=why_left_out(training.result),
        curves=svg_uri(curves_svg(history, name)) if history else "",
        splits=tuple(_split(part, metrics) for part, metrics in training.parts),
    )


def measured_files(inputs: Inputs) -> Iterator[tuple[str, str]]:
    """Yield path and text of the list of inputs and each certificate's page."""
    if not (inputs.trainings or inputs.certificates):
        return
    listed = [(_path(number), one) for number, one in enumerate(inputs.certificates, start=1)]
    cells = {cell.id for cell in spec.load().cells}
    rows = [(one, why_left_out(one.result), one.result.cell.lower() in cells) for one in inputs.trainings]
    yield (
        PATH,
        render("measured.html", PATH, "Measured", rows=rows, certificates=listed, inputs=inputs),
    )
    for path, one in listed:
        yield path, _certificate(path, one)


def _certificate(path: str, one: Certified) -> str:
    report = one.report
    return render(
        "certificate.html",
        path,
        words.shorten(report.subject.name, words.LONGEST_NAME),
        one=one,
        report=report,
        notice=words.notice(report),
        headline=words.headline(report),
        split=_split("images", report.metrics),
        classes=spec.load().classes,
    )


def _split(name: str, metrics: Evaluation) -> Split:
    return Split({"btfer": "BTFER"}.get(name, name), metrics, top_confusions(metrics))


def _path(number: int) -> str:
    return f"certificates/{number}.html"
