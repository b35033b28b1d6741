"""Holds the results of trainings against the bands of their cells."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, get_args

from ferspec import spec
from ferspec.engine import count
from ferspec.engine import judge as judge_outcomes
from ferspec.grid.bands.bands import CLAUSE, Band, bands_of
from ferspec.grid.bands.causes import ACCURACY, likely_causes, place
from ferspec.grid.cells import SYNTHETIC, all_cells
from ferspec.grid.judging.results import Result
from ferspec.outcomes import Counts, Outcome, Status, Verdict
from ferspec.records import Record
from ferspec.spec.records import DEFAULT_PROFILE, Cell, Profile

CellStatus = Literal["within", "above", "below", "incomplete", "absent", "not a protocol run", "unpublished"]
Place = Literal["within", "above", "below", "unknown"]

STATUSES: tuple[CellStatus, ...] = get_args(CellStatus)
OUTCOMES: dict[CellStatus, Status] = {
    "within": Status.PASS,
    "above": Status.INCONCLUSIVE,
    "below": Status.FAIL,
    "incomplete": Status.NOT_EVALUATED,
    "absent": Status.NOT_EVALUATED,
    "not a protocol run": Status.NOT_EVALUATED,
    "unpublished": Status.NOT_EVALUATED,
}


class FigureJudgement(Record):
    """Where the mean of one figure over the runs of a cell lies; ``by`` is how far outside its band, signed."""

    figure: str
    value: float | None
    place: Place
    by: float
    band: Band


class CellJudgement(Record):
    """What became of one cell, over ``runs`` trainings that followed the protocol.

    ``reason`` says in words why, ``likely`` what would explain figures outside; ``problems`` are the checks that failed
    on artifacts of the cell, ``deviations`` what its other trainings declare; ``errata`` name the cell.
    """

    cell: str
    status: CellStatus
    outcome: Outcome
    runs: int
    figures: tuple[FigureJudgement, ...] = ()
    likely: tuple[str, ...] = ()
    problems: tuple[Outcome, ...] = ()
    deviations: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    errata: tuple[str, ...] = ()

    @property
    def outside(self) -> tuple[FigureJudgement, ...]:
        """The figures outside their bands."""
        return tuple(figure for figure in self.figures if figure.place in ("above", "below"))


class GridJudgement(Record):
    """The verdict over the chosen cells, how many there are of each status, and every cell.

    ``not_selected`` counts the results of other cells, ``synthetic`` those of synthetic cells among them.
    ``problems`` are the checks that failed on artifacts of no known cell. Of ``judged`` figures, ``by_chance`` are
    expected outside their bands although nothing is wrong, since a band is of the level of FER-Z-01.
    """

    profile: Profile
    verdict: Verdict
    counts: Counts
    statuses: dict[CellStatus, int]
    cells: tuple[CellJudgement, ...]
    problems: tuple[Outcome, ...] = ()
    judged: int
    outside: int
    by_chance: float
    not_selected: int = 0
    synthetic: int = 0


def judge(cells: Iterable[Cell], results: Iterable[Result], profile: Profile = DEFAULT_PROFILE) -> GridJudgement:
    """Return, for each of the cells, how the results of its trainings lie to its bands (FER-G-07).

    A cell is ``within`` where both accuracies, and each F1 that is known, lie in their bands, the mean of the trainings
    that have a figure in that of so many. ``below`` fails, whatever else is above or unknown; ``above`` asks for an
    explanation and is inconclusive. Not evaluated are cells without a training (``absent``), with unfinished ones or an
    accuracy missing (``incomplete``), with none but declared deviations or trainings by another profile (``not a
    protocol run``), and without any published figure (``unpublished``). Artifacts that contradict themselves are no
    protocol run either, and fail their cell whatever its other trainings are. Verdict and counts are the engine's.
    """
    cells, results = tuple(cells), tuple(results)
    by_cell: dict[str, list[Result]] = {}
    for result in results:
        by_cell.setdefault(result.cell, []).append(result)
    judged = tuple(judge_cell(cell, by_cell.get(cell.id, ()), profile) for cell in cells)
    known = all_cells()
    strays = tuple(problem for result in results if result.cell not in known for problem in result.problems)
    outcomes = [cell.outcome for cell in judged]
    verdict = judge_outcomes([outcome.check for outcome in outcomes], outcomes).verdict
    figures = [figure for cell in judged for figure in cell.figures if figure.place != "unknown"]
    counted = Counter(cell.status for cell in judged)
    chosen = {cell.id for cell in cells}
    others = [known[result.cell] for result in results if result.cell in known and result.cell not in chosen]
    return GridJudgement(
        profile=profile,
        verdict="fail" if strays else verdict,
        counts=count(outcomes),
        statuses={status: counted[status] for status in STATUSES},
        cells=judged,
        problems=strays,
        judged=len(figures),
        outside=sum(len(cell.outside) for cell in judged),
        by_chance=(1 - spec.load().number("FER-Z-01", "level")) * len(figures),
        not_selected=len(others),
        synthetic=sum(cell.dataset == SYNTHETIC for cell in others),
    )


def judge_cell(cell: Cell, results: Sequence[Result], profile: Profile = DEFAULT_PROFILE) -> CellJudgement:
    """Return how the results of one cell lie to its bands: see ``judge``."""
    sound = [result for result in results if _has_figures(result) and not _of_another(result, profile)]
    known = _known(sound)
    bands = _bands(cell, profile, known)
    figures = tuple(_figure(band, known.get(band.figure)) for band in bands) if sound else ()
    problems = tuple(problem for result in results for problem in result.problems)
    status, reason = _status(results, sound, figures, bands)
    likely: tuple[str, ...] = ()
    if any(figure.place in ("above", "below") for figure in figures):
        likely = likely_causes(cell, {name: statistics.fmean(of) for name, of in known.items()}, bands, profile)
    return CellJudgement(
        cell=cell.id,
        status=status,
        outcome=_outcome(cell, status, reason, figures, likely, problems),
        runs=len(sound),
        figures=figures,
        likely=likely,
        problems=problems,
        deviations=tuple(dict.fromkeys(line for result in results for line in result.deviations)),
        sources=tuple(result.source for result in results),
        errata=bands[0].errata,
    )


def _status(
    results: Sequence[Result], sound: Sequence[Result], figures: Sequence[FigureJudgement], bands: Sequence[Band]
) -> tuple[CellStatus, str]:
    """Return the status of a cell and the reason in words."""
    profile = bands[0].profile
    if not results:
        return "absent", "no training of this cell was handed in"
    if any(result.problems for result in results):
        return "not a protocol run", "its artifacts contradict themselves"
    if not sound and any(result.deviations for result in results):
        return "not a protocol run", "deviations from the protocol are declared"
    others = [result.profile for result in results if _of_another(result, profile)]
    if not sound and others:
        told = f"trained by the profile {others[0]}, judged by {profile}"
        return "not a protocol run", f"{told}: name its own with --profile, in pytest --fer-profile"
    if all(band.low is None for band in bands):
        return "unpublished", str(bands[0].missing)
    if not sound:
        finished = all(result.complete for result in results)
        return "incomplete", "none of its figures is known" if finished else "its training is not finished"
    places = {figure.place for figure in figures}
    for status in ("below", "above"):
        if status in places:
            return status, ""
    needed = [figure.figure for figure in figures if figure.figure.endswith(ACCURACY) and figure.band.low is not None]
    lacking = [name for name in needed if any(getattr(result.figures, name) is None for result in sound)]
    if lacking:
        who = "not all runs have" if len(sound) > 1 else "the run has no"
        return "incomplete", f"{who} {', '.join(lacking)}"
    return "within", ""


def _has_figures(result: Result) -> bool:
    """Return whether a result is of a training by the protocol that ended, with figures that can be believed."""
    known = any(value is not None for value in result.figures.model_dump().values())
    return result.complete and not result.deviations and known


def _of_another(result: Result, profile: Profile) -> bool:
    """Return whether a training was by another profile than it is judged by; a table does not say."""
    return result.profile not in (None, profile)


def _known(sound: Sequence[Result]) -> dict[str, list[float]]:
    """Return the values of every figure that any run has."""
    values: dict[str, list[float]] = {}
    for result in sound:
        for name, value in result.figures.model_dump(exclude_none=True).items():
            values.setdefault(name, []).append(value)
    return values


def _bands(cell: Cell, profile: Profile, known: Mapping[str, Sequence[float]]) -> tuple[Band, ...]:
    """Return the bands of a cell, each for the mean of as many runs as have its figure."""
    bands = bands_of(cell, profile)
    runs = {band.figure: max(len(known.get(band.figure, ())), 1) for band in bands}
    of_runs = {count: {band.figure: band for band in bands_of(cell, profile, count)} for count in {*runs.values()}}
    return tuple(of_runs[count][name] for name, count in runs.items())


def _figure(band: Band, values: Sequence[float] | None) -> FigureJudgement:
    value = statistics.fmean(values) if values else None
    where = place(value, band)
    by = 0.0
    if where == "below":
        by = value - band.low
    elif where == "above":
        by = value - band.high
    return FigureJudgement(figure=band.figure, value=value, place=where, by=by, band=band)


def _outcome(
    cell: Cell,
    status: CellStatus,
    reason: str,
    figures: Sequence[FigureJudgement],
    likely: Sequence[str],
    problems: Sequence[Outcome],
) -> Outcome:
    clause = spec.load().clause(CLAUSE)
    outside = [figure for figure in figures if figure.place in ("above", "below")]
    worst = max(outside, key=lambda figure: abs(figure.by), default=None)
    found = {
        "status": OUTCOMES[status],
        "message": reason,
        "likely": next(iter(likely), None),
    }
    if worst is not None:
        found |= {
            "observed": f"{worst.figure} {worst.value:.3f}",
            "expected": f"{worst.band.low:.3f} to {worst.band.high:.3f}",
            "difference": worst.by,
        }
    if problems:
        first = problems[0]
        named = f"{first.clause} {first.title}: {first.observed}"
        found |= {"status": Status.FAIL, "message": named, "likely": first.likely or found["likely"]}
    return Outcome(
        check=f"{clause.id}[{cell.id}]",
        clause=clause.id,
        title=clause.title,
        place=clause.place,
        reproduce=f"ferspec grid band {cell.id}" if found["status"] is not Status.PASS else None,
        **found,
    )
