"""The command ``ferspec grid findings``: output for every statement, and the JSON document."""

import json

import pytest
import typer
from typer.testing import CliRunner

from ferspec import spec
from ferspec.commands.findings import findings as command
from ferspec.commands.tables.findings import print_findings
from ferspec.grid.finding.findings import findings
from ferspec.grid.judging.judge import judge_cell
from ferspec.grid.judging.results import Result, published
from ferspec.spec.records import CellMetrics


@pytest.fixture
def run():
    app = typer.Typer()
    app.command()(command)
    return lambda *options: CliRunner().invoke(app, options, catch_exceptions=False)


def line(text, clause, figure):
    """Return the words of the row about a figure, below those of its clause."""
    rows = [" ".join(row.split()) for row in text.splitlines()]
    start = next(number for number, row in enumerate(rows) if row.startswith(f"{clause} "))
    return next(row for row in rows[start:] if row.startswith(figure))


def test_without_results_the_published_grid_is_recomputed(run):
    text = run().stdout
    assert line(text, "FER-F-02", "validation") == (
        "validation about +0.06 +0.080 +0.056 to +0.103 31 pairs, 14 networks ±0.013 supported"
    )
    assert "63 findings from 258 trainings, profile released" in text


def test_the_document_is_the_record(run):
    assert json.loads(run("--json").stdout) == findings(published()).model_dump(mode="json")


def test_the_profile_decides_which_published_figures_are_read(run):
    said = json.loads(run("--json", "--profile", "paper").stdout)
    assert said == findings(published("paper"), "paper").model_dump(mode="json")
    assert said["findings"] != json.loads(run("--json").stdout)["findings"]


def test_an_unknown_profile_is_refused(run):
    assert run("--profile", "printed").exit_code == 2


def test_relative_gains_are_shown_as_shares(run):
    assert "about +19% +24.9% +15.8% to +34.0%" in line(run().stdout, "FER-F-03", "BTFER")


def test_cautions_stand_below_all_findings_once_each(run):
    text = run().stdout
    assert text.count("AffectNet is skipped") == 1
    assert "FER-F-13, FER-F-14, FER-F-16, FER-F-17, FER-F-18: AffectNet is skipped" in text[text.index("FER-F-35 ") :]


def test_a_statement_that_cannot_be_recomputed_says_why(run):
    text = run().stdout
    for clause in spec.load().select("F", "untestable"):
        assert f"not evaluated: {clause.reason}" in text


def test_a_ranking_names_its_cells(run):
    rows = run().stdout.splitlines()
    below = rows[next(number for number, row in enumerate(rows) if row.startswith("FER-F-31 ")) + 2]
    assert below.endswith(
        "resnet18-scratch-48-rafdb-conservative 0.790, best other vgg16-imagenet-48-rafdb-conservative 0.790"
    )


def test_trainings_are_left_out_for_one_reason_each():
    cell = spec.load().cells[0].id
    said = {"cell": cell, "source": "runs/1", "figures": CellMetrics(val_accuracy=0.5)}
    problem = judge_cell(spec.load().cells[0], [Result(**said | {"figures": CellMetrics(val_accuracy=0.0)})]).outcome
    given = [
        Result(**said, problems=(problem,)),
        Result(**said, deviations=("FER-D-01",)),
        Result(**said, deviations=("FER-D-01",), complete=False),
        Result(**said, profile="paper"),
        Result(**said | {"cell": cell.replace("rafdb", "synthetic")}),
        Result(**said, profile="released"),
    ]
    found = findings(given)
    assert (found.trainings, found.left_out) == (1, 5)
    assert found.why_left_out == {
        "that contradict themselves": 1,
        "deviating": 1,
        "unfinished": 1,
        "by the profile paper": 1,
        "synthetic": 1,
    }


def test_the_exit_status_says_whether_anything_could_be_evaluated(run, tmp_path):
    assert run("-p", "released").exit_code == 0
    table = tmp_path / "one.csv"
    table.write_text(f"cell,val_accuracy\n{spec.load().cells[0].id},0.5\n")
    assert run(str(table)).exit_code == 2


def test_excluded_trainings_are_reported(capsys):
    unfinished = Result(cell=spec.load().cells[0].id, source="runs/1", figures=CellMetrics(), complete=False)
    print_findings(findings([unfinished]))
    text = capsys.readouterr().out
    assert "from 0 trainings (1 more omitted: 1 unfinished)" in text
    assert "63 not evaluated" in text
