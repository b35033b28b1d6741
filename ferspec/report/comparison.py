"""The tables of comparisons and rankings, the same on the terminal and on pages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ferspec.reference.comparison import Comparison, Within
from ferspec.reference.measured import Metric
from ferspec.reference.ranking import Ranking
from ferspec.report.words import LONGEST_NAME, UNDEFINED, images_name, points_range, share
from ferspec.subjects.certificates.document import DatasetInfo


@dataclass(frozen=True)
class Texts:
    """A table as text: the headings and the rows."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def comparison_tables(comparison: Comparison, names: Sequence[str], images: DatasetInfo) -> Iterator[Texts]:
    """Yield the accuracies and differences of two models, and decisions by class within a margin."""
    models = zip("AB", names, (comparison.accuracy_a, comparison.accuracy_b), strict=True)
    differences: tuple[tuple[str, Metric], ...] = (
        ("A minus B", comparison.difference),
        ("A minus B, weighted F1", comparison.f1_difference),
        ("A minus B, macro F1", comparison.macro_f1_difference),
    )
    rows = (
        *((f"{letter}  {name}", share(accuracy)) for letter, name, accuracy in models),
        *((what, points(figure)) for what, figure in differences),
    )
    yield Texts(("", _accuracy_on(images)), rows)
    if comparison.margin is not None:
        yield _classes(comparison.margin)


def ranking_table(ranking: Ranking, names: Sequence[str], images: DatasetInfo) -> Texts:
    """Return the group, ranks and accuracy of each model, the best first."""
    rows = (
        (
            str(one.group),
            " to ".join(map(str, dict.fromkeys((one.best_rank, one.worst_rank)))),
            names[one.model],
            share(one.accuracy),
        )
        for one in ranking.models
    )
    return Texts(("group", "rank", "model", _accuracy_on(images)), tuple(rows))


def points(figure: Metric) -> str:
    """Return a difference of shares with its interval: ``6.2 points (4.8 to 7.6)``."""
    return UNDEFINED if figure.value is None else f"{100 * figure.value:.1f} points ({points_range(figure)})"


def _classes(margin: Within) -> Texts:
    level = f"{100 * margin.alpha / len(margin.classes):.2g} %"
    rows = (
        (
            row.name,
            *map(str, (row.n, row.only_a_right, row.only_b_right)),
            row.verdict.removesuffix(" within the margin"),
            "" if row.images_to_decide is None else f"{row.images_to_decide:,}",
        )
        for row in margin.classes
    )
    return Texts(
        ("class", "images", "only A", "only B", f"decision (one-sided {level} each)", "to decide"), tuple(rows)
    )


def _accuracy_on(images: DatasetInfo) -> str:
    return f"accuracy on {images_name(images, LONGEST_NAME)}"
