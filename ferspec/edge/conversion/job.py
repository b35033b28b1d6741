"""The work of one converter: a loaded model, its contract, and images to calibrate by."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ferspec.errors import UserError
from ferspec.subjects.models.base import Model, cast, shown
from ferspec.subjects.models.contracts.contract import Contract
from ferspec.subjects.models.outputs import Choice, choice_of, place_in

MOST_LISTED = 8


class NotConvertible(Exception):
    """Why a model cannot be converted, in one line."""


@dataclass(frozen=True)
class Job:
    """Hold a loaded model with its path, contract and calibration images.

    ``calibration`` is float32 (n, height, width, channels), as the contract prepares images.
    """

    model: Model
    path: Path
    contract: Contract
    calibration: np.ndarray

    @property
    def channels_first(self) -> bool:
        """Whether the file takes images with channels first."""
        return self.model.signature.layout == "channels_first"

    @property
    def shape(self) -> tuple[int, int, int]:
        """The shape of one image as the file takes it."""
        height, width = self.contract.input.size
        channels = self.contract.input.channels
        return (channels, height, width) if self.channels_first else (height, width, channels)

    def images(self, count: int = 1) -> Iterator[np.ndarray]:
        """Yield calibration images in batches, in the file's layout and type; the last batch may repeat some."""
        for start in range(0, len(self.calibration), count):
            batch = np.take(self.calibration, range(start, start + count), axis=0, mode="wrap")
            batch = batch.transpose(0, 3, 1, 2) if self.channels_first else batch
            yield np.ascontiguousarray(cast(batch, self.model.signature.dtype))

    def place(self, answer: Callable[[np.ndarray], object]) -> int:
        """Return the position of the chosen output, which may show only in an answer."""
        signature = self.model.signature
        if signature.outputs is not None:
            names = [sink.name for sink in signature.outputs]
            return 0 if signature.output is None else names.index(signature.output)
        choice: Choice = choice_of(self.contract)
        return place_in(answer(np.zeros((1, *self.shape), signature.dtype)), 1, choice, self.model.name)


def require_supported(operators: set[str], converter: str) -> None:
    """Raise ``NotConvertible`` that names operators which a converter lacks, if there are any."""
    if operators:
        named = sorted(map(shown, operators))
        more = f" and {len(named) - MOST_LISTED} more" if len(named) > MOST_LISTED else ""
        many = "s" * (len(named) > 1)
        raise NotConvertible(f"{converter} lacks the operator{many} {', '.join(named[:MOST_LISTED])}{more}")


def operators_in(text: str, patterns: tuple[str, ...]) -> set[str]:
    """Return the names of operators that a converter's message lists after certain words."""
    lists = [found for pattern in patterns for found in re.findall(pattern, text)]
    return {name for found in lists for name in re.split(r"[,\s]+", found) if name}


def require_float(dtype: str, path: Path) -> None:
    """Raise ``UserError`` for a model whose input is not float32, since it was quantised before."""
    if dtype != "float32":
        raise UserError(f"{path.name} takes {dtype}, not float32: give the float32 model that it was made from")
