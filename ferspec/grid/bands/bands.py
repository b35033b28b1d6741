"""Derives the bands in which the metrics of a further training are expected (FER-G-07)."""

from __future__ import annotations

from typing import Literal, get_args

from ferspec import spec
from ferspec.errors import UserError
from ferspec.grid.bands.spread import Spread, spread
from ferspec.grid.cells import SYNTHETIC
from ferspec.records import Record
from ferspec.spec.records import DEFAULT_PROFILE, Cell, Profile

CLAUSE = "FER-G-07"
BTFER = "BTFER"

RUNS, ROUNDING, DROPPED, LEAST = "runs differ", "figure is rounded", "images were dropped", "least width"


class Contribution(Record):
    """The width that one cause adds to a band, below and above the expected value."""

    cause: str
    below: float
    above: float


class Band(Record):
    """The band of one metric (0 to 1) of a cell, for ``runs`` trainings.

    It holds for the mean of these trainings.

    ``expected`` is the published metric that the profile uses; ``source`` says whether it is the ``printed`` or the
    ``released`` one. ``contributions`` add up to the distances of ``low`` and ``high`` from it, unless the band is cut
    at 0 or 1. ``errata`` are those that name the cell. Without an expected value there is no band; ``missing`` says
    why.
    """

    cell: str
    figure: str
    profile: Profile
    runs: int
    direction: str
    expected: float | None = None
    source: Literal["printed", "released"] | None = None
    printed: float | None = None
    released: float | None = None
    spread: Spread | None = None
    contributions: tuple[Contribution, ...] = ()
    low: float | None = None
    high: float | None = None
    errata: tuple[str, ...] = ()
    missing: str | None = None

    @property
    def width(self) -> float | None:
        """The width of the band, or None without a band."""
        return None if self.low is None or self.high is None else self.high - self.low


def bands_of(cell: Cell, profile: Profile = DEFAULT_PROFILE, runs: int = 1) -> tuple[Band, ...]:
    """Return the bands of a cell for the mean of ``runs`` further trainings (FER-G-07).

    ``UserError`` for fewer than one run, and for an unknown profile.
    """
    if profile not in get_args(Profile):
        raise UserError(f"unknown profile {profile!r}: known are {', '.join(get_args(Profile))}")
    if runs < 1:
        raise UserError(f"cannot give a band for the mean of {runs} runs: give at least 1")
    figures = spec.load().texts(CLAUSE, "figures")
    return tuple(band(cell, figure, spread(figure, cell.resolution, profile), profile, runs) for figure in figures)


def band(cell: Cell, figure: str, spread: Spread, profile: Profile = DEFAULT_PROFILE, runs: int = 1) -> Band:
    """Return the band of one metric of a cell, given the spread between runs."""
    book = spec.load()
    known = Band(
        cell=cell.id,
        figure=figure,
        profile=profile,
        runs=runs,
        direction=book.text(CLAUSE, "direction"),
        printed=getattr(cell.printed, figure),
        released=getattr(cell.released, figure),
        errata=tuple(erratum.id for erratum in book.errata if cell.id in erratum.cells),
    )
    expected = cell.metric(figure, profile)
    if expected is None:
        return known.model_copy(update={"missing": _why_missing(cell)})
    causes = contributions(expected, spread, runs, *dropped_images(cell, figure))
    low, high = ends(expected, causes)
    return known.model_copy(
        update={
            "expected": expected,
            "source": cell.origin(figure, profile),
            "spread": spread,
            "contributions": causes,
            "low": low,
            "high": high,
        }
    )


def contributions(expected: float, spread: Spread, runs: int, dropped: int, images: int) -> tuple[Contribution, ...]:
    """Return the contributions to a band, given the number of dropped images."""
    book = spec.load()
    return _widened(
        (
            _either_way(RUNS, spread.reach(runs, book.number("FER-Z-01", "level"))),
            _either_way(ROUNDING, book.number(CLAUSE, "rounding")),
            of_dropped_images(expected, dropped, images),
        )
    )


def ends(expected: float, causes: tuple[Contribution, ...]) -> tuple[float, float]:
    """Return the ends of a band, limited to 0 and 1."""
    below, above = sum(cause.below for cause in causes), sum(cause.above for cause in causes)
    return max(0.0, expected - below), min(1.0, expected + above)


def _why_missing(cell: Cell) -> str:
    if cell.dataset == SYNTHETIC:
        return "no metrics are published for trainings on synthetic faces"
    return "the printed metric is illegible and no report is released"


def _either_way(cause: str, reach: float) -> Contribution:
    return Contribution(cause=cause, below=reach, above=reach)


def of_dropped_images(expected: float, dropped: int, images: int) -> Contribution:
    """Return the change of a metric if all dropped images are wrong or right."""
    share = dropped / images
    return Contribution(cause=DROPPED, below=share * expected, above=share * (1 - expected))


def _widened(causes: tuple[Contribution, ...]) -> tuple[Contribution, ...]:
    """Return the contributions, with one more if their sum is below the least width."""
    missing = spec.load().number(CLAUSE, "least_width") - sum(cause.below + cause.above for cause in causes)
    return (*causes, _either_way(LEAST, missing / 2)) if missing > 0 else causes


def dropped_images(cell: Cell, figure: str) -> tuple[int, int]:
    """Return how many images the published evaluation dropped, and the split's size.

    If no report counts them, the largest batch size is assumed. Source: FER-V-02, FER-V-03.
    """
    book = spec.load()
    largest = max(book.integers("FER-V-03", "batch_sizes"))
    if figure.startswith(BTFER.lower()):
        sizes, evaluated = [book.datasets[BTFER].total], cell.released_btfer_n
    else:
        sizes, evaluated = _validation_sizes(cell), cell.released_val_n
    if evaluated is None:
        return sizes[0] % largest, sizes[0]
    # a few runs used the selection of images that the other resolution has (ERR-03)
    size = next(size for size in sizes if 0 <= size - evaluated < largest)
    return size - evaluated, size


def _validation_sizes(cell: Cell) -> list[int]:
    """Return the sizes of the validation split, the one at the cell's resolution first."""
    dataset = spec.load().datasets[cell.dataset]
    if dataset.training_counts is not None:
        return [dataset.total - sum(dataset.training_counts)]
    totals = dict(dataset.validation_totals)
    return [totals.pop(str(cell.resolution)), *totals.values()]
