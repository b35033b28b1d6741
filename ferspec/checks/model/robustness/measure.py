"""Asks a model about changed images, and measures what every change costs."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from ferspec.checks.model.robustness.losses import Counts, Found, Step, robustness_of
from ferspec.checks.model.robustness.pixels import CHANGES
from ferspec.errors import SubjectError, UserError
from ferspec.progress import Progress, silent
from ferspec.required import required
from ferspec.spec.conditions import conditions
from ferspec.subjects.certificates.losses import Robustness
from ferspec.subjects.datasets.subject import Dataset
from ferspec.subjects.models.contracts.answers import predicted_classes
from ferspec.subjects.models.contracts.contract import Input
from ferspec.subjects.models.subject import ModelSubject

FAILS = "the model fails on these images"
GRAY_IMAGES = "all images are gray"
GRAY_INPUT = "the model reads gray"
DECLARED = "this is the declared filter"
ITS_SIZE = "all images have the size of the input"
NOT_SHRUNK = "images are not shrunk, so that antialiasing has no effect"
NOT_LARGER = "no image is larger"
REASONS = frozenset({FAILS, GRAY_IMAGES, GRAY_INPUT, DECLARED, ITS_SIZE, NOT_SHRUNK, NOT_LARGER})
STEP = "robustness"
ANTIALIAS = " with antialias"


def robustness_on(subject: ModelSubject, progress: Progress = silent) -> Robustness:
    """Return what every condition costs the model, as losses of accuracy with simultaneous intervals.

    Every level is asked about all images, in a drawn order, as the contract prepares them. The subject must be a model
    that can be run; one that fails on changed images has an undefined loss there.
    """
    steps = dict.fromkeys(Step(one.change, amount) for one in conditions() for amount in one.levels)
    found: dict[Step, Found] = {}
    for done, step in enumerate(steps):
        progress(STEP, done, len(steps))
        unneeded = without_effect(step, subject.dataset, required(subject.contract).input)
        found[step] = unneeded or _counts_in_a_living_process(subject, step)
    progress(STEP, len(steps), len(steps))
    return robustness_of(found, len(subject.labels))


def cannot_be_asked(name: str, option: str) -> str:
    """Return why a table of predictions has no robustness, and what to do."""
    return (
        f"{name} holds predictions, which cannot be asked about changed images: give the model, or leave out {option}"
    )


def without_effect(step: Step, dataset: Dataset, declared: Input) -> str | None:
    """Return why a change leaves what the model gets as it is, or None."""
    if step.change in ("exchange", "gray") and dataset.gray:
        return GRAY_IMAGES
    if step.change == "gray" and declared.colour == "gray":
        return GRAY_INPUT
    if step.change in ("shrink", "bottleneck"):
        return None if any(min(size) > float(step.amount) for size in dataset.sizes) else NOT_LARGER
    if step.change == "resize":
        return next(_of_filter(str(step.amount), dataset, declared), None)
    return None


def _of_filter(name: str, dataset: Dataset, declared: Input) -> Iterator[str]:
    if _with_filter(declared, name) == declared:
        yield DECLARED
    if dataset.sizes == {declared.size}:
        yield ITS_SIZE
    shrinks = any(have > want for size in dataset.sizes for have, want in zip(size, declared.size, strict=True))
    if name == declared.resize + ANTIALIAS and not shrinks:
        yield NOT_SHRUNK


def _counts_in_a_living_process(subject: ModelSubject, step: Step) -> Found:
    """Return the counts, asked in a new process where the old one fails.

    An earlier question may have ended it. ``FAILS`` if the new one fails too.
    """
    found = _counts(subject, step)
    if found != FAILS or required(subject.model).reopened is None:
        return found
    fresh = subject.reopened()
    try:
        return _counts(fresh, step)
    except UserError:  # a model that ends before its first answer
        return FAILS
    finally:
        required(fresh.model).close()


def _counts(subject: ModelSubject, step: Step) -> Found:
    """Ask about changed images, and count answers that are right in only one case."""
    contract = required(subject.contract)
    try:
        if step.change == "resize":
            outputs = subject.run(prepared_as=_with_filter(contract.input, str(step.amount)))
        else:
            outputs = subject.run(alter=partial(_altered, step))
    except SubjectError:
        return FAILS
    if not subject.usable(outputs):
        return FAILS
    before = subject.predicted == subject.labels
    after = predicted_classes(outputs, contract) == subject.labels
    return Counts(int((before & ~after).sum()), int((after & ~before).sum()))


def _altered(step: Step, image: np.ndarray) -> np.ndarray:
    return CHANGES[step.change](image, float(step.amount))


def _with_filter(declared: Input, name: str) -> Input:
    antialias = name.endswith(ANTIALIAS)
    return declared.model_copy(update={"resize": name.removesuffix(ANTIALIAS), "antialias": antialias})
