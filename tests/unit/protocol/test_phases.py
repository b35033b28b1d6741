"""FER-S: the phases of a training, the epoch that is kept, and how many images a step, an epoch, an evaluation sees."""

import math

import pytest

from ferspec.errors import UserError
from ferspec.reference.schedule import (
    PhasePlan,
    batch_size,
    best_epoch,
    evaluated_images,
    phases_of,
    reported_images,
    steps_per_epoch,
)

NAN = math.nan


@pytest.mark.parametrize(("profile", "longest"), [("released", 20), ("paper", 30)])
@pytest.mark.parametrize("weights", ["imagenet", "vggface"])
def test_a_pre_trained_network_has_a_frozen_phase_and_then_an_open_one(weights, profile, longest):
    """FER-S-07, FER-S-08: profile ``paper`` as in 4.2, ``released`` as in most logs."""
    assert phases_of(weights, profile) == (PhasePlan(True, 1e-4, longest), PhasePlan(False, 1e-4, None))


@pytest.mark.parametrize("profile", ["released", "paper"])
def test_a_network_from_scratch_has_one_phase(profile):
    assert phases_of("scratch", profile) == (PhasePlan(False, 1e-4, None),)


@pytest.mark.parametrize(
    ("accuracies", "best"),
    [([0.2, 0.5, 0.4], 1), ([0.5, 0.5, 0.4], 0), ([0.1, 0.2, 0.2, 0.1], 1), ([NAN, 0.1], 1), ([0.0], 0)],
    ids=[
        "the highest",
        "the first of two at the start",
        "the first of two",
        "never one without a number",
        "the only one",
    ],
)
def test_the_best_epoch_is_the_first_with_the_highest_validation_accuracy(accuracies, best):
    assert best_epoch(accuracies) == best


@pytest.mark.parametrize("accuracies", [[], [NAN]])
def test_without_a_validation_accuracy_there_is_no_best_epoch(accuracies):
    with pytest.raises(ValueError, match="no epoch"):
        best_epoch(accuracies)


def test_a_batch_has_64_images():
    assert batch_size() == batch_size("paper") == 64


@pytest.mark.parametrize(("images", "steps"), [(10_733, 167), (28_709, 448), (64, 1), (127, 1)])
def test_an_epoch_has_whole_batches_only(images, steps):
    """RAF-DB and FER2013 as the notebooks count them."""
    assert steps_per_epoch(images, 64) == steps


def test_fewer_images_than_a_batch_are_no_epoch():
    with pytest.raises(UserError, match="63 training images are fewer than one batch of 64"):
        steps_per_epoch(63, 64)


@pytest.mark.parametrize(
    ("images", "batch", "released"),
    [(2_100, 64, 2_048), (2_100, 32, 2_080), (4_606, 64, 4_544), (7_178, 64, 7_168), (64, 64, 64), (63, 64, 63)],
    ids=["BTFER", "BTFER in batches of 32", "RAF-DB", "FER2013", "one batch", "less than one batch"],
)
def test_an_evaluation_counts_whole_batches_in_the_runs_and_everything_in_the_text(images, batch, released):
    """The counts of the classification reports (ERR-18)."""
    assert evaluated_images(images, batch) == released
    assert evaluated_images(images, batch, "paper") == images


def test_the_runs_report_none_of_fewer_images_than_a_batch_and_the_text_all():
    """The notebooks go through n // batch batches, here none."""
    assert reported_images(63, 64) == 0
    assert reported_images(63, 64, "paper") == 63
