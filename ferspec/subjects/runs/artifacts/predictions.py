"""What a trained network said of every image it was tested on: predictions.csv."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ferspec import spec
from ferspec.errors import UserError
from ferspec.subjects.models.predictions import class_of, finite_number, require_agreement, require_unique
from ferspec.subjects.runs.artifacts.record import PARTS, PartName
from ferspec.subjects.runs.artifacts.tables import RunTable, read_table, table_text

TESTED: tuple[PartName, ...] = tuple(part for part in PARTS if part != "training")
CLASSES = spec.load().classes
PROBABILITIES = tuple(f"p_{name}" for name in CLASSES)
COLUMNS = ("part", "image", "pixels_sha256", "label", "predicted", *PROBABILITIES)
# enough for a float32 to come back as it was
DIGITS = 9


@dataclass(frozen=True, eq=False)
class RunPredictions:
    """The predictions of one part, in the order of its manifest.

    ``images`` are the paths within the part and ``pixels_sha256`` the digests of their pixels; ``labels`` and
    ``predicted`` are classes (n,) int64, 0 to 6; ``probabilities`` are (n, 7) float32 in the order of the classes.
    """

    images: tuple[str, ...]
    pixels_sha256: tuple[str, ...]
    labels: np.ndarray
    predicted: np.ndarray
    probabilities: np.ndarray

    def __len__(self) -> int:
        return len(self.images)


def predictions_text(predictions: Mapping[PartName, RunPredictions]) -> str:
    """Return predictions.csv: a row for every image of every part; each probability reads back as the same float32."""
    return table_text(
        COLUMNS,
        (
            (
                part,
                of.images[row],
                of.pixels_sha256[row],
                CLASSES[of.labels[row]],
                CLASSES[of.predicted[row]],
                *(f"{value:.{DIGITS}g}" for value in of.probabilities[row].tolist()),
            )
            for part, of in predictions.items()
            for row in range(len(of))
        ),
    )


def read_run_predictions(path: str | Path) -> dict[PartName, RunPredictions]:
    """Return the predictions of each part that a predictions.csv lists.

    ``UserError``, in one line that names the line of the file, for an unknown part or class, an image without a name
    or twice in one part, a probability that is no finite number, a predicted class that is not one of the most
    probable, and as ``read_table`` says. Whether the rows are all there, the record of the run tells.
    """
    table = read_table(path, COLUMNS)
    parts = table.columns["part"]
    for line, part in zip(table.lines, parts, strict=True):
        if part not in TESTED:
            raise UserError(f"{path} line {line}: unknown part {part!r}: known are {', '.join(TESTED)}")
    labels, predicted = (_classes(table, column) for column in ("label", "predicted"))
    probabilities = _probabilities(table)
    require_agreement(table.path, table.lines, "predicted", probabilities, predicted)
    found = {}
    for part in TESTED:
        rows = [row for row, of in enumerate(parts) if of == part]
        if not rows:
            continue
        images, pixels = (tuple(table.columns[name][row] for row in rows) for name in ("image", "pixels_sha256"))
        require_unique(table.path, (table.lines[row] for row in rows), images)
        found[part] = RunPredictions(images, pixels, labels[rows], predicted[rows], probabilities[rows])
    return found


def _classes(table: RunTable, column: str) -> np.ndarray:
    texts = table.columns[column]
    known = {text: class_of(table.path, table.lines[texts.index(text)], text) for text in dict.fromkeys(texts)}
    return np.array([known[text] for text in texts], np.int64)


def _probabilities(table: RunTable) -> np.ndarray:
    columns = [
        [finite_number(table.path, line, name, text) for line, text in zip(table.lines, texts, strict=True)]
        for name, texts in table.columns.items()
        if name in PROBABILITIES
    ]
    return np.ascontiguousarray(np.transpose(columns), np.float32)
