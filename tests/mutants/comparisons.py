"""Comparisons of models and diagnoses that break FER-Z-01, FER-Z-05, FER-Z-06 and FER-Z-09, and right ones."""

from __future__ import annotations

import math
from dataclasses import replace
from statistics import NormalDist

import numpy as np

from ferspec.checks.implementation.statistics.mistakes.comparison import (
    COMPARISONS,
    NAMED,
    alone,
    bonett_price,
    by_test,
    exact,
    holm,
    named_by,
    with_interval,
)
from ferspec.implementation.evaluation import EvaluationCapabilities
from mutants.kinds import mistaken, refusing, right, wrong

OWN = EvaluationCapabilities()


def quantile(share: float) -> float:
    return NormalDist().inv_cdf(share)


def with_images(images):
    def compare(labels, first, second):
        return OWN.compare(labels, first, second) | {"images_to_decide": images(*alone(labels, first, second))}

    return compare


def needed(power, alpha=0.05):
    def images(a, b, n):
        difference, differ = abs(a - b) / n, (a + b) / n
        if not difference:
            return None
        reach = quantile(1 - alpha / 2) * math.sqrt(differ) + quantile(power) * math.sqrt(differ - difference**2)
        return math.ceil((reach / difference) ** 2)

    return images


def needed_disagreements(a, b, n):
    images = needed(0.8)(a, b, n)
    return None if images is None else math.ceil(images * (a + b) / n)


def needed_unpaired(a, b, n):
    both = (n - a - b) // 2
    shares = (both + a) / n, (both + b) / n
    if a == b:
        return None
    variance = sum(share * (1 - share) for share in shares)
    return math.ceil((quantile(0.975) + quantile(0.8)) ** 2 * variance / (shares[0] - shares[1]) ** 2)


def needed_exactly(a, b, n):
    """The least number of images, in steps of 1 %, at which the exact test has its power."""
    if a == b:
        return None
    from scipy.stats import binom

    images = max(6, needed(0.6)(a, b, n))
    for _ in range(1000):
        images = math.ceil(1.01 * images)
        throws = np.arange(int(binom.ppf(1 - 1e-9, images, (a + b) / n)) + 1)
        least = binom.ppf(0.025, throws, 0.5)
        least = np.where(binom.cdf(least, throws, 0.5) <= 0.025, least, least - 1)
        share = max(a, b) / (a + b)
        rejected = binom.sf(throws - least - 1, throws, share) + binom.cdf(least, throws, share)
        if (binom.pmf(throws, images, (a + b) / n) * rejected).sum() >= 0.8:
            return images
    raise AssertionError(f"{images} images do not decide between {a} and {b} of {n}")


MUTANTS = (
    replace(
        wrong("FER-Z-01", "differences at 90 %", compare=with_interval(lambda a, b, n: bonett_price(a, b, n, 0.9))),
        cause="the level is 90%",
    ),
    *mistaken("FER-Z-05", "named_mistakes", NAMED),
    wrong(
        "FER-Z-05",
        "the first is named where none was tried",
        named_mistakes=lambda p_values, gains: OWN.named_mistakes(p_values, gains) if p_values else [0],
    ),
    wrong(
        "FER-Z-05",
        "no least gain, and no p values refused",
        named_mistakes=refusing(lambda asked: not asked["p_values"], NAMED["any gain is enough"]),
    ),
    *mistaken("FER-Z-06", "compare", COMPARISONS),
    wrong(
        "FER-Z-06",
        "a one-sided test, and models that never differ refused",
        compare=refusing(lambda asked: len(asked["labels"]) == 50, COMPARISONS["it is one-sided"]),
    ),
    *(
        replace(
            wrong("FER-Z-09", f"a power of {power:g}", compare=with_images(needed(power))),
            cause=f"it is the number for a power of {power:.0%}",
        )
        for power in (0.5, 0.9)
    ),
    wrong(
        "FER-Z-09",
        "a power of 0.5, and models of equal accuracy refused",
        compare=refusing(lambda asked: len(asked["labels"]) == 150, with_images(needed(0.5))),
    ),
    wrong("FER-Z-09", "a one-sided test's images", compare=with_images(needed(0.8, alpha=0.1))),
    wrong("FER-Z-09", "images that differ for images", compare=with_images(needed_disagreements)),
    wrong("FER-Z-09", "images of two samples", compare=with_images(needed_unpaired)),
    wrong("FER-Z-09", "the images at hand", compare=with_images(lambda a, b, n: n)),
    wrong("FER-Z-09", "no number for a tie", compare=with_images(lambda a, b, n: None)),
    wrong(
        "FER-Z-09", "a number where none decides", compare=with_images(lambda a, b, n: needed(0.8)(a, b, n) or 10**9)
    ),
    right("FER-Z-05", "Holm's method by hand", named_mistakes=named_by(holm)),
    right(
        "FER-Z-05",
        "positions in another order",
        named_mistakes=lambda p_values, gains: OWN.named_mistakes(p_values, gains)[::-1],
    ),
    right("FER-Z-06", "entries in another order", compare=by_test(exact)),
    right("FER-Z-06", "p in single precision", compare=by_test(lambda a, b, n: float(np.float32(exact(a, b))))),
    right(
        "FER-Z-09",
        "a number of images as a floating-point number",
        compare=with_images(lambda a, b, n: None if a == b else float(needed(0.8)(a, b, n))),
    ),
    right("FER-Z-09", "the images at which the exact test has its power", compare=with_images(needed_exactly)),
)
