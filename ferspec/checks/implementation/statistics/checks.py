"""Checks on the statistics (FER-Z)."""

from itertools import chain

from ferspec.checks.implementation.statistics import (
    calibration,
    comparison,
    groups,
    intervals,
    margins,
    ranking,
    sequential,
)

PARTS = (calibration, comparison, groups, intervals, margins, ranking, sequential)
CHECKS = tuple(sorted(chain.from_iterable(part.CHECKS for part in PARTS), key=lambda check: (check.clause, check.id)))
