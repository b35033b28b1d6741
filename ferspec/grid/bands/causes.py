"""Finds the likely causes of metrics outside their bands."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Literal

from ferspec import spec
from ferspec.grid.bands.bands import BTFER, Band, bands_of
from ferspec.required import required
from ferspec.spec.records import IDENTITY, Cell, Profile

Place = Literal["within", "above", "below", "unknown"]

# the fields that may have been confused, one at a time
CONFUSED = ("dataset", "resolution")
GUESSING_REACH = 3
ACCURACY, F1 = "_accuracy", "_f1"

GUESSING = "no better than guessing on BTFER: shuffled labels, another class order, or an untrained network"
LEAKAGE = "above the band: look for test images among the training images, another split, or an ensemble of networks"
OTHER_AVERAGE = (
    "F1 does not fit the accuracy: an average not weighted by support, such as the macro average, or a misprint"
)


def likely_causes(
    cell: Cell, figures: Mapping[str, float], bands: tuple[Band, ...], profile: Profile
) -> tuple[str, ...]:
    """Return the likely causes of metrics outside their bands, the most specific first.

    ``figures`` are means (0 to 1), each over as many trainings as its band is for. A cause is named if the metrics fit
    it; only the owner of the artifacts can find out which one applies.
    """
    return tuple(_causes(cell, figures, bands, profile))


def _causes(cell: Cell, figures: Mapping[str, float], bands: tuple[Band, ...], profile: Profile) -> Iterator[str]:
    if fits(_swapped(figures), bands):
        yield "validation and BTFER were swapped: swapped back, every known metric lies in its band"
    for field in CONFUSED:
        others = [
            str(getattr(other, field))
            for other in _neighbours(cell, field)
            if fits(figures, _same_bands(other, bands, profile))
        ]
        if others:
            named = " or ".join(others)
            yield f"another {field}: every known metric lies in the band of the same training with {named}"
    outside = any(place(figures.get(band.figure), band) in ("above", "below") for band in bands)
    if (outside and _accuracies_fit(figures, bands)) or _f1_departs_from_accuracy(figures, bands):
        yield OTHER_AVERAGE
    if _is_guessing(figures.get("btfer_accuracy")):
        yield GUESSING
    if any(place(figures.get(band.figure), band) == "above" for band in bands):
        yield LEAKAGE


def _f1_departs_from_accuracy(figures: Mapping[str, float], bands: tuple[Band, ...]) -> bool:
    """Return whether F1 and accuracy differ otherwise than published, by more than runs do."""
    known = {band.figure: band for band in bands if band.expected is not None and band.figure in figures}
    for figure, band in known.items():
        accuracy = known.get(figure.replace(F1, ACCURACY))
        if not figure.endswith(F1) or accuracy is None:
            continue
        published = required(band.expected) - required(accuracy.expected)
        if abs(figures[figure] - figures[accuracy.figure] - published) > required(band.width) / 2:
            return True
    return False


def place(value: float | None, band: Band) -> Place:
    """Return whether a metric lies ``within``, ``above`` or ``below`` its band. ``unknown`` without value or band."""
    if value is None or band.low is None or band.high is None:
        return "unknown"
    return "below" if value < band.low else "above" if value > band.high else "within"


def fits(figures: Mapping[str, float], bands: tuple[Band, ...]) -> bool:
    """Return whether both accuracies lie in their bands, and no other metric outside its own."""
    places = {place(figures.get(band.figure), band) for band in bands}
    return _accuracies_fit(figures, bands) and places.isdisjoint({"above", "below"})


def _accuracies_fit(figures: Mapping[str, float], bands: tuple[Band, ...]) -> bool:
    """Return whether both accuracies are known, have a band, and lie in it."""
    accuracies = [band for band in bands if band.figure.endswith(ACCURACY)]
    return all(place(figures.get(band.figure), band) == "within" for band in accuracies)


def _same_bands(cell: Cell, bands: tuple[Band, ...], profile: Profile) -> tuple[Band, ...]:
    """Return the bands of another cell for the same numbers of trainings."""
    by_runs = {runs: {band.figure: band for band in bands_of(cell, profile, runs)} for runs in {b.runs for b in bands}}
    return tuple(by_runs[band.runs][band.figure] for band in bands)


def _swapped(figures: Mapping[str, float]) -> dict[str, float]:
    swap = {"val": BTFER.lower(), BTFER.lower(): "val"}
    return {f"{swap[name.partition('_')[0]]}_{name.partition('_')[2]}": value for name, value in figures.items()}


def _neighbours(cell: Cell, field: str) -> Iterator[Cell]:
    """Yield the cells that differ from a cell in one field alone."""
    fields = set(IDENTITY) - {field}
    for other in spec.load().cells:
        if other.id != cell.id and all(getattr(other, name) == getattr(cell, name) for name in fields):
            yield other


def _is_guessing(accuracy: float | None) -> bool:
    """Return whether an accuracy on BTFER, which is balanced, may be that of guessing."""
    if accuracy is None:
        return False
    share, images = 1 / len(spec.load().classes), spec.load().datasets[BTFER].total
    return abs(accuracy - share) <= GUESSING_REACH * math.sqrt(share * (1 - share) / images)
