"""What training cells costs: parameters, operations, images and epochs, estimated before anything runs."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from ferspec import spec
from ferspec.grid.cells import SYNTHETIC
from ferspec.records import Record
from ferspec.spec.records import IDENTITY, Cell

# operations of one forward pass of one image, as ferspec.reference.models.cost counts them
FLOPS = Path(__file__).parent / "flops.csv"
# a training step is a forward pass and a backward pass, which costs twice as much
PASSES = 3


class CellCost(Record):
    """What one cell costs: ``flops`` of a forward pass of one image, training ``images`` of an epoch, usual ``epochs``.

    ``training_flops`` are those of a whole training, as if all layers learnt all the time. Images, and with them the
    whole, are None for synthetic cells, whose number of images is chosen when they are trained.
    """

    cell: str
    architecture: str
    weights: str
    resolution: int
    dataset: str
    balancing: str
    parameters: int
    flops: int
    images: int | None
    epochs: int
    training_flops: int | None


class Total(Record):
    """What several cells cost together; of synthetic cells neither images nor operations are counted."""

    cells: int
    epochs: int
    images_seen: int
    training_flops: int


def cost_of(cell: Cell) -> CellCost:
    """Return what a cell costs; nothing is built and no framework is loaded."""
    flops, images, epochs = _flops()[cell.architecture, cell.weights, cell.resolution], _images(cell), _epochs(cell)
    return CellCost(
        cell=cell.id,
        **{field: getattr(cell, field) for field in IDENTITY},
        parameters=spec.load().networks[cell.architecture].parameter_total(cell.weights, cell.resolution),
        flops=flops,
        images=images,
        epochs=epochs,
        training_flops=None if images is None else PASSES * flops * images * epochs,
    )


def total_of(costs: Iterable[CellCost]) -> Total:
    """Return what cells cost together."""
    costs = tuple(costs)
    return Total(
        cells=len(costs),
        epochs=sum(cost.epochs for cost in costs),
        images_seen=sum(cost.epochs * (cost.images or 0) for cost in costs),
        training_flops=sum(cost.training_flops or 0 for cost in costs),
    )


def _images(cell: Cell) -> int | None:
    """Return the training images of an epoch, those of the last partial batch included."""
    if cell.dataset == SYNTHETIC:
        return None
    dataset = spec.load().datasets[cell.dataset]
    if dataset.training_counts is not None:
        return sum(dataset.training_counts)
    return dataset.training_totals[str(cell.resolution)]


def _epochs(cell: Cell) -> int:
    book = spec.load()
    start = "scratch" if cell.weights == "scratch" else "pretrained"
    by_resolution = zip(book.integers("FER-G-02", "resolutions"), book.integers("FER-G-09", start), strict=True)
    return dict(by_resolution)[cell.resolution]


@cache
def _flops() -> dict[tuple[str, str, int], int]:
    with FLOPS.open(encoding="utf-8", newline="") as lines:
        return {
            (row["architecture"], row["weights"], int(row["resolution"])): int(row["flops"])
            for row in csv.DictReader(lines)
        }
