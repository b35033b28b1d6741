"""How much a validation accuracy owes to its epoch having been chosen for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ferspec.reference.schedule import best_epoch

# epochs on either side among which the best is judged, and the fewest that tell anything
REACH, FEWEST = 10, 6
# how many there must be on each side: at the end of a course, a bend cannot be told from chance
BESIDE = 3
# how many images accuracies may be shares of, and how far from a whole number of them float32 leaves their product
MOST_IMAGES, OFF = 40_000, 0.02
MOST_DECIMALS = 6


@dataclass(frozen=True)
class SelectionBias:
    """By how much the best epoch lies above what its neighbours lead to expect; accuracies are 0 to 1.

    ``around`` is the accuracy that a straight line through the neighbours has in that epoch, ``spread`` the standard
    deviation of the neighbours about it.
    """

    epoch: int
    accuracy: float
    around: float
    spread: float
    neighbours: int

    @property
    def amount(self) -> float:
        """What the best epoch has above its neighbours, by chance or otherwise."""
        return max(self.accuracy - self.around, 0.0)

    def over(self, images: int) -> float:
        """Return the part of the amount that chance in drawing that many images can account for.

        Of a deviation that has two causes, each has on average the share that its variance has of the whole; that of
        the images is p(1 - p)/n at most, for the same images are validated in every epoch.
        """
        by_images = self.accuracy * (1 - self.accuracy) / images
        return self.amount * min(by_images / self.spread**2, 1.0) if self.spread else 0.0


def selection_bias(val_accuracies: Sequence[float]) -> SelectionBias | None:
    """Return by how much the best epoch of a phase lies above its neighbours, or None where these are too few.

    None as well where fewer than three epochs are on one side of it.

    If accuracies vary from epoch to epoch about a smooth course, and do so by chance, the highest is above that course
    by as much on average: choosing the epoch and reporting it on the same images is favourable by that. What of the
    variation is the network's own would be seen on new images too and is no bias: ``amount`` is all of it, ``over``
    the part that the images can account for. The course is taken as straight over ten epochs either way: where it bends
    sharply (in the first epochs), the estimate is off by the bend. The best epoch itself takes no part in the line.
    """
    values = np.asarray(val_accuracies, float)
    if np.isnan(values).all():
        return None
    best = best_epoch(values)
    if not BESIDE <= best < len(values) - BESIDE:
        return None
    first = max(best - REACH, 0)
    window = np.arange(first, min(best + REACH + 1, len(values)))
    others = window[(window != best) & ~np.isnan(values[window])]
    if len(others) < FEWEST:
        return None
    slope, around = np.polyfit(others - best, values[others], 1)
    residuals = values[others] - (around + slope * (others - best))
    spread = float(np.sqrt((residuals**2).sum() / (len(others) - 2)))
    return SelectionBias(best, float(values[best]), float(around), spread, len(others))


def images_validated(val_accuracies: Sequence[float]) -> int | None:
    """Return over how many images accuracies were taken: the least number of which all of them are whole shares.

    None for fewer than eight different ones, for accuracies that were logged rounded, and where no number fits.
    """
    values = np.unique([value for value in val_accuracies if np.isfinite(value)])
    if len(values) < 8 or np.allclose(np.round(values, MOST_DECIMALS), values, rtol=0, atol=1e-9):
        return None
    images = np.arange(2, MOST_IMAGES)
    fits = np.ones(len(images), bool)
    for value in values:
        images = images[fits]
        shares = images * value
        fits = np.abs(shares - np.round(shares)) < OFF
    fitting = images[fits]
    return int(fitting[0]) if len(fitting) else None
