"""What most likely put the figures of a cell outside their bands."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from ferspec import spec
from ferspec.grid.bands import BTFER, Band, bands_of
from ferspec.spec.records import IDENTITY, Cell, Profile

# the fields that, one at a time, may have been another than the cell says
EXCHANGED = ("dataset", "resolution")
GUESSING_REACH = 3

GUESSING = "as good as guessing on BTFER: labels shuffled, classes in another order, or a network not trained at all"
LEAKAGE = "too good: look for test images among those trained on, another split, or several networks together"
OTHER_AVERAGE = "accuracy fits and F1 does not: another average than the one weighted by support, or a misprint"


def likely_causes(
    cell: Cell, figures: Mapping[str, float], bands: tuple[Band, ...], profile: Profile, runs: int
) -> tuple[str, ...]:
    """Return, the most telling first, what would explain figures (0 to 1) of which some lie outside their bands.

    ``figures`` are the means of ``runs`` trainings, ``bands`` those of the cell. A cause is named where the figures
    fit it in every band; which one it was, only the owner of the artifacts can find out.
    """
    return tuple(_causes(cell, figures, bands, profile, runs))


def _causes(
    cell: Cell, figures: Mapping[str, float], bands: tuple[Band, ...], profile: Profile, runs: int
) -> Iterator[str]:
    if fits(_exchanged(figures), bands):
        yield "validation and BTFER were exchanged: turned round, every figure lies in its band"
    for field in EXCHANGED:
        others = [str(getattr(o, field)) for o in _neighbours(cell, field) if fits(figures, bands_of(o, profile, runs))]
        if others:
            yield f"another {field}: every figure lies in the band of the same training with {' or '.join(others)}"
    outside = {band.figure for band in bands if place(figures.get(band.figure), band) in ("above", "below")}
    if outside and all(figure.endswith("_f1") for figure in outside):
        yield OTHER_AVERAGE
    if _is_guessing(figures.get("btfer_accuracy")):
        yield GUESSING
    if any(place(figures.get(band.figure), band) == "above" for band in bands):
        yield LEAKAGE


def place(value: float | None, band: Band) -> str:
    """Return whether a figure lies ``within``, ``above`` or ``below`` its band, or ``unknown`` without one of them."""
    if value is None or band.low is None or band.high is None:
        return "unknown"
    return "below" if value < band.low else "above" if value > band.high else "within"


def fits(figures: Mapping[str, float], bands: tuple[Band, ...]) -> bool:
    """Return whether every figure is known, has a band, and lies in it."""
    return all(place(figures.get(band.figure), band) == "within" for band in bands)


def _exchanged(figures: Mapping[str, float]) -> dict[str, float]:
    turn = {"val": BTFER.lower(), BTFER.lower(): "val"}
    return {f"{turn[name.partition('_')[0]]}_{name.partition('_')[2]}": value for name, value in figures.items()}


def _neighbours(cell: Cell, field: str) -> Iterator[Cell]:
    """Yield the cells that differ from a cell in one field alone."""
    fields = set(IDENTITY) - {field}
    for other in spec.load().cells:
        if other.id != cell.id and all(getattr(other, name) == getattr(cell, name) for name in fields):
            yield other


def _is_guessing(accuracy: float | None) -> bool:
    """Return whether an accuracy on BTFER, whose classes are equally large, is that of guessing among them."""
    if accuracy is None:
        return False
    share, images = 1 / len(spec.load().classes), spec.load().datasets[BTFER].total
    return abs(accuracy - share) <= GUESSING_REACH * math.sqrt(share * (1 - share) / images)
