"""Estimates the cost of training cells: parameters, operations, images and epochs."""

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
# a training step is a forward pass and a backward pass of twice its cost
PASSES = 3


class CellCost(Record):
    """The cost of one cell: ``flops`` per image (forward), ``images`` per epoch, usual ``epochs``.

    ``training_flops`` are those of a whole training without frozen layers. ``images`` and ``training_flops`` are None
    for synthetic cells, whose number of images is chosen when they are trained.
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
    """The total cost of several cells; images and operations of synthetic cells are not counted."""

    cells: int
    epochs: int
    images_seen: int
    training_flops: int


def cost_of(cell: Cell) -> CellCost:
    """Return the cost of a cell, without building a network or loading a framework."""
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
    """Return the total cost of cells."""
    costs = tuple(costs)
    return Total(
        cells=len(costs),
        epochs=sum(cost.epochs for cost in costs),
        images_seen=sum(cost.epochs * (cost.images or 0) for cost in costs),
        training_flops=sum(cost.training_flops or 0 for cost in costs),
    )


def _images(cell: Cell) -> int | None:
    """Return the number of training images per epoch, including the last partial batch."""
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
