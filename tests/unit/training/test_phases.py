"""The phases of a training and the counted images: first rates, missing values, few images."""

import math

import pytest

from ferspec.errors import UserError
from ferspec.reference.schedule import PhasePlan, best_epoch, evaluated_images, phases_of, steps_per_epoch

NAN = math.nan


@pytest.mark.parametrize(("profile", "longest"), [("released", 20), ("paper", 30)])
@pytest.mark.parametrize("weights", ["imagenet", "vggface", "scratch"])
def test_every_phase_begins_at_1e_4_and_the_first_has_the_usual_length(weights, profile, longest):
    """FER-S-02, FER-S-08: profile ``paper`` as in 4.2, ``released`` as in most logs."""
    everything = PhasePlan(frozen=False, initial_rate=1e-4, longest=None)
    head = PhasePlan(frozen=True, initial_rate=1e-4, longest=longest)
    assert phases_of(weights, profile) == ((everything,) if weights == "scratch" else (head, everything))


@pytest.mark.parametrize(("accuracies", "best"), [([NAN, 0.1], 1), ([0.2, NAN, 0.2], 0)])
def test_an_epoch_without_a_validation_accuracy_is_never_the_best(accuracies, best):
    assert best_epoch(accuracies) == best


@pytest.mark.parametrize("accuracies", [[], [NAN]])
def test_without_a_validation_accuracy_there_is_no_best_epoch(accuracies):
    with pytest.raises(ValueError, match="no epoch"):
        best_epoch(accuracies)


def test_fewer_images_than_a_batch_are_refused():
    with pytest.raises(UserError, match="63 training images are fewer than one batch of 64"):
        steps_per_epoch(63, 64)


@pytest.mark.parametrize(
    ("images", "released"), [(2_100, 2_048), (64, 64), (63, 63)], ids=["BTFER", "one batch", "less than one batch"]
)
def test_an_evaluation_of_fewer_images_than_a_batch_counts_them_all(images, released):
    """Unlike the count that the protocol reports, which is then 0 by the runs (FER-V-03)."""
    assert evaluated_images(images, 64) == released
    assert evaluated_images(images, 64, "paper") == images
