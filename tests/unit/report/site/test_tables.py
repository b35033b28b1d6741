"""Tables 2 to 6 of the site: every value is that of the specification's file, and every misprint is marked."""

import csv
import io
import re

import pytest
from bs4 import BeautifulSoup

from ferspec import spec
from ferspec.report.site.doubts import METRICS, doubts_of
from ferspec.report.site.grid_table import row
from ferspec.spec.records import CellMetrics
from helpers.places import ROOT

PAGES = {48: "table-2.html", 224: "table-3.html"}


@pytest.fixture(scope="module")
def grid():
    """The rows of grid.csv as texts, by the id of the cell."""
    with (ROOT / "ferspec/spec/data/grid.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    fields = ("architecture", "weights", "resolution", "dataset", "balancing")
    return {"-".join(one[field].replace("-", "") for field in fields).lower(): one for one in rows}


@pytest.fixture(scope="module")
def shown(files):
    """The values on the pages of Tables 2 and 3: (cell, source, metric) to text; empty where none is shown."""
    found = {}
    for page in PAGES.values():
        for body in BeautifulSoup(files[page], "lxml").select("#sorted > tbody"):
            for line in body.select("tr"):
                for one in line.select("td[data-metric]"):
                    found[body["id"], line["data-source"], one["data-metric"]] = number(one)
    return found


def number(element):
    """Return the number of a table's value without its marks; empty for a missing value."""
    return "" if element.select_one(".missing") else element.find(string=True, recursive=False)


def test_every_value_of_tables_2_and_3_is_that_of_the_file(grid, shown):
    wanted = {
        (cell, source, metric): one[f"{source}_{metric}"]
        for cell, one in grid.items()
        for source in ("printed", "released")
        for metric in METRICS
    }
    assert len(wanted) == 258 * 16
    assert {key: shown[key] for key in wanted} == wanted
    assert {key[0] for key in shown} == set(grid)


def test_the_page_of_each_cell_has_the_values_of_the_file(grid, files):
    for cell, one in grid.items():
        table = BeautifulSoup(files[f"cells/{cell}.html"], "lxml").select("table.metrics tbody tr")
        for metric, line in zip(METRICS, table, strict=True):
            printed, released = map(number, line.select("td[data-metric]"))
            assert (printed, released) == (one[f"printed_{metric}"], one[f"released_{metric}"]), (cell, metric)


def test_the_csv_files_have_the_values_of_the_file(grid, files):
    lines = [one for name in ("table-2.csv", "table-3.csv") for one in csv.DictReader(io.StringIO(files[name]))]
    assert len(lines) == 2 * len(grid)
    for one in lines:
        assert [one[m] for m in METRICS] == [grid[one["cell"]][f"{one['source']}_{m}"] for m in METRICS]


@pytest.mark.parametrize(("erratum", "metrics"), [("ERR-31", {"recall", "accuracy"}), ("ERR-39", {"f1"})])
def test_exactly_the_cells_of_an_erratum_have_impossible_values(erratum, metrics):
    marked = {
        cell.id
        for cell in spec.load().cells
        for metric, doubt in doubts_of(cell).items()
        if doubt.kind == "impossible" and metric.partition("_")[2] in metrics
    }
    assert marked == set(spec.load().erratum(erratum).cells)


def test_a_printed_value_is_marked_where_the_report_has_another_and_nowhere_else():
    cell = spec.load().cell("vgg16-imagenet-48-rafdb-simple")
    assert doubts_of(cell) == {}
    moved = cell.model_copy(update={"released": cell.released.model_copy(update={"val_f1": 0.76})})
    assert {metric: doubt.kind for metric, doubt in doubts_of(moved).items()} == {"val_f1": "differs"}


def test_a_measured_line_appears_only_where_cells_were_measured():
    cell = spec.load().cell("vgg16-imagenet-48-rafdb-simple")
    assert [line.source for line in row(cell, {}).lines] == ["printed", "released"]
    line = row(cell, {cell.id: CellMetrics(val_accuracy=0.7712)}).lines[-1]
    assert [value.text for value in line.values] == [None, None, None, "0.77", None, None, None, None]


def test_each_row_of_tables_4_to_6_has_the_printed_figures(files):
    # typed from the paper
    printed = [
        "0.79 0.52", "0.78 0.54", "0.77 0.51", "0.78 0.46", "0.81 0.56",
        "0.86 0.62", "0.85 0.59", "0.87 0.60", "0.86 0.59", "0.85 0.60",
        "0.81 0.55", "0.76 0.54", "0.85 0.62", "0.82 0.60",
    ]  # fmt: skip
    lines = BeautifulSoup(files["tables-4-to-6.html"], "lxml").select('tr[data-source="this table"]')
    found = [[one.get_text() for one in line.select("td.number")] for line in lines]
    assert [" ".join(texts[1:]) for texts in found] == printed
    assert [texts[0] for texts in found[:5]] == ["~15M", "~20M", "~15M", "~5.5M", "~12M"]


def test_every_link_of_the_site_leads_to_a_file_and_a_place_in_it(files):
    ids = {name: set(re.findall(r'\bid="([^"]+)"', text)) for name, text in files.items()}
    for name, text in files.items():
        for target in re.findall(r'href="([^"]+)"', text):
            if target.startswith("https://doi.org/"):
                continue
            path, _, place = target.partition("#")
            folder = name.rpartition("/")[0]
            parts = [*folder.split("/"), *path.split("/")] if path else name.split("/")
            while ".." in parts:
                at = parts.index("..")
                del parts[at - 1 : at + 1]
            found = "/".join(filter(None, parts))
            assert found in files, (name, target)
            assert not place or place in ids[found], (name, target)
