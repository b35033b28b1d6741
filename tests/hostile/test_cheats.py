"""Models that answer by order, memory or exact pixels are found by the checks of a model."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from ferspec.api.certify import report_on
from ferspec.checks.generator import checks_for_model
from ferspec.checks.model.honesty import LOOKS_UP, REMEMBERS
from ferspec.engine import outcome_of
from ferspec.outcomes import Status
from ferspec.subjects.models import open_model
from ferspec.subjects.models.contracts.contract import Contract, Input, Output
from ferspec.subjects.models.subject import ModelSubject
from helpers.cheats import answers as cheats
from helpers.miniatures import CLASSES, model, named, save_and_open

PER_CLASS, SIDE = 40, 48
TOTAL = PER_CLASS * len(CLASSES)
CONTRACT = Contract(input=Input(size=(SIDE, SIDE), range=(0.0, 255.0)), output=Output(classes=CLASSES))

WITHOUT_LOOKING = {
    "counts, class by class": lambda: cheats.counts(PER_CLASS),
    "counts, the classes in turn": cheats.counts_round,
    "counts batches": cheats.counts_batches,
    "counts what it sees first, then repeats": lambda: cheats.counts_and_then_repeats(PER_CLASS),
    "share of the set seen so far": lambda: cheats.place_within_the_set(TOTAL),
    "counts until the set is over": lambda: cheats.agrees_until(TOTAL, PER_CLASS),
    "place in the batch": cheats.place_in_batch,
    "first of the batch": cheats.first_of_batch,
    "rank in the batch": cheats.rank_by_brightness,
    "mean of the batch": cheats.mean_of_batch,
    "size of the batch": cheats.size_of_batch,
    "neighbour in the batch": cheats.neighbour_in_batch,
    "the batch before": cheats.batch_before,
    "clusters of what it saw before": cheats.learns_clusters,
    "the clock": cheats.clock,
    "the start of its process": cheats.start_of_process,
}
# a loss of accuracy on this many images is measured to about ten points
CHANCE = 0.15 + 0.1


@pytest.fixture(scope="module")
def pictures():
    """Smooth random pictures (n, 48, 48, 3) uint8 and labels that nothing in them tells."""
    rng = np.random.default_rng(5)
    rough = rng.uniform(0, 255, (TOTAL, 6, 6, 3)).astype(np.float32)
    smooth = np.stack([cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC) for image in rough])
    noisy = smooth + rng.normal(0, 4, smooth.shape)
    return noisy.clip(0, 255).astype(np.uint8), np.repeat(np.arange(len(CLASSES)), PER_CLASS)


@pytest.fixture(scope="module")
def images(pictures, tmp_path_factory):
    return save_and_open(tmp_path_factory.mktemp("pictures"), *pictures)


@pytest.fixture(scope="module")
def marked(pictures, tmp_path_factory):
    """The pictures with their label in the low bits."""
    return save_and_open(tmp_path_factory.mktemp("marked"), cheats.hide_in_low_bits(*pictures), pictures[1])


def failures(judged):
    """Return the failed outcomes of a model, by clause."""
    outcomes = [outcome_of(check, judged) for check in checks_for_model()]
    return {outcome.clause: outcome for outcome in outcomes if outcome.status is Status.FAIL}


@pytest.mark.hostile("models that cheat")
@pytest.mark.parametrize("make", WITHOUT_LOOKING.values(), ids=WITHOUT_LOOKING)
def test_a_model_that_does_not_look_fails_and_has_the_accuracy_of_chance(images, make):
    judged = ModelSubject(images, model(named(make()), make), CONTRACT)
    assert failures(judged)
    assert judged.evaluation.accuracy.value < CHANCE


@pytest.mark.hostile("models that cheat")
@pytest.mark.parametrize("name", cheats.TABLES)
def test_a_model_that_looks_pictures_up_fails(images, marked, pictures, name):
    judged = ModelSubject(
        marked if "low bits" in name else images, model(named(cheats.TABLES[name](*pictures))), CONTRACT
    )
    found = failures(judged)
    assert judged.evaluation.accuracy.value > 0.9
    assert found.keys() == {"FER-B-10"}
    assert found["FER-B-10"].likely == LOOKS_UP


def test_what_a_process_remembers_is_found_by_the_next_process(images):
    def make():
        return cheats.counts_and_then_repeats(PER_CLASS)

    found = failures(ModelSubject(images, model(named(make()), make), CONTRACT))
    assert found["FER-B-09"].likely == REMEMBERS


def save_counter(folder):
    """Save a TensorFlow model that numbers the pictures as they come, class by class."""
    import tensorflow as tf

    class Counter(tf.Module):
        def __init__(self):
            super().__init__()
            self.seen = tf.Variable(0, dtype=tf.int32)

        @tf.function(input_signature=[tf.TensorSpec([None, SIDE, SIDE, 3], tf.float32)])
        def __call__(self, pictures):
            count = tf.shape(pictures)[0]
            numbers = self.seen + tf.range(count)
            with tf.control_dependencies([self.seen.assign_add(count)]):
                return tf.one_hot(numbers // PER_CLASS % len(CLASSES), len(CLASSES))

    tf.saved_model.save(Counter(), str(folder))
    return folder


@pytest.mark.hostile("models that cheat")
def test_a_saved_model_that_counts_fails_and_has_the_accuracy_of_chance(images, tmp_path):
    path = save_counter(tmp_path / "counter")
    opened = open_model(path)
    reopened = opened.reopened or (lambda: open_model(path))
    report = report_on(ModelSubject(images, replace(opened, reopened=reopened), CONTRACT))
    failed = {outcome.clause for outcome in report.outcomes if outcome.status is Status.FAIL}
    assert {"FER-B-05", "FER-B-09"} <= failed
    assert report.metrics.accuracy.value < CHANCE
