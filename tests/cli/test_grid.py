"""The command ``ferspec grid``: lists, bands and refusals."""

import json
import re
import shlex

import pytest
from typer.testing import CliRunner

from ferspec import spec
from ferspec.commands.grid import app
from ferspec.errors import UserError
from ferspec.grid.bands.bands import bands_of
from helpers.processes import run_python

SPEC = spec.load()
ERRATIC = "resnet18-scratch-48-rafdb-conservative"


def ferspec_grid(*arguments):
    return CliRunner().invoke(app, arguments, catch_exceptions=False)


def test_list_as_json_is_the_plan_of_the_full_grid():
    plan = json.loads(ferspec_grid("list", "--json").stdout)
    assert [cell["cell"] for cell in plan["cells"]] == [cell.id for cell in SPEC.cells]
    assert plan["total"]["cells"] == 258
    assert plan["total"]["training_flops"] == sum(cell["training_flops"] for cell in plan["cells"])


def test_list_shows_what_a_selection_costs():
    shown = ferspec_grid("list", "--select", "resolution=224 dataset=rafdb architecture=vgg16,vgg19").stdout
    assert shown.count("-224-rafdb-") == 8
    for words in ("vgg19-imagenet-224-rafdb-simple", "20,189,511", "39.017", "10,733", "about 46", "8 cells: about "):
        assert words in shown


def test_list_adds_up_several_selections():
    shown = ferspec_grid("list", "-s", "lenet5-*-rafdb-simple", "-s", "lenet5-scratch-48-synthetic-simple").stdout
    assert "as drawn" in shown
    assert "2 cells" in shown


def test_band_shows_the_expected_interval_of_each_metric_and_its_source():
    shown = ferspec_grid("band", ERRATIC).stdout
    for band in bands_of(SPEC.cell(ERRATIC)):
        assert f"{band.expected:.2f} released" in shown
        assert f"{band.low:.3f}   {band.high:.3f}" in shown
        assert f"SD {band.spread.sd:.3f}, a typical one {band.spread.typical:.3f}" in shown
    for words in ("printed 0.56, released 0.55", "figure is rounded ±0.005", "images were dropped -0.014 +0.011"):
        assert words in shown
    assert [id for id in ("ERR-23", "ERR-30", "ERR-31") if id not in shown] == []


def test_band_draws_the_interval_where_it_lies():
    shown = ferspec_grid("band", ERRATIC).stdout
    line = next(line for line in shown.splitlines() if line.startswith("BTFER accuracy   "))
    picture = line.split()[-1]
    band = next(band for band in bands_of(SPEC.cell(ERRATIC)) if band.figure == "btfer_accuracy")
    places = [picture.index(sign) / (len(picture) - 1) for sign in "├●┤"]
    assert places == pytest.approx([band.low, band.expected, band.high], abs=0.51 / (len(picture) - 1))


@pytest.mark.parametrize("width", [64, 80, 100])
def test_a_narrow_terminal_is_shown_fewer_columns_and_no_figure_that_is_cut(monkeypatch, width):
    monkeypatch.setattr("ferspec.commands.tables.grid.PLAIN_WIDTH", width)
    table = ferspec_grid("band", ERRATIC).stdout.partition("\n\n")[2].partition("\n\n")[0]
    for band in bands_of(SPEC.cell(ERRATIC)):
        assert re.search(rf"{band.expected:.2f} released +{band.low:.3f} +{band.high:.3f}\b", table)
    assert ("├" in table) == (width >= 80)
    shown = ferspec_grid("list").stdout
    for cost in json.loads(ferspec_grid("list", "--json").stdout)["cells"]:
        flops = rf" .* {cost['training_flops'] / 1e15:,.2f}" if width >= 80 else ""
        assert re.search(rf"^{cost['cell']}{flops}\s*$", shown, re.MULTILINE)
    assert "…" not in table + shown.partition("\n\n")[2]
    assert "a wider terminal, or --json, shows images an epoch" in shown


def test_band_as_json_holds_everything_it_was_derived_from():
    shown = json.loads(ferspec_grid("band", ERRATIC, "--json", "--runs", "3", "--profile", "paper").stdout)
    assert [band["figure"] for band in shown["bands"]] == ["val_accuracy", "val_f1", "btfer_accuracy", "btfer_f1"]
    for band in shown["bands"]:
        assert (band["runs"], band["profile"], band["source"]) == (3, "paper", "printed")
        assert band["low"] == pytest.approx(band["expected"] - sum(part["below"] for part in band["contributions"]))
        assert band["high"] == pytest.approx(band["expected"] + sum(part["above"] for part in band["contributions"]))
    assert [erratum["id"] for erratum in shown["errata"]] == ["ERR-23", "ERR-30", "ERR-31"]


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("alexnet-scratch-48-fer2013-simple", "the printed metric is illegible and no report is released"),
        ("lenet5-scratch-48-synthetic-simple", "no metrics are published for trainings on synthetic faces"),
    ],
)
def test_a_missing_band_has_a_reason(cell, reason):
    shown = ferspec_grid("band", cell).stdout
    assert shown.count(f"no band: {reason}") == 4


@pytest.mark.parametrize(("shift", "word", "status"), [(0.15, "above", 3), (-0.3, "below", 1)])
def test_the_printed_command_gives_the_same_judgement_of_the_cell(tmp_path, shift, word, status):
    table = tmp_path / "one.csv"
    table.write_text(f"cell,val_accuracy\n{ERRATIC},{SPEC.cell(ERRATIC).val_accuracy() + shift}\n")
    document = json.loads(ferspec_grid("judge", str(table), "--json").stdout)
    [cell] = [cell for cell in document["cells"] if cell["status"] == word]
    repeated = ferspec_grid(*shlex.split(cell["outcome"]["reproduce"])[2:], "--json")
    assert (repeated.exit_code, json.loads(repeated.stdout)["cells"]) == (status, [cell])


def test_the_66_incomplete_cells_of_the_paper_take_one_line(tmp_path):
    ferspec_grid("export-published", str(tmp_path / "printed.csv"))
    printed = ferspec_grid("judge", str(tmp_path / "printed.csv")).stdout.splitlines()
    assert len([line for line in printed if line.startswith("66 cells incomplete: ")]) == 1
    assert len([line for line in printed if "val_accuracy" in line]) == 1


def test_cells_of_one_status_and_reason_take_one_line(tmp_path):
    table = tmp_path / "half.csv"
    cells = [cell for cell in SPEC.cells if cell.dataset == "RAF-DB" and cell.val_accuracy() is not None]
    rows = [f"{cell.id};{cell.val_accuracy():.2f}" for cell in cells]
    table.write_text("\n".join(["cell;val_accuracy", *rows]))
    lines = [line for line in ferspec_grid("judge", str(table)).stdout.splitlines() if "btfer_accuracy" in line]
    assert len(lines) == 1
    assert lines[0].startswith(f"{len(cells)} cells incomplete: the run has no btfer_accuracy: ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("list", "--select", "resolution=96"), "unknown resolution '96'"),
        (("band", "vgg16-imagenet-48-rafdb"), "unknown cell .*: did you mean vgg16-imagenet-48-rafdb-simple"),
        (("band", ERRATIC, "--runs", "0"), "give at least 1"),
    ],
)
def test_a_mistake_is_answered_in_one_line(arguments, message):
    with pytest.raises(UserError, match=message):
        ferspec_grid(*arguments)


@pytest.mark.parametrize(
    "command", [("band", ERRATIC), ("judge", "runs"), ("findings",), ("run",), ("export-published", "out.csv")]
)
def test_a_profile_is_one_of_two(command):
    ended = ferspec_grid(*command, "--profile", "print")
    assert ended.exit_code == 2
    said = " ".join(ended.output.replace("│", " ").split())
    assert "'print' is not one of 'released', 'paper'" in said


@pytest.mark.parametrize("command", ["list", "band"])
def test_help_has_an_example(command):
    assert f"Example: ferspec grid {command}" in ferspec_grid(command, "--help").stdout


def test_no_grid_command_loads_a_framework():
    heavy = {"tensorflow", "keras", "pandas", "cv2", "sklearn", "scipy.stats"}
    program = (
        "import sys; from typer.testing import CliRunner; from ferspec.commands.grid import app\n"
        f"for words in (['list'], ['band', {ERRATIC!r}]): assert CliRunner().invoke(app, words).exit_code == 0\n"
        "print(*sys.modules)"
    )
    run = run_python(program, check=True)
    assert not heavy & set(run.stdout.split())
