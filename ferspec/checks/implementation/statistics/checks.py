"""Checks on the statistics (FER-Z)."""

from itertools import chain

from ferspec.checks.implementation.statistics import calibration, comparison, intervals, margins, ranking

PARTS = (intervals.CHECKS, calibration.CHECKS, comparison.CHECKS, margins.CHECKS, ranking.CHECKS)
CHECKS = tuple(sorted(chain.from_iterable(PARTS), key=lambda check: (check.clause, check.id)))
