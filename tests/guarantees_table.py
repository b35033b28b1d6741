"""What the intervals of groups and sequential claims guarantee, simulated, as a page of the documentation.

Run as a program it simulates and prints the page; with ``--write`` it replaces docs/guarantees.md.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from itertools import chain, combinations
from pathlib import Path
from statistics import NormalDist

import numpy as np

from ferspec.files import write_whole
from ferspec.reference.intervals import clopper_pearson
from ferspec.reference.sequential import decide
from ferspec.reference.slices import group_intervals
from ferspec.spec import load

PAGE = Path(__file__).parents[1] / "docs" / "guarantees.md"
SIMULATIONS, IMAGES = 10_000, 2_100
LEVEL = load().number("FER-Z-01", "level")
# numbers of values of each column, and the accuracies of the first and the last crossing
GROUPED: dict[str, tuple[tuple[int, ...], tuple[float, float]]] = {
    **{f"one column, {count} groups": ((count,), (0.55, 0.55)) for count in (2, 5, 10, 20, 40)},
    "one column, 10 groups of unequal accuracy": ((10,), (0.2, 0.98)),
    "2 × 3, crossed": ((2, 3), (0.4, 0.8)),
    "4 × 5, crossed": ((4, 5), (0.6, 0.6)),
    "2 × 2 × 3, crossed": ((2, 2, 3), (0.3, 0.9)),
    "2 × 2 × 3, crossed, near 1": ((2, 2, 3), (0.9, 0.99)),
}
# threshold and share
AT_THRESHOLD = ((0.5, 0.5), (0.6, 0.6), (0.85, 0.85))
OFF = tuple((threshold, round(threshold + off, 2)) for off in (0.05, -0.05, 0.1, -0.1) for threshold in (0.5, 0.6, 0.8))
INTRODUCTION = f"""\
# What groups and sequential claims guarantee

`ferspec certify` compares groups of images (`--groups`) and can stop when a claim is decided (`--sequential`). This
page shows how often the results are right, and how many images stopping early saves. Each row is {SIMULATIONS:,}
simulations of {IMAGES:,} images. `python tests/guarantees_table.py --write` makes this page.

## Groups (`ferspec spec show FER-Z-13`)

*Together* is the share of simulations in which every interval, over all columns and crossings, contains the
accuracy of its group; {100 * LEVEL:g} % are promised. *Width* is the width of the widest interval, divided by that
of Bonferroni's Clopper-Pearson interval for the same group.

| columns | groups | images of the smallest | together | width |
| --- | --- | --- | --- | --- |
"""
SEQUENTIAL = """
## Sequential claims (`ferspec spec show FER-Z-14`)

*Threshold* is the claimed value, *share* the true one. *Wrong* is the share of simulations with a wrong decision
after any image; if the true value is the threshold, either decision counts as wrong. *Undecided* claims need more
than all images. *Fixed* is the number of images that a test without stopping needs, at the same confidence and with
a power of 90 %. The simulations look after each image; the command looks after each batch, and asks at least
{least:,} images.

| threshold | share | wrong | undecided | images, median | fixed | median / fixed | median / all |
| --- | --- | --- | --- | --- | --- | --- | --- |
"""


def tally(values: tuple[int, ...], accuracies: tuple[float, float], simulations: int, rng: np.random.Generator):
    """Return hits (simulations, groups), sizes (groups,) and true accuracies (groups,) of columns and crossings."""
    sizes = np.diff(np.linspace(0, IMAGES, math.prod(values) + 1).round()).astype(int).reshape(values)
    truth = np.linspace(*accuracies, sizes.size).reshape(values)
    hits = rng.binomial(sizes, truth, size=(simulations, *values))
    axes = range(len(values))
    kept = chain.from_iterable(combinations(axes, count) for count in range(1, len(values) + 1))
    summed = [tuple(axis for axis in axes if axis not in columns) for columns in kept]
    counts = np.concatenate([sizes.sum(axis=over).ravel() for over in summed])
    expected = np.concatenate([(sizes * truth).sum(axis=over).ravel() for over in summed]) / counts
    right = [hits.sum(axis=tuple(axis + 1 for axis in over)).reshape(simulations, -1) for over in summed]
    return np.concatenate(right, axis=1), counts, expected


def covered(hits: np.ndarray, sizes: np.ndarray, truth: np.ndarray) -> float:
    """Return the share of simulations in which all intervals contain their accuracies."""
    held = 0
    for row in hits:
        ends = np.array(group_intervals(row, sizes, LEVEL), float)
        held += bool(((ends[:, 0] <= truth) & (truth <= ends[:, 1])).all())
    return held / len(hits)


def widest(hits: np.ndarray, sizes: np.ndarray) -> float:
    """Return the largest ratio of a width to that of Bonferroni's interval, in one simulation."""
    ends = np.array(group_intervals(hits, sizes, LEVEL), float)
    low, high = clopper_pearson(hits, sizes, 1 - (1 - LEVEL) / len(sizes))
    return float(((ends[:, 1] - ends[:, 0]) / (high - low)).max())


def stopped(threshold: float, share: float, simulations: int, rng: np.random.Generator, images: int = IMAGES):
    """Return the side and the number of images of each decision, ``None`` and all images without one."""
    error = (1 - LEVEL) / 2
    for _ in range(simulations):
        found = decide(rng.random(images) < share, threshold, error)
        yield (None, images) if found is None else (found.side, found.after)


def fixed(threshold: float, share: float, power: float = 0.9) -> int:
    """Return how many images a test with a fixed number of images needs for its power."""
    z, of_power = NormalDist().inv_cdf((1 + LEVEL) / 2), NormalDist().inv_cdf(power)
    reach = z * math.sqrt(threshold * (1 - threshold)) + of_power * math.sqrt(share * (1 - share))
    return math.ceil((reach / (share - threshold)) ** 2)


def wrong(threshold: float, share: float, sides: tuple[str | None, ...]) -> float:
    """Return the share of wrong decisions: of the other side, or of either at the threshold."""
    errors = {"above": share <= threshold, "below": share >= threshold, None: False}
    return float(np.mean([errors[side] for side in sides]))


def rows_of_groups(simulations: int) -> Iterator[str]:
    for name, (values, accuracies) in GROUPED.items():
        hits, sizes, truth = tally(values, accuracies, simulations, np.random.default_rng(0))
        yield (
            f"| {name} | {len(sizes)} | {sizes.min():,} | {100 * covered(hits, sizes, truth):.1f} % "
            f"| {widest(hits[0], sizes):.3f} |\n"
        )


def rows_of_claims(simulations: int) -> Iterator[str]:
    for threshold, share in (*AT_THRESHOLD, *OFF):
        sides, images = zip(*stopped(threshold, share, simulations, np.random.default_rng(0)), strict=True)
        line = f"| {threshold:g} | {share:g} | {100 * wrong(threshold, share, sides):.1f} % "
        line += f"| {100 * np.mean([side is None for side in sides]):.1f} % "
        if share == threshold:
            yield f"{line}| | | | |\n"
            continue
        median, needed = float(np.median(images)), fixed(threshold, share)
        yield f"{line}| {median:,.0f} | {needed:,} | {100 * median / needed:.0f} % | {100 * median / IMAGES:.0f} % |\n"


def page(simulations: int = SIMULATIONS) -> str:
    least = load().integer("FER-B-10", "images")
    return "".join(
        (INTRODUCTION, *rows_of_groups(simulations), SEQUENTIAL.format(least=least), *rows_of_claims(simulations))
    )


if __name__ == "__main__":
    found = page()
    print(found)
    if "--write" in sys.argv[1:]:
        write_whole(PAGE, found)
