"""Results of one cell: its published metrics, some of them shifted."""

from ferspec import spec
from ferspec.grid.judging.results import Result
from ferspec.spec.records import CellMetrics

SPEC = spec.load()
CELL = SPEC.cell("resnet18-scratch-48-rafdb-conservative")


def metrics_of(cell, profile="released", **shift):
    """Return the published figures of a cell, some of them shifted."""
    return CellMetrics(**{name: cell.metric(name, profile) + shift.get(name, 0) for name in CellMetrics.model_fields})


def result(cell=CELL, figures=None, **fields):
    return Result(cell=cell.id, source="runs/1", figures=figures or metrics_of(cell), **fields)


def off(name, by):
    return result(figures=metrics_of(CELL, **{name: by}))
