"""Describe a picture by its 48 × 48 lattice, and how the rest agrees."""

from __future__ import annotations

import hashlib
import math
from functools import cache
from typing import Literal, get_args

import numpy as np

from ferspec import spec
from ferspec.records import Record
from ferspec.spec.pictures import Sha256

Reading = Literal["pillow", "floor"]
READINGS: tuple[Reading, ...] = get_args(Reading)
# steps of the recorded disagreement
DIGITS = 6


class Reduction(Record):
    """A picture shrunk to 48 × 48: the sha256 of its RGB bytes, of these with its label, its hash (FER-D-13).

    ``disagreement`` is the difference between the shrunk picture and the area means of the whole one (FER-D-14).
    """

    sha256_rgb48: Sha256
    sha256_rgb48_label: Sha256
    bits256: Sha256
    disagreement: float


def reductions(image: np.ndarray, label: str) -> dict[Reading, Reduction]:
    """Describe a picture (256, 256, 3) uint8 under each reading of the ties."""
    means = _area_sums(image)
    return {reading: _reduction(image, label, lattice(reading), means) for reading in READINGS}


@cache
def lattice(reading: Reading) -> np.ndarray:
    """Return the rows (and columns) that nearest neighbour keeps of a picture of BTFER's size.

    ``floor`` is floor((i + 0.5) · 256 / 48). ``pillow`` is Pillow's NEAREST and OpenCV's INTER_NEAREST_EXACT, which lie
    one lower at some of the ties.
    """
    size, side = _size(), _side()
    kept = (2 * np.arange(side) + 1) * size // (2 * side)
    if reading == "pillow":
        kept[list(spec.load().integers("FER-D-13", "ties"))] -= 1
    return kept


def block_hash(reduced: np.ndarray) -> str:
    """Return the hash of a shrunk picture (48, 48, 3): which of its 16 × 16 blocks are brighter than their median."""
    blocks = spec.load().integer("FER-D-13", "blocks")
    grey = reduced.astype(np.int64) @ np.array(spec.load().integers("FER-D-13", "grey"))
    step = len(grey) // blocks
    sums = grey.reshape(blocks, step, blocks, step).sum(axis=(1, 3)).ravel()
    lower, upper = np.sort(sums)[[(len(sums) - 1) // 2, len(sums) // 2]]
    return np.packbits(2 * sums > lower + upper).tobytes().hex()


def _reduction(image: np.ndarray, label: str, kept: np.ndarray, area_sums: np.ndarray) -> Reduction:
    reduced = np.ascontiguousarray(image[np.ix_(kept, kept)])
    content = reduced.tobytes()
    return Reduction(
        sha256_rgb48=hashlib.sha256(content).hexdigest(),
        sha256_rgb48_label=hashlib.sha256(content + label.encode()).hexdigest(),
        bits256=block_hash(reduced),
        disagreement=_disagreement(reduced.astype(np.int64), area_sums),
    )


def _disagreement(reduced: np.ndarray, area_sums: np.ndarray) -> float:
    """Return the mean difference from the area means, relative to that between neighbours.

    One grey level is added below, for pictures without any detail. All sums are of integers, and thus exact.
    """
    area = _area_weights().sum(axis=1)[0] ** 2
    difference = np.abs(area_sums - area * reduced).sum() / (area * reduced.size)
    steps = [np.abs(np.diff(reduced, axis=axis)) for axis in (0, 1)]
    detail = sum(int(step.sum()) for step in steps) / sum(step.size for step in steps)
    return round(float(difference / (1 + detail)), DIGITS)


def _area_sums(image: np.ndarray) -> np.ndarray:
    """Return the weighted sums (48, 48, 3) int32 of the pixels under each cell.

    The weights repeat in every block of 16 pixels. Integers also avoid BLAS, whose threads would compete with those
    that read images.
    """
    weights, (height, width, channels) = _block_weights(), image.shape
    pixels = weights.shape[1]
    rows = weights @ image.reshape(height // pixels, pixels, -1).astype(np.int32)
    columns = weights @ rows.reshape(_side(), width // pixels, pixels, channels)
    return columns.reshape(_side(), _side(), channels)


@cache
def _block_weights() -> np.ndarray:
    """Return how much of each pixel (column) lies under each cell (row) of a block."""
    blocks = math.gcd(_size(), _side())
    return _area_weights()[: _side() // blocks, : _size() // blocks].astype(np.int32)


@cache
def _area_weights() -> np.ndarray:
    """Return how much of each pixel (column) lies under each of the 48 cells (rows)."""
    size, side = _size(), _side()
    cells, pixels = np.arange(side)[:, None], np.arange(size)[None, :]
    ends = np.minimum((cells + 1) * size, (pixels + 1) * side)
    starts = np.maximum(cells * size, pixels * side)
    return np.maximum(ends - starts, 0) // math.gcd(size, side)


def _size() -> int:
    return spec.load().datasets["BTFER"].size[0]


def _side() -> int:
    return spec.load().integer("FER-D-13", "side")
