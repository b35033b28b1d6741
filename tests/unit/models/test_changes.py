"""Changes that keep a label: of the same size, of every kind at once, and so small that honest models hardly lose."""

from random import Random

import cv2
import numpy as np
import pytest

from ferspec import spec
from ferspec.checks.generator import checks_for_model
from ferspec.checks.model.changes import Change, changed, draw_change
from ferspec.checks.model.honesty import keeps_its_accuracy, loss_by_changes
from ferspec.engine import outcome_of
from ferspec.errors import SubjectError
from ferspec.outcomes import Status
from ferspec.reference.comparison import accuracy_difference
from helpers.miniatures import CLASSES, colour_patches, named, right, softmax, subject

BOOK = spec.load()
FIRST = BOOK.integer("FER-B-10", "first")
NO_CHANGE = Change(degrees=0, right=0, down=0, zoom=1, quality=100, side=256)


def picture(height=64, width=64):
    smooth = np.random.default_rng(0).uniform(20, 235, (5, 5, 3)).astype(np.float32)
    return cv2.resize(smooth, (width, height), interpolation=cv2.INTER_CUBIC).clip(0, 255).astype(np.uint8)


def moved(**changes):
    return Change(**{**NO_CHANGE.__dict__, **changes})


@pytest.mark.parametrize("size", [(1, 1), (8, 8), (48, 48), (256, 256), (60, 100), (300, 280)])
def test_a_changed_image_has_the_same_size_and_type(size):
    result = changed(picture(*size), draw_change(Random(0)))
    assert (result.shape, result.dtype) == ((*size, 3), np.uint8)


def test_an_image_is_mirrored():
    image = picture()
    difference = np.abs(changed(image, NO_CHANGE).astype(int) - image[:, ::-1])
    assert difference.mean() < 2


@pytest.mark.parametrize("size", [64, 256])
def test_a_shift_is_in_pixels_of_256(size):
    image = picture(size, size)
    result = changed(image, moved(right=8, down=-4)).astype(int)
    across, along = 8 * size // 256, 4 * size // 256
    expected = image[along:, ::-1][:, : size - across]
    assert np.abs(result[: size - along, across:] - expected).mean() < 2


def test_a_rotation_turns_about_the_centre():
    image = picture()
    assert np.abs(changed(image, moved(degrees=90)).astype(int) - np.rot90(image[:, ::-1])).mean() < 2


def test_a_zoom_below_one_shows_more():
    image = np.zeros((100, 100, 3), np.uint8)
    image[30:70, 30:70] = 200
    areas = [(changed(image, moved(zoom=zoom))[..., 0] > 100).sum() / 1600 for zoom in (0.9, 1.0, 1 / 0.9)]
    assert areas == pytest.approx([0.81, 1.0, 1.23], abs=0.06)


def test_the_given_image_is_left_as_it_is():
    image = picture()
    image.flags.writeable = False
    changed(image, draw_change(Random(0)))


def test_every_image_gets_its_own_change_within_the_ranges():
    chance = Random(0)
    drawn = [draw_change(chance) for _ in range(300)]
    assert len(set(drawn)) == 300
    for name in ("degrees", "right", "down"):
        amounts = np.array([getattr(change, name) for change in drawn])
        least, most = BOOK.numbers("FER-B-10", "degrees" if name == "degrees" else "shift")
        assert np.abs(amounts).min() >= least
        assert np.abs(amounts).max() <= most
        assert 100 < (amounts > 0).sum() < 200
    assert {round(change.zoom, 4) for change in drawn} == {0.9, 1.1111}


def test_low_bits_do_not_survive():
    image = picture() & 0b11111000 | 5
    kept = np.mean(changed(image, draw_change(Random(0))) & 0b111 == 5)
    assert kept < 0.25


# ---- the check


@pytest.fixture(scope="module")
def patches(tmp_path_factory):
    return colour_patches(tmp_path_factory.mktemp("patches"))


def knows(share, patches):
    """Return a model that knows a share of the pictures by their pixels and takes every other for the next class."""
    known = {}
    for index in range(len(patches)):
        if index % 20 < 20 * share:
            known[patches.image(index).tobytes()] = patches.labels[index]

    def run(batch):
        keys = [np.rint(255 * image).astype(np.uint8).tobytes() for image in batch]
        wrong = (right(batch).argmax(axis=1) + 1) % len(CLASSES)
        return np.eye(len(CLASSES), dtype=np.float32)[
            [known.get(key, other) for key, other in zip(keys, wrong, strict=True)]
        ]

    return named(run)


@pytest.mark.parametrize(
    ("share", "status"), [(0, Status.PASS), (0.1, Status.PASS), (0.6, Status.FAIL), (1, Status.FAIL)]
)
def test_a_table_of_part_of_the_pictures_fails_where_it_is_worth_much(patches, share, status):
    assert keeps_its_accuracy(subject(patches, knows(share, patches))).status is status


def test_a_loss_is_the_paired_difference_of_accuracy(patches):
    loss = loss_by_changes(subject(patches, knows(0.5, patches)), np.arange(len(patches)))
    assert loss.value == pytest.approx(0.5, abs=0.08)
    assert loss.low < 0.5 < loss.high


def test_a_failure_says_the_loss_and_a_pass_the_same_in_every_run(patches):
    failed = keeps_its_accuracy(subject(patches, knows(1, patches)))
    assert failed.observed.startswith("a loss of ")
    assert failed.expected == "a loss of at most 15 points of accuracy"
    assert keeps_its_accuracy(subject(patches)) == keeps_its_accuracy(subject(patches))


def test_outputs_for_changed_images_must_be_finite(patches):
    calls = []

    def run(batch):
        calls.append(len(batch))
        return right(batch) * (1 if len(calls) <= 5 else np.inf)

    judged = subject(patches, named(run))
    assert len(judged.outputs) == len(patches)
    with pytest.raises(SubjectError, match="NaN or infinite"):
        keeps_its_accuracy(judged)


@pytest.mark.parametrize(
    ("per_class", "status"), [(1, Status.NOT_EVALUATED), (9, Status.NOT_EVALUATED), (10, Status.PASS)]
)
def test_few_images_conclude_nothing(tmp_path, per_class, status):
    (check,) = [check for check in checks_for_model() if check.clause == "FER-B-10"]
    found = outcome_of(check, subject(colour_patches(tmp_path, per_class)))
    assert found.status is status
    too_few = f"{7 * per_class} images are too few to measure a loss: at least 64 are needed"
    assert found.message == ("" if status is Status.PASS else too_few)


def test_few_images_still_show_a_table(tmp_path):
    few = colour_patches(tmp_path, 5)
    assert keeps_its_accuracy(subject(few, knows(1, few))).status is Status.FAIL


def test_a_model_at_chance_has_nothing_to_lose(patches):
    assert keeps_its_accuracy(subject(patches, named(lambda batch: softmax(0 * right(batch))))).status is Status.PASS


def chance_of_failure(loss, gain, images=512, first=FIRST, judgements=4_000):
    """Return how often a model fails whose answers become wrong and right with these probabilities."""
    level, most, clear = (BOOK.number("FER-B-10", name) for name in ("level", "most_lost", "clear"))
    rng, shares = np.random.default_rng(0), [loss, gain, 1 - loss - gain]
    doubtful = judgements
    if first < images:
        lost, won, _ = rng.multinomial(first, shares, judgements).T
        doubtful = int((lost - won > clear * first).sum())
    drawn = rng.multinomial(images, shares, doubtful)[:, :2]
    pairs, counts = np.unique(drawn, axis=0, return_counts=True)
    failing = [accuracy_difference(int(lost), int(won), images, level).low > most for lost, won in pairs]
    return counts[np.array(failing, bool)].sum() / judgements


@pytest.mark.parametrize("images", [64, 128, 512])
def test_a_model_that_loses_8_points_never_fails(images):
    assert chance_of_failure(0.19, 0.11, images) == 0


def test_a_model_at_the_limit_hardly_ever_fails():
    assert chance_of_failure(0.25, 0.10) < 0.005


def test_a_model_that_loses_30_points_always_fails():
    assert chance_of_failure(0.33, 0.03) > 0.999


@pytest.mark.parametrize("gain", [0.0, 0.05, 0.1])
@pytest.mark.parametrize("loss", [0.18, 0.2, 0.22, 0.25, 0.3, 0.35])
def test_asking_more_in_doubt_misses_no_more_than_256_alone(loss, gain):
    assert chance_of_failure(loss + gain, gain) >= chance_of_failure(loss + gain, gain, images=256, first=256)
