"""Checks on the training schedule: rates, early stopping, phases and steps (FER-S)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ferspec.checks.implementation.answers.attribute import Known, attributed
from ferspec.checks.implementation.answers.explain import explained, near
from ferspec.checks.implementation.answers.judge import equal, field, first_failure, is_text, numbers, rows, shown
from ferspec.checks.implementation.answers.specification import stated
from ferspec.checks.implementation.schedule import hyperparameters, mistakes
from ferspec.checks.implementation.schedule.witness import rates, stops
from ferspec.checks.implementation.weighting.checks import UNWEIGHTED, losses_found
from ferspec.engine import Check, checks_by_case
from ferspec.errors import SubjectError
from ferspec.outcomes import CheckResult, Status
from ferspec.spec.records import Profile
from ferspec.subjects.implementations.subject import ImplementationSubject

# tolerance for single precision, in which Keras stores rates
SAME_RATES = near(relative=1e-6)


# The learning rate


class Situation(NamedTuple):
    """Validation losses of a phase, and the rates that the schedule gives its epochs."""

    losses: Sequence[float]
    rates: Sequence[float]
    initial_rate: float = 1e-4


def _halvings(*epochs: int, rate: float = 1e-4) -> list[float]:
    """Return rates that are halved after each of these numbers of epochs."""
    return [rate / 2**times for times, count in enumerate(epochs) for _ in range(count)]


def _wavering(step: float, seed: int) -> list[float]:
    """Return noisy losses that fall more and more slowly, in steps with many ties."""
    rng, epochs = np.random.default_rng(seed), np.arange(100)
    steps = 150 * np.exp(-epochs / 15) + rng.normal(0, 4, len(epochs))
    return [float(loss) for loss in 1 + step * steps.round()]


def _drawn(step: float) -> dict[str, Situation]:
    drawn = {f"losses that waver, draw {seed}": _wavering(step, seed) for seed in range(4)}
    return {label: Situation(losses, rates()(losses, 1e-4)) for label, losses in drawn.items()}


# paper 4.2, typed out as an independent witness of FER-S-03; improvements are far above the least that counts
PLATEAUS = {
    "nothing improves": Situation([1.0] * 32, _halvings(11, 10, 10, 1)),
    "every epoch improves": Situation([3.0 - epoch / 20 for epoch in range(40)], _halvings(40)),
    "the loss rises": Situation([1.0 + epoch / 20 for epoch in range(26)], _halvings(11, 10, 5)),
    "better than the epoch before, but not than the best": Situation([1.0, *[1.2, 1.1] * 12], _halvings(11, 10, 4)),
    "an improvement in the tenth epoch of waiting": Situation([1.0] * 10 + [0.9] * 15, _halvings(21, 4)),
    "an improvement in the epoch after a halving": Situation([1.0] * 11 + [0.9] * 15, _halvings(11, 11, 4)),
    "an improvement in the twentieth epoch of waiting": Situation([1.0] * 20 + [0.9] * 21, _halvings(11, 20, 10)),
    "worse from a halving on": Situation([1.0] * 11 + [1.2] * 15, _halvings(11, 10, 5)),
    "a first rate of 1e-3": Situation([1.0] * 25, _halvings(11, 10, 4, rate=1e-3), 1e-3),
    "a first rate of 1e-5": Situation([1.0] * 25, _halvings(11, 10, 4, rate=1e-5), 1e-5),
    "twenty halvings, the last to the minimum": Situation([1.0] * 220, [*_halvings(11, *[10] * 19), *[1e-10] * 19]),
    "a rate just above its minimum": Situation([1.0] * 31, [1.5e-10] * 11 + [1e-10] * 20, 1.5e-10),
    "losses of thousands, every one better": Situation([9_000.0 - 100 * epoch for epoch in range(40)], _halvings(40)),
    **_drawn(step=0.01),
}
# falls around the least that counts, 1e-4 in the logs of the runs: a witness of FER-S-04
SMALL_IMPROVEMENTS = {
    "every epoch improves by a millionth": Situation(
        [1.0 - 1e-6 * epoch for epoch in range(32)], _halvings(11, 10, 10, 1)
    ),
    "improvements too little each add up": Situation([1.0 - 4e-5 * epoch for epoch in range(32)], _halvings(32)),
    "one fall by 0.9e-4": Situation([1.0] * 5 + [1.0 - 0.9e-4] * 20, _halvings(11, 10, 4)),
    "one fall by 1.1e-4": Situation([1.0] * 5 + [1.0 - 1.1e-4] * 20, _halvings(16, 9)),
    # exact in any precision: 1e-4 - 1e-4 is 0
    "one fall by exactly 1e-4": Situation([1e-4] * 5 + [0.0] * 20, _halvings(11, 10, 4)),
    "one fall by 5e-5 from 0.1": Situation([0.1] * 5 + [0.1 - 5e-5] * 20, _halvings(11, 10, 4)),
    "one fall by 2e-4 from 5": Situation([5.0] * 5 + [5.0 - 2e-4] * 20, _halvings(16, 9)),
    **_drawn(step=3e-5),
}


def halves_the_rate_on_a_plateau(subject: ImplementationSubject, name: str) -> CheckResult:
    """After ten epochs without an improvement the rate is halved, never below 1e-10."""
    return _rates_found(subject, name, PLATEAUS[name], "FER-S-03")


def needs_an_improvement_that_counts(subject: ImplementationSubject, name: str) -> CheckResult:
    """An improvement is a fall by more than 1e-4 below the best loss."""
    return _rates_found(subject, name, SMALL_IMPROVEMENTS[name], "FER-S-04")


def _rates_found(subject: ImplementationSubject, name: str, situation: Situation, clause: str) -> CheckResult:
    observed = _rates_of(subject, situation)
    found = _compared(observed, np.array(situation.rates), name)
    found = explained(found, observed, mistakes.RATES | mistakes.IMPROVEMENTS, _asked(situation), SAME_RATES)
    return attributed(found, clause, KNOWN_RATES, subject, observed, situation)


def _rates_of(subject: ImplementationSubject, situation: Situation) -> npt.NDArray[Any]:
    answer = subject.ask("learning_rates", **_asked(situation))
    return numbers("learning_rates", answer, (len(situation.losses),))


def _asked(situation: Situation) -> dict[str, Any]:
    return {"val_losses": list(situation.losses), "initial_rate": situation.initial_rate}


def _rates_made(steps: Sequence[Any]) -> Callable[[Situation], Any] | None:
    made = mistakes.combined(steps)
    return None if made is None else lambda situation: made(**_asked(situation))


KNOWN_RATES = Known(
    mistakes.STEPS_OF_RATES,
    _rates_made,
    [*PLATEAUS.values(), *SMALL_IMPROVEMENTS.values()],
    _rates_of,
    SAME_RATES,
)


def _compared(observed: npt.NDArray[Any], expected: npt.NDArray[Any], name: str) -> CheckResult:
    """Compare rates, and show the first that is wrong."""
    epoch = next(
        (index for index, pair in enumerate(zip(observed, expected, strict=True)) if not SAME_RATES(*pair)), None
    )
    if epoch is None:
        return CheckResult(
            status=Status.PASS, observed=f"{name}: as expected", expected=f"{name}: {len(expected)} rates"
        )
    return CheckResult(
        status=Status.FAIL,
        observed=f"{name}: rate {observed[epoch]:.6g} in epoch {epoch}",
        expected=f"{name}: rate {expected[epoch]:.6g} in epoch {epoch}",
        difference=float(observed[epoch] - expected[epoch]),
    )


# The end of a phase, and the epoch that is kept

# paper 4.2, typed out as an independent witness of FER-S-05
ENDS: dict[str, tuple[list[float], int | None]] = {
    "nothing improves": ([1.0] * 40, 20),
    "the twentieth epoch of waiting is the last": ([1.0] * 21, 20),
    "nineteen epochs of waiting": ([1.0] * 20, None),
    "every epoch improves": ([3.0 - epoch / 20 for epoch in range(40)], None),
    "every epoch improves by a millionth": ([1.0 - 1e-6 * epoch for epoch in range(40)], None),
    "the loss rises": ([1.0 + epoch / 20 for epoch in range(40)], 20),
    "the loss falls, then rises": ([abs(epoch - 7) / 20 + 0.5 for epoch in range(60)], 27),
    "better than the epoch before, but not than the best": ([1.0, *[1.2, 1.1] * 15], 20),
    "as good as the best again and again": ([1.0, *[1.1, 1.0] * 15], 20),
    "an improvement in the twentieth epoch of waiting": ([1.0] * 20 + [0.9] * 30, 40),
    "an improvement after the end": ([1.0] * 21 + [0.5] * 30, 20),
    "losses of thousands, every one better": ([9_000.0 - 100 * epoch for epoch in range(40)], None),
    "the loss falls for 600 epochs, then rises": ([abs(epoch - 600) / 20 + 0.5 for epoch in range(700)], 620),
    **{f"losses that waver, draw {seed}": (_wavering(3e-5, seed), stops()(_wavering(3e-5, seed))) for seed in range(4)},
}


def stops_after_its_patience(subject: ImplementationSubject, name: str) -> CheckResult:
    """A phase ends after twenty epochs without an improvement, and not before."""
    losses, end = ENDS[name]
    asked = {"val_losses": losses}
    observed = subject.ask("stopping_epoch", **asked)
    return explained(equal(observed, end, what=name), observed, mistakes.STOPS, asked)


# accuracies, losses and the epoch that is kept, from 0: a witness of FER-S-06; the epoch of the highest accuracy
# differs from that of the lowest loss, and is not at an end except on purpose
KEPT: Mapping[str, tuple[list[float], list[float], int]] = {
    "the highest is in the middle": ([0.20, 0.41, 0.55, 0.53, 0.30], [1.9, 1.2, 1.5, 1.3, 1.8], 2),
    "two are equal": ([0.30, 0.61, 0.58, 0.61, 0.60], [1.5, 1.4, 1.0, 1.2, 1.1], 1),
    "the first is the highest": ([0.70, 0.20, 0.30], [2.0, 1.0, 1.5], 0),
    "the last is the highest": ([0.10, 0.20, 0.30], [1.0, 1.1, 1.2], 2),
    "all are equal": ([0.25, 0.25, 0.25, 0.25], [1.3, 1.1, 1.0, 1.2], 0),
    "a difference in the third digit": ([0.30, 0.551, 0.553, 0.548], [1.5, 1.0, 1.2, 1.1], 2),
    "a difference of a ten-thousandth": ([0.30, 0.5512, 0.5513, 0.5511], [1.5, 1.0, 1.2, 1.1], 2),
    "one epoch": ([0.14], [1.95], 0),
}


def keeps_the_best_epoch(subject: ImplementationSubject, name: str) -> CheckResult:
    """The epoch that is kept is the first of those with the highest validation accuracy."""
    accuracies, losses, best = KEPT[name]
    asked = {"val_accuracies": accuracies, "val_losses": losses}
    observed = subject.ask("best_epoch", **asked)
    return explained(equal(observed, best, what=name), observed, mistakes.BEST_EPOCHS, asked)


# Phases and steps

STARTS = ("imagenet", "vggface")
SCRATCH = "scratch"
# paper 4.2 and the training logs, a witness of FER-S-08; the first is the most frequent
FROZEN_EPOCHS: dict[Profile, tuple[int, ...]] = {"released": (20, 15, 30, 40, 10, 8), "paper": (30,)}


def _phases(subject: ImplementationSubject, weights: str) -> list[tuple[Any, Any]]:
    answer = rows("phases", subject.ask("phases", weights=weights))
    return [(field("phases", phase, "frozen"), field("phases", phase, "epochs")) for phase in answer]


def trains_in_two_phases(subject: ImplementationSubject, weights: str) -> CheckResult:
    """A pre-trained network has a phase with a frozen base, then one with all layers.

    Other networks have only the second phase.
    """
    frozen = ["base", None] if weights in STARTS else [None]
    found = _phases(subject, weights)
    observed, likely = [which for which, _ in found], None
    if len(observed) == (1 if weights in STARTS else 2):
        likely = "all networks are trained alike, whether they have initial weights or not"
    elif len(observed) == len(frozen):
        likely = "the base is trained along with the new head from the beginning, or never released"
    fixed = "the last phase has a fixed length, though early stopping alone is to end it"
    findings = [equal(observed, frozen, what=f"frozen in the phases from {weights}", likely=likely)]
    if findings[0].status is Status.PASS:
        findings.append(equal(found[-1][1], None, what=f"most epochs of the last phase from {weights}", likely=fixed))
    return first_failure(findings)


def limits_the_first_phase(subject: ImplementationSubject, weights: str) -> CheckResult:
    """The phase with a frozen base lasts 30 epochs; profile ``released``: one of six lengths."""
    found = [epochs for frozen, epochs in _phases(subject, weights) if frozen is not None]
    if not found:
        raise SubjectError(f"phases gave no phase with a frozen base for {weights}")
    likely = "the phase has no limit but early stopping" if found[0] is None else None
    lengths = FROZEN_EPOCHS[subject.profile]
    return first_failure(
        [
            stated("FER-S-08", "frozen_epochs", lengths, subject.profile),
            _one_of(found[0], lengths, f"from {weights}", likely),
        ]
    )


# paper 4.2, a witness of FER-S-09: images on each GPU, and GPUs; and fewer and more of them
PER_GPU, USUAL = 32, 2
GPUS = (USUAL, 1, 4)


def sees_a_batch_in_all(subject: ImplementationSubject, gpus: int) -> CheckResult:
    """A step uses 32 images on each of two GPUs; otherwise 32 on each or 64 in all."""
    observed = subject.ask("batch_size", gpus=gpus)
    found = _one_of(observed, sorted({PER_GPU * gpus, PER_GPU * USUAL}), f"gpus={gpus}")
    return explained(found, observed, mistakes.BATCH_SIZES, {"gpus": gpus})


def _one_of(observed: Any, known: Sequence[int], what: str, likely: str | None = None) -> CheckResult:
    right = observed in known
    return CheckResult(
        status=Status.PASS if right else Status.FAIL,
        observed=f"{what}: {shown(observed)}",
        expected=f"{what}: {' or '.join(map(str, known))}",
        likely=None if right else is_text(observed, known[0]) or likely,
    )


# RAF-DB and FER2013 as the notebooks count them, whole batches, and one image more or less
EPOCHS = ((10_733, 64), (28_709, 64), (10_733, 32), (64, 64), (127, 64), (128, 64), (129, 64), (100, 30))


def trains_on_whole_batches(subject: ImplementationSubject, images: int, batch: int) -> CheckResult:
    """An epoch has as many steps as there are whole batches."""
    asked = {"images": images, "batch_size": batch}
    observed = subject.ask("steps_per_epoch", **asked)
    found = equal(observed, images // batch, what=f"{images:,} images in batches of {batch}")
    return explained(found, observed, mistakes.STEPS, asked)


def loses_the_cross_entropy(subject: ImplementationSubject) -> CheckResult:
    """The unweighted loss is the negative natural logarithm of the class's probability."""
    return losses_found(subject, UNWEIGHTED, "FER-S-11")


CHECKS = (
    *hyperparameters.CHECKS,
    *checks_by_case("FER-S-03", halves_the_rate_on_a_plateau, list(PLATEAUS), needs=("learning_rates",)),
    *checks_by_case("FER-S-04", needs_an_improvement_that_counts, list(SMALL_IMPROVEMENTS), needs=("learning_rates",)),
    *checks_by_case("FER-S-05", stops_after_its_patience, list(ENDS), needs=("stopping_epoch",)),
    *checks_by_case("FER-S-06", keeps_the_best_epoch, list(KEPT), needs=("best_epoch",)),
    *checks_by_case("FER-S-07", trains_in_two_phases, (*STARTS, SCRATCH), needs=("phases",)),
    *checks_by_case("FER-S-08", limits_the_first_phase, STARTS, needs=("phases",)),
    *checks_by_case("FER-S-09", sees_a_batch_in_all, GPUS, needs=("batch_size",)),
    *checks_by_case(
        "FER-S-10",
        trains_on_whole_batches,
        {f"{images:,} images in batches of {batch}": (images, batch) for images, batch in EPOCHS},
        needs=("steps_per_epoch",),
    ),
    Check("FER-S-11", loses_the_cross_entropy, needs=("losses",)),
)
