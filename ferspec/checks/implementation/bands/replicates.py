"""The pairs of cells that are one configuration trained twice.

They are found without reading the errata that exclude other pairs.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from ferspec import spec
from ferspec.spec.records import Cell, Profile

Pair = tuple[Cell, Cell]

REPLICATED = "AffectNet"
# Typed from the reports, as an independent witness of ERR-03: 5,120 images, a selection that no run at 48x48 used.
OTHER_IMAGES = {("MobileNet", "imagenet", 48), ("MobileNetV2", "imagenet", 48), ("DenseNet121", "imagenet", 48)}
# Two rounded metrics that are equal before rounding.
ROUNDED = 0.01 + 1e-9


@cache
def pairs_of(metric: str, resolution: int, profile: Profile, dataset: str = REPLICATED) -> tuple[Pair, ...]:
    """Return pairs of cells that differ only in balancing and have the metric."""
    cells = {cell.id: cell for cell in spec.load().cells if (cell.dataset, cell.resolution) == (dataset, resolution)}
    pairs = [
        (cell, cells[f"{id.removesuffix('simple')}conservative"])
        for id, cell in cells.items()
        if cell.balancing == "simple"
    ]
    return tuple(pair for pair in pairs if None not in [cell.metric(metric, profile) for cell in pair])


@cache
def replicates(metric: str, resolution: int, profile: Profile) -> tuple[Pair, ...]:
    """Return the pairs whose runs had the same images and no misprinted metric."""
    return tuple(
        pair
        for pair in pairs_of(metric, resolution, profile)
        if not has_other_images(pair) and not (profile == "paper" and any(map(is_misprinted, pair)))
    )


def has_other_images(pair: Pair) -> bool:
    """Return whether one of the two runs was evaluated on other images than the other."""
    cell = pair[0]
    return (cell.architecture, cell.weights, cell.resolution) in OTHER_IMAGES


def is_misprinted(cell: Cell) -> bool:
    """Return whether the printed recall, weighted by support, is not the printed accuracy."""
    printed = cell.printed
    twice = (printed.val_recall, printed.val_accuracy), (printed.btfer_recall, printed.btfer_accuracy)
    return any(recall is not None and share is not None and abs(recall - share) > ROUNDED for recall, share in twice)


def differences(pairs: Iterable[Pair], metric: str, profile: Profile) -> list[float]:
    """Return the signed difference of the runs of each pair."""
    return [known(first, metric, profile) - known(second, metric, profile) for first, second in pairs]


def known(cell: Cell, metric: str, profile: Profile) -> float:
    """Return a metric of a cell that has it; ``ValueError`` for another cell."""
    value = cell.metric(metric, profile)
    if value is None:
        raise ValueError(f"{cell.id} has no {metric}")
    return value
