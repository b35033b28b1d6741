"""A departure fails the clauses that it breaks and no other, and two departures have two causes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ferspec.causes import AND, Departures, departures, grouped
from ferspec.checks.generator import checks_for_implementation
from ferspec.checks.implementation.augmentation.mistakes import PIXELS
from ferspec.checks.implementation.augmentation.witness import Warp
from ferspec.checks.implementation.metrics.mistakes import F1S, SOME_MACRO, UNDEFINED
from ferspec.checks.implementation.schedule.witness import rates, stops
from ferspec.checks.implementation.statistics.mistakes.comparison import holm, named_by
from ferspec.checks.implementation.weighting.mistakes import losses
from ferspec.checks.implementation.weighting.witness import CAP, simple
from ferspec.engine import outcome_of
from ferspec.outcomes import Outcome, Status
from mutants.augmentation.pixels import augmenting
from mutants.augmentation.preparing import ranges_of
from mutants.hyperparameters import hyperparameters
from mutants.kinds import implementation

# large images take most of the time and tell no more
CHECKS = [check for check in checks_for_implementation() if "224" not in check.id]
CAPABILITIES = {check.id: check.needs[0] for check in CHECKS}


def judged(capabilities: dict[str, Any]) -> tuple[list[Outcome], Departures]:
    """Run the checks of the replaced capabilities."""
    subject = implementation("released", **capabilities)
    outcomes = [outcome_of(check, subject) for check in CHECKS if not {*check.needs}.isdisjoint(capabilities)]
    return outcomes, departures(outcomes, CAPABILITIES, "released", ())


def weighing(rule: Any = simple, cap: float = CAP) -> dict[str, Any]:
    """One rule and cap of class weights, in both capabilities that weigh classes."""

    def class_weights(counts: Any, balancing: str) -> Any:
        weights = rule(np.array(counts, float))
        return (weights if balancing == "simple" else np.minimum(weights, cap)).tolist()

    def of_dataset(labels: list[int], splits: list[str], balancing: str) -> Any:
        return class_weights(np.bincount(np.array(labels)[np.array(splits) == "training"], minlength=7), balancing)

    return {"class_weights": class_weights, "weights_of_dataset": of_dataset}


TURNED = PIXELS["FER-A-06"]["the image turns the other way"]
ROUNDED = PIXELS["FER-A-07"]["rounded to whole grey levels"]
SINGLE: dict[str, tuple[set[str], dict[str, Any]]] = {
    "a rotation in the other direction": ({"FER-A-06"}, {"augment": augmenting(TURNED)}),
    "a rotation by half the angle": (
        {"FER-A-06"},
        {"augment": augmenting(Warp(understood=lambda change: change | {"rotation": change["rotation"] / 2}))},
    ),
    "grey levels rounded": ({"FER-A-07"}, {"augment": augmenting(ROUNDED)}),
    "the nearest pixel": ({"FER-A-07"}, {"augment": augmenting(Warp(order=0))}),
    "the flip first": ({"FER-A-09"}, {"augment": augmenting(Warp(flip_first=True))}),
    "a wider rotation, as stated": ({"FER-A-02"}, {"augmentation_ranges": ranges_of(rotation_degrees=30.0)}),
    "a cap of 5": ({"FER-W-02"}, weighing(cap=5)),
    "simple weights by the mean count": ({"FER-W-01"}, weighing(lambda counts: counts.mean() / counts)),
    "losses clipped at 1e-5": ({"FER-S-11"}, {"losses": losses(entropy=lambda p: -np.log(np.maximum(p, 1e-5)))}),
    "losses that are not weighted": ({"FER-W-04"}, {"losses": losses(weight=lambda w, y, p: 1.0)}),
    "a patience of 7": (
        {"FER-S-03"},
        {"learning_rates": rates(patience=7), "hyperparameters": hyperparameters(plateau_patience=7)},
    ),
    "<= in the plateau rule": ({"FER-S-04"}, {"learning_rates": rates(or_equal=True)}),
    "a patience of 19 for early stopping": ({"FER-S-05"}, {"stopping_epoch": stops(patience=19)}),
    "the macro F1": ({"FER-M-02"}, {"metrics": SOME_MACRO["f1 weighs every class the same (macro)"]}),
    "the geometric mean for F1": ({"FER-M-04"}, {"metrics": F1S["it is the geometric mean of precision and recall"]}),
    "an undefined precision counts as 1": (
        {"FER-M-05"},
        {"metrics": UNDEFINED["an undefined precision is counted as 1"]},
    ),
    "every image evaluated": ({"FER-V-02"}, {"evaluated_images": lambda images, batch_size: images}),
    "batches of 100": ({"FER-V-03"}, {"evaluated_images": lambda images, batch_size: images // 100 * 100}),
    "Holm and Šidák for Holm": ({"FER-Z-05"}, {"named_mistakes": named_by(lambda p: holm(p, sidak=True))}),
}
PAIRS: dict[str, dict[str, Any]] = {
    "turned the other way, and rounded": {
        "augment": augmenting(Warp(understood=TURNED.understood, after=ROUNDED.after))
    },
    "turned the other way, and the nearest pixel": {"augment": augmenting(Warp(understood=TURNED.understood, order=0))},
    "the flip first, and black outside": {"augment": augmenting(Warp(flip_first=True, fill="constant"))},
    "another patience, and any fall": {"learning_rates": rates(patience=12, min_delta=0.0)},
    "another patience, and another factor": {"learning_rates": rates(patience=9, factor=0.1)},
    "the weight twice, and clipped at 1e-5": {
        "losses": losses(weight=lambda w, y, p: w[y] ** 2, entropy=lambda p: -np.log(np.maximum(p, 1e-5)))
    },
    "not weighted, and to the base of 2": {"losses": losses(weight=lambda w, y, p: 1.0, entropy=lambda p: -np.log2(p))},
    "another cap, and another patience": weighing(cap=5) | {"learning_rates": rates(patience=9)},
    "another factor, and another end": {"learning_rates": rates(factor=0.1), "stopping_epoch": stops(patience=21)},
    "two hyper-parameters": {"hyperparameters": hyperparameters(beta_1=0.8, plateau_patience=7)},
}


@pytest.mark.parametrize("departure", SINGLE)
def test_one_departure_fails_exactly_its_clauses_for_one_cause(departure):
    clauses, capabilities = SINGLE[departure]
    outcomes, found = judged(capabilities)
    assert {outcome.clause for outcome in outcomes if outcome.status is Status.FAIL} == clauses
    assert [cause.clauses for cause in found.causes] == [tuple(clauses)]


@pytest.mark.parametrize("pair", PAIRS)
def test_two_departures_have_two_causes(pair):
    outcomes, found = judged(PAIRS[pair])
    assert len(found.causes) == 2, found.causes
    failed = {outcome.check for outcome in outcomes if outcome.status is Status.FAIL}
    assert {check for cause in found.causes for check in cause.checks} == failed


def test_an_incomplete_mapping_is_one_failure_and_the_rest_is_not_evaluated():
    outcomes, found = judged({"hyperparameters": lambda architecture: {"optimizer": "adam", "beta_1": 0.9}})
    failed = [outcome for outcome in outcomes if outcome.status is Status.FAIL]
    assert [outcome.check for outcome in failed] == ["FER-S-01[beta_2]"]
    assert "without beta_2, learning_rate, loss, plateau_monitor" in failed[0].message
    assert len(found.causes) == 1


def failure(check: str, likely: str | None = None, message: str = "") -> Outcome:
    clause = check.partition("[")[0]
    return Outcome(check=check, clause=clause, title="", place="", status=Status.FAIL, likely=likely, message=message)


@pytest.mark.parametrize(
    ("failures", "causes"),
    [
        ([failure("A[1]", "x; or y"), failure("A[2]", "y"), failure("B[1]", "y; or x")], ["y"]),
        ([failure("A[1]", f"x{AND}y"), failure("A[2]", "x")], ["x", "y"]),
        ([failure("A[1]", "x"), failure("A[2]")], ["x"]),
        ([failure("A[1]"), failure("B[1]")], [None, None]),
        ([failure("A[1]", message="it crashed"), failure("B[1]", message="it crashed")], ["it crashed"]),
        ([], []),
    ],
    ids=["the fewest", "both are true", "none known", "other clauses", "a crash", "no failure"],
)
def test_failures_are_grouped_by_the_fewest_causes(failures, causes):
    assert [cause.cause for cause in grouped(failures, {one.check: "asked" for one in failures})] == causes
