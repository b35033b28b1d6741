"""Spreads of runs and bands with one mistake each, and some that are unusual but right."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence

from ferspec.checks.implementation.bands.expected import deviation, reach, robust_deviation, student
from ferspec.checks.implementation.bands.replicates import Pair, has_other_images, pairs_of, replicates
from ferspec.checks.implementation.mistakes.bands import BANDS, GRID_SPREADS, SPREADS, banding, estimates
from mutants.kinds import mistaken, refusing, right, wrong


def grid_spread(
    pairs: Callable[[str, int], Sequence[Pair]], profile: str = "released", **robust: float
) -> Callable[[str, int], dict[str, float]]:
    return lambda figure, resolution: estimates(pairs(figure, resolution), figure, profile, **robust)


def of_replicates(figure: str, resolution: int) -> Sequence[Pair]:
    return replicates(figure, resolution, "released")


def of_fer2013(figure: str, resolution: int) -> Sequence[Pair]:
    return pairs_of(figure, resolution, "released", "FER2013")


def of_misprinted_pairs_too(figure: str, resolution: int) -> Sequence[Pair]:
    return [pair for pair in pairs_of(figure, resolution, "paper") if not has_other_images(pair)]


def as_printed(figure: str, resolution: int) -> Sequence[Pair]:
    return [
        pair for pair in replicates(figure, resolution, "paper") if pair in replicates(figure, resolution, "released")
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


MUTANTS = (
    *mistaken("FER-G-06", "spread", SPREADS),
    *mistaken("FER-G-06", "grid_spread", GRID_SPREADS),
    wrong(
        "FER-G-06",
        "the rounding of figures counts as spread",
        spread=lambda differences: deviation(differences) + 0.005,
    ),
    wrong(
        "FER-G-06",
        "misprinted pairs count where the text is asked for",
        "paper",
        grid_spread=grid_spread(of_misprinted_pairs_too, "paper"),
    ),
    wrong("FER-G-06", "reports where print is asked for", "paper", grid_spread=grid_spread(as_printed)),
    wrong("FER-G-06", "the spread of FER2013", grid_spread=grid_spread(of_fer2013)),
    wrong("FER-G-06", "the median without its factor", grid_spread=grid_spread(of_replicates, factor=1.0)),
    wrong(
        "FER-G-06",
        "the spread of accuracy for that of precision",
        grid_spread=lambda figure, resolution: grid_spread(of_replicates)(
            figure.replace("precision", "accuracy"), resolution
        ),
    ),
    wrong(
        "FER-G-06",
        "divided by two, and one pair refused",
        spread=refusing(lambda asked: len(asked["differences"]) == 1, SPREADS["divided by 2, not by √2"]),
    ),
    wrong(
        "FER-G-06",
        "the spread of FER2013, and 48x48 refused",
        grid_spread=refusing(lambda asked: asked["resolution"] == 48, grid_spread(of_fer2013)),
    ),
    *mistaken("FER-G-07", "band", BANDS),
    wrong("FER-G-07", "t at 99%", band=of_quantile(0.995)),
    wrong(
        "FER-G-07",
        "two degrees of freedom a pair",
        band=banding(reach=lambda sd, pairs, runs: reach(sd, 2 * pairs, runs)),
    ),
    wrong(
        "FER-G-07",
        "no more than 10 runs count",
        band=banding(reach=lambda sd, pairs, runs: reach(sd, pairs, min(runs, 10))),
    ),
    wrong(
        "FER-G-07",
        "no more than 30 pairs count",
        band=banding(reach=lambda sd, pairs, runs: reach(sd, min(pairs, 30), runs)),
    ),
    wrong(
        "FER-G-07",
        "without rounding, and several runs refused",
        band=refusing(lambda asked: asked["runs"] > 1, banding(rounding=0.0)),
    ),
    wrong("FER-G-07", "one-sided", band=with_a_low_end_alone),
    wrong("FER-G-07", "rounding to whole percents on either side", band=banding(rounding=0.01)),
    wrong("FER-G-07", "zero width", band=without_width),
    wrong("FER-G-07", "the least width on either side", band=banding(least_width=0.04)),
    wrong("FER-G-07", "dropped images count half", band=banding(counted=0.5)),
    wrong("FER-G-07", "dropped images widen both sides alike", band=widened_alike),
    wrong("FER-G-07", "0.2 either side", band=wide),
    wrong("FER-G-07", "the high end first", band=lambda **about: banding()(**about)[::-1]),
    wrong("FER-G-08", "0.2 either side", band=wide),
    wrong(
        "FER-G-08", "0.2 either side, and some bands refused", band=refusing(lambda asked: asked["pairs"] == 19, wide)
    ),
    wrong("FER-G-08", "zero width", band=without_width),
    wrong("FER-G-08", "rounding alone", band=banding(reach=lambda sd, pairs, runs: 0.0, least_width=0.0)),
    wrong("FER-G-08", "one standard deviation", band=banding(reach=lambda sd, pairs, runs: math.sqrt(2) * sd)),
    wrong("FER-G-08", "√(1 + 1/k) is missing", band=BANDS["√(1 + 1/k) is missing"]),
    wrong("FER-G-08", "the robust deviation alone", spread=robust_deviation),
    wrong("FER-G-08", "t at 99.9%", band=of_quantile(0.9995)),
    wrong("FER-G-08", "above the expected value everything is allowed", band=with_a_low_end_alone),
    right("FER-G-06", "the root of the mean variance within pairs", spread=within_pairs),
    right("FER-G-06", "rounded to six places", spread=lambda differences: round(deviation(differences), 6)),
    right("FER-G-07", "t by way of the incomplete beta function", band=banding(reach=by_the_beta_function)),
    right("FER-G-07", "rounded to six places", band=rounded(banding())),
    right("FER-G-08", "rounded to six places, where the text is asked for", "paper", band=rounded(banding())),
)
