"""Evidence about the metrics in the classification reports of the published runs (FER-M)."""

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from ferspec import spec
from ferspec.checks.implementation.metrics.mistakes import AVERAGED, harmonic
from ferspec.reference import metrics

# Metrics and averages are both rounded to two places: an average may be off by half a hundredth for either.
ROUNDING = 0.01 + 1e-9


@dataclass(frozen=True)
class PublishedReport:
    """One classification report as printed: per-class metrics and support, and the averages below them."""

    cell: str
    per_class: dict[str, np.ndarray]
    images: np.ndarray
    averages: dict[str, dict[str, float]]
    accuracy: float


@cache
def released_reports(folder: Path) -> list[PublishedReport]:
    rows: dict[tuple[str, str], dict[int | str, dict[str, str]]] = {}
    with (folder / "tables" / "released_per_class.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            is_class = row["row"] != "accuracy" and not row["row"].endswith("avg")
            key = spec.load().class_index(row["row"]) if is_class else row["row"]
            rows.setdefault((row["cell"], row["split"]), {})[key] = row
    return [
        PublishedReport(
            cell=f"{cell} ({split})",
            per_class={name: np.array([float(report[index][name]) for index in range(7)]) for name in AVERAGED},
            images=np.array([int(report[index]["support"]) for index in range(7)]),
            averages={
                average: {name: float(report[f"{average} avg"][name]) for name in AVERAGED}
                for average in ("weighted", "macro")
            },
            accuracy=float(report["accuracy"]["f1"]),
        )
        for (cell, split), report in rows.items()
    ]


@pytest.fixture
def reports(reference) -> list[PublishedReport]:
    reports = released_reports(reference)
    assert len(reports) > 200, "the reference material holds a report for most of the grid"
    return reports


@pytest.mark.parametrize("name", AVERAGED)
def test_the_released_averages_follow_from_the_released_classes(reports, name):
    """FER-M-02."""
    for report in reports:
        values, averages = report.per_class[name], report.averages
        by_support = metrics.weighted(values, np.diag(report.images))
        assert by_support == pytest.approx(averages["weighted"][name], abs=ROUNDING), report.cell
        assert metrics.macro(values) == pytest.approx(averages["macro"][name], abs=ROUNDING), report.cell


def test_the_macro_average_does_not_explain_the_released_weighted_one(reports):
    """FER-M-02."""
    explained = [
        abs(metrics.macro(report.per_class["precision"]) - report.averages["weighted"]["precision"]) <= ROUNDING
        for report in reports
        if "(val)" in report.cell
    ]
    assert np.mean(explained) < 0.5


def test_the_released_weighted_recall_is_the_released_accuracy(reports):
    """FER-M-03."""
    tolerance = spec.load().value("FER-M-03", "printed_tolerance") + 1e-9
    for report in reports:
        assert report.averages["weighted"]["recall"] == pytest.approx(report.accuracy, abs=tolerance), report.cell


def test_the_released_f1_is_the_harmonic_mean_class_by_class(reports):
    """FER-M-04."""
    for report in reports:
        p, r = report.per_class["precision"], report.per_class["recall"]
        least, most = (harmonic(np.clip(p + by, 0, 1), np.clip(r + by, 0, 1)) for by in (-0.005, 0.005))
        printed = report.per_class["f1"]
        inside = (printed >= least - 0.005 - 1e-9) & (printed <= most + 0.005 + 1e-9)
        assert inside.all(), report.cell
