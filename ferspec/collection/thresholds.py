"""Read below or above what a picture is dropped or shown to a reviewer: ``data/thresholds.toml``."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from ferspec.files import parse_toml
from ferspec.records import Record

DATA = Path(__file__).parent / "data" / "thresholds.toml"


class PictureLimits(Record):
    """Hold below what a picture is dropped."""

    least_face: int


class ReviewLimits(Record):
    """Hold below or above what a picture is shown to a reviewer; each is described in the data file."""

    sharpness: float
    flatness: float
    text: float
    score: float
    overlap: float
    outside: float


class Thresholds(Record):
    """Hold all thresholds."""

    picture: PictureLimits
    review: ReviewLimits


@cache
def thresholds() -> Thresholds:
    """Return the thresholds, read once."""
    return Thresholds.model_validate(parse_toml(DATA.read_bytes()))
