"""The order and the random numbers of Keras' ``ImageDataGenerator.flow``, for any batch."""

from __future__ import annotations

from threading import Lock

import numpy as np

from ferspec.errors import UserError
from ferspec.reference.augmentation.parameters import Parameters, draws, parameters_from
from ferspec.reference.schedule import steps_per_epoch
from ferspec.reference.training.settings import LARGEST_SEED


class Stream:
    """Draw the random numbers of ``flow(x, y, batch_size, shuffle=True, seed)`` for ``count`` images.

    A batch depends only on the seed and its number, so that a resumed training continues exactly. NumPy's global
    random state is neither read nor changed. Several threads may ask for batches.

    ``UserError`` for a seed that NumPy does not accept, and for fewer images than a batch.

    FER-A-13, FER-A-14 (Keras' iterator).
    """

    def __init__(self, count: int, batch_size: int, seed: int) -> None:
        if not 0 <= seed <= LARGEST_SEED:
            raise UserError(f"the seed is {seed}: give a whole number from 0 to {LARGEST_SEED}")
        if not 1 <= batch_size <= count:
            raise UserError(f"{count} images do not make a batch of {batch_size}: give more images or a smaller batch")
        self.count = count
        self.batch_size = batch_size
        self.seed = seed
        # Seeding a state takes a fiftieth of the time of making one.
        self._random = np.random.RandomState(seed)
        self._lock = Lock()
        self._order: tuple[int, np.ndarray] | None = None

    @property
    def steps(self) -> int:
        """The whole batches of an epoch, which are trained on (FER-S-10)."""
        return steps_per_epoch(self.count, self.batch_size)

    @property
    def batches(self) -> int:
        """The batches of an epoch, a partial last one included."""
        return -(-self.count // self.batch_size)

    def batch(self, epoch: int, step: int, shape: tuple[int, int]) -> tuple[np.ndarray, Parameters]:
        """Return the indices (b,) of a batch's images, and their changes.

        ``epoch`` and ``step`` count from 0; ``shape`` begins with the height and width of the images. ``IndexError``
        for a step that an epoch does not have.
        """
        if not 0 <= step < self.batches:
            raise IndexError(f"step {step} is out of range: an epoch has {self.batches} batches")
        with self._lock:
            order = self._order_of(epoch)
            indices = order[step * self.batch_size : (step + 1) * self.batch_size]
            self._seed_batch(epoch, step)
            if step == 0:
                # The first batch of an epoch draws the order before it draws for its images.
                self._random.permutation(self.count)
            uniform = self._random.random_sample((len(indices), len(draws())))
        return indices, parameters_from(uniform, shape)

    def _seed_batch(self, epoch: int, step: int) -> None:
        self._random.seed(self.seed + epoch * self.batches + step)

    def _order_of(self, epoch: int) -> np.ndarray:
        """Return the order of an epoch; the last one is cached."""
        if self._order is None or self._order[0] != epoch:
            self._seed_batch(epoch, 0)
            self._order = (epoch, self._random.permutation(self.count))
        return self._order[1]
