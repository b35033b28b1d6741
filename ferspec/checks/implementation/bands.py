"""FER-G-06 to FER-G-08: how far runs of one cell lie apart, and the bands in which further runs are expected.

Both are held against closed forms, worked out here from the arguments that the subject is given.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np

from ferspec import spec
from ferspec.checks.implementation.answers.judge import close, field, judge_each, numbers, shown
from ferspec.engine import Check, checks_by_case
from ferspec.errors import SubjectError
from ferspec.outcomes import CheckResult, Status
from ferspec.spec.records import Cell, Figures, Profile
from ferspec.subjects.implementations.subject import ImplementationSubject

RESOLUTIONS = spec.load().integers("FER-G-02", "resolutions")
FIGURES = ("val_accuracy", "val_f1", "btfer_accuracy", "btfer_f1")
ESTIMATES = ("pairs", "sd", "typical")
ROUNDING_ERROR = 2e-6
HAIR = 1e-9


def spreads_as_single_runs_do(subject: ImplementationSubject) -> CheckResult:
    """FER-G-06: from differences of pairs, with and without sign, with one pair far out, and from one pair."""
    cases = (
        ([0.02, 0.04, 0.04], 0.0244948974),
        ([0.03, 0.04], 0.025),
        ([0.02, -0.02, 0.02, -0.02], 0.0141421356),
        ([0.01, -0.01, 0.01, 0.01, -0.01, 0.01, 0.01, 0.01, 0.01, -0.21], 0.0474341649),
        ([0.05], 0.0353553391),
        ([0.0, 0.0], 0.0),
    )
    return judge_each(lambda case: _spread_of(subject, *case), cases)


def spreads_as_the_grid_does(subject: ImplementationSubject, figure: str) -> CheckResult:
    """FER-G-06: from the pairs of AffectNet that are replicates, at either resolution."""
    factor = spec.load().value("FER-G-06", "robust_factor")

    def judged(resolution: int) -> CheckResult:
        apart = _apart(_replicates(figure, resolution, subject.profile), figure, subject.profile)
        told = subject.ask("grid_spread", figure=figure, resolution=resolution)
        observed = [float(numbers("grid_spread", field("grid_spread", told, key), ())) for key in ESTIMATES]
        expected = [len(apart), _deviation(apart), factor * float(np.median(np.abs(apart))) / math.sqrt(2)]
        every = _apart(_pairs(figure, resolution, subject.profile), figure, subject.profile)
        likely = "pairs are counted that the errata leave out" if observed[0] == len(every) != len(apart) else None
        return close(observed, expected, ROUNDING_ERROR, [f"{name} at {resolution}" for name in ESTIMATES], likely)

    return judge_each(judged, RESOLUTIONS)


class Case(NamedTuple):
    """The arguments of a band."""

    expected: float
    sd: float
    pairs: int
    runs: int
    dropped: int
    images: int

    def __str__(self) -> str:
        return ", ".join(f"{name} {value:g}" for name, value in self._asdict().items())


# Tables of Student's t give 2.086 at 20 degrees of freedom, 4.303 at 2.
BY_HAND = {
    Case(0.50, 0.02, 2, 4, 10, 100): (0.50 - 4.303 * 0.02 * 1.11803 - 0.055, 0.50 + 4.303 * 0.02 * 1.11803 + 0.055),
    Case(0.50, 0.02, 20, 1, 0, 100): (0.50 - 2.086 * 0.02 * 1.41421 - 0.005, 0.50 + 2.086 * 0.02 * 1.41421 + 0.005),
}
HAND_ERROR = 1e-4
BANDS = (
    Case(0.52, 0.025, 20, 1, 0, 2100),
    Case(0.52, 0.025, 20, 3, 52, 2100),
    Case(0.81, 0.013, 17, 1, 62, 4606),
    Case(0.30, 0.013, 17, 2, 500, 2100),
    Case(0.60, 0.004, 1, 1, 0, 5160),
    Case(0.55, 0.030, 4, 10, 20, 2100),
    Case(0.55, 0.030, 20, 1000, 0, 2100),
    Case(0.55, 0.030, 1000, 1, 0, 2100),
    Case(0.99, 0.020, 20, 1, 52, 2100),
    Case(0.01, 0.020, 20, 1, 52, 2100),
    # Less than the least width, the causes alike in both directions.
    Case(0.50, 0.0, 20, 1, 0, 2100),
    Case(0.70, 0.001, 20, 1, 0, 2100),
    Case(0.50, 0.0, 20, 1, 10, 2100),
)


def bands_further_runs(subject: ImplementationSubject) -> CheckResult:
    """FER-G-07: the ends of bands, near the middle and near 0 and 1, with few pairs and many, for one run and more."""

    def judged(case: Case) -> CheckResult:
        observed = _band(subject, case)
        expected, tolerance = (BY_HAND[case], HAND_ERROR) if case in BY_HAND else (_ends(case), ROUNDING_ERROR)
        return close(observed, expected, tolerance, _names(case), _band_mistake(observed, case))

    return judge_each(judged, (*BY_HAND, *BANDS))


def bands_keep_their_promise(subject: ImplementationSubject, figure: str) -> CheckResult:
    """FER-G-08: replicates lie in bands as often as promised, and no band reaches so far that it finds nothing."""
    judges = (_coverage, *(partial(_use, resolution=resolution) for resolution in RESOLUTIONS))
    return judge_each(lambda judged: judged(subject, figure), judges)


def _coverage(subject: ImplementationSubject, figure: str) -> CheckResult:
    """Judge the share of replicates that lie in their partner's band, which was made without the two."""
    least, most = spec.load().value("FER-G-08", "coverage")
    within = []
    for resolution in RESOLUTIONS:
        pairs = _replicates(figure, resolution, subject.profile)
        for left_out, pair in enumerate(pairs):
            others = _apart(pairs[:left_out] + pairs[left_out + 1 :], figure, subject.profile)
            sd = _spread(subject, others)
            first, second = (cell.figure(figure, subject.profile) for cell in pair)
            for published, further in ((first, second), (second, first)):
                # Both were evaluated on the same images, so that none count as dropped.
                low, high = _band(subject, Case(published, sd, len(others), 1, 0, 1))
                within.append(low - HAIR <= further <= high + HAIR)
    share = sum(within) / len(within)
    holds = least <= share <= most
    return CheckResult(
        status=Status.PASS if holds else Status.FAIL,
        observed=f"{figure}: {share:.3f} of {len(within)} replicates in the band of their partner",
        expected=f"{figure}: {least} to {most}",
        difference=None if holds else share - (least if share < least else most),
        likely=None if holds else f"bands are too {'narrow' if share < least else 'wide'}",
    )


def _use(subject: ImplementationSubject, figure: str, resolution: int) -> CheckResult:
    """Judge how far the ends of bands are from the expected value."""
    useful = spec.load().value("FER-G-08", "useful_reach")
    apart = _apart(_replicates(figure, resolution, subject.profile), figure, subject.profile)
    sd = _spread(subject, apart)
    known = [cell.figure(figure, subject.profile) for cell in spec.load().cells if cell.resolution == resolution]
    figures = [value for value in known if value is not None]
    reach = 0.0
    # The dropped images move each end the more, the farther the expected value is from it.
    for expected in (min(figures), max(figures)):
        low, high = _band(subject, Case(expected, sd, len(apart), 1, *_most_dropped(figure)))
        reach = max(reach, expected - low, high - expected)
    return CheckResult(
        status=Status.PASS if reach < useful else Status.FAIL,
        observed=f"{figure} at {resolution}: an end {reach:.4f} from the expected value",
        expected=f"{figure} at {resolution}: less than {useful}",
        difference=None if reach < useful else reach - useful,
        likely=None if reach < useful else "bands are too wide",
    )


def _spread(subject: ImplementationSubject, apart: list[float]) -> float:
    return float(numbers("spread", subject.ask("spread", differences=apart), ()))


def _spread_of(subject: ImplementationSubject, apart: list[float], expected: float) -> CheckResult:
    observed = _spread(subject, apart)
    mistakes = {
        "not divided by √2: a difference has the variance of two runs": math.sqrt(2) * expected,
        "the median in place of the root mean square": 1.4826 * float(np.median(np.abs(apart))) / math.sqrt(2),
        "taken about the mean of the differences": float(np.std(apart)) / math.sqrt(2),
        "one degree of freedom too few": expected * math.sqrt(len(apart) / max(len(apart) - 1, 1)),
        "the mean in place of the root mean square": float(np.mean(np.abs(apart))) / math.sqrt(2),
    }
    return close(observed, expected, ROUNDING_ERROR, [str(apart)], _alike(observed, mistakes.items()))


def _band(subject: ImplementationSubject, case: Case) -> np.ndarray:
    low, high = ends = numbers("band", subject.ask("band", **case._asdict()), (2,))
    if low > high:
        raise SubjectError(f"band gave {shown(ends.tolist())}, the low end above the high one")
    return ends


@cache
def _pairs(figure: str, resolution: int, profile: Profile) -> list[tuple[Cell, Cell]]:
    """Return the pairs of cells of AffectNet at a resolution that both have the figure."""
    cells = {cell.id: cell for cell in spec.load().cells if cell.dataset == "AffectNet"}
    pairs = [
        (cell, cells[f"{id.removesuffix('simple')}conservative"])
        for id, cell in cells.items()
        if cell.balancing == "simple" and cell.resolution == resolution
    ]
    return [pair for pair in pairs if None not in [cell.figure(figure, profile) for cell in pair]]


@cache
def _replicates(figure: str, resolution: int, profile: Profile) -> list[tuple[Cell, Cell]]:
    """Return those of them that no erratum leaves out."""
    errata = spec.load().value("FER-G-06", "left_out", profile)
    left_out = {id for erratum in errata for id in spec.load().erratum(erratum).cells}
    return [pair for pair in _pairs(figure, resolution, profile) if left_out.isdisjoint(cell.id for cell in pair)]


def _apart(pairs: list[tuple[Cell, Cell]], figure: str, profile: Profile) -> list[float]:
    return [first.figure(figure, profile) - second.figure(figure, profile) for first, second in pairs]


def _deviation(apart: list[float]) -> float:
    return float(np.linalg.norm(apart)) / math.sqrt(2 * len(apart))


def _most_dropped(figure: str) -> tuple[int, int]:
    """Return how many images of how many the largest batch drops (FER-V-02), of the part that loses most by it."""
    batch = max(spec.load().value("FER-V-03", "batch_sizes"))
    data = spec.load().datasets
    sizes = [data["BTFER"].total]
    if figure.startswith("val"):
        sizes = [dataset.total - sum(dataset.training_counts) for dataset in data.values() if dataset.training_counts]
        sizes += data["AffectNet"].validation_totals.values()
    return max(((size % batch, size) for size in sizes), key=lambda dropped: dropped[0] / dropped[1])


def _reach(case: Case) -> float:
    return _student(case.pairs) * case.sd * math.sqrt(1 + 1 / case.runs)


def _student(freedom: float, tail: float | None = None) -> float:
    """Return the two-sided quantile of Student's t at the level of FER-Z-01."""
    from scipy import stats

    return float(stats.t.ppf((1 + spec.load().value("FER-Z-01", "level")) / 2 if tail is None else tail, freedom))


def _ends(
    case: Case,
    reach: Callable[[Case], float] = _reach,
    rounding: bool = True,
    drop: bool = True,
    least: bool = True,
    clip: bool = True,
) -> np.ndarray:
    """Return the ends of a band by FER-G-07, or without some of what it asks for."""
    book = spec.load()
    half = reach(case) + (book.value("FER-G-07", "rounding") if rounding else 0)
    below, above = half + _wrong_or_right(case, drop) * np.array([case.expected, 1 - case.expected])
    if least and below + above < book.value("FER-G-07", "least_width"):
        lacking = book.value("FER-G-07", "least_width") - below - above
        below, above = below + lacking / 2, above + lacking / 2
    ends = np.array([case.expected - below, case.expected + above])
    return ends.clip(0, 1) if clip else ends


def _wrong_or_right(case: Case, counted: bool) -> float:
    return case.dropped / case.images if counted else 0.0


def _band_mistake(observed: np.ndarray, case: Case) -> str | None:
    level = spec.load().value("FER-Z-01", "level")
    reaches: dict[str, Callable[[Case], float]] = {
        "the normal distribution in place of Student's t": lambda it: (
            _student(math.inf) * it.sd * math.sqrt(1 + 1 / it.runs)
        ),
        "t of one side": lambda it: _student(it.pairs, level) * it.sd * math.sqrt(1 + 1 / it.runs),
        "a degree of freedom too few": lambda it: _student(max(it.pairs - 1, 1)) * it.sd * math.sqrt(1 + 1 / it.runs),
        "the published figure taken for exact: √(1/k) in place of √(1 + 1/k)": lambda it: (
            _student(it.pairs) * it.sd / math.sqrt(it.runs)
        ),
        "√(1 + 1/k) is missing": lambda it: _student(it.pairs) * it.sd,
        "as for one run, whatever their number": lambda it: _student(it.pairs) * it.sd * math.sqrt(2),
        "runs are taken never to differ": lambda it: 0.0,
    }
    mistakes = {cause: _ends(case, reach) for cause, reach in reaches.items()}
    mistakes |= {
        "the rounding of the published figure is left out": _ends(case, rounding=False),
        "dropped images are left out": _ends(case, drop=False),
        "the least width is left out": _ends(case, least=False),
        "bands reach beyond 0 and 1": _ends(case, clip=False),
    }
    return _alike(observed, mistakes.items())


def _alike(observed: Any, mistakes: Iterable[tuple[str, Any]]) -> str | None:
    return next((cause for cause, value in mistakes if np.allclose(observed, value, 0, ROUNDING_ERROR)), None)


def _names(case: Case) -> tuple[str, str]:
    return f"low end ({case})", f"high end ({case})"


CHECKS = (
    Check("FER-G-06", spreads_as_single_runs_do, ("spread",)),
    *checks_by_case("FER-G-06", spreads_as_the_grid_does, tuple(Figures.model_fields), ("grid_spread",)),
    Check("FER-G-07", bands_further_runs, ("band",)),
    *checks_by_case("FER-G-08", bands_keep_their_promise, tuple(FIGURES), ("spread", "band")),
)
