"""A refused request does not hide a failure of another (FER-S, FER-P, FER-V)."""

from __future__ import annotations

from typing import Any

import pytest

from ferspec.checks.implementation.schedule.mistakes import BEST_EPOCHS
from ferspec.checks.implementation.schedule.witness import rates, stops
from ferspec.implementation import Implementation
from ferspec.outcomes import Status
from helpers.refusals import Refused, hides_no_failure, is_not_passed, judged
from mutants.evaluating import all_of
from mutants.hyperparameters import hyperparameters
from mutants.networks import starts


def of(**arguments: Any) -> Refused:
    return lambda asked: all(asked[name] == value for name, value in arguments.items())


LAST_OF_EQUALS = BEST_EPOCHS["the last of equally good epochs is kept, not the first"]


def longest(asked: dict[str, Any]) -> bool:
    return len(asked["val_losses"]) > 50


REFUSED = [
    pytest.param("FER-P-01", of(architecture="VGG16"), starts(lambda _, known: [*known, "x"]), id="P-01"),
    pytest.param("FER-P-02", of(architecture="VGG16"), starts(lambda _, known: ["scratch"]), id="P-02"),
    pytest.param("FER-S-03", longest, {"learning_rates": rates(patience=11)}, id="S-03"),
    pytest.param("FER-S-04", longest, {"learning_rates": rates(min_delta=0.0)}, id="S-04"),
    pytest.param("FER-S-05", longest, {"stopping_epoch": stops(patience=10)}, id="S-05"),
    pytest.param(
        "FER-S-06",
        of(val_losses=[1.95]),
        {"best_epoch": LAST_OF_EQUALS},
        id="S-06",
    ),
    pytest.param("FER-S-09", of(gpus=4), {"batch_size": lambda gpus: 32}, id="S-09"),
    pytest.param(
        "FER-S-10", of(images=64), {"steps_per_epoch": lambda images, batch_size: -(-images // batch_size)}, id="S-10"
    ),
    pytest.param(
        "FER-S-12",
        of(architecture="SMMB"),
        {"hyperparameters": hyperparameters(("ResNet50",), learning_rate=1e-2)},
        id="S-12",
    ),
    pytest.param("FER-V-02", of(images=4_606), {"evaluated_images": all_of}, id="V-02"),
    pytest.param("FER-V-03", of(images=20), {"evaluated_images": lambda images, batch_size: images // 2}, id="V-03"),
]


@pytest.mark.parametrize(("clause", "refused", "wrong"), REFUSED)
def test_a_refused_request_hides_no_failure_of_the_others(clause, refused, wrong):
    hides_no_failure(clause, refused, wrong)


@pytest.mark.parametrize(("clause", "refused", "wrong"), REFUSED)
def test_a_refused_request_is_not_passed_where_nothing_is_wrong(clause, refused, wrong):
    is_not_passed(clause, refused, wrong)


def test_the_mistake_that_explains_the_other_answers_is_still_named():
    stopped = judged("FER-S-05", "stopping_epoch", longest, stopping_epoch=stops(patience=10))
    assert "the patience of early stopping is that of the plateau rule" in {finding.likely for finding in stopped}
    found = judged("FER-S-03", "learning_rates", longest, learning_rates=rates(factor=0.25))
    assert "the factor is squared" in {finding.likely for finding in found}


def test_hyper_parameters_are_judged_where_the_first_network_has_none():
    found = judged("FER-S-01", "hyperparameters", of(architecture="VGG16"), hyperparameters=hyperparameters())
    assert {finding.status for finding in found} == {Status.PASS}
    found = judged(
        "FER-S-01", "hyperparameters", of(architecture="VGG16"), hyperparameters=hyperparameters(optimizer="sgd")
    )
    assert Status.FAIL in [finding.status for finding in found]


def test_all_networks_are_asked_about_where_the_list_of_them_is_refused():
    def wider(architecture: str) -> dict[str, float]:
        return Implementation("released").augmentation_ranges(architecture) | {
            "rotation": 45.0 * (architecture != "VGG16")
        }

    found = judged("FER-A-12", "architectures", of(), augmentation_ranges=wider)
    assert {finding.status for finding in found} == {Status.FAIL}
