"""What most likely put the figures of a cell outside their bands."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from ferspec import spec
from ferspec.grid.bands.bands import BTFER, Band, bands_of
from ferspec.spec.records import IDENTITY, Cell, Profile

# the fields that, one at a time, may have been another than the cell says
EXCHANGED = ("dataset", "resolution")
GUESSING_REACH = 3
ACCURACY = "_accuracy"

GUESSING = "as good as guessing on BTFER: labels shuffled, classes in another order, or a network not trained at all"
LEAKAGE = "too good: look for test images among those trained on, another split, or several networks together"
OTHER_AVERAGE = "accuracy fits and F1 does not: another average than the one weighted by support, or a misprint"


def likely_causes(
    cell: Cell, figures: Mapping[str, float], bands: tuple[Band, ...], profile: Profile
) -> tuple[str, ...]:
    """Return, the most telling first, what would explain figures (0 to 1) of which some lie outside their bands.

    ``figures`` are means, each of as many trainings as its band of the cell is for. A cause is named where the figures
    fit it; which one it was, only the owner of the artifacts can find out.
    """
    return tuple(_causes(cell, figures, bands, profile))


def _causes(cell: Cell, figures: Mapping[str, float], bands: tuple[Band, ...], profile: Profile) -> Iterator[str]:
    if fits(_exchanged(figures), bands):
        yield "validation and BTFER were exchanged: turned round, every known figure lies in its band"
    for field in EXCHANGED:
        others = [
            str(getattr(other, field))
            for other in _neighbours(cell, field)
            if fits(figures, _likewise(other, bands, profile))
        ]
        if others:
            named = " or ".join(others)
            yield f"another {field}: every known figure lies in the band of the same training with {named}"
    outside = any(place(figures.get(band.figure), band) in ("above", "below") for band in bands)
    if outside and _accuracies_fit(figures, bands):
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
    """Return whether both accuracies lie in their bands, and no other figure outside its own."""
    places = {place(figures.get(band.figure), band) for band in bands}
    return _accuracies_fit(figures, bands) and places.isdisjoint({"above", "below"})


def _accuracies_fit(figures: Mapping[str, float], bands: tuple[Band, ...]) -> bool:
    """Return whether both accuracies are known, have a band, and lie in it."""
    accuracies = [band for band in bands if band.figure.endswith(ACCURACY)]
    return all(place(figures.get(band.figure), band) == "within" for band in accuracies)


def _likewise(cell: Cell, bands: tuple[Band, ...], profile: Profile) -> tuple[Band, ...]:
    """Return the bands of another cell, each for the mean of as many trainings."""
    of_runs = {runs: {band.figure: band for band in bands_of(cell, profile, runs)} for runs in {b.runs for b in bands}}
    return tuple(of_runs[band.runs][band.figure] for band in bands)


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
