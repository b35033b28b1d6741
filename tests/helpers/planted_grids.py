"""Grids with known effects."""

import numpy as np

from ferspec import spec
from ferspec.grid.bands.spread import spread
from ferspec.grid.finding.findings import findings
from ferspec.grid.judging.results import Result
from ferspec.spec.records import CellMetrics

SPEC = spec.load()
BOTH = ["val_accuracy", "btfer_accuracy"]


def found(clause, figure, results, profile="released"):
    """Return the one finding of a clause about a figure."""
    said = findings(results, profile).findings
    return next(finding for finding in said if (finding.clause, finding.figure) == (clause, figure))


def planted(value, cells=SPEC.cells, seed=0, noisy=True, **said):
    """Return a training of each cell, whose accuracies are ``value(cell)`` and the spread between runs."""
    chance = np.random.default_rng(seed)
    results = []
    for cell in cells:
        figures = {
            figure: float(np.clip(value(cell) + noisy * chance.normal(0, spread(figure, cell.resolution).sd), 0, 1))
            for figure in BOTH
        }
        results.append(Result(cell=cell.id, source="planted", figures=CellMetrics(**figures), **said))
    return results


def by_network(cell):
    """An accuracy that depends on the network alone, and much."""
    return 0.3 + 0.01 * list(SPEC.networks).index(cell.architecture)


def gaining(gain):
    return lambda cell: by_network(cell) + gain * (cell.resolution == 224)
