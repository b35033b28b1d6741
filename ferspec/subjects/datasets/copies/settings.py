"""The values of FER-I-02: how changed copies are searched for, and what counts as one."""

from __future__ import annotations

from dataclasses import dataclass

from ferspec import spec

CLAUSE = "FER-I-02"


@dataclass(frozen=True)
class Settings:
    """What the search reads from the specification.

    ``side`` is that of the grey reductions in pixels, ``patch`` that of the compared patches. ``rotation`` is in
    degrees, ``width_shift``, ``height_shift`` and ``zoom`` are shares: the ranges of FER-A-02 to FER-A-04. ``frames``
    is how many positions of each picture are tried, without the mirrored ones; ``frequencies`` the number of cosine
    coefficients of a patch. Of ``candidates`` pictures like an image, at most ``registered`` are registered finely if
    their coarse patches correlate by ``likeness``. Copies that were not moved correlate by ``unmoved`` at once.
    ``similarity`` and ``overlap`` are the least of a copy, ``contrast`` the least standard deviation of grey levels.
    """

    side: int
    patch: int
    rotation: float
    width_shift: float
    height_shift: float
    zoom: float
    frames: int
    frequencies: int
    candidates: int
    registered: int
    likeness: float
    unmoved: float
    similarity: float
    overlap: float
    contrast: float


def settings() -> Settings:
    """Return the settings of the loaded specification."""
    book = spec.load()
    return Settings(
        side=book.integer(CLAUSE, "side"),
        patch=book.integer(CLAUSE, "patch"),
        rotation=book.number("FER-A-02", "rotation_degrees"),
        width_shift=book.number("FER-A-03", "width_shift"),
        height_shift=book.number("FER-A-03", "height_shift"),
        zoom=book.number("FER-A-04", "zoom"),
        frames=book.integer(CLAUSE, "frames"),
        frequencies=book.integer(CLAUSE, "frequencies"),
        candidates=book.integer(CLAUSE, "candidates"),
        registered=book.integer(CLAUSE, "registered"),
        likeness=book.number(CLAUSE, "likeness"),
        unmoved=book.number(CLAUSE, "unmoved"),
        similarity=book.number(CLAUSE, "similarity"),
        overlap=book.number(CLAUSE, "overlap"),
        contrast=book.number(CLAUSE, "contrast"),
    )
