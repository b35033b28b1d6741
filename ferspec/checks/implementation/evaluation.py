"""Checks on what a trained network is evaluated on: which parts, how many of their images, and what steers (FER-V)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ferspec import spec
from ferspec.checks.implementation.answers.explain import all_equal, answers_to
from ferspec.checks.implementation.answers.judge import rows, shown
from ferspec.engine import Check
from ferspec.errors import NotEvaluable
from ferspec.outcomes import CheckResult, Status
from ferspec.subjects.implementations.subject import ImplementationSubject

VALIDATION, BTFER = "validation", "BTFER"
# images evaluated, their batches, and what the classification reports of the runs count of them
REPORTED = {
    (2_100, 64): 2_048,
    (2_100, 32): 2_080,
    (4_606, 64): 4_544,
    (4_606, 32): 4_576,
    (7_178, 64): 7_168,
    (7_178, 32): 7_168,
}
MISCOUNTS: Mapping[str, Callable[[int, int], int]] = {
    "the last partial batch is counted": lambda images, batch: images,
    "the last partial batch is not counted": lambda images, batch: images // batch * batch,
    "fewer images than a batch are counted": lambda images, batch: images // batch * batch or images,
    "the last partial batch is filled up": lambda images, batch: -(-images // batch) * batch,
    "the last batch is dropped even where it is whole": lambda images, batch: (-(-images // batch) - 1) * batch,
    "batches are counted, not images": lambda images, batch: images // batch,
    "batches are of 64 images, whatever is asked": lambda images, batch: images // 64 * 64,
    "batches are of 32 images, whatever is asked": lambda images, batch: images // 32 * 32,
}
# whole batches, one image more or less, and fewer images than a batch
EDGES = (64, 65, 127, 128, 2_048, 2_047, 20, 31)


def is_evaluated_on_both(subject: ImplementationSubject) -> CheckResult:
    """A training is reported on the validation part and on BTFER, whatever else it is reported on."""
    observed = rows("evaluated_parts", subject.ask("evaluated_parts"))
    missing = [part for part in (VALIDATION, BTFER) if part not in observed]
    return CheckResult(
        status=Status.FAIL if missing else Status.PASS,
        observed=shown(observed),
        expected=f"{VALIDATION} and {BTFER}",
        likely=f"nothing is reported on {' and '.join(missing)}" if missing else None,
    )


def counts_every_image(subject: ImplementationSubject) -> CheckResult:
    """An evaluation counts all images, or all but those of the last partial batch, as the profile says."""
    counts = REPORTED if _dropped(subject) else {asked: asked[0] for asked in REPORTED}
    return _counted(subject, counts)


def counts_whole_batches(subject: ImplementationSubject, batch: int) -> CheckResult:
    """Where the last partial batch is dropped, the largest multiple of the batch is counted."""
    if not _dropped(subject):
        raise NotEvaluable(f"by profile {subject.profile} no batch is dropped (FER-V-02)")
    reported = {asked: count for asked, count in REPORTED.items() if asked[1] == batch}
    return _counted(subject, reported | {(images, batch): images // batch * batch for images in EDGES})


def _dropped(subject: ImplementationSubject) -> bool:
    return spec.load().value("FER-V-02", "partial_batch", subject.profile) == "dropped"


def _counted(subject: ImplementationSubject, counts: Mapping[tuple[int, int], int]) -> CheckResult:
    return all_equal(
        names=[f"{images:,} images in batches of {batch}" for images, batch in counts],
        observed=answers_to(
            lambda asked: subject.ask("evaluated_images", images=asked[0], batch_size=asked[1]), counts
        ),
        expected=list(counts.values()),
        mistakes={cause: [rule(images, batch) for images, batch in counts] for cause, rule in MISCOUNTS.items()},
    )


def steers_by(subject: ImplementationSubject) -> CheckResult:
    """Validation steers the training, as the runs have it; BTFER never does.

    The text calls the validation part unseen (Tables 2 and 3) and lets its loss steer all the same (4.2). By it, any
    part but BTFER may.
    """
    observed = subject.ask("monitored_split")
    unseen = spec.load().value("FER-V-04", "validation_is_unseen", subject.profile)
    right = (VALIDATION, "training") if unseen else (VALIDATION,)
    return CheckResult(
        status=Status.PASS if observed in right else Status.FAIL,
        observed=shown(observed),
        expected=" or ".join(right),
        likely="the images that models are compared on choose the weights" if observed == BTFER else None,
    )


CHECKS = (
    Check("FER-V-01", is_evaluated_on_both, needs=("evaluated_parts",)),
    Check("FER-V-02", counts_every_image, needs=("evaluated_images",)),
    *(
        Check("FER-V-03", counts_whole_batches, needs=("evaluated_images",), case=str(batch), given=(batch,))
        for batch in spec.load().value("FER-V-03", "batch_sizes")
    ),
    Check("FER-V-04", steers_by, needs=("monitored_split",)),
)
