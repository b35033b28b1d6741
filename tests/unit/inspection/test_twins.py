"""Pairs of images of one picture: equal pixels, changed copies, and the pictures that they connect."""

import numpy as np
import pytest

from ferspec.subjects.datasets.inspection import search
from ferspec.subjects.datasets.inspection.search import twins_between, twins_within
from ferspec.subjects.datasets.inspection.subject import Inspection
from ferspec.subjects.datasets.inspection.twins import Twin, clusters_of, distinct, exact_twins
from helpers.copies.made import augmented_at_random, photographs
from helpers.copies.twins import TWINS
from helpers.made.sets import held, mirrored, picture, pictures


def pairs(twins):
    return [(twin.first, twin.second, twin.kind) for twin in twins]


def test_each_copy_is_paired_with_the_first_of_its_digest():
    assert pairs(exact_twins("abacaa")) == [(0, 2, "exact"), (0, 4, "exact"), (0, 5, "exact")]
    assert pairs(exact_twins("abc", "xcca")) == [(0, 3, "exact"), (2, 1, "exact")]


def test_a_picture_ten_thousand_times_gives_one_pair_less():
    assert len(exact_twins("a" * 10_000)) == 9_999


def test_distinct_digests_are_those_not_known():
    assert distinct("abacb").tolist() == [0, 1, 3]
    assert distinct("abacb", "b").tolist() == [0, 3]


def test_pairs_connect_images_to_one_picture():
    numbers = clusters_of(6, [Twin(0, 2, "exact"), Twin(2, 5, "changed")])
    assert len(set(numbers[[0, 2, 5]])) == 1
    assert len(set(numbers.tolist())) == 4


def test_exact_and_changed_copies_are_found_in_a_set_and_in_another():
    shown = [*pictures(6), picture(1), mirrored(4)]
    assert pairs(twins_within(held(shown))) == [(1, 6, "exact"), (4, 7, "changed")]
    other = held([picture(50), mirrored(2), picture(3)])
    assert pairs(twins_between(held(pictures(6)), other)) == [(3, 2, "exact"), (2, 1, "changed")]


def test_sets_that_are_searched_in_parts_give_the_same_pairs(monkeypatch):
    ours, other = held([*pictures(8), mirrored(1), mirrored(6)]), held([mirrored(7), picture(60)] * 4)
    whole = pairs(twins_within(ours)), pairs(twins_between(ours, other)), pairs(twins_between(other, ours))
    monkeypatch.setattr(search, "AT_ONCE", 3)
    parts = pairs(twins_within(ours)), pairs(twins_between(ours, other)), pairs(twins_between(other, ours))
    assert parts == whole
    assert (1, 8, "changed") in whole[0]


@pytest.fixture(scope="module")
def faces(reference):
    """Photographs of different people, in 48 × 48: some, moved copies of these, and others."""
    rng = np.random.default_rng(3)
    second = {pair[1] for pair in TWINS}
    shown = [face for place, face in enumerate(photographs(reference)[:300]) if place not in second]
    return shown[:60], [augmented_at_random(face, rng) for face in shown[:60]], shown[60:140]


def recall(twins, turned=False):
    found = {(twin.second, twin.first) if turned else (twin.first, twin.second) for twin in twins}
    return np.mean([(place, place) in found for place in range(60)])


def test_moved_copies_are_found_as_often_on_either_side(faces, monkeypatch):
    plain, moved, rest = faces
    small, large = held(moved), held([*plain, *rest])
    both = recall(twins_between(small, large)), recall(twins_between(large, small), turned=True)
    assert min(both) >= 0.93
    assert recall(twins_between(held(plain), held([*moved, *rest]))) >= 0.93
    monkeypatch.setattr(search, "BOTH", 0)
    assert recall(twins_between(small, large)) < both[0]


def test_moved_copies_in_a_part_of_a_set_are_found_as_often_before_and_after_what_they_show(faces, monkeypatch):
    plain, moved, _ = faces
    monkeypatch.setattr(search, "AT_ONCE", 60)
    for images in ([*plain, *moved], [*moved, *plain]):
        found = {(twin.first, twin.second) for twin in twins_within(held(images))}
        assert np.mean([(place, place + 60) in found for place in range(60)]) >= 0.93


def test_each_pair_is_listed_once_whatever_directions_find_it(faces):
    plain, moved, rest = faces
    twins = twins_between(held(moved), held([*plain, *rest]))
    assert len({(twin.first, twin.second) for twin in twins}) == len(twins)


@pytest.mark.parametrize("images", [[], [np.zeros((8, 8, 3), np.uint8)], [np.full((4, 9, 3), 7, np.uint8)] * 3])
def test_sets_of_no_or_flat_images_are_searched_too(images):
    found = twins_within(held(images)) if images else ()
    assert all(twin.kind == "exact" for twin in found)


def test_a_leak_reaches_the_copies_of_an_image():
    ours = held([*pictures(4), mirrored(2)])
    subject = Inspection(ours, (held([picture(2)]),), None, (Twin(2, 4, "changed"),), ((Twin(2, 0, "exact"),),))
    assert subject.leaked.tolist() == [False, False, True, False, True]


def test_images_of_the_training_split_leak_into_the_others_and_are_not_tested():
    ours = held([*pictures(3), picture(0)], splits=["train", "train", "test", "test"])
    subject = Inspection(ours, twins=tuple(exact_twins([entry.pixels_sha256 for entry in ours.entries])))
    assert subject.tested.tolist() == [False, False, True, True]
    assert subject.leaked.tolist() == [False, False, False, True]
