"""The protocol as data: clauses, classes, datasets, networks, the published grid and the errata."""

from ferspec.spec.loader import load
from ferspec.spec.names import LabelOrder
from ferspec.spec.reading import SpecError
from ferspec.spec.records import Cell, CellMetrics, Clause, Dataset, Erratum, Network, Reading, Source, Spec

__all__ = [
    "Cell",
    "CellMetrics",
    "Clause",
    "Dataset",
    "Erratum",
    "LabelOrder",
    "Network",
    "Reading",
    "Source",
    "Spec",
    "SpecError",
    "load",
]
