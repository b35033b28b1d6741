"""The checks on a model: its behaviour, and each claim about it."""

from collections.abc import Iterable

from ferspec.checks.model.behaviour import MODEL_CHECKS
from ferspec.checks.model.claims import claim_checks
from ferspec.checks.model.honesty import HONESTY_CHECKS
from ferspec.engine import Check
from ferspec.subjects.models.claims import Claim


def model_checks(claims: Iterable[Claim]) -> tuple[Check, ...]:
    """Return the checks of behaviour and honesty, and one of FER-B-08 for each claim."""
    return MODEL_CHECKS + HONESTY_CHECKS + claim_checks(claims)
