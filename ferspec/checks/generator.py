"""List all checks by kind of subject, for command line, API, pytest and coverage."""

from collections.abc import Iterable

from ferspec.engine import Check
from ferspec.subjects.models.claims import Claim


def checks_for_model(claims: Iterable[Claim] = ()) -> tuple[Check, ...]:
    """Return all checks on a model: behaviour (FER-B-01 to 07), honesty (FER-B-09, 10), and each claim (FER-B-08)."""
    from ferspec.checks.model.checks import model_checks

    return model_checks(claims)


def checks_for_log() -> tuple[Check, ...]:
    """Return all checks on the log of a training run (FER-S)."""
    from ferspec.checks.run.schedule.phases import LOG_CHECKS

    return LOG_CHECKS


def checks_for_artifacts() -> tuple[Check, ...]:
    """Return all checks on the artifacts of a training run (FER-R)."""
    from ferspec.checks.run.artifacts.files import ARTIFACT_CHECKS

    return ARTIFACT_CHECKS


def checks_for_result_row() -> tuple[Check, ...]:
    """Return all checks on a row of results (FER-R-14)."""
    from ferspec.checks.run.result_row import ROW_CHECKS

    return ROW_CHECKS


def checks_for_certificate() -> tuple[Check, ...]:
    """Return all checks on a certificate (FER-X)."""
    from ferspec.checks.certificate.verification import CERTIFICATE_CHECKS

    return CERTIFICATE_CHECKS


def checks_for_dataset() -> tuple[Check, ...]:
    """Return all checks on an inspected dataset (FER-I, and FER-D where it states the rule)."""
    from ferspec.checks.dataset.checks import DATASET_CHECKS

    return DATASET_CHECKS


def checks_for_implementation() -> tuple[Check, ...]:
    """Return all checks on an implementation, in the order of the catalogue of capabilities."""
    from ferspec.checks.implementation import classes, evaluation
    from ferspec.checks.implementation.augmentation import checks as augmentation
    from ferspec.checks.implementation.datasets import checks as datasets
    from ferspec.checks.implementation.findings import checks as findings
    from ferspec.checks.implementation.grid import checks as grid
    from ferspec.checks.implementation.images import checks as images
    from ferspec.checks.implementation.metrics import checks as metrics
    from ferspec.checks.implementation.networks import checks as networks
    from ferspec.checks.implementation.schedule import checks as schedule
    from ferspec.checks.implementation.statistics import checks as statistics
    from ferspec.checks.implementation.weighting import checks as weighting

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
