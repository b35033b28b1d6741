"""Comparisons of models and diagnoses that break FER-Z-01, FER-Z-05, FER-Z-06 and FER-Z-09, and right ones."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from ferspec.implementation.evaluation import Evaluation
from ferspec.reference.comparison import accuracy_difference, mcnemar
from ferspec.reference.intervals import wilson
from mutants.kinds import refusing, right, wrong

OWN = Evaluation()
ALPHA, LEAST_GAIN = 0.01, 0.01


def quantile(share: float) -> float:
    return NormalDist().inv_cdf(share)


def two_sided(deviations: float) -> float:
    return 2 * NormalDist().cdf(-abs(deviations))


# --- two models ---------------------------------------------------------------------------------------------------


def alone(labels, first, second) -> tuple[int, int, int]:
    """Return the images that only the first and only the second model gets right, and all of them."""
    first, second = np.equal(labels, first), np.equal(labels, second)
    return int((first & ~second).sum()), int((second & ~first).sum()), len(labels)


def found(p, only_first, only_second, n, alpha=0.05):
    """Return the answer in which everything follows from this p value."""
    winner = "tie" if p > alpha else "first" if only_first > only_second else "second"
    interval = accuracy_difference(only_first, only_second, n, 0.95)
    return {"images_to_decide": None, "high": interval.high, "low": interval.low, "better": winner, "p": p}


def by_test(test, alpha=0.05):
    """Return a comparison whose p is that of a test of the images that only one model gets right."""

    def compare(labels, first, second):
        counts = alone(labels, first, second)
        return found(test(*counts), *counts, alpha)

    return compare


def chi_squared(a, b, n):
    return two_sided((a - b) / math.sqrt(a + b)) if a + b else 1.0


def corrected_chi_squared(a, b, n):
    return two_sided(max(0, abs(a - b) - 1) / math.sqrt(a + b)) if a + b else 1.0


def mid_p(a, b, n):
    return mcnemar(a, b) - math.comb(a + b, a) / 2 ** (a + b)


def one_sided(a, b, n):
    return mcnemar(a, b) / 2 if a != b else 0.5


def unpaired(labels, first, second):
    """The two accuracies are compared as if each were of images of its own."""
    counts = alone(labels, first, second)
    shares = [float(np.mean(np.equal(labels, of))) for of in (first, second)]
    pooled, n = sum(shares) / 2, len(labels)
    error = math.sqrt(pooled * (1 - pooled) * 2 / n)
    return found(two_sided((shares[0] - shares[1]) / error) if error else 1.0, *counts)


def tie_where_intervals_overlap(labels, first, second):
    ends = [wilson(int(np.equal(labels, of).sum()), len(labels), 0.95) for of in (first, second)]
    overlap = ends[0][0] <= ends[1][1] and ends[1][0] <= ends[0][1]
    answer = OWN.compare(labels, first, second)
    return answer | {"better": "tie"} if overlap else answer


def of_predictions_that_differ(labels, first, second):
    """Counts every image that the two predict otherwise, right or wrong."""
    differ = int(np.not_equal(first, second).sum())
    only_first, only_second, n = alone(labels, first, second)
    return found(mcnemar(only_first, differ - only_first), only_first, only_second, n)


def with_interval(interval):
    def compare(labels, first, second):
        low, high = interval(*alone(labels, first, second))
        return OWN.compare(labels, first, second) | {"low": low, "high": high}

    return compare


def bonett_price(a, b, n, level=0.95):
    middle, z = (a - b) / (n + 2), quantile((1 + level) / 2)
    reach = z * math.sqrt(((a + b + 2) / (n + 2) - middle**2) / (n + 2))
    return max(-1.0, middle - reach), min(1.0, middle + reach)


def wald(a, b, n):
    middle = (a - b) / n
    reach = quantile(0.975) * math.sqrt(((a + b) / n - middle**2) / n)
    return middle - reach, middle + reach


def turned(labels, first, second):
    answer = OWN.compare(labels, first, second)
    return answer | {"low": -answer["high"], "high": -answer["low"]}


def winners_exchanged(labels, first, second):
    answer = OWN.compare(labels, first, second)
    return answer | {"better": {"first": "second", "second": "first", "tie": "tie"}[answer["better"]]}


# --- images to decide ---------------------------------------------------------------------------------------------


def with_images(images):
    def compare(labels, first, second):
        return OWN.compare(labels, first, second) | {"images_to_decide": images(*alone(labels, first, second))}

    return compare


def needed(power, alpha=0.05):
    def images(a, b, n):
        apart, differ = abs(a - b) / n, (a + b) / n
        if not apart:
            return None
        reach = quantile(1 - alpha / 2) * math.sqrt(differ) + quantile(power) * math.sqrt(differ - apart**2)
        return math.ceil((reach / apart) ** 2)

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


# --- mistakes that a diagnosis names ------------------------------------------------------------------------------


def named_by(corrected, alpha=ALPHA, gains_enough=lambda gain: gain >= LEAST_GAIN):
    def named(p_values, gains):
        judged = enumerate(zip(corrected(p_values), gains, strict=True))
        return [place for place, (p, gain) in judged if p <= alpha and gains_enough(gain)]

    return named


def corrected_by(method: str):
    def corrected(p_values):
        from statsmodels.stats.multitest import multipletests

        return multipletests(p_values, method=method)[1] if p_values else []

    return corrected


def holm_by_hand(p_values):
    """Return Holm's p values, a larger one never below a smaller one."""
    corrected, worst = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        worst = max(worst, (len(p_values) - rank) * p_values[place])
        corrected[place] = min(1.0, worst)
    return corrected


def holm_out_of_order(p_values):
    """A larger p value passes although a smaller one has failed."""
    corrected = [0.0] * len(p_values)
    for rank, place in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        corrected[place] = (len(p_values) - rank) * p_values[place]
    return corrected


def over_those_that_gain(p_values, gains):
    kept = [place for place, gain in enumerate(gains) if gain >= LEAST_GAIN]
    corrected = holm_by_hand([p_values[place] for place in kept])
    return [place for place, p in zip(kept, corrected, strict=True) if p <= ALPHA]


MUTANTS = (
    wrong("FER-Z-01", "differences at 90 %", compare=with_interval(lambda a, b, n: bonett_price(a, b, n, 0.9))),
    wrong("FER-Z-05", "Bonferroni for Holm", named_mistakes=named_by(corrected_by("bonferroni"))),
    wrong("FER-Z-05", "Benjamini and Hochberg for Holm", named_mistakes=named_by(corrected_by("fdr_bh"))),
    wrong("FER-Z-05", "Hochberg for Holm", named_mistakes=named_by(corrected_by("simes-hochberg"))),
    wrong("FER-Z-05", "Holm's method out of order", named_mistakes=named_by(holm_out_of_order)),
    wrong("FER-Z-05", "no correction", named_mistakes=named_by(lambda p_values: p_values)),
    wrong("FER-Z-05", "a correction over those that gain only", named_mistakes=over_those_that_gain),
    wrong("FER-Z-05", "significance at 5 %", named_mistakes=named_by(holm_by_hand, alpha=0.05)),
    wrong("FER-Z-05", "no least gain", named_mistakes=named_by(holm_by_hand, gains_enough=lambda gain: gain > 0)),
    wrong(
        "FER-Z-05",
        "a loss taken for a gain",
        named_mistakes=named_by(holm_by_hand, gains_enough=lambda gain: abs(gain) >= LEAST_GAIN),
    ),
    wrong(
        "FER-Z-05",
        "one and a half times the least gain asked for",
        named_mistakes=named_by(holm_by_hand, gains_enough=lambda gain: gain >= 1.5 * LEAST_GAIN),
    ),
    wrong(
        "FER-Z-05",
        "no least gain, and no p values refused",
        named_mistakes=refusing(
            lambda asked: not asked["p_values"], named_by(holm_by_hand, gains_enough=lambda gain: gain > 0)
        ),
    ),
    wrong(
        "FER-Z-06",
        "a one-sided test, and models that never differ refused",
        compare=refusing(lambda asked: len(asked["labels"]) == 50, by_test(one_sided)),
    ),
    wrong("FER-Z-06", "McNemar's chi-squared test", compare=by_test(chi_squared)),
    wrong("FER-Z-06", "McNemar's chi-squared test with continuity correction", compare=by_test(corrected_chi_squared)),
    wrong("FER-Z-06", "mid-p for exact", compare=by_test(mid_p)),
    wrong("FER-Z-06", "a one-sided test", compare=by_test(one_sided)),
    wrong("FER-Z-06", "significance at 1 %", compare=by_test(lambda a, b, n: mcnemar(a, b), alpha=0.01)),
    wrong("FER-Z-06", "two samples of images for one", compare=unpaired),
    wrong("FER-Z-06", "a tie where intervals overlap", compare=tie_where_intervals_overlap),
    wrong("FER-Z-06", "predictions that differ for hits that differ", compare=of_predictions_that_differ),
    wrong("FER-Z-06", "second minus first", compare=turned),
    wrong("FER-Z-06", "the worse model called better", compare=winners_exchanged),
    wrong("FER-Z-06", "an interval that contradicts the test", compare=with_interval(bonett_price)),
    wrong("FER-Z-06", "the normal approximation of the difference", compare=with_interval(wald)),
    *(wrong("FER-Z-09", f"a power of {power:g}", compare=with_images(needed(power))) for power in (0.5, 0.9)),
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
    right("FER-Z-05", "Holm's method by hand", named_mistakes=named_by(holm_by_hand)),
    right(
        "FER-Z-05",
        "positions in another order",
        named_mistakes=lambda p_values, gains: OWN.named_mistakes(p_values, gains)[::-1],
    ),
    right("FER-Z-06", "entries in another order", compare=by_test(lambda a, b, n: mcnemar(a, b))),
    right("FER-Z-06", "p in single precision", compare=by_test(lambda a, b, n: float(np.float32(mcnemar(a, b))))),
    right(
        "FER-Z-09",
        "a number of images as a floating-point number",
        compare=with_images(lambda a, b, n: None if a == b else float(needed(0.8)(a, b, n))),
    ),
    right("FER-Z-09", "the images at which the exact test has its power", compare=with_images(needed_exactly)),
)
