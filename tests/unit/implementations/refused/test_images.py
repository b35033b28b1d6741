"""A refused image, network or seed does not hide a failure of another (FER-A, FER-P)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ferspec.checks.implementation.augmentation.mistakes import STREAMS
from ferspec.checks.implementation.augmentation.witness import Warp
from helpers.refusals import hides_no_failure, is_not_passed
from mutants.augmentation.draws import drawn_then
from mutants.augmentation.pixels import augmenting
from mutants.augmentation.preparing import but_where, ranges_of
from mutants.images import by_opencv, channels


def of_network(asked: dict[str, Any]) -> bool:
    return asked["architecture"] == "VGG16"


def of_the_last_network(asked: dict[str, Any]) -> bool:
    return asked["architecture"] == "SMMB"


def small(asked: dict[str, Any]) -> bool:
    """Whether it is a small image; only the values of black and white are asked at 4 pixels."""
    return 4 < len(asked["image"]) < 224


def shrunk(asked: dict[str, Any]) -> bool:
    return asked["height"] == 48


def grey(asked: dict[str, Any]) -> bool:
    return len(asked["image"][0][0]) == 1


def of_the_other_seed(asked: dict[str, Any]) -> bool:
    return asked["seed"] == 4


def with_a_batch_that_is_not_full(asked: dict[str, Any]) -> bool:
    return asked["count"] % asked["batch_size"] > 0


UPSIDE_DOWN = {"augment": augmenting(Warp(after=lambda pixels: pixels[::-1]))}
UNSHUFFLED = {"augmentation_stream": STREAMS["FER-A-14"]["images in the order of the files"]}
MISNUMBERED = {"augmentation_stream": STREAMS["FER-A-13"]["every batch seeded alike"]}
TWICE_AS_FAR = {"augmentation_parameters": drawn_then(lambda change: change | {"rotation": 2 * change["rotation"]})}
REFUSED = [
    pytest.param("FER-A-01", small, {"augment": augmenting(rescale=lambda pixels: pixels)}, id="A-01, training"),
    pytest.param(
        "FER-A-01",
        of_network,
        {"network_input": but_where(lambda image, architecture, weights: architecture == "ResNet18")},
        id="A-01, evaluation",
    ),
    pytest.param("FER-A-02", of_the_other_seed, TWICE_AS_FAR, id="A-02"),
    *(pytest.param(f"FER-A-0{number}", small, UPSIDE_DOWN, id=f"A-0{number}") for number in (5, 6, 7, 8)),
    pytest.param("FER-A-09", small, {"augment": augmenting(Warp(flip_first=True))}, id="A-09"),
    pytest.param("FER-A-10", with_a_batch_that_is_not_full, MISNUMBERED, id="A-10"),
    pytest.param("FER-A-12", of_the_last_network, {"augmentation_ranges": ranges_of("ResNet18", zoom=0.1)}, id="A-12"),
    pytest.param("FER-A-13", with_a_batch_that_is_not_full, MISNUMBERED, id="A-13"),
    pytest.param("FER-A-14", with_a_batch_that_is_not_full, UNSHUFFLED, id="A-14"),
    pytest.param("FER-P-07", of_network, {"network_input": but_where(lambda image, *_: True)}, id="P-07"),
    pytest.param("FER-P-08", shrunk, {"resize": by_opencv("INTER_LINEAR")}, id="P-08"),
    pytest.param("FER-P-09", grey, {"three_channels": channels({3: np.negative})}, id="P-09"),
]


@pytest.mark.parametrize(("clause", "refused", "wrong"), REFUSED)
def test_a_refused_request_hides_no_failure_of_the_others(clause, refused, wrong):
    hides_no_failure(clause, refused, wrong)


@pytest.mark.parametrize(("clause", "refused", "wrong"), REFUSED)
def test_a_refused_request_is_not_passed_where_nothing_is_wrong(clause, refused, wrong):
    is_not_passed(clause, refused, wrong)
