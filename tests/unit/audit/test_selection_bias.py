"""The estimated bias of the best epoch agrees with simulations of known truth."""

import numpy as np
import pytest
from scipy import integrate, stats

from ferspec.reference.selection_bias import images_validated, selection_bias
from ferspec.subjects.runs.logs.find import find_training_runs

EPOCHS, SPREAD = 60, 0.01


def expected_maximum(count: int) -> float:
    """The mean of the highest of that many standard normal numbers, by integration."""
    return integrate.quad(lambda z: z * count * stats.norm.pdf(z) * stats.norm.cdf(z) ** (count - 1), -8, 8)[0]


def simulate(course: np.ndarray, replicates: int = 600) -> tuple[float, float]:
    """Mean estimate and mean truth over many runs whose accuracies vary about a course by chance."""
    rng = np.random.default_rng(11)
    estimates, truths = [], []
    for _ in range(replicates):
        accuracies = course + rng.normal(0, SPREAD, len(course))
        found = selection_bias(accuracies)
        if found is None:
            continue
        estimates.append(found.accuracy - found.around)
        truths.append(accuracies[found.epoch] - course[found.epoch])
    return float(np.mean(estimates)), float(np.mean(truths))


def test_the_maximum_of_sixty_is_known():
    """2.319, as tables of normal order statistics have it."""
    assert expected_maximum(EPOCHS) == pytest.approx(2.319, abs=0.001)


def test_on_a_flat_course_the_estimate_is_the_mean_of_the_highest():
    estimate, truth = simulate(np.full(EPOCHS, 0.8))
    known = SPREAD * expected_maximum(EPOCHS)
    assert truth == pytest.approx(known, rel=0.03)
    assert estimate == pytest.approx(known, rel=0.1)


@pytest.mark.parametrize(
    "course",
    [
        0.8 * (1 - np.exp(-np.arange(EPOCHS) / 10)),
        0.6 + 0.002 * np.arange(EPOCHS),
        0.8 - ((np.arange(EPOCHS) - 35) / 200) ** 2,
    ],
    ids=["levels off", "rises throughout", "rises and falls"],
)
def test_on_other_courses_it_is_within_a_fifth_of_the_truth(course):
    estimate, truth = simulate(course)
    assert truth > SPREAD
    assert estimate == pytest.approx(truth, rel=0.2)


def test_without_chance_there_is_no_bias():
    flat = np.full(EPOCHS, 0.6)
    flat[30] += 1e-13
    found = selection_bias(flat)
    assert found.amount == pytest.approx(0, abs=1e-12)
    assert found.over(4544) == pytest.approx(0, abs=1e-12)


def test_only_the_sampling_share_of_the_variation_is_bias():
    """Each epoch has an accuracy of its own, on all images there are, and is validated on some of them."""
    rng, images, own = np.random.default_rng(5), 1000, 0.02
    estimates, truths = [], []
    for _ in range(600):
        true = 0.7 + rng.normal(0, own, EPOCHS)
        validated = rng.binomial(images, true) / images
        found = selection_bias(validated)
        if found is None:
            continue
        estimates.append(found.over(images))
        truths.append(validated[found.epoch] - true[found.epoch])
    assert np.mean(estimates) == pytest.approx(np.mean(truths), rel=0.2)


def test_few_epochs_give_no_estimate():
    assert selection_bias([0.5] * 6) is None
    assert selection_bias([float("nan")] * 30) is None
    assert selection_bias([0.5, 0.5, 0.5, 0.51, 0.5, 0.5, 0.5]).amount == pytest.approx(0.01)


@pytest.mark.parametrize("best", [0, 2, 57, 59])
def test_a_best_epoch_near_an_end_has_no_estimate(best):
    accuracies = np.full(EPOCHS, 0.5)
    accuracies[best] = 0.6
    assert selection_bias(accuracies) is None


@pytest.mark.parametrize("images", [97, 1000, 4544, 7168])
def test_the_number_of_images_follows_from_the_accuracies(images):
    right = np.random.default_rng(2).integers(images // 2, images, 40)
    assert images_validated(np.float32(right / images).tolist()) == images
    assert images_validated(np.round(right / images, 4).tolist()) is None


def test_other_numbers_are_not_shares_of_images():
    assert images_validated(np.random.default_rng(2).random(60).tolist()) is None


def test_the_published_logs_were_validated_over_the_whole_batches_of_their_datasets(reference):
    """Fact 7: 4,544 of 4,606 and 7,168 of 7,178; of AffectNet's 5,545 and 5,160, whole batches are 5,504 and 5,120."""
    known = {"rafdb": {4544, 4576}, "fer2013": {7168}, "affectnet": {5504, 5120, None}}
    for run in find_training_runs(reference / "training_logs").runs:
        found = images_validated([value for phase in run.phases for value in phase.val_accuracy])
        (dataset,) = (name for name in known if name in run.path.stem)
        assert found in known[dataset], run.path.stem
