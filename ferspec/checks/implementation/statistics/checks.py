"""Checks on the statistics (FER-Z)."""

from ferspec.checks.implementation.statistics import calibration, comparison, intervals

CHECKS = tuple(
    sorted((*intervals.CHECKS, *calibration.CHECKS, *comparison.CHECKS), key=lambda check: (check.clause, check.id))
)
