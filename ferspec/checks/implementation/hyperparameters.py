"""Checks on hyper-parameters: each has its value, and no network has values of its own (FER-S)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from ferspec import spec
from ferspec.checks.implementation.answers.judge import field, judge_each, numbers, shown
from ferspec.engine import Check
from ferspec.errors import NotEvaluable, SubjectError
from ferspec.outcomes import CheckResult, Status
from ferspec.spec.names import plain_name
from ferspec.subjects.implementations.subject import ImplementationSubject

HYPERPARAMETERS = "hyperparameters"
# room for single precision, in which Keras keeps rates
RELATIVE = 1e-6


class Stated(NamedTuple):
    """Where the specification fixes a hyper-parameter, and what a wrong value of it suggests."""

    clause: str
    value: str
    mistakes: Mapping[Any, str] = {}


OTHER_FIGURES = {
    "valaccuracy": "it watches what the checkpoint does",
    "loss": "it watches the loss of the images trained on",
}
STATED = {
    "optimizer": Stated("FER-S-01", "optimizer", {"adamw": "AdamW is used, which decays weights"}),
    "beta_1": Stated("FER-S-01", "beta_1"),
    "beta_2": Stated("FER-S-01", "beta_2"),
    "learning_rate": Stated("FER-S-02", "initial_rates", {1e-3: "Keras' default is kept"}),
    "loss": Stated("FER-S-11", "loss", {"binarycrossentropy": "this takes each class for a question of its own"}),
    "plateau_monitor": Stated("FER-S-03", "monitor", OTHER_FIGURES),
    "plateau_patience": Stated("FER-S-03", "patience", {20: "this is the patience of early stopping"}),
    "factor": Stated(
        "FER-S-03", "factor", {0.1: "the default of Keras and PyTorch is kept", 0.25: "the factor is squared"}
    ),
    "minimum_rate": Stated("FER-S-03", "minimum_rate", {0: "the default of Keras and PyTorch is kept"}),
    "plateau_min_delta": Stated("FER-S-04", "min_delta", {0: "any fall then counts as an improvement"}),
    "stopping_monitor": Stated("FER-S-05", "monitor", OTHER_FIGURES),
    "stopping_patience": Stated("FER-S-05", "patience", {10: "this is the patience of the plateau rule"}),
}
# what Keras leaves off unless told otherwise, and a protocol that does not speak of it too
OFF = {"cooldown": "FER-S-03", "amsgrad": "FER-S-01", "weight_decay": "FER-S-01"}
# one function under several names: which of them fits depends on how labels are written
SAME_LOSS = {"sparsecategoricalcrossentropy": "categoricalcrossentropy", "crossentropy": "categoricalcrossentropy"}


def is_trained_with(subject: ImplementationSubject, name: str) -> CheckResult:
    """A hyper-parameter has the value of the protocol, or one of those that the profile knows."""
    observed = field(HYPERPARAMETERS, _of_one(subject), name)
    known = spec.load().value(STATED[name].clause, STATED[name].value, subject.profile)
    known = known if isinstance(known, tuple) else (known,)
    right = any(_same_value(observed, value) for value in known)
    likely = next((cause for value, cause in STATED[name].mistakes.items() if _same_value(observed, value)), None)
    return CheckResult(
        status=Status.PASS if right else Status.FAIL,
        observed=f"{name}: {shown(observed)}",
        expected=f"{name}: {' or '.join(map(str, known))}",
        likely=None if right else likely,
    )


def leaves_off(subject: ImplementationSubject, name: str) -> CheckResult:
    """What changes the optimiser, or the plateau rule, is off, or not told at all."""
    value = _unless_off(_of_one(subject), name)
    return CheckResult(
        status=Status.PASS if value is None else Status.FAIL,
        observed=f"{name}: {shown(value)}",
        expected=f"{name}: off",
        likely=None if value is None else f"{name} is set, which the protocol leaves off",
    )


def _unless_off(answer: Any, name: str) -> Any:
    if not isinstance(answer, dict):
        raise SubjectError(f"{HYPERPARAMETERS} gave {shown(answer)}, not names with values")
    return answer.get(name) or None


def _same_value(observed: Any, value: Any) -> bool:
    if isinstance(observed, str) and isinstance(value, str):
        one, other = (SAME_LOSS.get(name, name) for name in map(plain_name, (observed, value)))
        return one == other
    if isinstance(observed, int | float) and isinstance(value, int | float):
        one, other = (numbers(HYPERPARAMETERS, number, ()) for number in (observed, value))
        return math.isclose(one, other, rel_tol=RELATIVE)
    return observed == value


def _of_one(subject: ImplementationSubject) -> Any:
    """Return the hyper-parameters of the first network of which they are told."""
    *networks, last = spec.load().networks
    for name in networks:
        try:
            return subject.ask(HYPERPARAMETERS, architecture=name)
        except NotEvaluable:
            continue
    return subject.ask(HYPERPARAMETERS, architecture=last)


def is_tuned_to_no_network(subject: ImplementationSubject) -> CheckResult:
    """All networks have the hyper-parameters of the first."""
    told: dict[str, Any] = {}

    def judged(name: str) -> CheckResult:
        told[name] = subject.ask(HYPERPARAMETERS, architecture=name)
        return _as_the_first(name, told)

    return judge_each(judged, spec.load().networks)


def _as_the_first(name: str, told: Mapping[str, Any]) -> CheckResult:
    first = next(iter(told))
    for key in (*STATED, *OFF):
        value, wanted = (_value(told[each], key) for each in (name, first))
        if not _same_value(value, wanted):
            return CheckResult(
                status=Status.FAIL,
                observed=f"{name}: {key} {shown(value)}",
                expected=f"{name}: {key} {shown(wanted)}, as {first} has it",
                likely=f"{key} is tuned to the network",
            )
    return CheckResult(status=Status.PASS, observed=f"{name}: as {first}", expected=f"{name}: as {first}")


def _value(answer: Any, name: str) -> Any:
    return field(HYPERPARAMETERS, answer, name) if name in STATED else _unless_off(answer, name)


CHECKS = (
    *(Check(entry.clause, is_trained_with, (HYPERPARAMETERS,), name, (name,)) for name, entry in STATED.items()),
    *(Check(clause, leaves_off, (HYPERPARAMETERS,), name, (name,)) for name, clause in OFF.items()),
    Check("FER-S-12", is_tuned_to_no_network, needs=(HYPERPARAMETERS,)),
)
