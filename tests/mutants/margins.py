"""Decisions within a margin that break FER-Z-10, and right ones."""

from __future__ import annotations

import math
from dataclasses import replace
from statistics import NormalDist

from ferspec.checks.implementation.statistics.mistakes.comparison import alone
from ferspec.checks.implementation.statistics.mistakes.margins import DECISIONS, by_score, decided_by, score
from ferspec.implementation.evaluation import EvaluationCapabilities
from mutants.kinds import mistaken, right, wrong

OWN = EvaluationCapabilities()


def with_images(images):
    def as_good_as(labels, first, second, margin, equivalence):
        found = OWN.as_good_as(labels, first, second, margin, equivalence)
        return found | {"images_to_decide": images(*alone(labels, first, second), margin)}

    return as_good_as


def needed(power, level=0.05):
    """The number of images by the normal approximation of the score."""

    def images(a, b, n, margin):
        distance = (b - a) / n + margin
        if b - a == -margin * n:
            return None
        error = abs(distance / score(a / n, b / n, 1, margin)), math.sqrt((a + b) / n - ((b - a) / n) ** 2)
        quantiles = NormalDist().inv_cdf(1 - level), NormalDist().inv_cdf(power)
        return math.ceil((sum(q * e for q, e in zip(quantiles, error, strict=True)) / distance) ** 2)

    return images


def without_margin(a, b, n, margin):
    return needed(0.8)(a, b, n, 1e-9) if a != b else None


MUTANTS = (
    *mistaken("FER-Z-10", "as_good_as", DECISIONS),
    *(
        replace(
            wrong("FER-Z-10", f"a power of {power:g}", as_good_as=with_images(needed(power))),
            cause=f"it is the number for a power of {power:.0%}",
        )
        for power in (0.5, 0.9)
    ),
    wrong("FER-Z-10", "a two-sided test's images", as_good_as=with_images(needed(0.8, level=0.025))),
    wrong("FER-Z-10", "the images that decide a tie", as_good_as=with_images(without_margin)),
    wrong("FER-Z-10", "the images at hand", as_good_as=with_images(lambda a, b, n, margin: n)),
    wrong("FER-Z-10", "no number for the undecided", as_good_as=with_images(lambda a, b, n, margin: None)),
    right("FER-Z-10", "images by the normal approximation", as_good_as=with_images(needed(0.8))),
    right(
        "FER-Z-10",
        "the score test by the normal distribution",
        as_good_as=lambda labels, first, second, margin, equivalence: (
            OWN.as_good_as(labels, first, second, margin, equivalence)
            | {"verdict": decided_by(by_score)(labels, first, second, margin, equivalence)["verdict"]}
        ),
    ),
)
