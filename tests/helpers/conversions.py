"""Synthetic faces as the demonstration takes them, and the answers of converted files."""

from functools import cache

import numpy as np

from ferspec.subjects.models import open_model
from ferspec.subjects.models.contracts.files import apply_contract, load_contract
from ferspec.subjects.models.outputs import choice_of
from ferspec.synthetic.demo import demo_contract_path
from ferspec.synthetic.demo.train import rendered, unit

DEMO = load_contract(demo_contract_path())


@cache
def faces(per_class, seed):
    """Return faces (n, 48, 48, 3) float32 in [0, 1] and their labels."""
    images, labels = rendered(per_class, seed)
    return unit(images), labels


def answers(path, contract, images):
    """Return the columns (n, k) that a file gives to prepared images, in a process of its own."""
    model = apply_contract(open_model(path, choice=choice_of(contract)), contract)
    try:
        return model.predict(images)
    finally:
        model.close()


def agreement(first, second):
    """Return the part of images to which two models give the same class."""
    return float(np.mean(first.argmax(1) == second.argmax(1)))
