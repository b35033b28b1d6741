"""Checks on the evaluation: splits, number of images, and monitored split (FER-V)."""

from __future__ import annotations

from collections.abc import Iterable

from ferspec.checks.implementation.answers.explain import Capability, answers_to, explained
from ferspec.checks.implementation.answers.judge import equal, first_failure, numbers, rows, shown
from ferspec.checks.implementation.answers.specification import stated
from ferspec.engine import Check, checks_by_case
from ferspec.errors import NotEvaluable
from ferspec.outcomes import CheckResult, Status
from ferspec.spec.records import Profile
from ferspec.subjects.implementations.subject import ImplementationSubject

VALIDATION, BTFER = "validation", "BTFER"
# images evaluated, their batches, and what the classification reports of the runs count of them: an independent
# witness of FER-V-02 and FER-V-03
REPORTED = {
    (2_100, 64): 2_048,
    (2_100, 32): 2_080,
    (4_606, 64): 4_544,
    (4_606, 32): 4_576,
    (7_178, 64): 7_168,
    (7_178, 32): 7_168,
}
# by the reports, the runs drop the last partial batch; the paper counts every image of its Table 1 (FER-V-02)
DROPS: dict[Profile, bool] = {"released": True, "paper": False}
# the batch sizes of the reports, and of each: whole batches, one image more or less, and fewer images than a batch
EDGES = {
    64: ((64, 64), (65, 64), (127, 64), (128, 128), (2_048, 2_048), (2_047, 1_984), (20, 0), (31, 0)),
    32: ((64, 64), (65, 64), (127, 96), (128, 128), (2_048, 2_048), (2_047, 2_016), (20, 0), (31, 0)),
}
# notebooks, and Tables 2 and 3: a witness of FER-V-04
UNSEEN: dict[Profile, bool] = {"released": False, "paper": True}
EVALUATED_IMAGES: dict[str, Capability] = {
    "the last partial batch is counted": lambda images, batch_size: images,
    "the last partial batch is not counted": lambda images, batch_size: images // batch_size * batch_size,
    "fewer images than a batch are counted": lambda images, batch_size: images // batch_size * batch_size or images,
    "the last partial batch is filled up": lambda images, batch_size: -(-images // batch_size) * batch_size,
    "the last batch is dropped even where it is whole": lambda images, batch_size: (
        (-(-images // batch_size) - 1) * batch_size
    ),
    "batches are counted, not images": lambda images, batch_size: images // batch_size,
    "the images of one of two GPUs are counted": lambda images, batch_size: images // 2,
    "batches are of 64 images, whatever is asked": lambda images, batch_size: images // 64 * 64,
    "batches are of 32 images, whatever is asked": lambda images, batch_size: images // 32 * 32,
    "batches are of 100 images, whatever is asked": lambda images, batch_size: images // 100 * 100,
}


def is_evaluated_on_both(subject: ImplementationSubject) -> CheckResult:
    """A training is reported at least on the validation split and on BTFER."""
    observed = rows("evaluated_splits", subject.ask("evaluated_splits"))
    missing = [split for split in (VALIDATION, BTFER) if split not in observed]
    return CheckResult(
        status=Status.FAIL if missing else Status.PASS,
        observed=shown(observed),
        expected=f"{VALIDATION} and {BTFER}",
        likely=f"nothing is reported on {' and '.join(missing)}" if missing else None,
    )


def counts_every_image(subject: ImplementationSubject, images: int, batch: int) -> CheckResult:
    """An evaluation counts all images; profile ``released``: all except the last partial batch.

    How large the batches are is another clause.
    """
    found = _counted(subject, images, batch, REPORTED[images, batch] if DROPS[subject.profile] else images)
    if found.status is Status.FAIL and DROPS[subject.profile] and _drops_a_partial_batch(subject):
        return CheckResult(status=Status.PASS, message="images are dropped: FER-V-03 judges how many")
    return found


def counts_whole_batches(subject: ImplementationSubject, images: int, batch: int, counted: int) -> CheckResult:
    """Where the last partial batch is dropped, the largest multiple of the batch is counted."""
    if not DROPS[subject.profile]:
        raise NotEvaluable(f"by profile {subject.profile} no batch is dropped (FER-V-02)")
    found = _counted(subject, images, batch, counted)
    if found.status is Status.FAIL and not _drops_a_partial_batch(subject):
        raise NotEvaluable("no partial batch is dropped: FER-V-02 fails for it")
    return first_failure([stated("FER-V-03", "batch_sizes", tuple(EDGES), subject.profile), found])


def _drops_a_partial_batch(subject: ImplementationSubject) -> bool:
    """Return whether fewer images than all are counted of any set that the reports count."""
    answers = answers_to(lambda asked: subject.ask("evaluated_images", images=asked[0], batch_size=asked[1]), REPORTED)
    counted = [
        float(numbers("evaluated_images", answer, ())) < images
        for answer, (images, _) in zip(answers, REPORTED, strict=True)
        if not isinstance(answer, NotEvaluable)
    ]
    return any(counted)


def _counted(subject: ImplementationSubject, images: int, batch: int, expected: int) -> CheckResult:
    asked = {"images": images, "batch_size": batch}
    observed = subject.ask("evaluated_images", **asked)
    return explained(equal(observed, expected, what=_case(images, batch)), observed, EVALUATED_IMAGES, asked)


def _case(images: int, batch: int) -> str:
    return f"{images:,} images in batches of {batch}"


def is_monitored_on_validation(subject: ImplementationSubject) -> CheckResult:
    """The runs monitor the validation split while training, and nobody monitors BTFER.

    The text calls the validation split unseen (Tables 2 and 3) and still monitors its loss (4.2). Under that
    profile, any split except BTFER may be monitored.
    """
    observed = subject.ask("monitored_split")
    unseen = UNSEEN[subject.profile]
    known = (VALIDATION, "training") if unseen else (VALIDATION,)
    found = CheckResult(
        status=Status.PASS if observed in known else Status.FAIL,
        observed=shown(observed),
        expected=" or ".join(known),
        likely="the images that models are compared on choose the weights" if observed == BTFER else None,
    )
    return first_failure([stated("FER-V-04", "validation_is_unseen", unseen, subject.profile), found])


def _whole_batches() -> Iterable[tuple[str, tuple[int, int, int]]]:
    for batch, edges in EDGES.items():
        counts = [(images, counted) for (images, size), counted in REPORTED.items() if size == batch]
        for images, counted in (*counts, *edges):
            yield _case(images, batch), (images, batch, counted)


CHECKS = (
    Check("FER-V-01", is_evaluated_on_both, needs=("evaluated_splits",)),
    *checks_by_case(
        "FER-V-02", counts_every_image, {_case(*asked): asked for asked in REPORTED}, needs=("evaluated_images",)
    ),
    *checks_by_case("FER-V-03", counts_whole_batches, dict(_whole_batches()), needs=("evaluated_images",)),
    Check("FER-V-04", is_monitored_on_validation, needs=("monitored_split",)),
)
