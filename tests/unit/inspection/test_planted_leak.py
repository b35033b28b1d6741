"""A planted leak: augmented test pictures in training; without them, the accuracy is that on all other pictures."""

from __future__ import annotations

import warnings

import cv2
import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

import ferspec as public
from ferspec.reference.augmentation.parameters import draws, parameters_from
from ferspec.reference.augmentation.warp import augmented
from ferspec.subjects.datasets.inspection.search import twins_within
from ferspec.subjects.datasets.inspection.twins import clusters_of
from helpers.layouts import CLASSES
from helpers.made.sets import held, picture

NAMES = ",".join(CLASSES)
# half a point
NEAR = 0.005


def changed(images, times, seed):
    """Return copies of images (n, h, w, 3) under the protocol's whole augmentation, as they are stored."""
    many = np.repeat(images, times, axis=0)
    uniform = np.random.default_rng(seed).random((len(many), len(draws())))
    return np.rint(augmented(many, parameters_from(uniform, many.shape[1:3]))).astype(np.uint8)


def features(images, side):
    grey = (
        cv2.resize(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), (side, side), interpolation=cv2.INTER_AREA)
        for image in images
    )
    return np.stack([np.asarray(one, np.float32).ravel() / 255 - 0.5 for one in grey])


def trained_on_a_leak(tested, labels, training, training_labels, planted, times, side):
    """Return the training set with the planted pictures, and the probabilities that a small network then gives."""
    copies = changed(tested[planted], times, seed=1)
    images = np.concatenate([training, copies])
    known = np.concatenate([training_labels, np.repeat(labels[planted], times)])
    network = MLPClassifier((96,), max_iter=120, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        network.fit(features(images, side), known)
    return images, known, network.predict_proba(features(tested, side))


def inspected(folder, tested, labels, images, known, probabilities):
    np.savez(folder / "tested.npz", images=tested, labels=np.array(CLASSES)[labels])
    np.savez(folder / "trained.npz", images=images, labels=np.array(CLASSES)[known])
    rows = [f"{row},{','.join(map(str, values))}" for row, values in enumerate(probabilities.astype(np.float32))]
    (folder / "answers.csv").write_text("\n".join([f"image,{NAMES}", *rows]) + "\n")
    return public.dataset.inspect(
        folder / "tested.npz", against=folder / "trained.npz", predictions=folder / "answers.csv"
    )


def is_reported_without_the_leak(found, right, is_planted):
    figures = found.answered.figures
    assert figures.all.accuracy.value == pytest.approx(right.mean())
    # the leak matters: a test that could not fail would show nothing
    assert right[is_planted].mean() > right[~is_planted].mean() + 0.2
    assert figures.clean.accuracy.value == pytest.approx(right[~is_planted].mean(), abs=NEAR)


def test_the_accuracy_without_a_planted_leak_is_that_on_the_other_pictures(tmp_path):
    labels, training_labels = np.arange(70) % 7, np.arange(140) % 7
    tested, training = (
        np.stack([toned(picture(first + number), number % 7) for number in range(count)])
        for first, count in ((0, 70), (500, 140))
    )
    is_planted = np.arange(70) < 14
    images, known, probabilities = trained_on_a_leak(
        tested, labels, training, training_labels, is_planted, times=6, side=16
    )
    found = inspected(tmp_path, tested, labels, images, known, probabilities)
    is_reported_without_the_leak(found, probabilities.argmax(axis=1) == labels, is_planted)


def toned(image, label):
    """Return a picture a little brighter or darker, by its class."""
    return np.clip(image.astype(np.int16) + 4 * label, 0, 255).astype(np.uint8)


@pytest.mark.slow
def test_so_it_is_on_faces_of_btfer(reference, tmp_path):
    sample = np.load(reference / "faces" / "btfer48_sample.npz")
    chosen = np.random.default_rng(0).permutation(len(sample["labels"]))[:620]
    faces, labels = sample["images"][chosen], sample["labels"][chosen]
    # pictures that the sample itself holds twice would be found too
    twins = twins_within(held(list(faces), labels))
    numbers = clusters_of(len(faces), twins)
    alone = np.bincount(numbers)[numbers] == 1
    faces, labels = faces[alone].copy(), labels[alone]
    tested, training = faces[:210], faces[210:510]
    is_planted = np.arange(210) < 42
    images, known, probabilities = trained_on_a_leak(
        tested, labels[:210], training, labels[210:510], is_planted, times=6, side=24
    )
    found = inspected(tmp_path, tested, labels[:210], images, known, probabilities)
    right = probabilities.argmax(axis=1) == labels[:210]
    print(
        f"with the leak {right.mean():.3f}, on the planted {right[is_planted].mean():.3f}, "
        f"on the others {right[~is_planted].mean():.3f}; reported {found.answered.figures.clean.accuracy.value:.3f}"
    )
    is_reported_without_the_leak(found, right, is_planted)
