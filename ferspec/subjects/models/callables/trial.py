"""Define the trial of a callable, which shows the files that it reads."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ferspec.subjects.models.contracts.contract import Input
from ferspec.subjects.models.preprocess import prepare_batch

IMAGES = 2


@dataclass(frozen=True)
class Trial:
    """Hold what a callable is tried with, to learn which files it reads.

    ``batch`` is in the layout of the callable; without it the callable is only imported. ``hidden`` are files and
    folders that it never reads: the dataset, the output folder and other inputs of the judge.
    """

    batch: np.ndarray | None = None
    hidden: tuple[Path, ...] = ()


IMPORT_ONLY = Trial()


def trial_of(prepared_as: Input, hidden: Iterable[str | Path | None]) -> Trial:
    """Return a trial with images of noise, prepared as a contract says; None in ``hidden`` is left out."""
    noise = np.random.default_rng().integers(0, 256, (IMAGES, *prepared_as.size, 3), np.uint8)
    batch = prepare_batch(noise, prepared_as)
    if prepared_as.layout == "channels_first":
        batch = np.ascontiguousarray(batch.transpose(0, 3, 1, 2))
    return Trial(batch, tuple(Path(path).absolute() for path in hidden if path is not None))
