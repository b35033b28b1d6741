"""A model gets images in a drawn order and in few batch sizes; answers come back in the caller's order."""

from collections import Counter
from random import Random

import numpy as np
import pytest

from ferspec.api.certify import report_on
from ferspec.checks.generator import checks_for_model
from ferspec.checks.model.behaviour import loads
from ferspec.checks.model.honesty import repeats_in_a_new_process
from ferspec.engine import outcome_of
from ferspec.outcomes import Status
from ferspec.subjects.models import Model, Signature
from ferspec.subjects.models.contracts.contract import Contract, Input
from ferspec.subjects.models.subject import ModelSubject
from helpers.miniatures import CLASSES, PER_CLASS, contract, model, right, save_and_open

TOTAL = PER_CLASS * len(CLASSES)
OUTPUT = contract().output


def numbered(folder, count):
    """Write and open pictures of 8 × 8 whose red and green say their number, and whose classes follow each other."""
    numbers = np.arange(count)
    images = np.zeros((count, 8, 8, 3))
    images[..., 0], images[..., 1] = (numbers // 256)[:, None, None], (numbers % 256)[:, None, None]
    return save_and_open(folder, images, numbers * len(CLASSES) // count)


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    return numbered(tmp_path_factory.mktemp("numbered"), TOTAL)


class Watched:
    """A model that writes down which pictures it got, and answers with their number."""

    def __init__(self, fixed=None):
        self.batches = []
        self.model = Model("watched", "callable", "0" * 64, Signature(batch=fixed), self.answer)

    def answer(self, batch):
        pixels = np.rint(batch[:, 0, 0]).astype(int)
        numbers = 256 * pixels[:, 0] + pixels[:, 1]
        self.batches.append(numbers.tolist())
        answer = np.zeros((len(batch), len(CLASSES)), np.float32)
        answer[:, 0] = numbers
        return answer

    def on(self, images, chance=None):
        return ModelSubject(
            images, self.model, Contract(input=Input(size=(8, 8), range=(0.0, 255.0)), output=OUTPUT), chance=chance
        )

    @property
    def sent(self):
        return [number for batch in self.batches for number in batch]


@pytest.fixture
def watched():
    return Watched()


def test_answers_come_back_in_the_order_of_the_dataset(images, watched):
    assert watched.on(images).outputs[:, 0].tolist() == list(range(TOTAL))


@pytest.mark.parametrize("chosen", [[3], [5, 90, 4], list(range(40))[::-1]])
def test_answers_come_back_in_the_order_of_the_caller(images, watched, chosen):
    assert watched.on(images).run(chosen)[:, 0].tolist() == chosen


def test_every_image_is_sent_once_and_others_fill_the_last_batch(images, watched):
    watched.on(images).run()
    assert sorted(watched.sent[:TOTAL]) == list(range(TOTAL))
    assert {len(batch) for batch in watched.batches} == {32}
    assert len(set(watched.batches[-1])) == 32


def test_the_first_batch_mixes_the_classes(images, watched):
    judged = watched.on(images, Random(1))
    judged.run()
    assert len(set(judged.labels[watched.batches[0]])) == len(CLASSES)


def test_two_judgements_send_different_orders(images, watched):
    watched.on(images).run()
    first = watched.sent
    watched.batches.clear()
    watched.on(images).run()
    assert first != watched.sent


def test_places_are_drawn_evenly(images):
    """Over 200 orders the mean place of an image strays at most five standard errors from the middle."""
    places = np.zeros(TOTAL)
    for seed in range(200):
        watched = Watched()
        watched.on(images, Random(seed)).run()
        places[watched.sent[:TOTAL]] += np.arange(TOTAL)
    error = TOTAL / np.sqrt(12 * 200)
    assert np.abs(places / 200 - (TOTAL - 1) / 2).max() < 5 * error


def test_a_whole_judgement_has_three_batch_sizes(images):
    sizes = set()

    def watched(batch):
        sizes.add(len(batch))
        return right(batch)

    report_on(ModelSubject(images, model(watched), contract()))
    assert sizes == {32, 16, 1}


def test_the_checks_ask_few_images_again(images, watched):
    """At most 23 % of 2,100 images are asked again: 128 by FER-B-09, 256 by FER-B-10, a fixed number by the others."""
    judged = watched.on(images)
    for check in checks_for_model():
        if check.clause not in ("FER-B-09", "FER-B-10"):
            outcome_of(check, judged)
    asked = len(watched.sent) - len(watched.on(images)._filled(np.arange(TOTAL), 32))
    assert asked + 128 + 256 <= 0.23 * 2100


def test_the_first_question_is_one_image_of_any_class(images):
    asked = Counter()
    for seed in range(100):
        watched = Watched()
        assert loads(watched.on(images, Random(seed))).status is Status.PASS
        ((number,),) = watched.batches
        asked[number * len(CLASSES) // TOTAL] += 1
    assert len(asked) == len(CLASSES)
    assert max(asked.values()) < 35


@pytest.mark.parametrize("size", [1, 5, 64, 140])
def test_a_fixed_batch_is_filled_with_other_images(images, size):
    watched = Watched(fixed=size)
    assert watched.on(images).run([3, 2, 1])[:, 0].tolist() == [3, 2, 1]
    assert {len(batch) for batch in watched.batches} == {size}
    assert all(len(set(batch)) == size for batch in watched.batches)


def test_a_fixed_batch_larger_than_the_dataset_repeats_images(tmp_path):
    watched = Watched(fixed=16)
    assert watched.on(numbered(tmp_path, 3)).outputs[:, 0].tolist() == [0, 1, 2]
    ((*batch,),) = watched.batches
    assert (len(batch), set(batch)) == (16, {0, 1, 2})


@pytest.mark.parametrize("count", [1, 2, 20])
def test_a_dataset_smaller_than_a_batch_is_one_batch(tmp_path, watched, count):
    assert watched.on(numbered(tmp_path, count)).outputs[:, 0].tolist() == list(range(count))
    assert {len(batch) for batch in watched.batches} == {count}


def test_progress_counts_images_and_no_filling(images, watched):
    seen = []
    watched.on(images).run(progress=lambda done, total: seen.append((done, total)))
    assert seen == [(32, TOTAL), (64, TOTAL), (96, TOTAL), (128, TOTAL), (TOTAL, TOTAL)]


def test_a_new_process_is_asked_in_another_order_and_other_batches(images):
    first, second = Watched(), Watched()
    object.__setattr__(first.model, "reopened", lambda: second.model)
    assert repeats_in_a_new_process(first.on(images)).status is Status.PASS
    assert {len(batch) for batch in second.batches} == {16}
    assert len(set(second.sent)) == len(second.sent) == 128
    assert second.sent != sorted(second.sent)


def test_a_model_in_memory_has_no_new_process(images, watched):
    (check,) = [check for check in checks_for_model() if check.clause == "FER-B-09"]
    found = outcome_of(check, watched.on(images))
    assert found.status is Status.NOT_EVALUATED
    assert "object in memory" in found.message


def test_a_model_opened_again_keeps_what_its_contract_says_of_the_layout(images):
    watched = Watched()
    plain = Model("again", "callable", "0" * 64, Signature(), watched.answer)
    known = Model("known", "callable", "0" * 64, Signature(layout="channels_first"), right, reopened=lambda: plain)
    reopened = ModelSubject(images, known, contract()).reopened()
    assert reopened.model.signature.layout == "channels_first"
