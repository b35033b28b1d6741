"""How often comparisons err, as the tables of docs/compare.md.

Run as a program it simulates and prints the tables; with ``--write`` it replaces them in the page.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from ferspec.files import write_whole
from ferspec.reference.margins import decide, images_within
from ferspec.reference.ranking import groups_of, wins

PAGE = Path(__file__).parents[1] / "docs" / "compare.md"
BEGIN = "<!-- simulated -->\n"
PAIRS, RANKINGS, MODELS = 10_000, 5_000, 20
IMAGES, DISCORDANCE, MARGINS = (350, 1018, 2100), (0.03, 0.05, 0.1, 0.2, 0.3), (0.005, 0.01, 0.02, 0.03)
# images that only A and only B gets right, all images, and the margin
UNDECIDED = (
    (3, 3, 350, 0.01),
    (10, 10, 1018, 0.005),
    (10, 10, 1018, 0.01),
    (20, 5, 1000, 0.01),
    (30, 20, 2100, 0.005),
    (5, 12, 350, 0.005),
    (40, 20, 1018, 0.01),
    (60, 60, 350, 0.03),
    (100, 100, 1018, 0.03),
)
AS_GOOD = ("B is as good as A within the margin", "B is better")


def as_good(n: int, only_a: float, only_b: float, margin: float, pairs: int, seed: int) -> float:
    """Return how often B is found as good as A or better, with these shares right for one alone."""
    counts = np.random.default_rng(seed).multinomial(n, [only_a, only_b, 1 - only_a - only_b], size=pairs)
    drawn, times = np.unique(counts[:, :2], axis=0, return_counts=True)
    found = [verdict(*counts, n, margin) in AS_GOOD for counts in drawn.tolist()]
    return float(times[found].sum() / pairs)


@cache
def verdict(only_a: int, only_b: int, n: int, margin: float) -> str:
    return decide(only_a, only_b, n, margin).verdict


def at_the_margin(pairs: int = PAIRS) -> Iterator[tuple[int, float, list[float]]]:
    """Yield, for images and discordance, how often a model worse by just the margin is found as good."""
    for n in IMAGES:
        for share in DISCORDANCE:
            alone = [((share + margin) / 2, (share - margin) / 2, margin) for margin in MARGINS]
            yield n, share, [as_good(n, *shares, pairs, seed=1) for shares in alone]


def decided(pairs: int = PAIRS) -> Iterator[tuple[Any, ...]]:
    """Yield each undecided pair, the number of images said, and how often it, 5 % less and 5 % more decide."""
    for only_a, only_b, n, margin in UNDECIDED:
        images = images_within(only_a, only_b, n, margin)
        assert images is not None
        shares = only_a / n, only_b / n
        powers = [as_good(math.ceil(times * images), *shares, margin, pairs, seed=2) for times in (0.95, 1, 1.05)]
        yield only_a, only_b, n, margin, images, *powers


def ranked(share: float, rankings: int = RANKINGS) -> tuple[float, float]:
    """Return how often the best of 20 models is in the first group, and how often one 5 points worse is outside it.

    The others have accuracies between. ``share`` of the images are right for only one of two models of a pair.
    """
    n, rng, unsure = IMAGES[-1], np.random.default_rng(3), 2 * share
    accuracies = np.linspace(0.65, 0.6, MODELS)
    middle = accuracies.mean()
    # on unsure images every model answers by chance; all models are right, or wrong, on the same of the others
    chance = 0.5 + (accuracies - middle) / unsure
    known = (middle - unsure / 2) / (1 - unsure)
    best = outside = 0
    for _ in range(rankings):
        by_chance = rng.random((MODELS, n)) < chance[:, None]
        right = np.where(rng.random(n) < unsure, by_chance, rng.random(n) < known)
        groups = groups_of(right.sum(axis=1), wins(right)[2])
        best += groups[0] == 1
        outside += groups[-1] > 1
    return best / rankings, outside / rankings


def percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def table(headings: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [headings, ("---",) * len(headings), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def tables() -> str:
    """Return the tables of the page, with what stands between them."""
    points = [f"{100 * margin:g} point{'' if margin == 0.01 else 's'}" for margin in MARGINS]
    errors = ((f"{n:,}", f"{100 * share:g} %", *map(percent, found)) for n, share, found in at_the_margin())
    images = (
        (str(a), str(b), f"{n:,}", f"{100 * margin:g}", f"{said:,}", *map(percent, powers))
        for a, b, n, margin, said, *powers in decided()
    )
    places = ((f"{100 * share:g} %", *map(percent, ranked(share))) for share in (0.05, 0.1, 0.2, 0.3))
    return f"""{BEGIN}
How often a model that is worse by just the margin is found as good, in {PAIRS:,} simulated pairs each:

{table(("images", "right for only one", *points), errors)}
How often the number of images that is printed for an undecided pair decides, and 5 % fewer and more, in {PAIRS:,}
simulated pairs each (80 % is promised):

{table(("only A", "only B", "images", "margin (points)", "to decide", "5 % fewer", "as many", "5 % more"), images)}
How often the best of {MODELS} models is in the first group of {RANKINGS:,} simulated rankings on {IMAGES[-1]:,} images,
and how often the worst, by 5 points, is outside it; the others lie between:

{table(("right for only one of two", "the best in group 1", "the worst outside it"), places)}"""


if __name__ == "__main__":
    found = tables()
    print(found)
    if "--write" in sys.argv[1:]:
        write_whole(PAGE, PAGE.read_text(encoding="utf-8").partition(BEGIN)[0] + found)
