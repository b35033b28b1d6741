"""Checks on hyper-parameters: each has its value, and no network has values of its own (FER-S)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ferspec import spec
from ferspec.checks.implementation.answers.judge import field, first_failure, is_text, numbers, shown
from ferspec.checks.implementation.answers.specification import stated
from ferspec.engine import Check, checks_by_case
from ferspec.errors import NotEvaluable, SubjectError
from ferspec.outcomes import CheckResult, Status
from ferspec.spec.names import plain_name
from ferspec.spec.records import Profile
from ferspec.subjects.implementations.subject import ImplementationSubject

HYPERPARAMETERS, RATE = "hyperparameters", "learning_rate"
# tolerance for single precision, in which Keras stores rates
RELATIVE = 1e-6


class Stated(NamedTuple):
    """A hyper-parameter: its clause, its value, and what some wrong values suggest."""

    clause: str
    values: tuple[Any, ...]
    mistakes: Mapping[Any, str] = {}


OTHER_METRICS = {
    "val_accuracy": "it watches what the checkpoint does",
    "loss": "it watches the loss of the images trained on",
}
# paper 4.2 and, where it is silent, the notebooks and training logs; typed here as an independent witness of the
# specification
STATED = {
    "optimizer": Stated("FER-S-01", ("adam",), {"adamw": "AdamW is used, which decays weights"}),
    "beta_1": Stated("FER-S-01", (0.9,)),
    "beta_2": Stated("FER-S-01", (0.999,)),
    RATE: Stated("FER-S-02", (1e-4,), {1e-3: "Keras' default is kept"}),
    "loss": Stated(
        "FER-S-11",
        ("categorical_crossentropy",),
        {"binary_crossentropy": "this takes each class for a question of its own"},
    ),
    "plateau_monitor": Stated("FER-S-03", ("val_loss",), OTHER_METRICS),
    "plateau_patience": Stated("FER-S-03", (10,), {20: "this is the patience of early stopping"}),
    "factor": Stated(
        "FER-S-03", (0.5,), {0.1: "the default of Keras and PyTorch is kept", 0.25: "the factor is squared"}
    ),
    "minimum_rate": Stated("FER-S-03", (1e-10,), {0: "the default of Keras and PyTorch is kept"}),
    "plateau_min_delta": Stated("FER-S-04", (1e-4,), {0: "any fall then counts as an improvement"}),
    "stopping_monitor": Stated("FER-S-05", ("val_loss",), OTHER_METRICS),
    "stopping_patience": Stated("FER-S-05", (20,), {10: "this is the patience of the plateau rule"}),
}
# the runs used more rates than the text states; the first is the usual one
INITIAL_RATES: dict[Profile, tuple[float, ...]] = {"released": (1e-4, 1e-3, 1e-5), "paper": (1e-4,)}
# options that are off by default in Keras, and that the protocol does not mention
OFF = {"cooldown": "FER-S-03", "amsgrad": "FER-S-01", "weight_decay": "FER-S-01"}
# one function under several names: which of them fits depends on how labels are written
SAME_LOSS = {"sparsecategoricalcrossentropy": "categoricalcrossentropy", "crossentropy": "categoricalcrossentropy"}


def is_trained_with(subject: ImplementationSubject, name: str) -> CheckResult:
    """A hyper-parameter has the value that the paper or its runs state."""
    return _one_of(subject, name, STATED[name].values)


def starts_at_a_known_rate(subject: ImplementationSubject, name: str) -> CheckResult:
    """The initial learning rate is one of the profile's; the specification lists them, the usual one first."""
    rates = INITIAL_RATES[subject.profile]
    found = _one_of(subject, name, rates)
    return first_failure([stated("FER-S-02", "initial_rates", rates, subject.profile), found])


def _one_of(subject: ImplementationSubject, name: str, known: Sequence[Any]) -> CheckResult:
    observed, mistakes = _listed(_first_offered(subject), name), STATED[name].mistakes
    right = any(_same_value(observed, value) for value in known)
    likely = next((cause for value, cause in mistakes.items() if _same_value(observed, value)), f"another {name}")
    return CheckResult(
        status=Status.PASS if right else Status.FAIL,
        observed=f"{name}: {shown(observed)}",
        expected=f"{name}: {' or '.join(map(str, known))}",
        likely=None if right else is_text(observed, known[0]) or likely,
    )


def _listed(answer: Any, name: str) -> Any:
    """Return a value; for an incomplete answer the first lacking one is a failure, and the others are not evaluated."""
    lacking = [other for other in STATED if isinstance(answer, dict) and other not in answer]
    if name not in lacking:
        return field(HYPERPARAMETERS, answer, name)
    if name != lacking[0]:
        raise NotEvaluable(f"{HYPERPARAMETERS} gave no {name}: {STATED[lacking[0]].clause}[{lacking[0]}] fails for it")
    raise SubjectError(f"{HYPERPARAMETERS} gave {shown(answer)}, without {', '.join(lacking)}")


def is_off(subject: ImplementationSubject, name: str) -> CheckResult:
    """Options that change the optimiser or the plateau rule are off or not listed."""
    value = _unless_off(_first_offered(subject), name)
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
        first, second = (SAME_LOSS.get(name, name) for name in map(plain_name, (observed, value)))
        return first == second
    if isinstance(observed, int | float) and isinstance(value, int | float):
        return math.isclose(
            numbers(HYPERPARAMETERS, observed, ()), numbers(HYPERPARAMETERS, value, ()), rel_tol=RELATIVE
        )
    return bool(observed == value)


def _first_offered(subject: ImplementationSubject) -> Any:
    """Return the hyper-parameters of the first network for which they are offered."""
    *networks, last = spec.load().networks
    for name in networks:
        try:
            return subject.ask(HYPERPARAMETERS, architecture=name)
        except NotEvaluable:
            continue
    return subject.ask(HYPERPARAMETERS, architecture=last)


def is_tuned_to_no_network(subject: ImplementationSubject, network: str) -> CheckResult:
    """Rate, patience, factor, minimum and stopping are those of the first network."""
    own, first = subject.ask(HYPERPARAMETERS, architecture=network), _first_offered(subject)
    if not isinstance(own, dict) or not isinstance(first, dict):
        raise SubjectError(f"{HYPERPARAMETERS} gave {shown(own)}, not names with values")
    for name in (*(known for known in STATED if known in first), *OFF):
        value, expected = (_value(answer, name) for answer in (own, first))
        if not _same_value(value, expected):
            return CheckResult(
                status=Status.FAIL,
                observed=f"{network}: {name} {shown(value)}",
                expected=f"{network}: {name} {shown(expected)}, as the first network has it",
                likely=f"{name} is tuned to the network",
            )
    return CheckResult(status=Status.PASS, observed=f"{network}: as the first", expected=f"{network}: as the first")


def _value(answer: Any, name: str) -> Any:
    return field(HYPERPARAMETERS, answer, name) if name in STATED else _unless_off(answer, name)


CHECKS = (
    *(
        Check(
            known.clause,
            starts_at_a_known_rate if name == RATE else is_trained_with,
            (HYPERPARAMETERS,),
            name,
            (name,),
        )
        for name, known in STATED.items()
    ),
    *(Check(clause, is_off, (HYPERPARAMETERS,), name, (name,)) for name, clause in OFF.items()),
    *checks_by_case("FER-S-12", is_tuned_to_no_network, list(spec.load().networks)[1:], needs=(HYPERPARAMETERS,)),
)
