"""Asks alternatives about nested subsets of the images, and drops the hopeless ones (FER-Z-05)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Generic, TypeVar

import numpy as np

from ferspec.reference.comparison import accuracy_difference
from ferspec.reference.significance import mcnemar
from ferspec.required import required

Contender = TypeVar("Contender")


@dataclass(frozen=True)
class Plan:
    """What a race may cost, in images, and which gain it must not miss.

    An alternative is dropped when the interval of its gain, at ``level``, lies below ``target``. Once ``patience``
    images are asked, only alternatives whose interval lies above 0 continue. At most ``most`` images are asked.
    """

    first: int
    target: float
    level: float
    patience: int
    most: int


@dataclass
class Race(Generic[Contender]):
    """Ask contenders about more and more images in ``order``, a drawn permutation of all images.

    ``declared`` (n,) says which images the declared contract gets right. ``readings`` (r, k) are the class orders under
    which answers may be right, and ``labels`` (n,) the true classes. ``ask`` returns the predicted classes of images,
    or None if the model fails on them; ``cost`` is the number of images that one image counts for. ``dropped`` has a p
    value for each contender that was dropped, from McNemar's exact test and Bonferroni's correction over its stages.
    """

    labels: np.ndarray
    declared: np.ndarray
    readings: np.ndarray
    order: np.ndarray
    ask: Callable[[Contender, np.ndarray], np.ndarray | None]
    cost: Callable[[Contender], float]
    spent: float = 0
    dropped: list[float] = field(default_factory=list)

    def finalists(self, contenders: Sequence[Contender], plan: Plan) -> dict[int, np.ndarray]:
        """Return the answers (n,) of the contenders that were not dropped, by place."""
        n = len(self.order)
        answers = {place: np.full(n, -1) for place in range(len(contenders))}
        asked, looks = 0, 0
        self.dropped = []
        most = self.spent + plan.most
        for until, following in pairwise([*_stages(plan.first, n), n]):
            part, shown = self.order[asked:until], self.order[:until]
            for place in list(answers):
                found = self.ask(contenders[place], part)
                self.spent += self.cost(contenders[place]) * len(part)
                if found is None:
                    del answers[place]
                else:
                    answers[place][part] = found
            asked, looks = until, looks + 1
            if until == n:
                break
            kept: dict[int, np.ndarray] = {}
            gains = {place: self._gain(answer[shown], shown, plan.level) for place, answer in answers.items()}
            left = plan.patience - self.spent
            room = most - self.spent
            for place in sorted(gains, key=lambda place: -gains[place][0]):
                _, low, high = gains[place]
                cost = self.cost(contenders[place])
                step = cost * (following - until)
                if not kept:
                    # the best one must be able to finish
                    room -= cost * (n - following)
                if high >= plan.target and step <= room and (step <= left or low > 0):
                    kept[place] = answers[place]
                    left, room = left - step, room - step
            for place in answers.keys() - kept.keys():
                self.dropped.append(min(1.0, looks * self._p_value(answers[place][shown], shown)))
            answers = kept
        return answers

    def _p_value(self, answer: np.ndarray, shown: np.ndarray) -> float:
        right, declared = self.readings[0][answer] == self.labels[shown], self.declared[shown]
        return mcnemar(int((right & ~declared).sum()), int((declared & ~right).sum()))

    def _gain(self, answer: np.ndarray, shown: np.ndarray, level: float) -> tuple[float, float, float]:
        """Return the gain under the best reading and its interval; one class for all images gains nothing."""
        if len(np.unique(answer)) == 1:
            return -1.0, -1.0, -1.0
        declared = self.declared[shown]
        right = self.readings[:, answer] == self.labels[shown]
        only_likely, only_declared = (right & ~declared).sum(axis=1), (declared & ~right).sum(axis=1)
        best = int((only_likely - only_declared).argmax())
        gain = accuracy_difference(int(only_likely[best]), int(only_declared[best]), len(shown), level)
        return required(gain.value), required(gain.low), required(gain.high)


def _stages(first: int, n: int) -> list[int]:
    """Return how many images are asked in each stage: twice as many as before, and all in the last one."""
    stages = [min(first, n)]
    while 2 * stages[-1] < n:
        stages.append(2 * stages[-1])
    return stages if stages[-1] == n else [*stages, n]
