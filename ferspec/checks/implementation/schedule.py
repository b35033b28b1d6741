"""Checks on how a network is trained: its rates, its end, its phases and its steps (FER-S)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from ferspec import spec
from ferspec.checks.implementation import hyperparameters
from ferspec.checks.implementation.answers.explain import all_equal, answers_to
from ferspec.checks.implementation.answers.judge import equal, field, judge_each, numbers, rows, shown
from ferspec.checks.implementation.weighting.checks import losses_found
from ferspec.engine import Check, checks_by_case
from ferspec.errors import NotEvaluable, SubjectError
from ferspec.outcomes import CheckResult, Status
from ferspec.reference.schedule import PlateauRule, StoppingRule
from ferspec.subjects.implementations.subject import ImplementationSubject

# room for single precision, in which Keras keeps rates
RELATIVE = 1e-6


# The learning rate


class Situation(NamedTuple):
    """Validation losses of a phase, and what the schedule makes of them."""

    losses: Sequence[float]
    rates: Sequence[float]
    initial_rate: float = 1e-4


def _halvings(*epochs: int, rate: float = 1e-4) -> list[float]:
    """Return the rates of so many epochs each, every one half of that before."""
    return [rate / 2**times for times, count in enumerate(epochs) for _ in range(count)]


# improvements, where there are any, far above the least that counts
PLATEAUS = {
    "nothing improves": Situation([1.0] * 32, _halvings(11, 10, 10, 1)),
    "every epoch improves": Situation([3.0 - epoch / 20 for epoch in range(40)], _halvings(40)),
    "the loss rises": Situation([1.0 + epoch / 20 for epoch in range(26)], _halvings(11, 10, 5)),
    "better than the epoch before, but not than the best": Situation([1.0, *[1.2, 1.1] * 12], _halvings(11, 10, 4)),
    "an improvement in the tenth epoch of waiting": Situation([1.0] * 10 + [0.9] * 15, _halvings(21, 4)),
    "an improvement in the epoch after a halving": Situation([1.0] * 11 + [0.9] * 15, _halvings(11, 11, 4)),
    "worse from a halving on": Situation([1.0] * 11 + [1.2] * 15, _halvings(11, 10, 5)),
    "a first rate of 1e-3": Situation([1.0] * 25, _halvings(11, 10, 4, rate=1e-3), 1e-3),
    "a first rate of 1e-5": Situation([1.0] * 25, _halvings(11, 10, 4, rate=1e-5), 1e-5),
    "twenty halvings, the last to the minimum": Situation([1.0] * 220, [*_halvings(11, *[10] * 19), *[1e-10] * 19]),
    "a rate just above its minimum": Situation([1.0] * 31, [1.5e-10] * 11 + [1e-10] * 20, 1.5e-10),
    "losses of thousands, every one better": Situation([9_000.0 - 100 * epoch for epoch in range(40)], _halvings(40)),
}
# falls around 1e-4 of losses of different size
SMALL_IMPROVEMENTS = {
    "every epoch improves by a millionth": Situation(
        [1.0 - 1e-6 * epoch for epoch in range(32)], _halvings(11, 10, 10, 1)
    ),
    "improvements too little each add up": Situation([1.0 - 4e-5 * epoch for epoch in range(32)], _halvings(32)),
    "one fall by 0.9e-4": Situation([1.0] * 5 + [1.0 - 0.9e-4] * 20, _halvings(11, 10, 4)),
    "one fall by 1.1e-4": Situation([1.0] * 5 + [1.0 - 1.1e-4] * 20, _halvings(16, 9)),
    "one fall by 5e-5 from 0.1": Situation([0.1] * 5 + [0.1 - 5e-5] * 20, _halvings(11, 10, 4)),
    "one fall by 2e-4 from 5": Situation([5.0] * 5 + [5.0 - 2e-4] * 20, _halvings(16, 9)),
}
WAVERING = 4


def _wavering(step: float, seed: int) -> list[float]:
    """Return losses that fall ever more slowly and waver, in whole steps, so that ties abound."""
    rng, epochs = np.random.default_rng(seed), np.arange(100)
    steps = 150 * np.exp(-epochs / 15) + rng.normal(0, 4, len(epochs))
    return (1 + step * steps.round()).tolist()


def halves_the_rate_on_a_plateau(subject: ImplementationSubject) -> CheckResult:
    """Every epoch has the rate that the losses before it give, where falls are large or none."""
    return _rates_found(subject, PLATEAUS, step=0.01)


def needs_an_improvement_that_counts(subject: ImplementationSubject) -> CheckResult:
    """Every epoch has the rate that the losses before it give, where falls are near the least that counts."""
    return _rates_found(subject, SMALL_IMPROVEMENTS, step=3e-5)


def _rates_found(subject: ImplementationSubject, situations: Mapping[str, Situation], step: float) -> CheckResult:
    rule = PlateauRule.of(subject.profile)
    wavering = {f"losses that waver ({seed})": _wavering(step, seed) for seed in range(WAVERING)}
    generated = {name: Situation(losses, rule.rates(losses, 1e-4)[:-1]) for name, losses in wavering.items()}
    asked = {**situations, **generated}
    answers = answers_to(partial(_learning_rates, subject), asked.values())
    given = [
        (each, rates)
        for each, rates in zip(asked.values(), answers, strict=True)
        if not isinstance(rates, NotEvaluable)
    ]
    likely = (
        cause
        for cause, rates in _plateau_mistakes(rule).items()
        if all(_near(observed, rates(each.losses, each.initial_rate)).all() for each, observed in given)
    )
    return judge_each(partial(_rates, likely=next(likely, None)), zip(asked.items(), answers, strict=True))


def _learning_rates(subject: ImplementationSubject, situation: Situation) -> np.ndarray:
    answer = subject.ask("learning_rates", val_losses=list(situation.losses), initial_rate=situation.initial_rate)
    return numbers("learning_rates", answer, (len(situation.losses),))


def _rates(answered: tuple[tuple[str, Situation], np.ndarray | NotEvaluable], likely: str | None) -> CheckResult:
    (name, situation), observed = answered
    if isinstance(observed, NotEvaluable):
        raise observed
    expected = situation.rates
    wrong = np.flatnonzero(~_near(observed, expected))
    if not len(wrong):
        return CheckResult(
            status=Status.PASS, observed=f"{name}: as expected", expected=f"{name}: {len(expected)} rates"
        )
    epoch = int(wrong[0])
    return CheckResult(
        status=Status.FAIL,
        observed=f"{name}: rate {observed[epoch]:.6g} in epoch {epoch}",
        expected=f"{name}: rate {expected[epoch]:.6g} in epoch {epoch}",
        difference=float(observed[epoch] - expected[epoch]),
        likely=likely,
    )


def _near(rates: Sequence[float], others: Sequence[float]) -> np.ndarray:
    return np.isclose(rates, others, rtol=RELATIVE, atol=0)


def _plateau_mistakes(rule: PlateauRule) -> dict[str, Callable[[Sequence[float], float], Sequence[float]]]:
    """Return what each mistake makes of losses and a first rate."""
    changed = {
        "the patience is one epoch short": {"patience": rule.patience - 1},
        "the patience is one epoch long": {"patience": rule.patience + 1},
        "the factor is squared": {"factor": rule.factor**2},
        "the factor is 0.1, the default of Keras and PyTorch": {"factor": 0.1},
        "any fall counts as an improvement: min_delta is 0": {"min_delta": 0.0},
        "the least improvement is ten times as large": {"min_delta": 10 * rule.min_delta},
        "the minimum rate is not kept": {"minimum_rate": 0.0},
        "the minimum rate is 1e-6": {"minimum_rate": 1e-6},
        "the rate is never reduced": {"factor": 1.0},
    }
    rules = {cause: replace(rule, **values) for cause, values in changed.items()}
    return {
        **{cause: lambda losses, rate, other=other: other.rates(losses, rate)[:-1] for cause, other in rules.items()},
        "the highest is taken for the best, as for an accuracy": lambda losses, rate: rule.rates(
            [-loss for loss in losses], rate
        )[:-1],
        "each rate is that of the epoch before": lambda losses, rate: [rate, *rule.rates(losses, rate)[:-2]],
        "each rate is that of the epoch after": lambda losses, rate: rule.rates(losses, rate)[1:],
        "this is PyTorch's ReduceLROnPlateau: it waits one epoch more, reckons improvements as a share of the loss "
        "(threshold_mode='abs' does not), and leaves out steps below eps": lambda losses, rate: _pytorch(
            rule, losses, rate
        ),
    }


def _pytorch(rule: PlateauRule, losses: Sequence[float], rate: float) -> list[float]:
    """Return the rates of PyTorch's scheduler with patience, factor and minimum of a rule, and its other defaults."""
    best, waited, rates = math.inf, 0, []
    for loss in losses:
        rates.append(rate)
        best, waited = (loss, 0) if loss < best * (1 - 1e-4) else (best, waited + 1)
        if waited > rule.patience:
            lower, waited = max(rate * rule.factor, rule.minimum_rate), 0
            rate = lower if rate - lower > 1e-8 else rate
    return rates


# The end of a phase, and the epoch that is kept

ENDS: Mapping[str, tuple[Sequence[float], int | None]] = {
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
}


def stops_after_its_patience(subject: ImplementationSubject) -> CheckResult:
    """A phase ends after the epoch that the losses give, and goes on where they improve."""
    rule = StoppingRule.of(subject.profile)
    wavering = {f"losses that waver ({seed})": _wavering(3e-5, seed) for seed in range(WAVERING)}
    ends = {**ENDS, **{name: (losses, rule.stop(losses)) for name, losses in wavering.items()}}
    others = {
        "the patience is one epoch short": replace(rule, patience=rule.patience - 1),
        "the patience is one epoch long": replace(rule, patience=rule.patience + 1),
        "a fall by less than 1e-4 is taken for none, as the plateau rule does": replace(rule, min_delta=1e-4),
        "the patience is that of the plateau rule": replace(rule, patience=PlateauRule.of(subject.profile).patience),
    }
    expected = [stop for _, stop in ends.values()]
    return all_equal(
        names=list(ends),
        observed=answers_to(lambda end: subject.ask("stopping_epoch", val_losses=list(end[0])), ends.values()),
        expected=expected,
        mistakes={
            **{cause: [other.stop(losses) for losses, _ in ends.values()] for cause, other in others.items()},
            "epochs are counted from 1": [stop if stop is None else stop + 1 for stop in expected],
            "the epoch with the lowest loss is given, not the one after which training stops": [
                stop if stop is None else stop - rule.patience for stop in expected
            ],
            "the highest is taken for the best, as for an accuracy": [
                rule.stop([-loss for loss in losses]) for losses, _ in ends.values()
            ],
            "training never stops early": [None] * len(ends),
        },
    )


# the highest accuracy is never where the loss is lowest, nor at an end, unless it is there on purpose
KEPT: Mapping[str, tuple[Sequence[float], Sequence[float]]] = {
    "the highest is in the middle": ([0.20, 0.41, 0.55, 0.53, 0.30], [1.9, 1.2, 1.5, 1.3, 1.8]),
    "two are equal": ([0.30, 0.61, 0.58, 0.61, 0.60], [1.5, 1.4, 1.0, 1.2, 1.1]),
    "the first is the highest": ([0.70, 0.20, 0.30], [2.0, 1.0, 1.5]),
    "the last is the highest": ([0.10, 0.20, 0.30], [1.0, 1.1, 1.2]),
    "all are equal": ([0.25, 0.25, 0.25, 0.25], [1.3, 1.1, 1.0, 1.2]),
    "a difference in the third digit": ([0.30, 0.551, 0.553, 0.548], [1.5, 1.0, 1.2, 1.1]),
    "a difference of a ten-thousandth": ([0.30, 0.5512, 0.5513, 0.5511], [1.5, 1.0, 1.2, 1.1]),
    "one epoch": ([0.14], [1.95]),
}
PICKED: Mapping[str, Callable[[Sequence[float]], float]] = {"max": max, "min": min}


def keeps_the_best_epoch(subject: ImplementationSubject) -> CheckResult:
    """The epoch that is kept is the first of those with the highest validation accuracy."""
    clause = spec.load().clause("FER-S-06")
    place = ("val_accuracy", "val_loss").index(clause.value("monitor", subject.profile))
    picked = PICKED[clause.value("mode", subject.profile)]
    watched = [figures[place] for figures in KEPT.values()]
    expected = [figures.index(picked(figures)) for figures in watched]
    return all_equal(
        names=list(KEPT),
        observed=answers_to(
            lambda figures: subject.ask("best_epoch", val_accuracies=list(figures[0]), val_losses=list(figures[1])),
            KEPT.values(),
        ),
        expected=expected,
        mistakes={
            "the epoch of the lowest validation loss is kept": [
                losses.index(min(losses)) for _, losses in KEPT.values()
            ],
            "the last of equally good epochs is kept, not the first": [
                len(figures) - 1 - figures[::-1].index(picked(figures)) for figures in watched
            ],
            "the last epoch is kept": [len(figures) - 1 for figures in watched],
            "the lowest is taken for the best, as for a loss": [figures.index(min(figures)) for figures in watched],
            "epochs are counted from 1": [epoch + 1 for epoch in expected],
        },
    )


# Phases and steps

STARTS = ("imagenet", "vggface")
SCRATCH = "scratch"


def _phases(subject: ImplementationSubject, weights: str) -> list[tuple[Any, Any]]:
    answer = rows("phases", subject.ask("phases", weights=weights))
    return [(field("phases", phase, "frozen"), field("phases", phase, "epochs")) for phase in answer]


def trains_in_two_phases(subject: ImplementationSubject, weights: str) -> CheckResult:
    """A pre-trained network has a phase with its base frozen and then one with all layers, any other the second."""
    before = spec.load().value("FER-S-07", "phases", subject.profile) - 1 if weights in STARTS else 0
    frozen = ["base"] * before + [None]
    found = _phases(subject, weights)
    observed = [which for which, _ in found]
    likely = None
    if len(observed) != len(frozen):
        likely = "all networks are trained alike, whether they have starting weights or not"
    elif observed != frozen:
        likely = "the base is trained along with the new head from the beginning, or never released"
    phases = equal(observed, frozen, what=f"frozen in the phases from {weights}", likely=likely)
    if phases.status is not Status.PASS:
        return phases
    return equal(
        found[-1][1],
        None,
        what=f"most epochs of the last phase from {weights}",
        likely="the last phase has a fixed length, though early stopping alone is to end it",
    )


def limits_the_first_phase(subject: ImplementationSubject, weights: str) -> CheckResult:
    """The phase with a frozen base lasts a number of epochs that the profile knows."""
    found = [epochs for frozen, epochs in _phases(subject, weights) if frozen is not None]
    if not found:
        raise SubjectError(f"phases gave no phase with a frozen base for {weights}")
    known = spec.load().value("FER-S-08", "frozen_epochs", subject.profile)
    right = found[0] in known
    return CheckResult(
        status=Status.PASS if right else Status.FAIL,
        observed=f"from {weights}: {shown(found[0])}",
        expected=f"from {weights}: {' or '.join(map(str, known))}",
        likely="the phase has no limit but early stopping" if found[0] is None else None,
    )


# those of the protocol, fewer and more
GPUS = (2, 1, 4)


def sees_a_batch_in_all(subject: ImplementationSubject, gpus: int) -> CheckResult:
    """A step on two GPUs sees the images of both; one on fewer or more as many on each, or as many in all."""
    clause = spec.load().clause("FER-S-09")
    each, usual = clause.value("per_gpu", subject.profile), clause.value("gpus", subject.profile)
    known = sorted({each * gpus, each * usual})
    observed = subject.ask("batch_size", gpus=gpus)
    right = observed in known
    return CheckResult(
        status=Status.PASS if right else Status.FAIL,
        observed=f"gpus={gpus}: {shown(observed)}",
        expected=f"gpus={gpus}: {' or '.join(map(str, known))}",
        likely="these are the images of one GPU" if not right and observed == each else None,
    )


ROUNDINGS: Mapping[str, Callable[[float], int]] = {"floor": math.floor, "ceil": math.ceil, "round": round}
# RAF-DB and FER2013 as the notebooks count them, whole batches, and one image more or less
EPOCHS = ((10_733, 64), (28_709, 64), (10_733, 32), (64, 64), (127, 64), (128, 64), (129, 64), (100, 30))


def trains_on_whole_batches(subject: ImplementationSubject) -> CheckResult:
    """An epoch has as many steps as there are whole batches."""
    rounding = spec.load().value("FER-S-10", "rounding", subject.profile)
    steps = {name: [rule(images / batch) for images, batch in EPOCHS] for name, rule in ROUNDINGS.items()}
    return all_equal(
        names=[f"{images:,} images in batches of {batch}" for images, batch in EPOCHS],
        observed=answers_to(lambda epoch: subject.ask("steps_per_epoch", images=epoch[0], batch_size=epoch[1]), EPOCHS),
        expected=steps[rounding],
        mistakes={f"steps are rounded: {name}": counted for name, counted in steps.items() if name != rounding},
    )


def loses_the_cross_entropy(subject: ImplementationSubject) -> CheckResult:
    """Unweighted, the loss of an image is the negative natural logarithm of the probability of its class."""
    return losses_found(subject, [1.0] * len(spec.load().classes))


CHECKS = (
    *hyperparameters.CHECKS,
    Check("FER-S-03", halves_the_rate_on_a_plateau, needs=("learning_rates",)),
    Check("FER-S-04", needs_an_improvement_that_counts, needs=("learning_rates",)),
    Check("FER-S-05", stops_after_its_patience, needs=("stopping_epoch",)),
    Check("FER-S-06", keeps_the_best_epoch, needs=("best_epoch",)),
    *checks_by_case("FER-S-07", trains_in_two_phases, (*STARTS, SCRATCH), needs=("phases",)),
    *checks_by_case("FER-S-08", limits_the_first_phase, tuple(STARTS), needs=("phases",)),
    *checks_by_case("FER-S-09", sees_a_batch_in_all, tuple(GPUS), needs=("batch_size",)),
    Check("FER-S-10", trains_on_whole_batches, needs=("steps_per_epoch",)),
    Check("FER-S-11", loses_the_cross_entropy, needs=("losses",)),
)
