"""All files of the site: pages and tables, by their paths."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import get_args

from ferspec import spec
from ferspec.grid.advising.verdicts import verdicts
from ferspec.grid.finding.findings import findings
from ferspec.grid.judging.results import published
from ferspec.progress import Progress, silent
from ferspec.report.site import grid_table, summary_tables
from ferspec.report.site.cell_page import path_of, render_cell
from ferspec.report.site.contact_sheet import sheet_files
from ferspec.report.site.doubts import doubts_of
from ferspec.report.site.figure_pages import figure_files
from ferspec.report.site.frame import render
from ferspec.report.site.grid_table import TABLES, Measured
from ferspec.report.site.inputs import Inputs
from ferspec.report.site.measured_pages import PATH as MEASURED_PAGE
from ferspec.report.site.measured_pages import measured_files
from ferspec.report.words import WEIGHTS
from ferspec.spec.records import Agreement, Resolution

SUMMARY = "tables-4-to-6"
TABLE_TITLES: dict[Resolution, str] = {
    48: "Table 2: performance at 48×48",
    224: "Table 3: performance at 224×224",
}
MARKS = (
    ("differs", "print and report differ"),
    ("impossible", "impossible values"),
    ("illegible", "illegible in print"),
)
TILES = (
    ("table-2.html", "Table 2", "Every cell at 48×48, as printed and as released; sort and filter it."),
    ("table-3.html", "Table 3", "Every cell at 224×224."),
    ("tables-4-to-6.html", "Tables 4 to 6", "The paper's best networks, row by row, with a verdict on each."),
    ("figures.html", "Figures 2 to 28", "Redrawn from the specification, with values as CSV and verdicts."),
    ("questions.html", "Research questions", "RQ1 to RQ3: each statement of the paper with its interval and outcome."),
    ("errata.html", "Errata", "Where text, tables and the authors' runs disagree."),
)

OWN = (MEASURED_PAGE, "Measured", "The trainings and certificates that this site was given.")
PUBLISHED = Inputs()


def site_files(command: str, inputs: Inputs = PUBLISHED, progress: Progress = silent) -> dict[str, str]:
    """Return the text of every file of the site, by its path with slashes.

    ``command`` is the one that makes the site; ``inputs`` are shown beside the published results.
    """
    measured = inputs.measured
    cells = spec.load().cells
    steps = len(cells) + 1
    files: dict[str, str] = {}
    for done, cell in enumerate(cells, start=1):
        files[path_of(cell)] = render_cell(cell, inputs)
        progress("drawing pages", done, steps)
    files |= dict(_grid_tables(measured))
    files |= dict(_summary_tables(measured))
    files |= dict(figure_files(findings(published()), inputs))
    files["errata.html"] = render("errata.html", "errata.html", "Errata", errata=spec.load().errata)
    files |= dict(measured_files(inputs))
    files |= dict(sheet_files(inputs.sheets))
    files["index.html"] = _index(command, inputs)
    progress("drawing pages", steps, steps)
    return files


def _grid_tables(measured: Measured) -> Iterator[tuple[str, str]]:
    book = spec.load()
    for resolution, number in TABLES.items():
        rows = grid_table.rows(resolution, measured)
        stem = f"table-{number}"
        yield f"{stem}.csv", grid_table.as_csv(rows)
        page = render(
            "grid_table.html",
            f"{stem}.html",
            TABLE_TITLES[resolution],
            scripts=("site/table.js",),
            resolution=resolution,
            rows=rows,
            columns=grid_table.columns(),
            measured=bool(measured),
            file=f"{stem}.csv",
            weights=list(WEIGHTS.items()),
            datasets=[(name, name) for name in book.texts("FER-G-02", "datasets")],
            balancings=[(name, name) for name in book.texts("FER-G-02", "balancings")],
            marks=MARKS,
        )
        yield f"{stem}.html", page


def _summary_tables(measured: Measured) -> Iterator[tuple[str, str]]:
    tables = summary_tables.summary_tables(verdicts(), measured)
    yield f"{SUMMARY}.csv", summary_tables.as_csv(tables)
    page = render(
        "summary_tables.html", f"{SUMMARY}.html", "Tables 4 to 6", tables=tables, STYLES=summary_tables.STYLES
    )
    yield f"{SUMMARY}.html", page


def _index(command: str, inputs: Inputs) -> str:
    cells = spec.load().cells
    counts = Counter(cell.agreement for cell in cells)
    impossible = sum(any(doubt.kind == "impossible" for doubt in doubts_of(cell).values()) for cell in cells)
    return render(
        "index.html",
        "index.html",
        "The published grid",
        cells=len(cells),
        networks=len({(cell.architecture, cell.weights, cell.resolution) for cell in cells}),
        measured=len(inputs.measured),
        tiles=(*TILES, *([OWN] if inputs.trainings or inputs.certificates else [])),
        agreements={word: counts[word] for word in get_args(Agreement) if counts[word]},
        impossible=impossible,
        command=command,
    )
