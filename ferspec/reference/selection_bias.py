"""Estimates how much the selection of the best epoch or model inflates an accuracy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from ferspec.reference.measured import Evaluation
from ferspec.reference.schedule import best_epoch
from ferspec.required import required

# the neighbours considered on either side of the best epoch, and the fewest that allow an estimate
REACH, FEWEST = 10, 6
# the fewest neighbours on each side: at the end of a curve, a bend cannot be distinguished from chance
BESIDE = 3
# the most images that accuracies may be shares of, and the rounding error of float32 in their product
MOST_IMAGES, OFF = 40_000, 0.02
MOST_DECIMALS = 6


@dataclass(frozen=True)
class SelectionBias:
    """The best epoch compared to its neighbours; accuracies are 0 to 1.

    ``around`` is the value of a straight line through the neighbours in the best epoch, ``spread`` their standard
    deviation from that line.
    """

    epoch: int
    accuracy: float
    around: float
    spread: float
    neighbours: int

    @property
    def amount(self) -> float:
        """The excess of the best epoch over its neighbours, due to chance or not."""
        return max(self.accuracy - self.around, 0.0)

    def over(self, images: int) -> float:
        """Return the part of the excess that chance in sampling ``images`` validation images can explain.

        A deviation with two causes is split in proportion to their variances. The variance due to the images is at most
        p(1 - p)/n, because the same images are validated in every epoch.
        """
        by_images = self.accuracy * (1 - self.accuracy) / images
        return self.amount * min(by_images / self.spread**2, 1.0) if self.spread else 0.0


def selection_bias(val_accuracies: Sequence[float]) -> SelectionBias | None:
    """Estimate the selection bias of the best epoch of a phase.

    None if it has too few neighbours, or fewer than three on one side.

    If accuracies vary randomly around a smooth curve, the highest exceeds the curve, and reporting it on the images it
    was selected on is biased by that excess. Variation of the network itself would also occur on new images and is not
    a bias: ``amount`` is the whole excess, ``over`` the part that the images can explain. The curve is assumed to be
    straight over ten epochs on either side; where it bends sharply (in the first epochs), the estimate is wrong by the
    bend. The best epoch is excluded from the fit.
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


def best_of(count: int, metrics: Evaluation) -> float:
    """Return how far the best of ``count`` equally good models exceeds its true accuracy.

    It is the mean of the highest of ``count`` normal deviations, by Blom's approximation. Models that make the same
    mistakes exceed it by less.
    """
    accuracy = required(metrics.accuracy.value)
    highest = NormalDist().inv_cdf((count - 0.375) / (count + 0.25))
    return highest * math.sqrt(accuracy * (1 - accuracy) / metrics.n)


def images_validated(val_accuracies: Sequence[float]) -> int | None:
    """Return the smallest number of images that explains all accuracies as shares of it.

    None for fewer than eight different accuracies, for accuracies that were logged rounded, and if no number fits.
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
