"""Miniature models and datasets, right and deliberately wrong, on which the suite proves itself."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from ferspec import spec
from ferspec.subjects.datasets.subject import Dataset, open_dataset
from ferspec.subjects.models import Model, Signature
from ferspec.subjects.models.contracts.contract import Contract, Input, Output
from ferspec.subjects.models.subject import ModelSubject
from helpers.callables import CENTRES, right
from helpers.callables import nearest_centre as nearest_centre
from helpers.callables import right_with_some_noise as right_with_some_noise
from helpers.callables import softmax as softmax

CLASSES = spec.load().classes
SIZE = 8
# how much of red, green and blue makes grey
GRAY = np.array([0.299, 0.587, 0.114])
PER_CLASS = 20


def colour_patches(folder: Path, per_class: int = PER_CLASS) -> Dataset:
    """Write and open a dataset whose classes differ in colour and brightness, so that every channel matters."""
    labels = np.repeat(np.arange(len(CLASSES)), per_class)
    noise = np.random.default_rng(0).normal(0, 60, (len(labels), SIZE, SIZE, 3))
    return save_and_open(folder, CENTRES[labels][:, None, None, :] + noise, labels)


def tinted_patches(folder: Path, per_class: int = PER_CLASS) -> Dataset:
    """Write and open a dataset whose classes differ in brightness alone, each image with a tint of its own."""
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(len(CLASSES)), per_class)
    tints = rng.uniform(-60, 60, (len(labels), 3))
    tints -= tints @ GRAY[:, None]
    noise = rng.normal(0, 5, (len(labels), SIZE, SIZE, 1))
    return save_and_open(folder, 65 + 20 * labels[:, None, None, None] + tints[:, None, None, :] + noise, labels)


def save_and_open(folder: Path, images: np.ndarray, labels: np.ndarray) -> Dataset:
    """Write images (n, h, w, 3) in 0 to 255 and class names as an .npz, and open it."""
    images = images.clip(0, 255)
    path = folder / "patches.npz"
    np.savez(path, images=images.astype(np.uint8), labels=np.array(CLASSES)[labels])
    return open_dataset(path)


def contract(**changes) -> Contract:
    """Return the contract of the right model, with changes to its input."""
    return Contract(input=Input(**{"size": (SIZE, SIZE), **changes}), output=Output(classes=CLASSES))


def named(function: Callable[[np.ndarray], np.ndarray]) -> Callable[[np.ndarray], np.ndarray]:
    """Give a function made by another the name that a model needs."""
    function.__name__ = "wrong"
    return function


def model(
    run: Callable[[np.ndarray], np.ndarray], make: Callable[[], Callable[[np.ndarray], np.ndarray]] | None = None
) -> Model:
    """Return a model made of a function from a batch to outputs; a new process has one that ``make`` makes."""
    return Model(
        name=run.__name__,
        format="callable",
        digest="0" * 64,
        signature=Signature(),
        run=run,
        reopened=lambda: model(run if make is None else named(make())),
    )


def subject(dataset: Dataset, run: Callable[[np.ndarray], np.ndarray] = right, **changes) -> ModelSubject:
    """Return a miniature model on a dataset; ``changes`` are to what its contract declares of the input."""
    return ModelSubject(dataset, model(run), contract(**changes))
