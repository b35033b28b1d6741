"""Figures 2 to 28 of the site: their values, intervals, verdicts and files."""

import csv
import io
import re

import pytest
from bs4 import BeautifulSoup

from ferspec import spec
from ferspec.grid.finding.findings import findings
from ferspec.grid.judging.results import published
from ferspec.report.site.figure_pages import draw
from ferspec.report.site.figures import pipeline
from ferspec.report.site.figures.records import figures
from ferspec.spec.reading import SpecError
from ferspec.spec.records import CellMetrics
from helpers.places import ROOT

BY_NUMBER = {figure.number: figure for figure in figures()}
NAMED = re.compile(r"Figs?\. (\d+)(?: (?:and|to) (\d+))?")


def drawn(number, measured=None):
    return draw(BY_NUMBER[number], measured or {})


def values(number, metric):
    """The values of a chart by the name of the bar."""
    table = drawn(number).table
    rows = [dict(zip(table.headings, row, strict=True)) for row in table.rows]
    return {row["bar"]: row for row in rows if row["metric"] == metric}


def test_every_figure_from_2_to_28_has_a_page_and_a_csv_file(files):
    assert list(BY_NUMBER) == list(range(2, 29))
    for number in BY_NUMBER:
        page = BeautifulSoup(files[f"figures/figure-{number}.html"], "lxml")
        rows = list(csv.reader(io.StringIO(files[f"figures/figure-{number}.csv"])))
        assert page.h1.get_text().startswith(f"Figure {number}: ")
        assert len(page.select("table.values tbody tr")) == len(rows) - 1 > 1


def test_a_figure_has_a_verdict_on_each_statement_that_names_it(files):
    for clause in spec.load().select("F"):
        for first, last in NAMED.findall(clause.place):
            for number in range(int(first), int(last or first) + 1):
                assert clause.id in files[f"figures/figure-{number}.html"], (clause.id, number)


def test_the_questions_hold_every_statement_once(files):
    shown = re.findall(r'class="sub">(FER-F-\d+)', files["questions.html"])
    assert shown == [one.clause for one in findings(published()).findings]


def test_the_bars_of_single_cells_are_the_values_of_the_grid():
    cell = spec.load().cell("vgg16-vggface-48-rafdb-simple")
    row = values(15, "btfer_accuracy")["RAF-DB, VGGFace"]
    # typed from Table 2 and from the released report
    assert (row["value"], row["printed"]) == (0.38, 0.45) == (cell.released.btfer_accuracy, 0.45)
    assert row["low"] < 0.38 < row["high"]


def test_the_bars_of_a_mean_are_those_of_the_same_networks():
    with (ROOT / "ferspec/spec/data/grid.csv").open(encoding="utf-8", newline="") as lines:
        grid = [row for row in csv.DictReader(lines) if (row["resolution"], row["balancing"]) == ("224", "simple")]
    known = {}
    for row in grid:
        text = row["released_btfer_accuracy"] or row["printed_btfer_accuracy"]
        if text:
            known.setdefault((row["architecture"], row["weights"]), {})[row["dataset"]] = float(text)
    by_network = {}
    for (architecture, _), accuracies in known.items():
        if len(accuracies) == 3:
            by_network.setdefault(architecture, []).append(accuracies["RAF-DB"])
    expected = sum(sum(own) / len(own) for own in by_network.values()) / len(by_network)
    row = values(23, "btfer_accuracy")["RAF-DB"]
    assert row["value"] == pytest.approx(expected)
    assert row["networks"] == len(by_network)


def test_the_bars_of_figure_14_differ_by_the_estimate_of_its_statement():
    for finding in findings(published()).findings:
        if finding.clause == "FER-F-02":
            bars = values(14, finding.figure)
            assert bars["224×224"]["value"] - bars["48×48"]["value"] == pytest.approx(finding.estimate.value)


def test_measured_means_are_shown_only_where_every_cell_was_measured():
    cells = [cell.id for cell in spec.load().cells if cell.resolution == 48 and cell.balancing == "simple"]
    every = {id: CellMetrics(val_accuracy=0.5, btfer_accuracy=0.25) for id in cells}
    shown = [bar.measured for chart in drawn(21, every).charts for bar in chart.bars]
    assert shown == ["0.500"] * 3 + ["0.250"] * 3
    del every["vgg16-imagenet-48-rafdb-simple"]
    shown = [bar.measured for chart in drawn(21, every).charts for bar in chart.bars]
    assert shown == ["", "0.500", "0.500", "", "0.250", "0.250"]


@pytest.mark.parametrize("number", [11, 13])
def test_the_printed_weights_follow_from_the_training_counts(number):
    assert drawn(number).sentences[0].startswith("7 of 7 weights are the printed ones")
    figure = BY_NUMBER[number]
    wrong = figure.model_copy(update={"printed": (figure.printed[0] + 0.01, *figure.printed[1:])})
    assert draw(wrong, {}).sentences[0].startswith("6 of 7 weights")


@pytest.mark.parametrize(("number", "fear"), [(10, "× 16.81 = 4,169"), (12, "× 3.00 = 744")])
def test_the_distribution_is_drawn_before_and_after_weighting(number, fear):
    svg = drawn(number).svg
    assert "248" in svg
    assert fear in svg
    assert "10,733 training images and 4,606 others" in drawn(number).sentences[0]


@pytest.mark.parametrize(
    ("number", "total"),
    # the totals that Keras printed
    [(3, 1_365_703), (4, 2_840_775), (5, 2_489_671), (6, 2_001_045), (7, 5_337_735), (8, 5_512_455)],
)
def test_a_network_is_drawn_with_every_layer_and_its_total(number, total):
    found = drawn(number)
    assert sum(row[3] for row in found.table.rows) == total
    assert f"{total:,} parameters" in found.sentences[0]
    assert found.svg.count('class="layer') == len(found.table.rows)


def test_the_pipeline_has_the_values_of_the_specification():
    lines = [line for step in pipeline.steps() for line in step.lines]
    assert "x / 255, rotation ±20°, shifts ±0.2" in lines
    assert "rate × 0.5 after 10 epochs without improvement" in lines
    assert all(len(line) < 56 for line in lines)


def test_a_step_that_names_an_unknown_value_is_refused(tmp_path, monkeypatch):
    (tmp_path / "pipeline.toml").write_text('[[step]]\ntitle = "a"\nlines = ["{FER-A-02.nope}"]\n')
    monkeypatch.setattr(pipeline, "STEPS", tmp_path / "pipeline.toml")
    with pytest.raises(SpecError, match=r"pipeline\.toml: FER-A-02 has no value 'nope'"):
        pipeline.steps()
