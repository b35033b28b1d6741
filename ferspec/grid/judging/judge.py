"""Judges the results of trainings by the bands of their cells."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, get_args

from ferspec import spec
from ferspec.engine import count
from ferspec.engine import judge as judge_outcomes
from ferspec.grid.bands.bands import CLAUSE, Band, bands_of
from ferspec.grid.bands.causes import ACCURACY, Place, likely_causes, place
from ferspec.grid.cells import SYNTHETIC, all_cells
from ferspec.grid.judging.results import Result
from ferspec.outcomes import CheckResult, Counts, Outcome, Status, Verdict
from ferspec.records import Record
from ferspec.spec.records import DEFAULT_PROFILE, Cell, Profile

CellStatus = Literal[
    "within", "above", "below", "contradictory", "incomplete", "absent", "not a protocol run", "unpublished"
]

STATUSES: tuple[CellStatus, ...] = get_args(CellStatus)
OUTCOMES: dict[CellStatus, Status] = {
    "within": Status.PASS,
    "above": Status.INCONCLUSIVE,
    "below": Status.FAIL,
    "contradictory": Status.FAIL,
    "incomplete": Status.NOT_EVALUATED,
    "absent": Status.NOT_EVALUATED,
    "not a protocol run": Status.NOT_EVALUATED,
    "unpublished": Status.NOT_EVALUATED,
}


class MetricJudgement(Record):
    """The mean of one metric over the runs of a cell, and its band. ``by`` is the signed distance from the band."""

    figure: str
    value: float | None
    place: Place
    by: float
    band: Band


class CellJudgement(Record):
    """The judgement of one cell, over ``runs`` trainings that followed the protocol.

    ``likely`` are causes that would explain metrics outside their bands, ``problems`` the failed checks on artifacts
    or rows of the cell, ``deviations`` the declared ones of all its trainings, ``errata`` those that name the cell.
    """

    cell: str
    status: CellStatus
    outcome: Outcome
    runs: int
    figures: tuple[MetricJudgement, ...] = ()
    likely: tuple[str, ...] = ()
    problems: tuple[Outcome, ...] = ()
    deviations: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    errata: tuple[str, ...] = ()

    @property
    def outside(self) -> tuple[MetricJudgement, ...]:
        """The metrics outside their bands."""
        return tuple(figure for figure in self.figures if figure.place in ("above", "below"))


class GridJudgement(Record):
    """The verdict over the selected cells, with the counts and judgements of the cells.

    ``not_selected`` counts the results of other cells, ``synthetic`` those of synthetic cells among them.
    ``problems`` are the failed checks on artifacts of unknown cells. ``by_chance`` is the number of the ``judged``
    metrics expected outside their bands although nothing is wrong, at the level of FER-Z-01.
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


def judge(
    cells: Iterable[Cell],
    results: Iterable[Result],
    profile: Profile = DEFAULT_PROFILE,
    reproduce: str | None = None,
) -> GridJudgement:
    """Judge every cell by whether the results of its trainings lie in its bands (FER-G-07).

    The mean of n trainings is compared to the band for n trainings. ``reproduce`` is the command that judges the same
    results again. The status of a cell is one of:

    - ``within`` (pass): both accuracies, and every known F1, lie in their bands;
    - ``below`` (fail): any metric is below its band;
    - ``above`` (inconclusive): any metric is above its band and none below; this needs an explanation;
    - ``contradictory`` (fail): artifacts or a row of a table contradict themselves, whatever the other trainings are;
      inconclusive for misprinted rows, exactly as published;
    - ``absent`` (not evaluated): no training was submitted;
    - ``incomplete`` (not evaluated): all trainings are unfinished, or an accuracy is missing;
    - ``not a protocol run`` (not evaluated): all trainings declare deviations or follow another profile;
    - ``unpublished`` (not evaluated): no metric of the cell is published.
    """
    cells, results = tuple(cells), tuple(results)
    by_cell: dict[str, list[Result]] = {}
    for result in results:
        by_cell.setdefault(result.cell, []).append(result)
    judged = tuple(judge_cell(cell, by_cell.get(cell.id, ()), profile, reproduce) for cell in cells)
    known = all_cells()
    problems = tuple(problem for result in results if result.cell not in known for problem in result.problems)
    outcomes = [cell.outcome for cell in judged]
    verdict = judge_outcomes([outcome.check for outcome in outcomes], outcomes).verdict
    figures = [figure for cell in judged for figure in cell.figures if figure.place != "unknown"]
    statuses = Counter(cell.status for cell in judged)
    selected = {cell.id for cell in cells}
    others = [known[result.cell] for result in results if result.cell in known and result.cell not in selected]
    return GridJudgement(
        profile=profile,
        verdict="fail" if problems else verdict,
        counts=count(outcomes),
        statuses={status: statuses[status] for status in STATUSES},
        cells=judged,
        problems=problems,
        judged=len(figures),
        outside=sum(len(cell.outside) for cell in judged),
        by_chance=(1 - spec.load().number("FER-Z-01", "level")) * len(figures),
        not_selected=len(others),
        synthetic=sum(cell.dataset == SYNTHETIC for cell in others),
    )


def judge_cell(
    cell: Cell, results: Sequence[Result], profile: Profile = DEFAULT_PROFILE, reproduce: str | None = None
) -> CellJudgement:
    """Judge one cell by the results of its trainings, as ``judge`` describes."""
    valid = [result for result in results if _has_figures(result) and not _has_other_profile(result, profile)]
    known = _known(valid)
    bands = _bands(cell, profile, known)
    figures = tuple(_figure(band, known.get(band.figure)) for band in bands) if valid else ()
    problems = tuple(problem for result in results for problem in result.problems)
    status, reason = _status(results, valid, figures, bands)
    likely: tuple[str, ...] = ()
    if any(figure.place in ("above", "below") for figure in figures):
        means = {name: statistics.fmean(values) for name, values in known.items()}
        likely = likely_causes(cell, means, bands, profile)
    return CellJudgement(
        cell=cell.id,
        status=status,
        outcome=_outcome(cell, status, reason, figures, likely, results, reproduce),
        runs=len(valid),
        figures=figures,
        likely=likely,
        problems=problems,
        deviations=tuple(dict.fromkeys(line for result in results for line in result.deviations)),
        sources=tuple(result.source for result in results),
        errata=bands[0].errata,
    )


def _status(
    results: Sequence[Result], valid: Sequence[Result], figures: Sequence[MetricJudgement], bands: Sequence[Band]
) -> tuple[CellStatus, str]:
    """Return the status of a cell and the reason in words."""
    profile = bands[0].profile
    if not results:
        return "absent", "no training of this cell was submitted"
    if any(result.problems for result in results):
        return "contradictory", "what was given of it contradicts itself"
    if not valid and any(result.deviations for result in results):
        return "not a protocol run", "deviations from the protocol are declared"
    others = [result.profile for result in results if _has_other_profile(result, profile)]
    if not valid and others:
        reason = f"trained with profile {others[0]}, judged by {profile}"
        return "not a protocol run", f"{reason}: give its own with --profile, in pytest --fer-profile"
    if all(band.low is None for band in bands):
        return "unpublished", str(bands[0].missing)
    if not valid:
        finished = all(result.complete for result in results)
        return "incomplete", "none of its metrics is known" if finished else "its training is not finished"
    places = {figure.place for figure in figures}
    if "below" in places:
        return "below", ""
    if "above" in places:
        return "above", ""
    needed = [figure.figure for figure in figures if figure.figure.endswith(ACCURACY) and figure.band.low is not None]
    missing = [name for name in needed if any(getattr(result.figures, name) is None for result in valid)]
    if missing:
        runs = "not all runs have" if len(valid) > 1 else "the run has no"
        return "incomplete", f"{runs} {', '.join(missing)}"
    return "within", ""


def _has_figures(result: Result) -> bool:
    """Return whether a result has metrics of a finished training without declared deviations."""
    known = any(value is not None for value in result.figures.model_dump().values())
    return result.complete and not result.deviations and known


def _has_other_profile(result: Result, profile: Profile) -> bool:
    """Return whether a training used another profile than it is judged by. A table has no profile."""
    return result.profile not in (None, profile)


def _known(valid: Sequence[Result]) -> dict[str, list[float]]:
    """Return the values of every metric that any run has."""
    values: dict[str, list[float]] = {}
    for result in valid:
        for name, value in result.figures.model_dump(exclude_none=True).items():
            values.setdefault(name, []).append(value)
    return values


def _bands(cell: Cell, profile: Profile, known: Mapping[str, Sequence[float]]) -> tuple[Band, ...]:
    """Return the bands of a cell, each for the number of runs with its metric."""
    runs = {band.figure: max(len(known.get(band.figure, ())), 1) for band in bands_of(cell, profile)}
    by_runs = {count: {band.figure: band for band in bands_of(cell, profile, count)} for count in {*runs.values()}}
    return tuple(by_runs[count][name] for name, count in runs.items())


def _figure(band: Band, values: Sequence[float] | None) -> MetricJudgement:
    value = statistics.fmean(values) if values else None
    by = 0.0
    if value is not None and band.low is not None and band.high is not None:
        by = value - min(max(value, band.low), band.high)
    return MetricJudgement(figure=band.figure, value=value, place=place(value, band), by=by, band=band)


def _outcome(
    cell: Cell,
    status: CellStatus,
    reason: str,
    figures: Sequence[MetricJudgement],
    likely: Sequence[str],
    results: Sequence[Result],
    reproduce: str | None,
) -> Outcome:
    clause = spec.load().clause(CLAUSE)
    result = CheckResult(status=OUTCOMES[status], message=reason, likely=next(iter(likely), None))
    outside = [figure for figure in figures if figure.place in ("above", "below")]
    if outside:
        worst = max(outside, key=lambda figure: abs(figure.by))
        observed, expected = f"{worst.figure} {worst.value:.3f}", f"{worst.band.low:.3f} to {worst.band.high:.3f}"
        result = result.model_copy(update={"observed": observed, "expected": expected, "difference": worst.by})
    contradicting = [result for result in results if result.problems]
    if contradicting:
        first = contradicting[0].problems[0]
        as_published = all(_is_as_printed(one, cell) for one in contradicting)
        note = " (the row is misprinted in the paper)" if as_published else ""
        result = result.model_copy(
            update={
                "status": Status.INCONCLUSIVE if as_published else Status.FAIL,
                "message": f"{first.clause} {first.title}: {first.observed}{note}",
                "likely": first.likely or result.likely,
            }
        )
    return Outcome(
        **dict(result),
        check=f"{clause.id}[{cell.id}]",
        clause=clause.id,
        title=clause.title,
        place=clause.place,
        reproduce=f"{reproduce} --select {cell.id}" if reproduce and result.status is not Status.PASS else None,
    )


def _is_as_printed(result: Result, cell: Cell) -> bool:
    """Return whether a result is the row that the paper prints. It has no folder with artifacts."""
    return not result.fingerprints and result.profile is None and result.figures == cell.printed
