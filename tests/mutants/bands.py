"""Spreads of runs and bands with one mistake each, and some that are unusual but right."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence

from ferspec import spec
from mutants.kinds import refusing, right, wrong

CELLS = spec.load().cells
LEVEL, ROUNDING, LEAST_WIDTH = 0.95, 0.005, 0.02


def root_mean_square(differences: Sequence[float]) -> float:
    return math.sqrt(statistics.fmean(value**2 for value in differences) / 2)


def within_pairs(differences: Sequence[float]) -> float:
    return math.sqrt(statistics.fmean(statistics.variance([0.0, value]) for value in differences))


def without_root_of_two(differences: Sequence[float]) -> float:
    return math.sqrt(2) * root_mean_square(differences)


def robust(differences: Sequence[float]) -> float:
    return 1.4826 * statistics.median(map(abs, differences)) / math.sqrt(2)


def about_the_mean(differences: Sequence[float]) -> float:
    return statistics.pstdev(differences) / math.sqrt(2)


def mean_distance(differences: Sequence[float]) -> float:
    return statistics.fmean(map(abs, differences)) / math.sqrt(2)


def one_degree_fewer(differences: Sequence[float]) -> float:
    return math.sqrt(sum(value**2 for value in differences) / max(len(differences) - 1, 1) / 2)


def spread(estimate: Callable[[Sequence[float]], float]) -> dict[str, Callable]:
    return {"spread": lambda differences: estimate(differences)}


def grid_spread(
    left_out: Sequence[str] = ("ERR-03",), dataset: str = "AffectNet", profile: str = "released", factor: float = 1.4826
) -> dict[str, Callable]:
    """Return spreads of the grid from pairs of a dataset that the errata named here do not touch."""
    no_replicates = {id for erratum in left_out for id in spec.load().erratum(erratum).cells}

    def estimates(figure, resolution):
        found: dict[tuple, list] = {}
        for cell in CELLS:
            if (cell.dataset, cell.resolution) == (dataset, resolution):
                found.setdefault((cell.architecture, cell.weights), []).append(cell)
        known = [
            [cell.figure(figure, profile) for cell in pair]
            for pair in found.values()
            if no_replicates.isdisjoint(cell.id for cell in pair)
        ]
        apart = [first - second for first, second in known if None not in (first, second)]
        typical = factor * statistics.median(map(abs, apart)) / math.sqrt(2)
        return {"pairs": len(apart), "sd": root_mean_square(apart), "typical": typical}

    return {"grid_spread": estimates}


def student(pairs: float, tail: float = (1 + LEVEL) / 2) -> float:
    """Return a quantile of Student's t by way of the incomplete beta function."""
    from scipy.special import betaincinv

    part = betaincinv(pairs / 2, 0.5, 2 * (1 - tail))
    return math.sqrt(pairs * (1 / part - 1))


def reach(sd: float, pairs: int, runs: int) -> float:
    return student(pairs) * sd * math.sqrt(1 + 1 / runs)


def band(
    reach: Callable[[float, int, int], float] = reach,
    rounding: float = ROUNDING,
    dropped_share: Callable[[float], float] = lambda share: share,
    least_width: float = LEAST_WIDTH,
    clipped: bool = True,
    digits: int | None = None,
) -> dict[str, Callable]:
    """Return bands made of these parts: by default those of the protocol."""

    def ends(expected, sd, pairs, runs, dropped, images):
        share, half = dropped_share(dropped / images), reach(sd, pairs, runs) + rounding
        low, high = expected - half - share * expected, expected + half + share * (1 - expected)
        lacking = max(0.0, least_width - (high - low)) / 2
        low, high = low - lacking, high + lacking
        if clipped:
            low, high = max(0.0, low), min(1.0, high)
        return [low, high] if digits is None else [round(low, digits), round(high, digits)]

    return {"band": ends}


def wide(expected, sd, pairs, runs, dropped, images):
    return [max(0.0, expected - 0.2), min(1.0, expected + 0.2)]


MUTANTS = (
    wrong("FER-G-06", "not divided by the root of two", **spread(without_root_of_two)),
    wrong("FER-G-06", "the robust deviation", **spread(robust)),
    wrong("FER-G-06", "the deviation about the mean", **spread(about_the_mean)),
    wrong("FER-G-06", "the mean distance", **spread(mean_distance)),
    wrong("FER-G-06", "a degree of freedom too few", **spread(one_degree_fewer)),
    wrong("FER-G-06", "divided by two", **spread(lambda apart: root_mean_square(apart) / math.sqrt(2))),
    wrong("FER-G-06", "pairs with other images count", **grid_spread(left_out=())),
    wrong("FER-G-06", "misprinted pairs count where the text is asked for", "paper", **grid_spread(profile="paper")),
    wrong("FER-G-06", "reports where print is asked for", "paper", **grid_spread(("ERR-03", "ERR-31"))),
    wrong("FER-G-06", "the spread of FER2013", **grid_spread(dataset="FER2013")),
    wrong("FER-G-06", "the median without its factor", **grid_spread(factor=1.0)),
    wrong(
        "FER-G-06",
        "the spread of accuracy for that of precision",
        grid_spread=lambda figure, resolution: grid_spread()["grid_spread"](
            figure.replace("precision", "accuracy"), resolution
        ),
    ),
    wrong(
        "FER-G-06",
        "divided by two, and one pair refused",
        spread=refusing(
            lambda asked: len(asked["differences"]) == 1, lambda differences: root_mean_square(differences) / 2**0.5
        ),
    ),
    wrong(
        "FER-G-06",
        "the spread of FER2013, and 48x48 refused",
        grid_spread=refusing(lambda asked: asked["resolution"] == 48, grid_spread(dataset="FER2013")["grid_spread"]),
    ),
    wrong(
        "FER-G-07",
        "1.96 of the normal distribution",
        **band(lambda sd, pairs, runs: 1.959964 * sd * math.sqrt(1 + 1 / runs)),
    ),
    wrong(
        "FER-G-07",
        "t of one side",
        **band(lambda sd, pairs, runs: student(pairs, LEVEL) * sd * math.sqrt(1 + 1 / runs)),
    ),
    wrong(
        "FER-G-07",
        "t at 99%",
        **band(lambda sd, pairs, runs: student(pairs, 0.995) * sd * math.sqrt(1 + 1 / runs)),
    ),
    wrong(
        "FER-G-07",
        "a degree of freedom too few",
        **band(lambda sd, pairs, runs: reach(sd, max(pairs - 1, 1), runs)),
    ),
    wrong(
        "FER-G-07",
        "two degrees of freedom a pair",
        **band(lambda sd, pairs, runs: reach(sd, 2 * pairs, runs)),
    ),
    wrong("FER-G-07", "without the root of 1 + 1/k", **band(lambda sd, pairs, runs: student(pairs) * sd)),
    wrong(
        "FER-G-07",
        "the root of k alone",
        **band(lambda sd, pairs, runs: student(pairs) * sd / math.sqrt(runs)),
    ),
    wrong("FER-G-07", "the number of runs is ignored", **band(lambda sd, pairs, runs: reach(sd, pairs, 1))),
    wrong("FER-G-07", "no more than 10 runs count", **band(lambda sd, pairs, runs: reach(sd, pairs, min(runs, 10)))),
    wrong("FER-G-07", "no more than 30 pairs count", **band(lambda sd, pairs, runs: reach(sd, min(pairs, 30), runs))),
    wrong(
        "FER-G-07",
        "without rounding, and several runs refused",
        band=refusing(lambda asked: asked["runs"] > 1, band(rounding=0.0)["band"]),
    ),
    wrong("FER-G-07", "one-sided", band=lambda expected, **about: [band()["band"](expected, **about)[0], 1.0]),
    wrong("FER-G-07", "without rounding", **band(rounding=0.0)),
    wrong("FER-G-07", "rounding to whole percents on either side", **band(rounding=0.01)),
    wrong("FER-G-07", "beyond 0 and 1", **band(clipped=False)),
    wrong("FER-G-07", "zero width", band=lambda expected, **_: [expected, expected]),
    wrong("FER-G-07", "the least width is ignored", **band(least_width=0.0)),
    wrong("FER-G-07", "the least width on either side", **band(least_width=2 * LEAST_WIDTH)),
    wrong("FER-G-07", "dropped images are ignored", **band(dropped_share=lambda share: 0.0)),
    wrong("FER-G-07", "dropped images count half", **band(dropped_share=lambda share: share / 2)),
    wrong(
        "FER-G-07",
        "dropped images widen both sides alike",
        band=lambda expected, sd, pairs, runs, dropped, images: [
            max(0.0, expected - reach(sd, pairs, runs) - ROUNDING - dropped / images),
            min(1.0, expected + reach(sd, pairs, runs) + ROUNDING + dropped / images),
        ],
    ),
    wrong("FER-G-07", "0.2 either side", band=wide),
    wrong("FER-G-07", "the high end first", band=lambda **about: band()["band"](**about)[::-1]),
    wrong("FER-G-08", "0.2 either side", band=wide),
    wrong(
        "FER-G-08", "0.2 either side, and some bands refused", band=refusing(lambda asked: asked["pairs"] == 19, wide)
    ),
    wrong("FER-G-08", "zero width", band=lambda expected, **_: [expected, expected]),
    wrong("FER-G-08", "rounding alone", **band(lambda sd, pairs, runs: 0.0, least_width=0.0)),
    wrong("FER-G-08", "one standard deviation", **band(lambda sd, pairs, runs: math.sqrt(2) * sd)),
    wrong("FER-G-08", "the robust deviation alone", **spread(robust)),
    wrong("FER-G-08", "t at 99.9%", **band(lambda sd, pairs, runs: student(pairs, 0.9995) * sd * math.sqrt(2))),
    wrong(
        "FER-G-08",
        "above the expected value everything is allowed",
        band=lambda expected, **about: [band()["band"](expected, **about)[0], 1.0],
    ),
    right("FER-G-06", "the root of the mean variance within pairs", **spread(within_pairs)),
    right("FER-G-06", "rounded to six places", **spread(lambda apart: round(root_mean_square(apart), 6))),
    right("FER-G-07", "t by way of the incomplete beta function", **band()),
    right("FER-G-07", "rounded to six places", **band(digits=6)),
    right("FER-G-08", "rounded to six places, where the text is asked for", "paper", **band(digits=6)),
)
