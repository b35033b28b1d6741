"""The model zoo: build every network of the protocol, with input, weights and costs."""

from ferspec.reference.models.building import Built, build, outline, preprocessing_of
from ferspec.reference.models.catalogue import Row, errata_of, find, rows, weights_of
from ferspec.reference.models.costs import Cost, cost
from ferspec.reference.models.heads import freeze_base, unfreeze
from ferspec.reference.models.preprocessing import Preprocessing
from ferspec.reference.models.published_repvgg import fuse
from ferspec.reference.models.table import Departure, departure, table_of
from ferspec.reference.models.user_tables import read_table
from ferspec.reference.models.weights import Start

__all__ = [
    "Built",
    "Cost",
    "Departure",
    "Preprocessing",
    "Row",
    "Start",
    "build",
    "cost",
    "departure",
    "errata_of",
    "find",
    "freeze_base",
    "fuse",
    "outline",
    "preprocessing_of",
    "read_table",
    "rows",
    "table_of",
    "unfreeze",
    "weights_of",
]
