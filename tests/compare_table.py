"""How often comparisons err, as the tables of docs/compare.md.

Run as a program it simulates and prints the tables; with ``--write`` it replaces them in the page.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import numpy as np

from ferspec.files import write_whole
from ferspec.reference.margins import images_within, margin_test, score
from ferspec.reference.ranking import groups_of, wins
from ferspec.required import required
from ferspec.spec import load

PAGE = Path(__file__).parents[1] / "docs" / "compare.md"
BEGIN = "<!-- simulated -->\n"
PAIRS, RANKINGS, MODELS = 10_000, 5_000, 20
IMAGES, DISCORDANCE, MARGINS = (350, 1018, 2100), (0.03, 0.05, 0.1, 0.2, 0.3), (0.005, 0.01, 0.02, 0.03)
# images that only A and only B gets right, all images, and the margin
PAIRS_UNDECIDED = (
    (3, 3, 350, 0.01),
    (10, 10, 1018, 0.005),
    (10, 10, 1018, 0.01),
    (20, 5, 1000, 0.01),
    (5, 12, 350, 0.005),
    (5, 0, 350, 0.01),
    (20, 2, 350, 0.03),
    (60, 60, 350, 0.03),
)
AS_GOOD, WORSE, UNDECIDED = "as good", "worse by more", "undecided"
# scores between which the exact test is asked, since it may decide otherwise than a normal score
CLEAR = (1.55, 1.8)
ALPHA, EXCLUDED = (load().number("FER-Z-10", name) for name in ("alpha", "excluded"))


def share_of(
    found: str, n: int, only_a: float, only_b: float, margin: float, pairs: int = PAIRS, seed: int = 1
) -> float:
    """Return how often a verdict is found, where these shares of the images are right for one model alone."""
    counts = np.random.default_rng(seed).multinomial(n, [only_a, only_b, 1 - only_a - only_b], size=pairs)
    drawn, times = np.unique(counts[:, :2], axis=0, return_counts=True)
    return float(times[[verdict(*one, n, margin) == found for one in drawn.tolist()]].sum() / pairs)


@cache
def verdict(only_a: int, only_b: int, n: int, margin: float) -> str:
    """Return whether B is as good (or better), worse by more than the margin, or undecided."""
    deviation = float(score(np.array(only_a), np.array(only_b), n, margin))
    if abs(deviation) < CLEAR[0]:
        return UNDECIDED
    if abs(deviation) < CLEAR[1]:
        found = margin_test(only_a, only_b, n, margin, EXCLUDED)
        if min(found.within, found.beyond) > ALPHA:
            return UNDECIDED
    return AS_GOOD if deviation > 0 else WORSE


def at_the_margin() -> Iterator[tuple[int, float, list[float]]]:
    """Yield, for images and discordance, how often a model worse by just the margin is found as good."""
    for n in IMAGES:
        for share in DISCORDANCE:
            alone = [((share + margin) / 2, (share - margin) / 2, margin) for margin in MARGINS]
            yield n, share, [share_of(AS_GOOD, n, *shares) for shares in alone]


def decided() -> Iterator[tuple[int, int, int, float, int, list[float]]]:
    """Yield each pair, the number of images said, and how often 5 % less, as many and 5 % more decide."""
    for only_a, only_b, n, margin in PAIRS_UNDECIDED:
        images, shares = required(images_within(only_a, only_b, n, margin)), (only_a / n, only_b / n)
        found = AS_GOOD if shares[1] - shares[0] > -margin else WORSE
        numbers = [math.ceil(times * images) for times in (0.95, 1, 1.05)]
        yield only_a, only_b, n, margin, images, [share_of(found, number, *shares, margin) for number in numbers]


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
        for a, b, n, margin, said, powers in decided()
    )
    places = ((f"{100 * share:g} %", *map(percent, ranked(share))) for share in (0.05, 0.1, 0.2, 0.3))
    return (
        f"""{BEGIN}
How often a model whose accuracy is lower by exactly the margin is wrongly found as good, in {PAIRS:,} simulated
pairs each:

{table(("images", "only one is right", *points), errors)}
For an undecided pair, the command prints the number of images that decides with a probability of 80 %. How often
this number decides, and how often 5 % fewer or more do, in {PAIRS:,} simulated pairs each:

{table(("only A", "only B", "images", "margin (points)", "to decide", "5 % fewer", "as many", "5 % more"), images)}
{MODELS} models are ranked; the worst is 5 points below the best, and the others lie between. How often the best is
in group 1, and the worst is not, in {RANKINGS:,} simulated rankings on {IMAGES[-1]:,} images:

{table(("only one of two is right", "the best in group 1", "the worst outside it"), places)}""".rstrip("\n")
        + "\n"
    )


if __name__ == "__main__":
    found = tables()
    print(found)
    if "--write" in sys.argv[1:]:
        write_whole(PAGE, PAGE.read_text(encoding="utf-8").partition(BEGIN)[0] + found)
