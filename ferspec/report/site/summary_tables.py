"""Tables 4 to 6: each row as printed, beside the cell of Tables 2 and 3 that it is of, and its verdict."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ferspec import spec
from ferspec.grid.advising.statements import Statement, statements
from ferspec.grid.advising.verdicts import Verdict, cell_of
from ferspec.report.site.data import PrintedRow, printed_rows
from ferspec.report.site.grid_table import Measured
from ferspec.report.words import WEIGHTS
from ferspec.spec.records import DEFAULT_PROFILE, Cell, CellMetrics

TITLES = {
    "T4": "Table 4: the five best networks on RAF-DB at 48×48",
    "T5": "Table 5: the five best trainings on RAF-DB at 224×224",
    "T6": "Table 6: the networks that perform best, at both resolutions",
}
STYLES = {"supported": "pass", "tied": "inconclusive", "contradicted": "fail", "not evaluated": "not_evaluated"}
ACCURACIES = ("val_accuracy", "btfer_accuracy")


@dataclass(frozen=True)
class SummaryRow:
    """One row: its printed values as texts, the values of its cell by source, and the verdict on it."""

    name: str
    printed: tuple[str, str, str]
    cell: Cell | None
    parameters: str
    sources: tuple[tuple[str, tuple[str, str]], ...]
    verdict: Verdict

    @property
    def shown(self) -> tuple[tuple[str, str, tuple[str, str]], ...]:
        """The lines of the row: source, parameters and both accuracies."""
        others = tuple((source, self.parameters if source == "released" else "", pair) for source, pair in self.sources)
        return (("this table", self.printed[0], (self.printed[1], self.printed[2])), *others)


def summary_tables(verdicts: Iterable[Verdict], measured: Measured) -> dict[str, list[SummaryRow]]:
    """Return the rows of Tables 4, 5 and 6, by the title of the table."""
    judged = {verdict.id: verdict for verdict in verdicts}
    outside = {row.id: row for row in printed_rows()}
    return {
        title: [_row(one, judged[one.id], outside, measured) for one in statements() if one.table == table]
        for table, title in TITLES.items()
    }


def as_csv(tables: Mapping[str, list[SummaryRow]]) -> str:
    """Return the rows of all three tables as CSV, with a line for each source."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["table", "row", "cell", "source", "parameters", *ACCURACIES, "outcome"])
    for title, table in tables.items():
        for row in table:
            for source, parameters, pair in row.shown:
                id = row.cell.id if row.cell else ""
                named = title.partition(":")[0]
                writer.writerow([named, row.verdict.id, id, source, parameters, *pair, row.verdict.outcome])
    return text.getvalue()


def _row(one: Statement, verdict: Verdict, outside: Mapping[str, PrintedRow], measured: Measured) -> SummaryRow:
    if one.row is None:
        printed = outside[one.id]
        return SummaryRow(
            name=printed.name,
            printed=(_millions(printed.millions), *_pair(printed.val_accuracy, printed.btfer_accuracy)),
            cell=None,
            parameters=f"{spec.load().networks[printed.network].parameter_total('scratch', 48):,}",
            sources=(),
            verdict=verdict,
        )
    cell = cell_of(one.row, DEFAULT_PROFILE)
    of_cell = [("Tables 2, 3", cell.printed), ("released", cell.released)]
    if measured:
        of_cell.append(("measured", measured.get(cell.id, CellMetrics())))
    network = spec.load().networks[cell.architecture]
    return SummaryRow(
        name=f"{cell.architecture}, {WEIGHTS[cell.weights]}, {cell.balancing}",
        printed=(_millions(one.row.millions), *_pair(one.row.val_accuracy, one.row.btfer_accuracy)),
        cell=cell,
        parameters=f"{network.parameter_total(cell.weights, cell.resolution):,}",
        sources=tuple((name, _pair(*(getattr(held, figure) for figure in ACCURACIES))) for name, held in of_cell),
        verdict=verdict,
    )


def _pair(*values: float | None) -> tuple[str, str]:
    first, second = ("" if value is None else f"{value:.2f}" for value in values)
    return first, second


def _millions(value: float | None) -> str:
    return "" if value is None else f"~{value:g}M"
