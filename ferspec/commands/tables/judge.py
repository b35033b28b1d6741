"""Prints judged cells: the number by status and every cell that needs attention."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from rich.console import Console
from rich.text import Text

from ferspec.grid.judging.judge import STATUSES, CellJudgement, GridJudgement
from ferspec.grid.judging.reading import ReadResults
from ferspec.outcomes import Outcome, Status
from ferspec.report.grid.words import MEANINGS, chance, metric_name, most_urgent_first, with_band
from ferspec.report.tables import print_table
from ferspec.report.terminal import STYLES
from ferspec.report.words import VERDICTS, plain, shorten

LONGEST = 300
PLAIN_WIDTH = 160
SHOWN = 12
# cells of one status and reason
NAMED = 3


def print_judged(
    judgement: GridJudgement, read: ReadResults, page: Path | None = None, console: Console | None = None
) -> None:
    """Print the totals by status, the cells that need attention, and the page's path."""
    console = console or _console()
    counts = judgement.counts
    console.print(
        Text.assemble(
            (VERDICTS[judgement.verdict].upper(), STYLES[judgement.verdict]),
            f"  {counts.planned} cells: {counts.passed} pass, {counts.fail} fail, {counts.inconclusive} inconclusive, "
            f"{counts.not_evaluated} not evaluated; profile {judgement.profile}",
        )
    )
    print_table(console, ("status", "cells", "outcome", ""), _statuses(judgement), ("status", "cells"), ("cells",))
    for cells in _alike(most_urgent_first(cell for cell in judgement.cells if _asks_attention(cell))):
        console.print(*(_lines(cells[0]) if len(cells) == 1 else [_in_one_line(cells)]), sep="\n", soft_wrap=True)
    for problem in judgement.problems:
        console.print("\nof no known cell", *_problem(problem), sep="\n", soft_wrap=True)
    console.print(*map(Text, _closing(judgement, read)), sep="\n", soft_wrap=True)
    if page is not None:
        console.print(Text(f"page: {shorten(page, LONGEST)}"), soft_wrap=True)


def _statuses(judgement: GridJudgement) -> Iterator[tuple[str | Text, ...]]:
    for status in STATUSES:
        number = judgement.statuses[status]
        outcomes = Counter(cell.outcome.status for cell in judgement.cells if cell.status == status)
        came_out = ", ".join(f"{VERDICTS[outcome]} {outcomes[outcome]}" for outcome in Status if outcomes[outcome])
        yield Text(status, "" if number else "dim"), str(number), came_out, MEANINGS[status]


def _asks_attention(cell: CellJudgement) -> bool:
    return cell.status not in ("within", "absent") or bool(cell.problems)


def _alike(cells: Iterable[CellJudgement]) -> Iterable[list[CellJudgement]]:
    """Group the cells of one status that have nothing to show but a reason."""
    groups: dict[tuple[str, ...], list[CellJudgement]] = {}
    for cell in cells:
        own = (cell.cell,) if cell.outside or cell.problems else cell.deviations
        groups.setdefault((cell.status, *own), []).append(cell)
    return groups.values()


def _in_one_line(cells: list[CellJudgement]) -> Text:
    first, more = cells[0], ", …: --json lists all" if len(cells) > NAMED else ""
    counts = Counter(cell.outcome.message for cell in cells)
    reasons = [reason if len(counts) == 1 else f"{reason} ({count})" for reason, count in counts.items()]
    names = ", ".join(cell.cell for cell in cells[:NAMED])
    said = shorten("; ".join((*reasons, *first.deviations)), LONGEST)
    return Text.assemble(
        f"{len(cells)} cells ", (first.status, STYLES[first.outcome.status]), f": {said}: {names}{more}"
    )


def _lines(cell: CellJudgement) -> Iterator[Text]:
    yield Text("")
    runs = f", mean of {cell.runs} runs" if cell.runs > 1 else ""
    yield Text.assemble((cell.cell, "bold"), "  ", (cell.status, STYLES[cell.outcome.status]), runs)
    for figure in cell.outside:
        yield Text(f"  {metric_name(figure.figure)} {with_band(figure)}")
    if not cell.outside and not cell.problems:
        yield Text(f"  {plain(cell.outcome.message)}")
    for cause in cell.likely:
        yield Text(f"  likely: {cause}")
    for problem in cell.problems[:SHOWN]:
        yield from _problem(problem)
    if len(cell.problems) > SHOWN:
        yield Text(f"  and {len(cell.problems) - SHOWN} more problems of this cell: --json lists all")
    for deviation in cell.deviations:
        yield Text(f"  declared: {shorten(deviation, LONGEST)}")
    if (cell.outside or cell.problems) and cell.errata:
        yield Text(f"  errata that name the cell: {', '.join(cell.errata)}")
    if cell.problems or cell.status == "not a protocol run":
        yield Text(f"  read from: {shorten(', '.join(cell.sources), LONGEST)}")


def _problem(problem: Outcome) -> Iterator[Text]:
    yield Text(f"  {problem.clause} {problem.title}: FAIL", "red")
    observed, expected = (shorten(text, LONGEST) for text in (problem.observed, problem.expected))
    more = f"; {problem.message}" if problem.message else ""
    yield Text(f"    observed {observed}, expected {expected}{more}")
    if problem.likely:
        yield Text(f"    likely: {plain(problem.likely)}")


def _closing(judgement: GridJudgement, read: ReadResults) -> Iterator[str]:
    yield ""
    if judgement.judged:
        yield chance(judgement)
    checks = read.checks
    yield (
        f"{_results(len(read.results))} read: {checks.planned:,} checks of their artifacts, "
        f"{checks.passed:,} pass, {checks.fail} fail, {checks.not_evaluated} not evaluated"
    )
    if others := judgement.not_selected - judgement.synthetic:
        yield f"{_results(others)} of cells that were not selected"
    if judgement.synthetic:
        yield f"{_results(judgement.synthetic)} of synthetic cells: --select dataset=synthetic"
    yield from (plain(note) for note in read.notes)


def _results(count: int) -> str:
    return "1 result" if count == 1 else f"{count:,} results"


def _console() -> Console:
    console = Console(highlight=False)
    return console if console.is_terminal else Console(width=PLAIN_WIDTH, highlight=False)
