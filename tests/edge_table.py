"""How often right and spoiled quantisations are found inferior or not, as the table of docs/edge.md.

Run as a program it quantises the demo 200 times and prints the table; with ``--write`` it replaces it in the page.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

from ferspec.edge.measurement.answers import Decision, compared
from ferspec.files import write_whole
from ferspec.subjects.datasets.subject import synthetic_dataset
from ferspec.subjects.models import Model
from ferspec.subjects.models.contracts.contract import Contract
from ferspec.subjects.models.contracts.files import load_contract
from ferspec.subjects.models.formats import load_model
from ferspec.subjects.models.preprocess import prepare_batch
from ferspec.synthetic.demo import demo_contract_path, demo_model_path

PAGE = Path(__file__).parents[1] / "docs" / "edge.md"
BEGIN, END = "<!-- simulated -->\n", "## Latency and memory"
DRAWS, CALIBRATING, FEW, MAX_DROP = 100, 50, 140, 0.01
# faces of each class to test on and to calibrate with, and their seeds
TESTED, CALIBRATED = (150, 0), (40, 1)
# how pixels are mapped before calibration; the contract of the demo says 0 to 1
RANGES = {"right": 1, "spoiled": 255}


@dataclass(frozen=True)
class Faces:
    """Prepared faces (n, 48, 48, 3) to test on, with labels (n,), and faces to calibrate with."""

    tested: np.ndarray
    labels: np.ndarray
    calibrating: np.ndarray


@dataclass(frozen=True)
class Draw:
    """The decisions about one quantisation: on few images, and on as many as the first one stated."""

    kind: str
    few: Decision
    stated: Decision | None

    @property
    def proved(self) -> bool:
        """Whether the quantisation is not inferior, at last."""
        return (self.stated or self.few).verdict == "not inferior"


def faces(contract: Contract) -> Faces:
    """Render the faces of all draws."""
    tested, calibrating = (synthetic_dataset(count, seed=seed) for count, seed in (TESTED, CALIBRATED))
    prepared = [
        prepare_batch([images.image(index) for index in range(len(images))], contract.input)
        for images in (tested, calibrating)
    ]
    return Faces(prepared[0], tested.labels, prepared[1])


def quantised(model: Model, contract: Contract, calibrating: np.ndarray, folder: Path) -> Model:
    """Return the full int8 file that the tool makes of the demo with these faces."""
    from ferspec.edge.conversion.converters.quantised import full_int8
    from ferspec.edge.conversion.job import Job

    path = folder / "quantised.tflite"
    path.write_bytes(full_int8(Job(model, demo_model_path(), contract, calibrating)))
    return load_model(path)


def answers(model: Model, images: np.ndarray) -> np.ndarray:
    """Return the predicted class (n,) of each image, asked one by one."""
    return np.concatenate([model.run(image[np.newaxis]) for image in images]).argmax(axis=1)


def draws(count: int = DRAWS) -> Iterator[Draw]:
    """Yield the decisions about ``count`` right and as many spoiled quantisations, each with faces of its own."""
    contract, model = load_contract(demo_contract_path()), load_model(demo_model_path())
    shown, rng = faces(contract), np.random.default_rng(0)
    original = answers(model, shown.tested)

    def decided(converted: np.ndarray, images: int) -> Decision:
        chosen = rng.choice(len(shown.labels), images)
        return compared(shown.labels[chosen], original[chosen], converted[chosen], MAX_DROP).decision

    with tempfile.TemporaryDirectory() as folder:
        for _ in range(count):
            calibrating = shown.calibrating[rng.choice(len(shown.calibrating), CALIBRATING, replace=False)]
            for kind, scale in RANGES.items():
                converted = answers(quantised(model, contract, scale * calibrating, Path(folder)), shown.tested)
                few = decided(converted, FEW)
                needed = few.images_to_decide
                yield Draw(kind, few, None if needed is None else decided(converted, needed))


def table(found: list[Draw]) -> str:
    """Return the rows of the page: the decisions on few images, and on the stated number."""
    lines = [("calibration", "images", "not inferior", "undecided", "inferior"), ("---",) * 5]
    for kind in RANGES:
        own = [draw for draw in found if draw.kind == kind]
        lines.append((kind, f"{FEW}", *_counts([draw.few for draw in own])))
        stated = [draw.stated for draw in own if draw.stated is not None]
        if stated:
            numbers = [decision.n for decision in stated]
            said = f"as stated: {min(numbers):,} to {max(numbers):,}, median {median(numbers):,.0f}"
            lines.append((kind, said, *_counts(stated)))
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _counts(decisions: list[Decision]) -> tuple[str, ...]:
    counted = Counter(decision.verdict for decision in decisions)
    return tuple(str(counted[verdict]) for verdict in ("not inferior", "undecided", "inferior"))


if __name__ == "__main__":
    rows = table([*draws()])
    print(rows)
    if "--write" in sys.argv[1:]:
        page = PAGE.read_text(encoding="utf-8")
        before, rest = page.partition(BEGIN)[0], page.partition(END)[2]
        write_whole(PAGE, f"{before}{BEGIN}\n{rows}\n{END}{rest}")
