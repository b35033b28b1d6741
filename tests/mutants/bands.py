"""Spreads and bands with one mistake each, and unusual right ones."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence

from ferspec.checks.implementation.bands.expected import deviation, reach, robust_deviation, student
from ferspec.checks.implementation.bands.mistakes import BANDS, GRID_SPREADS, SPREADS, banding, estimates
from ferspec.checks.implementation.bands.replicates import Pair, has_other_images, pairs_of, replicates
from mutants.kinds import mistaken, refusing, right, wrong


def grid_spread(
    pairs: Callable[[str, int], Sequence[Pair]], profile: str = "released", **robust: float
) -> Callable[[str, int], dict[str, float]]:
    return lambda metric, resolution: estimates(pairs(metric, resolution), metric, profile, **robust)


def of_replicates(metric: str, resolution: int) -> Sequence[Pair]:
    return replicates(metric, resolution, "released")


def of_fer2013(metric: str, resolution: int) -> Sequence[Pair]:
    return pairs_of(metric, resolution, "released", "FER2013")


def of_misprinted_pairs_too(metric: str, resolution: int) -> Sequence[Pair]:
    return [pair for pair in pairs_of(metric, resolution, "paper") if not has_other_images(pair)]


def as_printed(metric: str, resolution: int) -> Sequence[Pair]:
    return [
        pair for pair in replicates(metric, resolution, "paper") if pair in replicates(metric, resolution, "released")
    ]


def within_pairs(differences: Sequence[float]) -> float:
    return math.sqrt(statistics.fmean(statistics.variance([0.0, value]) for value in differences))


def by_the_beta_function(sd: float, pairs: int, runs: int) -> float:
    """Return the reach of a band with Student's t by way of the incomplete beta function."""
    from scipy.special import betaincinv

    part = betaincinv(pairs / 2, 0.5, 0.05)
    return math.sqrt(pairs * (1 / part - 1)) * sd * math.sqrt(1 + 1 / runs)


def rounded(answer: Callable[..., list[float]]) -> Callable[..., list[float]]:
    return lambda **asked: [round(end, 6) for end in answer(**asked)]


def wide(expected, sd, pairs, runs, dropped, images):
    return [max(0.0, expected - 0.2), min(1.0, expected + 0.2)]


def without_width(expected, **_):
    return [expected, expected]


def with_a_low_end_alone(**about):
    return [banding()(**about)[0], 1.0]


def widened_alike(expected, sd, pairs, runs, dropped, images):
    half = reach(sd, pairs, runs) + 0.005 + dropped / images
    return [max(0.0, expected - half), min(1.0, expected + half)]


def of_quantile(quantile: float) -> Callable[..., list[float]]:
    return banding(reach=lambda sd, pairs, runs: student(pairs, quantile) * sd * math.sqrt(1 + 1 / runs))


WRONG_GRID_SPREADS = {
    "the spread of FER2013": grid_spread(of_fer2013),
    "the median without its factor": grid_spread(of_replicates, factor=1.0),
    "the spread of accuracy for that of precision": lambda metric, resolution: grid_spread(of_replicates)(
        metric.replace("precision", "accuracy"), resolution
    ),
    "the spread of FER2013, and 48x48 refused": refusing(
        lambda asked: asked["resolution"] == 48, grid_spread(of_fer2013)
    ),
}
WRONG_BANDS = {
    "t at 99%": of_quantile(0.995),
    "two degrees of freedom a pair": banding(reach=lambda sd, pairs, runs: reach(sd, 2 * pairs, runs)),
    "no more than 10 runs count": banding(reach=lambda sd, pairs, runs: reach(sd, pairs, min(runs, 10))),
    "no more than 30 pairs count": banding(reach=lambda sd, pairs, runs: reach(sd, min(pairs, 30), runs)),
    "without rounding, and several runs refused": refusing(lambda asked: asked["runs"] > 1, banding(rounding=0.0)),
    "one-sided": with_a_low_end_alone,
    "rounding to whole percents on either side": banding(rounding=0.01),
    "zero width": without_width,
    "the least width on either side": banding(least_width=0.04),
    "dropped images count half": banding(counted=0.5),
    "dropped images widen both sides alike": widened_alike,
    "0.2 either side": wide,
    "the high end first": lambda **about: banding()(**about)[::-1],
}
USELESS_BANDS = {
    "0.2 either side": wide,
    "0.2 either side, and some bands refused": refusing(lambda asked: asked["pairs"] == 19, wide),
    "zero width": without_width,
    "rounding alone": banding(reach=lambda sd, pairs, runs: 0.0, least_width=0.0),
    "one standard deviation": banding(reach=lambda sd, pairs, runs: math.sqrt(2) * sd),
    "√(1 + 1/k) is missing": BANDS["√(1 + 1/k) is missing"],
    "t at 99.9%": of_quantile(0.9995),
    "above the expected value everything is allowed": with_a_low_end_alone,
}
MISPRINTED = grid_spread(of_misprinted_pairs_too, "paper")
MUTANTS = (
    *mistaken("FER-G-06", "spread", SPREADS),
    *mistaken("FER-G-06", "grid_spread", GRID_SPREADS),
    *(wrong("FER-G-06", name, grid_spread=answer) for name, answer in WRONG_GRID_SPREADS.items()),
    wrong("FER-G-06", "the rounding of metrics counts", spread=lambda differences: deviation(differences) + 0.005),
    wrong("FER-G-06", "misprinted pairs count where the text is asked for", "paper", grid_spread=MISPRINTED),
    wrong("FER-G-06", "reports where print is asked for", "paper", grid_spread=grid_spread(as_printed)),
    wrong(
        "FER-G-06",
        "divided by two, and one pair refused",
        spread=refusing(lambda asked: len(asked["differences"]) == 1, SPREADS["divided by 2, not by √2"]),
    ),
    *mistaken("FER-G-07", "band", BANDS),
    *(wrong("FER-G-07", name, band=answer) for name, answer in WRONG_BANDS.items()),
    *(wrong("FER-G-08", name, band=answer) for name, answer in USELESS_BANDS.items()),
    wrong("FER-G-08", "the robust deviation alone", spread=robust_deviation),
    right("FER-G-06", "the root of the mean variance within pairs", spread=within_pairs),
    right("FER-G-06", "rounded to six places", spread=lambda differences: round(deviation(differences), 6)),
    right("FER-G-07", "t by way of the incomplete beta function", band=banding(reach=by_the_beta_function)),
    right("FER-G-07", "rounded to six places", band=rounded(banding())),
    right("FER-G-08", "rounded to six places, where the text is asked for", "paper", band=rounded(banding())),
)
