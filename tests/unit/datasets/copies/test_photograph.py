"""A photograph is found in a set, whichever of the two was moved."""

import cv2
import numpy as np
import pytest

import ferspec
from ferspec.subjects.datasets import finding
from helpers.copies.made import augmented_at_random, photographs
from helpers.layouts import CLASSES

COUNT = 24


@pytest.fixture(scope="module")
def faces(reference):
    return photographs(reference)[:COUNT]


@pytest.fixture(scope="module")
def place(faces, tmp_path_factory):
    """A set of faces, and a moved copy of each as a file; the folder of both."""
    folder, rng = tmp_path_factory.mktemp("faces"), np.random.default_rng(5)
    np.savez(folder / "set.npz", images=faces, labels=np.array(CLASSES)[np.arange(COUNT) % 7])
    for number, face in enumerate(faces):
        cv2.imwrite(str(folder / f"{number}.png"), augmented_at_random(face, rng)[..., ::-1])
    return folder


def found(place):
    """How many moved photographs are found, and how many images are taken for another."""
    matches = [ferspec.dataset.find(place / f"{number}.png", place / "set.npz").matches for number in range(COUNT)]
    own = sum(any(match.path == str(number) for match in found) for number, found in enumerate(matches))
    return own, sum(map(len, matches)) - own


def test_moved_photographs_are_found_in_the_set_that_holds_them_as_they_were(place, monkeypatch):
    both = found(place)
    assert both[0] >= 0.9 * COUNT
    assert both[1] == 0
    monkeypatch.setattr(finding, "BOTH", 0)
    assert found(place)[0] < both[0]


def test_blocks_of_images_give_the_same_matches_in_order(place, faces, monkeypatch, tmp_path):
    np.savez(tmp_path / "set.npz", images=np.concatenate([faces, faces[:1, :, ::-1]]), labels=["Happy"] * (COUNT + 1))
    cv2.imwrite(str(tmp_path / "photo.png"), faces[0][..., ::-1])
    whole = ferspec.dataset.find(tmp_path / "photo.png", tmp_path / "set.npz")
    assert [(match.path, match.kind) for match in whole.matches] == [("0", "same pixels"), ("24", "changed copy")]
    monkeypatch.setattr(finding, "AT_ONCE", 7)
    assert ferspec.dataset.find(tmp_path / "photo.png", tmp_path / "set.npz") == whole
