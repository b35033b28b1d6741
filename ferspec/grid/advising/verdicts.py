"""Judges what the paper says of the choice of a network: supported, tied or contradicted by results."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from ferspec import spec
from ferspec.grid.advising.constraints import parameters_of
from ferspec.grid.advising.statements import Costlier, OfItsSize, Row, Statement, statements
from ferspec.grid.bands.bands import Band, bands_of
from ferspec.grid.bands.causes import place
from ferspec.grid.costs import cost_of
from ferspec.grid.finding.effects import Measured, chosen, selected
from ferspec.grid.finding.findings import Findings, findings, judge_of
from ferspec.grid.finding.outcomes import Judge
from ferspec.grid.finding.outcomes import Outcome as FindingOutcome
from ferspec.grid.judging.results import published
from ferspec.records import Record
from ferspec.required import required
from ferspec.spec.records import DEFAULT_PROFILE, Cell, Profile

Outcome = Literal["supported", "tied", "contradicted", "not evaluated"]
OF_FINDING: dict[FindingOutcome, Outcome] = {
    "supported": "supported",
    "within noise": "tied",
    "not supported": "contradicted",
    "not evaluated": "not evaluated",
}
# the first that any part has is that of the statement
DECISIVE: tuple[Outcome, ...] = ("contradicted", "tied", "supported", "not evaluated")
WORDS = {"val_accuracy": "validation", "btfer_accuracy": "BTFER", "val_f1": "validation F1", "btfer_f1": "BTFER F1"}
ACCURACIES = ("val_accuracy", "btfer_accuracy")
# half a unit of the printed digits of an accuracy, and of a number of millions of parameters
ROUNDING, HALF_MILLION = 0.005, 0.5


class Part(Record):
    """One comparison of a statement with the results."""

    about: str
    outcome: Outcome
    reason: str


class Verdict(Record):
    """A statement of the paper, and whether results support it: contradicted if any part is, else tied if any is."""

    id: str
    place: str
    text: str
    outcome: Outcome
    parts: tuple[Part, ...]

    @property
    def reasons(self) -> str:
        """What decides, in one line: the parts with the statement's outcome."""
        return "; ".join(f"{part.about}: {part.reason}" for part in self.parts if part.outcome == self.outcome)


def verdicts(profile: Profile = DEFAULT_PROFILE) -> tuple[Verdict, ...]:
    """Judge Tables 4 to 6 and Section 4.6 by the published results."""
    figures = {figure for one in statements() for question in one.questions for figure in question.figures}
    results = published(profile)
    judges = {figure: judge_of(results, figure, profile) for figure in {*figures, *ACCURACIES}}
    grid = _Grid(judges, findings(results, profile), profile)
    return tuple(_verdict(statement, grid) for statement in statements())


@dataclass(frozen=True)
class _Grid:
    """The published results, ready to judge statements."""

    judges: dict[str, Judge]
    findings: Findings
    profile: Profile

    def cells(self, figure: str, where: str) -> list[Measured]:
        return chosen(self.judges[figure].known, where)


def _verdict(statement: Statement, grid: _Grid) -> Verdict:
    parts = tuple(_parts(statement, grid))
    outcome = next(outcome for outcome in DECISIVE if any(part.outcome == outcome for part in parts))
    return Verdict(id=statement.id, place=statement.place, text=statement.text, outcome=outcome, parts=parts)


def _parts(statement: Statement, grid: _Grid) -> Iterator[Part]:
    if statement.reason is not None:
        yield Part(about="the grid", outcome="not evaluated", reason=statement.reason)
    if statement.row is not None:
        yield from _row(statement.row, statement.table, grid)
    for finding in grid.findings.findings:
        if finding.clause in statement.clauses:
            about = f"{finding.clause} {WORDS[finding.figure]}" if finding.figure else finding.clause
            yield Part(about=about, outcome=OF_FINDING[finding.outcome], reason=finding.reason)
    for question in statement.questions:
        for figure in question.figures:
            judged = grid.judges[figure].judge(question)
            about = f"{WORDS[figure]} ({question.where})"
            yield Part(about=about, outcome=OF_FINDING[judged.outcome], reason=judged.reason)
    for one in statement.of_its_size:
        yield from _best_of_its_size(one, grid)
    if statement.costlier is not None:
        yield from _costs(statement.costlier)


def _row(row: Row, table: str, grid: _Grid) -> Iterator[Part]:
    cell = cell_of(row, grid.profile)
    yield _figures(row, cell, grid.profile)
    if row.millions is not None:
        yield _parameters(row.millions, cell)
    if row.best is None:
        yield from _best_of_its_size(OfItsSize(network=row.network, resolution=row.resolution), grid)
    else:
        yield _among_best(row, table, cell, grid)


def cell_of(row: Row, profile: Profile) -> Cell:
    """Return the cell of a row: that with the nearest accuracies."""
    cells = [spec.load().cell(id) for id in selected(row.where)]

    def distance(cell: Cell) -> float:
        known = [cell.metric(figure, profile) for figure in ACCURACIES]
        return sum(
            1.0 if value is None else abs(value - getattr(row, figure))
            for value, figure in zip(known, ACCURACIES, strict=True)
        )

    return min(cells, key=distance)


def _figures(row: Row, cell: Cell, profile: Profile) -> Part:
    """Compare the printed accuracies of a row with its cell and the cell's bands."""
    bands = {band.figure: band for band in bands_of(cell, profile) if band.figure in ACCURACIES}
    pairs = [(getattr(row, figure), bands[figure]) for figure in ACCURACIES]
    said = ", ".join(f"{WORDS[band.figure]} {value:.2f} ({_expected(band)})" for value, band in pairs)
    outcome: Outcome
    if any(band.expected is None for _, band in pairs):
        outcome = "not evaluated"
    elif all(abs(value - required(band.expected)) <= ROUNDING for value, band in pairs):
        outcome = "supported"
    else:
        inside = all(place(value, band) == "within" for value, band in pairs)
        outcome = "tied" if inside else "contradicted"
    return Part(about="printed accuracies", outcome=outcome, reason=f"{said} of {cell.id}")


def _expected(band: Band) -> str:
    if band.expected is None:
        return "unknown"
    return f"{band.source} {band.expected:.2f}, band {band.low:.2f} to {band.high:.2f}"


def _parameters(millions: float, cell: Cell) -> Part:
    """Compare a printed number of parameters with that of the network as run."""
    run = parameters_of(cell) / 1e6
    agree = abs(run - millions) <= HALF_MILLION
    reason = f"about {millions:g} million are printed, {run:.1f} million were run"
    return Part(about="parameters", outcome="supported" if agree else "contradicted", reason=reason)


def _among_best(row: Row, table: str, cell: Cell, grid: _Grid) -> Part:
    """Compare the validation accuracy of a row with the best unlisted one."""
    listed = {id for one in statements() if one.table == table and one.row for id in selected(one.row.where)}
    known = grid.cells("val_accuracy", f"dataset=rafdb resolution={row.resolution}")
    own = [measured for measured in known if measured.cell.id == cell.id]
    rivals = [measured for measured in known if measured.cell.id not in listed]
    about = f"among the {row.best} best by validation accuracy"
    return next(_lead(about, "val_accuracy", own, rivals, known, grid))


def _best_of_its_size(one: OfItsSize, grid: _Grid) -> Iterator[Part]:
    """Compare the best cell of some networks with the best other one of their size."""
    everywhere = f"dataset=rafdb resolution={one.resolution}"
    for figure in ACCURACIES:
        own = grid.cells(figure, f"{everywhere} {one.network}")
        ids = set(selected(f"{everywhere} {one.network}"))
        largest = max(parameters_of(spec.load().cell(id)) for id in ids)
        known = [cell for cell in grid.cells(figure, everywhere) if parameters_of(cell.cell) <= largest]
        rivals = [measured for measured in known if measured.cell.id not in ids]
        size = f"{one.resolution}×{one.resolution}, at most {largest / 1e6:.1f} million parameters"
        about = f"{WORDS[figure]} at {size}"
        yield from _lead(about, figure, own, rivals, known, grid)


def _lead(
    about: str,
    figure: str,
    own: Sequence[Measured],
    rivals: Sequence[Measured],
    known: Sequence[Measured],
    grid: _Grid,
) -> Iterator[Part]:
    if not own or not rivals:
        missing = "its accuracy is unknown" if not own else "no other network has so few parameters"
        yield Part(about=about, outcome="not evaluated", reason=missing)
        return
    judged = grid.judges[figure].lead(_best(own), _best(rivals), known)
    yield Part(about=about, outcome=OF_FINDING[judged.outcome], reason=judged.reason)


def _best(cells: Iterable[Measured]) -> Measured:
    return max(cells, key=lambda measured: measured.value)


def _costs(stated: Costlier) -> Iterator[Part]:
    """Compare the parameters and operations of two architectures."""
    cells = {cell.architecture: cell for cell in spec.load().cells if cell.resolution == stated.resolution}
    more, less = (cost_of(cells[name]) for name in (stated.more, stated.less))
    pairs = {
        "parameters": (more.parameters, less.parameters, "million", 1e6),
        "operations of an image": (more.flops, less.flops, "billion", 1e9),
    }
    for about, (own, its, unit, scale) in pairs.items():
        reason = f"{own / scale:.2f} {unit} of {stated.more}, {its / scale:.2f} {unit} of {stated.less}"
        yield Part(about=about, outcome="supported" if own > its else "contradicted", reason=reason)
