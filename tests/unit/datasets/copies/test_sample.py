"""FER-I-01, FER-I-02 on 1,018 faces of BTFER, which hold copies that were looked at one by one."""

import numpy as np
import pytest

from ferspec.subjects.datasets.copies import find_copies
from helpers.copies.twins import TWINS


@pytest.fixture(scope="module")
def sample(reference):
    with np.load(reference / "faces" / "btfer48_sample.npz") as arrays:
        return arrays["images"], arrays["labels"]


@pytest.fixture(scope="module")
def found(sample):
    return {(copy.first, copy.second): copy for copy in find_copies(sample[0])}


def test_every_pair_found_shows_one_photograph(found):
    assert set(found) <= TWINS


def test_all_but_one_of_the_known_pairs_are_found(found):
    assert TWINS - set(found) == {(18, 681)}


def test_pictures_under_two_labels_are_found(found, sample):
    _, labels = sample
    crossing = {pair for pair in found if labels[pair[0]] != labels[pair[1]]}
    assert crossing == {(73, 971), (272, 382), (346, 590), (539, 629)}
    assert {pair for pair, copy in found.items() if copy.kind == "same pixels"} == {(73, 971), (272, 382)}
