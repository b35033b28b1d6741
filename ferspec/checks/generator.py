"""The one list of checks that command line, Python API and pytest run alike."""

from collections.abc import Iterable

from ferspec.checks.claims import Claim, claim_checks
from ferspec.checks.model import MODEL_CHECKS
from ferspec.engine import Check


def checks_for_model(claims: Iterable[Claim] = ()) -> tuple[Check, ...]:
    """Return all checks on a model: its behaviour (FER-B-01 to FER-B-07) and each claim made of it (FER-B-08)."""
    return MODEL_CHECKS + claim_checks(claims)


def checks_for_implementation() -> tuple[Check, ...]:
    """Return all checks on an implementation of the protocol, in the order of the catalogue of capabilities."""
    from ferspec.checks.implementation import (
        augmentation,
        classes,
        datasets,
        evaluation,
        findings,
        grid,
        images,
        metrics,
        networks,
        schedule,
        statistics,
        weighting,
    )

    families = (
        classes,
        weighting,
        augmentation,
        images,
        datasets,
        networks,
        schedule,
        evaluation,
        metrics,
        statistics,
        grid,
        findings,
    )
    return tuple(check for family in families for check in family.CHECKS)
