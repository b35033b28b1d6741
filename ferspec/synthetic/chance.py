"""Draws seeded random numbers that are the same on every machine."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")
_STEPS = 1 << 20


class Chance:
    """A stream of random numbers that depends only on its key.

    It uses the raw output of PCG64, which NumPy guarantees not to change (unlike its distributions), and takes 20 bits
    for each number, so that every value is exact in binary.
    """

    def __init__(self, *key: object):
        digest = hashlib.sha256("/".join(map(str, key)).encode()).digest()
        self._source = np.random.PCG64(int.from_bytes(digest[:16], "little"))
        self._pool: list[int] = []

    def _step(self) -> int:
        if not self._pool:
            self._pool = (self._source.random_raw(64) >> np.uint64(44)).tolist()
        return self._pool.pop()

    def uniform(self, low: float = 0.0, high: float = 1.0) -> float:
        """Return a number in [low, high)."""
        return low + (high - low) * self._step() / _STEPS

    def near(self, centre: float, spread: float) -> float:
        """Return a number within ``spread`` of ``centre``, close to it more often."""
        return centre + spread * ((self._step() + self._step() + self._step()) / (1.5 * _STEPS) - 1.0)

    def happens(self, probability: float) -> bool:
        """Return True with this probability."""
        return self._step() < probability * _STEPS

    def index(self, n: int) -> int:
        """Return an integer in [0, n)."""
        return self._step() * n // _STEPS

    def one_of(self, options: Sequence[T]) -> T:
        """Return one of the options with equal probability."""
        return options[self.index(len(options))]

    def weighted(self, often: Mapping[T, float]) -> T:
        """Return one key, with a probability proportional to its value."""
        remaining = self.uniform(0.0, sum(often.values()))
        for option, weight in often.items():  # noqa: B007 (rounding may leave a rest: the last option is returned)
            remaining -= weight
            if remaining < 0:
                break
        return option

    def numbers(self, *shape: int, low: float = 0.0, high: float = 1.0) -> np.ndarray:
        """Return an array of numbers in [low, high)."""
        count = int(np.prod(shape))
        steps = (self._source.random_raw(count) >> np.uint64(44)).astype(np.float64)
        return low + (high - low) * (steps / _STEPS).reshape(shape)

    def around(self, *shape: int, spread: float = 1.0) -> np.ndarray:
        """Return an array of numbers within ``spread`` of 0, close to it more often."""
        draws = self.numbers(3, *shape)
        return (draws[0] + draws[1] + draws[2] - 1.5) * (spread / 1.5)

    def bytes(self, *shape: int) -> np.ndarray:
        """Return an array of uniform uint8."""
        count = int(np.prod(shape))
        raw = np.asarray(self._source.random_raw(-(-count // 8)), dtype="<u8")
        return raw.view(np.uint8)[:count].reshape(shape)
