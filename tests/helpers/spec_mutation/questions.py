"""What a model is asked by the specification, and how its answers are judged.

Nothing is imported here before a part is computed, so that no module keeps a value of another specification.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import numpy as np

COUNT, SIDE, CLASSES = 300, 12, 7
Answer = Callable[[list[int]], Any]


def questions() -> Iterator[Any]:
    """Return the batches that a model gets, the changes drawn for its images, and the verdicts on its answers."""
    from ferspec.checks.model import behaviour, honesty
    from ferspec.checks.model.changes import changed, draw_change

    asked = Asked(COUNT, lambda numbers: np.full((len(numbers), CLASSES), 1 / CLASSES, np.float32))
    for check in (*behaviour.MODEL_CHECKS, *honesty.HONESTY_CHECKS):
        yield check.run(asked.subject).status
    yield asked.sizes
    for seed in range(4):
        change = draw_change(Random(seed))
        yield change, changed(asked.picture(seed), change).tolist()
    yield from _drifts(behaviour, honesty)
    yield from _near_ties(honesty)
    yield from _losses(honesty)


class Asked:
    """A model that knows its pictures by number, None for a changed one, and lists the sizes of its batches."""

    def __init__(self, count: int, answer: Answer, reopened: Answer | None = None) -> None:
        from ferspec.subjects.models.base import Model, Signature
        from ferspec.subjects.models.contracts.contract import Contract, Input, Output
        from ferspec.subjects.models.subject import ModelSubject

        pictures = np.random.default_rng(0).integers(0, 256, (count, SIDE, SIDE, 3), np.uint8)
        known = {picture.tobytes(): number for number, picture in enumerate(pictures)}
        self.sizes: list[int] = []
        self.picture = lambda index: pictures[index]

        def model(answer: Answer, reopened: Callable[[], Any] | None = None) -> Model:
            def run(batch: np.ndarray) -> np.ndarray:
                self.sizes.append(len(batch))
                return np.asarray(answer([known.get(image.astype(np.uint8).tobytes()) for image in batch]), np.float32)

            return Model("asked", "callable", "0" * 64, Signature(), run, reopened=reopened)

        names = ("Angry", "Disgust", "Fear", "Happy", "Neutral", "Sad", "Surprise")
        contract = Contract(input=Input(size=(SIDE, SIDE), range=(0.0, 255.0)), output=Output(classes=names))
        dataset: Any = _Sized(count, self.picture)
        source = model(answer, lambda: model(reopened or answer))
        self.subject = ModelSubject(dataset, source, contract, chance=Random(0))


class _Sized:
    """A dataset of ``count`` images."""

    def __init__(self, count: int, picture: Callable[[int], np.ndarray]) -> None:
        self.count, self.image, self.labels = count, picture, np.arange(count) % CLASSES

    def __len__(self) -> int:
        return self.count


def _drifts(behaviour: Any, honesty: Any) -> Iterator[Any]:
    """Yield the outcomes of models whose every answer is off by a step, in turn up and down."""
    from helpers.spec_mutation.judgements import STEPS

    for step in STEPS:
        calls: list[int] = []

        def drifting(numbers: list[int], sign: float, step: float = step, calls: list[int] = calls) -> Any:
            calls.append(len(numbers))
            return np.full((len(numbers), CLASSES), 1 / CLASSES) + sign * step * (len(calls) % 2)

        asked = Asked(COUNT, lambda numbers, drifting=drifting: drifting(numbers, 1.0))
        yield [check.run(asked.subject).status for check in behaviour.MODEL_CHECKS]
        shifted = Asked(
            COUNT,
            lambda numbers: np.full((len(numbers), CLASSES), 0.1),
            lambda numbers, step=step: np.full((len(numbers), CLASSES), 0.1 + step),
        )
        yield honesty.repeats_in_a_new_process(shifted.subject).status


def _near_ties(honesty: Any) -> Iterator[Any]:
    """Yield the outcomes of models that change the class of near-ties in a new process, by their lead and number."""
    leads = [step * 1e-4 for step in range(1, 20)]
    for lead, tied in [*((lead, 3) for lead in leads), *((1e-4, tied) for tied in range(0, 60, 2))]:

        def answer(numbers: list[int], ahead: float, tied: int = tied) -> Any:
            rows = np.tile(np.eye(CLASSES)[0], (len(numbers), 1))
            rows[np.asarray(numbers) < tied, :2] = 0.5 + ahead / 2, 0.5 - ahead / 2
            return rows

        asked = Asked(
            COUNT,
            lambda numbers, answer=answer, lead=lead: answer(numbers, lead),
            lambda numbers, answer=answer: answer(numbers, -1e-5),
        )
        found = honesty.repeats_in_a_new_process(asked.subject)
        yield found.status, found.expected


def _losses(honesty: Any) -> Iterator[Any]:
    """Yield the outcomes of models that know a part of the pictures, and no changed one; and of small sets."""

    def knows(most: int) -> Answer:
        return lambda numbers: [
            np.eye(CLASSES)[(number if number is not None and number < most else (number or 0) + 1) % CLASSES]
            for number in numbers
        ]

    # a changed picture is right by chance in one of seven cases
    for most in range(75, 135, 6):
        yield _status(honesty.keeps_its_accuracy, Asked(COUNT, knows(most)).subject)
    for count in (63, 64, 69, 70):
        yield _status(honesty.keeps_its_accuracy, Asked(count, knows(0)).subject)


def _status(check: Callable[[Any], Any], subject: Any) -> str:
    from ferspec.errors import NotEvaluable

    try:
        return str(check(subject).status)
    except NotEvaluable:
        return "not evaluated"
