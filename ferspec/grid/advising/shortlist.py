"""Ranks cells by a score that was fixed beforehand: a Pareto set, ordered, with ties."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ferspec import spec
from ferspec.grid.advising.constraints import parameters_of
from ferspec.grid.advising.measured import Measurement, Network, network_of
from ferspec.grid.bands.bands import band, dropped_images
from ferspec.grid.bands.spread import spread, student
from ferspec.records import Record
from ferspec.required import required
from ferspec.spec.records import DEFAULT_PROFILE, Cell, Profile

VALIDATION, BTFER = "val_accuracy", "btfer_accuracy"


class Accuracy(Record):
    """A published accuracy with the band in which one further training is expected (FER-G-07)."""

    value: float
    low: float
    high: float


class Option(Record):
    """One cell of the short list.

    ``place`` is that of its tie group, ``ties`` are the other cells of this group. ``measured`` is its fastest
    measured file. ``validation`` is on the validation images of its own dataset.
    """

    place: int
    cell: str
    architecture: str
    weights: str
    resolution: int
    dataset: str
    balancing: str
    parameters: int
    validation: Accuracy
    btfer: Accuracy
    ties: tuple[str, ...] = ()
    measured: Measurement | None = None


class Other(Record):
    """A cell outside the short list; ``by_chance`` if no cell of at most its size beats it beyond chance."""

    cell: str
    parameters: int
    validation: float
    btfer: float
    by_chance: bool


class Shortlist(Record):
    """The ranked Pareto set of cells, and the ``others`` that it is chosen from.

    ``unknown`` are cells without a known accuracy, which are not ranked. ``compared`` is the number of comparisons that
    ties allow for.
    """

    options: tuple[Option, ...]
    others: tuple[Other, ...]
    unknown: tuple[str, ...]
    compared: int

    @property
    def candidates(self) -> int:
        """The number of cells that were ranked."""
        return len(self.options) + len(self.others)

    @property
    def by_chance(self) -> int:
        """The number of cells that are not listed, and may be so by chance only."""
        return sum(other.by_chance for other in self.others)


@dataclass(frozen=True)
class Candidate:
    """A cell with its score: parameters and both accuracies. ``images`` is the kind of its validation images."""

    cell: Cell
    parameters: int
    values: Mapping[str, float]
    images: tuple[str, int | None]

    def measures(self, other: Candidate) -> tuple[str, ...]:
        """Return the accuracies that can be compared: validation only on the same images."""
        return (VALIDATION, BTFER) if self.images == other.images else (BTFER,)

    def dominates(self, other: Candidate) -> bool:
        """Return whether the other is nowhere better and somewhere worse."""
        pairs = [(self.values[name], other.values[name]) for name in self.measures(other)]
        if self.parameters > other.parameters or any(own < its for own, its in pairs):
            return False
        return self.parameters < other.parameters or any(own > its for own, its in pairs)


def shortlist(
    cells: Iterable[Cell], measured: Mapping[Network, Measurement], profile: Profile = DEFAULT_PROFILE
) -> Shortlist:
    """Return the ranked short list of cells.

    Listed are the cells that no other dominates: none has as few parameters and as high accuracies, and one of these
    better. Validation accuracies are compared only on the same images. The list is ordered by BTFER accuracy. The first
    cell and all that tie with it share a place; then the next of the others, with all that tie with it.
    """
    cells = tuple(cells)
    found = [_candidate(cell, profile) for cell in cells]
    candidates = [candidate for candidate in found if candidate is not None]
    tests = max(1, len(candidates) - 1)
    front = [one for one in candidates if not any(other.dominates(one) for other in candidates)]
    options: list[Option] = []
    for group in _groups(front, tests, profile):
        ids, place = [candidate.cell.id for candidate in group], len(options) + 1
        options += [_option(one, place, ids, measured, profile) for one in group]
    others = [one for one in candidates if one not in front]
    return Shortlist(
        options=tuple(options),
        others=tuple(
            _other(one, not any(_beats(rival, one, tests, profile) for rival in candidates)) for one in others
        ),
        unknown=tuple(cell.id for cell, one in zip(cells, found, strict=True) if one is None),
        compared=tests,
    )


def margin(figure: str, one: Candidate, other: Candidate, tests: int, profile: Profile) -> float:
    """Return how far two accuracies may differ by chance.

    Chance is the spread of single runs (FER-G-06) and the sampling error of the test images of each. The level of
    FER-Z-01 holds for all ``tests`` comparisons together (Bonferroni).
    """
    spreads = [spread(figure, candidate.cell.resolution, profile) for candidate in (one, other)]
    runs = sum(found.sd**2 for found in spreads)
    sampling = sum(_sampling(figure, candidate) for candidate in (one, other))
    level = 1 - (1 - spec.load().number("FER-Z-01", "level")) / tests
    return student(min(found.pairs for found in spreads), level) * math.sqrt(runs + sampling)


def ties(one: Candidate, other: Candidate, tests: int, profile: Profile) -> bool:
    """Return whether chance explains the difference of each accuracy that can be compared."""
    return all(
        abs(one.values[name] - other.values[name]) <= margin(name, one, other, tests, profile)
        for name in one.measures(other)
    )


def _beats(one: Candidate, other: Candidate, tests: int, profile: Profile) -> bool:
    """Return whether a cell that is not larger is better beyond chance, and nowhere worse."""
    names = one.measures(other)
    return (
        one.parameters <= other.parameters
        and all(one.values[name] >= other.values[name] for name in names)
        and any(one.values[name] - other.values[name] > margin(name, one, other, tests, profile) for name in names)
    )


def _groups(front: Sequence[Candidate], tests: int, profile: Profile) -> list[list[Candidate]]:
    """Return the tie groups of the Pareto set: the best on BTFER with all that tie with it, then the next."""
    left = sorted(front, key=lambda one: (-one.values[BTFER], -one.values[VALIDATION], one.parameters, one.cell.id))
    groups = []
    while left:
        first = left[0]
        group = [one for one in left if one is first or ties(first, one, tests, profile)]
        left = [one for one in left if one not in group]
        groups.append(group)
    return groups


def _candidate(cell: Cell, profile: Profile) -> Candidate | None:
    values = {name: cell.metric(name, profile) for name in (VALIDATION, BTFER)}
    if None in values.values():
        return None
    known = {name: required(value) for name, value in values.items()}
    return Candidate(cell, parameters_of(cell), known, _validation_images(cell))


def _validation_images(cell: Cell) -> tuple[str, int | None]:
    """Return what identifies the validation images: the dataset, and the resolution where it has other images."""
    dataset = spec.load().datasets[cell.dataset]
    return cell.dataset, cell.resolution if dataset.training_counts is None else None


def _sampling(figure: str, candidate: Candidate) -> float:
    """Return the variance of an accuracy over a finite number of images."""
    dropped, size = dropped_images(candidate.cell, figure)
    share = candidate.values[figure]
    return share * (1 - share) / (size - dropped)


def _option(
    one: Candidate, place: int, ids: Sequence[str], measured: Mapping[Network, Measurement], profile: Profile
) -> Option:
    cell = one.cell
    return Option(
        place=place,
        cell=cell.id,
        architecture=cell.architecture,
        weights=cell.weights,
        resolution=cell.resolution,
        dataset=cell.dataset,
        balancing=cell.balancing,
        parameters=one.parameters,
        validation=_accuracy(cell, VALIDATION, profile),
        btfer=_accuracy(cell, BTFER, profile),
        ties=tuple(id for id in ids if id != cell.id),
        measured=measured.get(network_of(cell)),
    )


def _other(one: Candidate, by_chance: bool) -> Other:
    return Other(
        cell=one.cell.id,
        parameters=one.parameters,
        validation=one.values[VALIDATION],
        btfer=one.values[BTFER],
        by_chance=by_chance,
    )


def _accuracy(cell: Cell, figure: str, profile: Profile) -> Accuracy:
    found = band(cell, figure, spread(figure, cell.resolution, profile), profile)
    return Accuracy(value=required(found.expected), low=required(found.low), high=required(found.high))
