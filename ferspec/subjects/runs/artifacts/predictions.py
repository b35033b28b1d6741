"""Write and read predictions.csv, the predictions of a trained model for every test image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ferspec import spec
from ferspec.subjects.models.predictions import class_of, finite_number, require_agreement, require_unique
from ferspec.subjects.runs.artifacts.record import SplitName, part_name
from ferspec.subjects.runs.artifacts.tables import RunTable, read_run_table, table_text

TESTED: tuple[SplitName, ...] = ("validation", "btfer")
CLASSES = spec.load().classes
PROBABILITIES = tuple(f"p_{name}" for name in CLASSES)
COLUMNS = ("part", "image", "pixels_sha256", "label", "predicted", *PROBABILITIES)
# significant digits that represent a float32 exactly
DIGITS = 9


@dataclass(frozen=True, eq=False)
class RunPredictions:
    """Hold the predictions of one split, in the order of its manifest.

    ``images`` are paths and ``pixels_sha256`` the digests of the pixels. ``labels`` and ``predicted`` are classes (n,)
    int64, 0 to 6; ``probabilities`` are (n, 7) float32 in the order of the classes.
    """

    images: tuple[str, ...]
    pixels_sha256: tuple[str, ...]
    labels: np.ndarray
    predicted: np.ndarray
    probabilities: np.ndarray

    def __len__(self) -> int:
        return len(self.images)


def predictions_text(predictions: Mapping[SplitName, RunPredictions]) -> str:
    """Format predictions.csv with a row per image; each probability reads back as the same float32."""
    rows = (
        (
            part,
            recorded.images[row],
            recorded.pixels_sha256[row],
            CLASSES[recorded.labels[row]],
            CLASSES[recorded.predicted[row]],
            *(f"{value:.{DIGITS}g}" for value in recorded.probabilities[row].tolist()),
        )
        for part, recorded in predictions.items()
        for row in range(len(recorded))
    )
    return table_text(COLUMNS, rows)


def read_run_predictions(path: str | Path) -> dict[SplitName, RunPredictions]:
    """Read the predictions of each split from a predictions.csv.

    Raise ``UserError`` with the line for an unknown split or class, an image that is unnamed or repeated, a
    probability that is not a finite number, a predicted class that is not the most probable, and as ``read_run_table``
    does. Missing rows are not detected here; the record of the run has the number of images.
    """
    table = read_run_table(path, COLUMNS)
    names = zip(table.lines, table.columns["part"], strict=True)
    parts = [part_name(table.path, line, name, TESTED) for line, name in names]
    labels, predicted = (_classes(table, column) for column in ("label", "predicted"))
    probabilities = _probabilities(table)
    require_agreement(table.path, table.lines, "predicted", probabilities, predicted)
    predictions = {}
    for part in TESTED:
        rows = [row for row, row_part in enumerate(parts) if row_part == part]
        if not rows:
            continue
        images, pixels = (tuple(table.columns[name][row] for row in rows) for name in ("image", "pixels_sha256"))
        require_unique(table.path, (table.lines[row] for row in rows), images)
        predictions[part] = RunPredictions(images, pixels, labels[rows], predicted[rows], probabilities[rows])
    return predictions


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
