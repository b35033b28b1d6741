"""A diagnosis names the actual mistake in a contract, and none in a right one."""

import warnings
from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest

from ferspec import spec
from ferspec.checks.generator import checks_for_model
from ferspec.checks.model.alternatives import alternatives
from ferspec.checks.model.class_order import best_assignment
from ferspec.checks.model.diagnosis import diagnose as find
from ferspec.checks.model.plan import default_mode, found_loss, plan_of
from ferspec.checks.model.race import Race
from ferspec.engine import outcome_of
from ferspec.outcomes import Status
from ferspec.subjects.models.predictions import RecordedPredictions
from ferspec.subjects.models.subject import ModelSubject
from helpers.miniatures import (
    CLASSES,
    GRAY,
    SIZE,
    colour_patches,
    contract,
    model,
    right,
    save_and_open,
    subject,
    tinted_patches,
)

PER_CLASS = 60
ORDERS = {
    "the protocol's order": spec.load().classes,
    "FER2013's order": spec.load().label_orders["FER2013"].classes,
    "RAF-DB's order": spec.load().label_orders["RAF-DB"].classes,
    "an order of its own": tuple(reversed(spec.load().classes)),
}


def diagnose(subject, mode=None):
    return find(subject, mode).diagnoses


@pytest.fixture(scope="module")
def patches(tmp_path_factory):
    return colour_patches(tmp_path_factory.mktemp("patches"), PER_CLASS)


def columns_in(order):
    places = [CLASSES.index(name) for name in order]

    def run(batch):
        return right(batch)[:, places]

    return run


def feeds(change):
    def run(batch):
        return right(change(batch))

    return run


def kinds(found):
    return [diagnosis.kind for diagnosis in found]


def test_a_right_contract_has_no_diagnosis(patches):
    assert diagnose(subject(patches, right)) == ()


@pytest.mark.parametrize("actual", [name for name in ORDERS if name != "the protocol's order"])
def test_a_wrong_class_order_is_named_with_the_right_one(patches, actual):
    (found,) = diagnose(subject(patches, columns_in(ORDERS[actual])))
    assert found.kind == "class order"
    assert found.likely == ", ".join(ORDERS[actual])


def test_a_published_order_is_called_by_its_name(patches):
    (found,) = diagnose(subject(patches, columns_in(ORDERS["FER2013's order"])))
    assert "the order of FER2013" in found.message


def test_the_cost_of_a_wrong_class_order_is_the_accuracy_that_it_loses(patches):
    wrong, mended = subject(patches, columns_in(ORDERS["an order of its own"])), subject(patches, right)
    (found,) = diagnose(wrong)
    assert found.gain.value == pytest.approx(mended.evaluation.accuracy.value - wrong.evaluation.accuracy.value)


def test_two_classes_exchanged_in_a_predictions_file_are_named(patches):
    exchanged = patches.labels.copy()
    sad, fear = CLASSES.index("Sad"), CLASSES.index("Fear")
    exchanged[patches.labels == sad], exchanged[patches.labels == fear] = fear, sad
    recorded = RecordedPredictions("p.csv", "0", patches.ids, None, exchanged)
    (found,) = diagnose(ModelSubject(patches, recorded=recorded))
    assert found.kind == "class order"


@pytest.mark.parametrize(
    ("change", "kind", "likely"),
    [
        (lambda batch: (batch + 1) / 2, "value range", "[-1, 1]"),
        (lambda batch: batch / 255, "value range", "[0, 255]"),
        (lambda batch: batch[..., ::-1], "colour", "bgr"),
    ],
    ids=["fed [0, 1] instead of [-1, 1]", "fed [0, 1] instead of [0, 255]", "fed RGB instead of BGR"],
)
def test_a_wrong_input_is_named_with_the_right_one(patches, change, kind, likely):
    found = {diagnosis.kind: diagnosis for diagnosis in diagnose(subject(patches, feeds(change)))}
    assert found[kind].likely == likely


def certain(place):
    """Return probabilities that are nearly sure of the class at a place, rounded."""
    chosen = np.rint(place).clip(0, len(CLASSES) - 1).astype(int)
    return (0.9 * np.eye(len(CLASSES))[chosen] + 0.1 / len(CLASSES)).astype(np.float32)


def test_colour_images_fed_to_a_model_of_grey_ones_are_named(tmp_path):
    def by_brightness(batch):
        """Read the brightness of grey images, and be misled by the red of any other."""
        is_gray = np.ptp(batch, axis=3).max(axis=(1, 2)) < 1e-6
        brightness = np.where(is_gray, (batch @ GRAY).mean(axis=(1, 2)), batch[..., 0].mean(axis=(1, 2)))
        return certain((255 * brightness - 65) / 20)

    (found,) = diagnose(subject(tinted_patches(tmp_path, PER_CLASS), by_brightness))
    assert (found.kind, found.declared, found.likely) == ("colour", "rgb", "gray")


def test_a_wrong_resize_filter_is_named(patches):
    def misled_by_blocks(batch):
        """Take images of equal blocks, which only nearest neighbour makes of small ones, for Happy."""
        blocks = np.abs(batch[:, ::2] - batch[:, 1::2]).max(axis=(1, 2, 3)) < 1e-6
        return np.where(blocks[:, None], np.eye(len(CLASSES))[CLASSES.index("Happy")], right(batch))

    (found,) = diagnose(subject(patches, misled_by_blocks, size=(2 * SIZE, 2 * SIZE), resize="nearest"))
    assert (found.kind, found.declared, found.likely) == ("resize filter", "nearest", "bilinear")


def test_large_inputs_are_searched_quickly_and_still_named(patches):
    found = find(subject(patches, lambda batch: right((batch + 1) / 2), size=(136, 136)))
    assert [(one.kind, one.likely) for one in found.diagnoses] == [("value range", "[-1, 1]")]
    assert found.search.mode == "quick"


def refuses_other_ranges(batch):
    """Be right of BGR images in [0, 1], and refuse any other range."""
    if batch.min() < 0 or batch.max() > 1:
        raise ValueError("expected [0, 1]")
    return right(batch[..., ::-1])


def gives_nan_in_other_ranges(batch):
    return right(batch[..., ::-1]) * (np.nan if batch.min() < 0 or batch.max() > 1 else 1)


@pytest.mark.parametrize("run", [refuses_other_ranges, gives_nan_in_other_ranges])
@pytest.mark.parametrize("size", [SIZE, 136], ids=["tried on all images", "screened"])
def test_an_input_that_the_model_refuses_is_skipped_and_the_others_are_tried(patches, run, size):
    found = diagnose(subject(patches, run, size=(size, size)))
    assert [(diagnosis.kind, diagnosis.likely) for diagnosis in found] == [("colour", "bgr")]


def test_nan_for_every_image_never_counts_as_a_gain(tmp_path):
    angry = save_and_open(tmp_path, np.full((70, SIZE, SIZE, 3), 100.0), np.zeros(70, dtype=int))

    def nan_in_other_ranges(batch):
        if batch.min() >= 0 and batch.max() <= 1:
            return np.eye(len(CLASSES))[1 + np.arange(len(batch)) % 6]
        return np.full((len(batch), len(CLASSES)), np.nan)

    assert "value range" not in kinds(diagnose(subject(angry, nan_in_other_ranges)))


@pytest.mark.parametrize(
    ("size", "shrinks"),
    [((48, 300), True), ((300, 48), True), ((65, 64), True), ((48, 60), False), ((64, 32), False)],
)
def test_antialiasing_is_tried_where_a_side_of_an_image_shrinks(tmp_path, size, shrinks):
    images = save_and_open(tmp_path, np.zeros((7, *size, 3)), np.arange(7))
    named = {alternative.likely for alternative in alternatives(contract(size=(64, 64)).input, images)}
    assert ("bilinear with antialias" in named) == shrinks
    assert "nearest" in named


@pytest.mark.parametrize("size", [SIZE, 224])
@pytest.mark.parametrize("images", [1, 2, 5])
def test_one_image_or_one_class_gives_no_diagnosis_and_no_warning(tmp_path, images, size):
    few = save_and_open(tmp_path, np.full((images, SIZE, SIZE, 3), 90.0), np.full(images, 4))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        judged = subject(few, size=(size, size))
        assert diagnose(judged) == ()
        assert judged.evaluation.n == images
        failed = [check.id for check in checks_for_model() if outcome_of(check, judged).status is Status.FAIL]
        assert failed == []


def test_two_mistakes_at_once_are_both_named(patches):
    order = ORDERS["FER2013's order"]
    places = [CLASSES.index(name) for name in order]

    def twice_wrong(batch):
        return right((batch + 1) / 2)[:, places]

    assert set(kinds(diagnose(subject(patches, twice_wrong)))) == {"class order", "value range"}


def test_a_diagnosis_never_rescores_the_model(patches):
    judged = subject(patches, columns_in(ORDERS["an order of its own"]))
    before = judged.evaluation.accuracy
    assert diagnose(judged)
    assert judged.evaluation.accuracy == before
    assert before.value == np.mean(judged.predicted == patches.labels)


@pytest.mark.parametrize("seed", range(20))
def test_no_class_order_is_named_by_chance(patches, seed):
    predicted = np.random.default_rng(seed).integers(0, len(CLASSES), len(patches))
    recorded = RecordedPredictions("p.csv", "0", patches.ids, None, predicted)
    assert "class order" not in kinds(diagnose(ModelSubject(patches, recorded=recorded)))


def test_the_optimal_assignment_is_the_best_of_all_orders():
    rng = np.random.default_rng(3)
    labels, predicted = rng.integers(0, len(CLASSES), (2, 200))
    found = best_assignment(labels, predicted)
    best = max(np.sum(np.array(order)[predicted] == labels) for order in permutations(range(len(CLASSES))))
    assert np.sum(found[predicted] == labels) == best


def halved(rng, labels):
    """Return predictions of which about half are right."""
    return np.where(rng.random(len(labels)) < 0.5, labels, (labels + rng.integers(1, 7, len(labels))) % 7)


def race(seed, gain, mode, n=1000, arms=8):
    """Return whether the first of equally good alternatives, which gains, is among the finalists, and the cost."""
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(n) % 7)
    declared = halved(rng, labels)
    answers = [np.where(rng.random(n) < 0.15, halved(rng, labels), declared) for _ in range(arms)]
    answers[0] = np.where(rng.random(n) < 2 * gain, labels, answers[0])
    raced = Race(
        labels=labels,
        declared=declared == labels,
        readings=np.arange(7)[None],
        order=rng.permutation(n),
        ask=lambda arm, chosen: answers[arm][chosen],
        cost=lambda arm: 1,
    )
    return 0 in raced.finalists(range(arms), plan_of(mode, n)), raced.spent / n


@pytest.mark.parametrize(("mode", "gain"), [("full", 0.06), ("quick", 0.15)])
def test_a_race_keeps_what_it_is_planned_to_find(mode, gain):
    kept = [race(seed, gain, mode)[0] for seed in range(100)]
    assert np.mean(kept) >= 0.9


@pytest.mark.parametrize(("mode", "most"), [("full", 4), ("quick", 0.8)])
def test_a_race_of_equals_costs_no_more_than_planned(mode, most):
    assert max(race(seed, 0, mode, n=2100)[1] for seed in range(20)) <= most


def test_one_class_for_all_images_is_not_asked_on():
    raced = Race(np.arange(700) % 7, np.zeros(700, bool), np.arange(7)[None], np.arange(700), lambda *_: 3, lambda _: 1)
    assert raced.finalists(["constant"], plan_of("full", 700)) == {}
    assert raced.spent < 100


def test_smaller_losses_are_found_on_more_images():
    assert found_loss("full", 1000) == pytest.approx(0.06)
    assert found_loss("full", 2100) == pytest.approx(0.04, abs=0.002)
    assert [default_mode((side, side)) for side in (48, 128, 129, 224)] == ["full", "full", "quick", "quick"]


def test_a_wrong_range_that_hides_a_wrong_class_order_is_named_with_it(patches):
    places = [CLASSES.index(name) for name in ORDERS["an order of its own"]]

    def blind_in_other_ranges(batch):
        if batch.max() > 1:
            return np.tile(right(batch[:1]), (len(batch), 1)) + 0 * batch.mean(axis=(1, 2, 3))[:, None]
        return right(batch)[:, places]

    for mode in ("full", "quick"):
        found = {
            one.kind: one.likely for one in diagnose(subject(patches, blind_in_other_ranges, range=(0, 255)), mode)
        }
        assert found == {"value range": "[0, 1]", "class order": ", ".join(ORDERS["an order of its own"])}


def test_two_input_mistakes_that_only_show_together_are_both_named(patches, tmp_path):
    pixels = np.stack([patches.image(index) for index in range(len(patches))])
    pixels[:, 0, 0] = 0, 128, 255
    marked = save_and_open(tmp_path, pixels, patches.labels)

    def needs_both(batch):
        blue_first = (batch[:, 0, 0, 0] > batch[:, 0, 0, 2]).all()
        if blue_first and batch.min() == -1 and batch.max() <= 1:
            return right((batch[..., ::-1] + 1) / 2)
        return np.full((len(batch), 7), 1 / 7, np.float32)

    found = diagnose(subject(marked, needs_both), "full")
    assert {one.kind: one.likely for one in found} == {"value range": "[-1, 1]", "colour": "bgr"}
    assert all("together with" in one.message for one in found)


def test_another_size_is_named_for_a_model_that_accepts_any(tmp_path):
    labels = np.arange(210) % 7
    brightness = 10 + 30 * labels + np.random.default_rng(0).integers(0, 9, 210)
    images = save_and_open(tmp_path, np.tile(brightness[:, None, None, None], (1, 96, 96, 3)), labels)

    def by_size(batch):
        brightness = 255 * batch.mean(axis=(1, 2, 3))
        return certain((brightness - 14) / 30 if batch.shape[1] == 64 else np.rint(brightness) % 7)

    anysize = model(by_size)
    signature = anysize.signature.model_copy(update={"channels": 3, "layout": "channels_last"})
    judged = ModelSubject(images, replace(anysize, signature=signature), contract(size=(48, 48)))
    (found,) = diagnose(judged)
    assert (found.kind, found.declared, found.likely) == ("size", "48 × 48", "64 × 64")
