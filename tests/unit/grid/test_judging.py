"""Judging results: the status of each cell, the verdict, the commands and the pytest module."""

import json

import pytest
from typer.testing import CliRunner

from ferspec.commands.grid import app
from ferspec.errors import UserError
from ferspec.grid.bands.bands import bands_of
from ferspec.grid.cells import find_cell
from ferspec.grid.judging.judge import OUTCOMES, STATUSES, judge, judge_cell
from ferspec.grid.judging.reading import read_results
from ferspec.grid.judging.results import Result, published
from ferspec.grid.selection import select
from ferspec.outcomes import Status
from ferspec.spec.records import CellMetrics
from helpers.faults import planted as faults
from helpers.made import runs as made_runs
from helpers.places import ROOT
from helpers.processes import run_pytest, run_python
from helpers.results import CELL, SPEC, metrics_of, off, result

ILLEGIBLE = SPEC.cell("alexnet-scratch-48-fer2013-simple")


PROBLEM = judge_cell(CELL, [off("val_accuracy", -0.3)]).outcome


# ---- a status a cell


@pytest.mark.parametrize(
    ("results", "status", "outcome"),
    [
        pytest.param([result()], "within", "pass", id="within"),
        pytest.param([off("btfer_accuracy", 0.15)], "above", "inconclusive", id="above"),
        pytest.param([off("btfer_f1", -0.15)], "below", "fail", id="below"),
        pytest.param(
            [result(figures=metrics_of(CELL, val_accuracy=0.2, btfer_accuracy=-0.2))], "below", "fail", id="both"
        ),
        pytest.param([], "absent", "not_evaluated", id="absent"),
        pytest.param([result(complete=False)], "incomplete", "not_evaluated", id="unfinished"),
        pytest.param(
            [result(figures=CellMetrics(val_accuracy=0.79, val_f1=0.79))], "incomplete", "not_evaluated", id="no BTFER"
        ),
        pytest.param([result(figures=CellMetrics())], "incomplete", "not_evaluated", id="no figure at all"),
        pytest.param(
            [result(deviations=("FER-S-05 --epochs-cap 3",))], "not a protocol run", "not_evaluated", id="declared"
        ),
        pytest.param(
            [result(problems=(PROBLEM,), figures=CellMetrics())],
            "contradictory",
            "fail",
            id="contradicting itself",
        ),
        pytest.param([result(), result(complete=False)], "within", "pass", id="one finished and one unfinished"),
        pytest.param([result(), result(deviations=("x",))], "within", "pass", id="one right and one deviating"),
        pytest.param([result(), result(problems=(PROBLEM,))], "contradictory", "fail", id="one right, one faulty"),
    ],
)
def test_a_cell_has_the_status_of_its_results(results, status, outcome):
    judged = judge_cell(CELL, results)
    assert (judged.status, judged.outcome.status) == (status, outcome)
    assert judged.outcome.status is Status.PASS or judged.outcome.message or judged.outcome.observed


def test_a_cell_without_published_metrics_is_not_evaluated():
    figures = CellMetrics(val_accuracy=0.5, val_f1=0.5, btfer_accuracy=0.5, btfer_f1=0.5)
    judged = judge_cell(ILLEGIBLE, [result(ILLEGIBLE, figures)])
    assert (judged.status, judged.outcome.status) == ("unpublished", "not_evaluated")
    assert "illegible" in judged.outcome.message


def test_a_metric_outside_its_band_shows_distance_and_band():
    judged = judge_cell(CELL, [off("btfer_accuracy", 0.15)])
    [figure] = judged.outside
    band = next(band for band in bands_of(CELL) if band.figure == "btfer_accuracy")
    assert (figure.figure, figure.band) == ("btfer_accuracy", band)
    assert figure.by == pytest.approx(0.55 + 0.15 - band.high)
    assert judged.outcome.difference == figure.by
    assert judged.outcome.expected == f"{band.low:.3f} to {band.high:.3f}"


def test_the_mean_of_several_runs_is_judged_by_the_band_for_that_number():
    one = next(band for band in bands_of(CELL) if band.figure == "val_accuracy")
    five = next(band for band in bands_of(CELL, runs=5) if band.figure == "val_accuracy")
    assert five.high < one.high
    between = (one.high + five.high) / 2 - one.expected
    assert judge_cell(CELL, [off("val_accuracy", between)]).status == "within"
    judged = judge_cell(CELL, [off("val_accuracy", between)] * 5)
    assert (judged.status, judged.runs) == ("above", 5)
    spread_out = [off("val_accuracy", shift) for shift in (-0.12, 0.12, -0.1, 0.1)]
    assert judge_cell(CELL, spread_out).status == "within"


def test_a_row_with_a_blank_hides_no_failure():
    """Each figure is judged by the runs that have it, in the band for that number."""
    blank = result(figures=CellMetrics(val_accuracy=CELL.metric("val_accuracy")))
    judged = judge_cell(CELL, [off("btfer_accuracy", -0.3), blank])
    assert (judged.status, judged.runs) == ("below", 2)
    assert {figure.figure: figure.band.runs for figure in judged.figures} == {
        "val_accuracy": 2,
        "val_f1": 1,
        "btfer_accuracy": 1,
        "btfer_f1": 1,
    }
    complete = judge_cell(CELL, [result(), blank])
    assert (complete.status, complete.outcome.message) == ("incomplete", "not all runs have btfer_accuracy")


def test_a_training_by_another_profile_is_not_a_protocol_run_nor_in_a_mean():
    theirs = result(figures=metrics_of(CELL, val_accuracy=-0.4), profile="paper")
    judged = judge_cell(CELL, [theirs])
    assert (judged.status, judged.outcome.status, judged.figures) == ("not a protocol run", "not_evaluated", ())
    assert (
        judged.outcome.message == "trained with profile paper, judged by released: "
        "give its own with --profile, in pytest --fer-profile"
    )
    assert judge_cell(CELL, [theirs], "paper").status == "below"
    both = judge_cell(CELL, [theirs, result(profile="released")])
    assert (both.status, both.runs) == ("within", 1)


# ---- the verdict


def test_every_status_has_one_of_the_four_outcomes():
    assert set(OUTCOMES) == set(STATUSES)
    assert set(OUTCOMES.values()) == set(Status)


@pytest.mark.parametrize(
    ("results", "verdict"),
    [
        ([], "not_evaluated"),
        ([result()], "pass"),
        ([result(), off("val_accuracy", 0.2)], "inconclusive"),
        ([off("val_accuracy", -0.3)], "fail"),
    ],
)
def test_the_verdict_follows_from_the_cells_that_could_be_judged(results, verdict):
    judgement = judge(SPEC.cells, results)
    assert judgement.verdict == verdict
    assert judgement.counts.planned == len(judgement.cells) == sum(judgement.statuses.values()) == 258
    assert judgement.statuses["absent"] == (257 if results else 258)


def test_a_problem_of_no_known_cell_fails_the_verdict():
    stray = Result(cell="unknown", source="runs/2", figures=CellMetrics(), complete=False, problems=(PROBLEM,))
    judgement = judge(SPEC.cells, [result(), stray])
    assert (judgement.verdict, judgement.problems) == ("fail", (PROBLEM,))


def test_synthetic_results_are_counted_where_they_were_not_selected():
    drawn = find_cell(CELL.id.replace("rafdb", "synthetic"))
    faulty = result(drawn, CellMetrics(val_f1=0.1), problems=(PROBLEM,))
    judgement = judge([CELL], [result(), faulty])
    assert (judgement.verdict, judgement.not_selected, judgement.synthetic) == ("pass", 1, 1)
    assert judge([drawn], [faulty]).synthetic == 0


def test_results_of_cells_that_were_not_selected_are_counted_and_not_judged():
    judgement = judge([CELL], [result(), result(ILLEGIBLE, CellMetrics(val_f1=0.1))])
    assert (judgement.verdict, len(judgement.cells), judgement.not_selected) == ("pass", 1, 1)


# ---- the published values themselves


def test_the_released_figures_lie_within_their_bands():
    judgement = judge(SPEC.cells, published("released"))
    assert judgement.statuses == dict.fromkeys(STATUSES, 0) | {"within": 255, "unpublished": 3}
    assert (judgement.verdict, judgement.outside) == ("pass", 0)


def test_only_printed_metrics_of_misprinted_rows_lie_outside_or_contradict_themselves(tmp_path):
    said = ferspec_grid("export-published", str(tmp_path / "printed.csv"))
    assert "258 cells, profile paper" in said.stdout
    judgement = judge(SPEC.cells, read_results([tmp_path / "printed.csv"]))
    outside = {cell.cell: cell.outside for cell in judgement.cells if cell.outside}
    assert sum(map(len, outside.values())) == judgement.outside == 16
    named = {id for erratum in ("ERR-29", "ERR-30", "ERR-31") for id in SPEC.erratum(erratum).cells}
    assert outside.keys() <= named
    contradicting = {cell.cell for cell in judgement.cells if cell.problems}
    assert contradicting == {id for erratum in ("ERR-31", "ERR-39") for id in SPEC.erratum(erratum).cells}
    assert {(cell.status, cell.outcome.status) for cell in judgement.cells if cell.problems} == {
        ("contradictory", Status.INCONCLUSIVE)
    }
    failed = {cell.cell for cell in judgement.cells if cell.outcome.status is Status.FAIL}
    assert failed <= outside.keys()
    incomplete = {cell.cell for cell in judgement.cells if cell.status in ("incomplete", "unpublished")}
    assert incomplete <= set(SPEC.erratum("ERR-32").cells)
    within = {cell.cell for cell in judgement.cells if cell.status == "within"}
    assert within == {cell.id for cell in SPEC.cells} - outside.keys() - contradicting - incomplete


def test_the_released_export_holds_exactly_the_released_metrics(tmp_path):
    ferspec_grid("export-published", str(tmp_path / "released.csv"), "--profile", "released")
    judgement = judge(SPEC.cells, read_results([tmp_path / "released.csv"]))
    released = {cell.id for cell in SPEC.cells if cell.released.val_accuracy is not None}
    assert {cell.cell for cell in judgement.cells if cell.status == "within"} == released
    assert (len(released), judgement.verdict) == (242, "pass")


# ---- the command


def ferspec_grid(*arguments):
    return CliRunner().invoke(app, arguments, catch_exceptions=False)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A folder with a right run, and one whose report is not its own."""
    folder = tmp_path_factory.mktemp("runs")
    made_runs.made().write(folder / "right")
    made_runs.made(val=0.15, seed=1).write(folder / "high")
    made_runs.made("vgg16-imagenet-48-rafdb-simple").write(folder / "faulty")
    faults.macro_for_weighted(folder / "faulty")
    return folder


def test_the_command_shows_counts_and_explains_metrics_outside(runs):
    ended = ferspec_grid("judge", str(runs / "high"), str(runs / "faulty"))
    text = " ".join(ended.stdout.split())
    band = next(band for band in bands_of(CELL) if band.figure == "val_accuracy")
    assert ended.exit_code == 1
    assert text.startswith("FAIL 258 cells: 0 pass, 1 fail, 1 inconclusive, 256 not evaluated; profile released")
    for words in (
        "resnet18-scratch-48-rafdb-conservative above",
        f"validation accuracy 0.940, expected {band.low:.3f} to {band.high:.3f}",
        "likely: above the band: look for test images",
        "vgg16-imagenet-48-rafdb-simple contradictory",
        "FER-R-08 every metric of the report follows from the predictions: FAIL",
        "likely: the macro average was reported as the weighted one",
        "2 results read: 26 checks of their artifacts, 25 pass, 1 fail, 0 not evaluated",
    ):
        assert words in text


@pytest.mark.parametrize(("run", "status"), [("right", 0), ("faulty", 1), ("high", 3)])
def test_the_exit_status_is_that_of_the_verdict(runs, run, status):
    assert ferspec_grid("judge", str(runs / run)).exit_code == status


def test_the_document_holds_the_judgement_and_the_checks_of_artifacts(runs):
    ended = ferspec_grid("judge", str(runs / "right"), "--json", "--select", "resnet18-*-48-rafdb-*")
    document = json.loads(ended.stdout)
    judgement = judge(
        [cell for cell in SPEC.cells if cell.id.startswith("resnet18-scratch-48-rafdb")],
        read_results([runs / "right"]),
        reproduce=f"ferspec grid judge {runs / 'right'}",
    )
    assert document["artifact_checks"] == {
        "planned": 13,
        "pass": 13,
        "fail": 0,
        "inconclusive": 0,
        "not_evaluated": 0,
        "declared": 0,
    }
    assert document["notes"] == []
    assert {key: document[key] for key in judgement.model_dump(mode="json")} == judgement.model_dump(mode="json")
    assert [cell["status"] for cell in document["cells"]] == ["absent", "within"]


def test_only_selected_cells_are_judged(runs):
    ended = ferspec_grid("judge", str(runs), "--select", "dataset=fer2013")
    assert ended.exit_code == 2
    assert "NOT EVALUATED  86 cells: 0 pass, 0 fail, 0 inconclusive, 86 not evaluated" in ended.stdout
    assert "3 results of cells that were not selected" in ended.stdout


def test_synthetic_results_name_the_selection_that_judges_them(tmp_path):
    table = tmp_path / "drawn.csv"
    table.write_text(f"cell,val_accuracy\n{CELL.id.replace('rafdb', 'synthetic')},0.5\n")
    printed = ferspec_grid("judge", str(table)).stdout
    assert "1 result of synthetic cells: --select dataset=synthetic" in printed
    assert "not selected" not in printed


def test_the_published_figures_make_no_folder(tmp_path):
    with pytest.raises(UserError, match="is not a folder: create it first"):
        ferspec_grid("export-published", str(tmp_path / "none" / "printed.csv"))
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--select", "dataset=ck"), "unknown dataset 'ck'"),
        (("--select", "resolution=48 weights=vggface architecture=vgg19"), "matches no cell"),
    ],
)
def test_a_selection_that_selects_nothing_is_refused(runs, arguments, words):
    with pytest.raises(UserError, match=words):
        ferspec_grid("judge", str(runs), *arguments)


def test_help_has_an_example():
    assert "ferspec grid judge runs/" in " ".join(ferspec_grid("judge", "--help").stdout.split())


ALONE = """
import sys
from ferspec.grid.judging import judge, reading
from ferspec.spec import load
judge.judge(load().cells, reading.read_results(sys.argv[1:]))
print([name for name in ("tensorflow", "keras", "torch", "onnxruntime", "jax") if name in sys.modules])
"""


def test_judging_all_cells_loads_no_framework(runs, tmp_path):
    ferspec_grid("export-published", str(tmp_path / "all.csv"))
    paths = [str(tmp_path / "all.csv"), str(runs)]
    ended = run_python(ALONE, *paths, cwd=ROOT, check=True)
    assert ended.stdout.splitlines() == ["[]"]


# ---- pytest benchmarks -m artifacts


def benchmarks(*arguments):
    return run_pytest("benchmarks/test_artifacts.py", "-m", "artifacts", "-q", *arguments, cwd=ROOT)


def test_pytest_judges_a_test_a_cell(runs):
    ended = benchmarks(
        "--fer-artifacts", str(runs), "-k", "resnet18-scratch-48-rafdb or vgg16-imagenet-48-rafdb-simple"
    )
    assert ended.returncode == 1
    # two runs of one cell, 0 and 0.15 too high, have a mean that lies within
    assert "1 failed, 1 passed, 1 skipped, 256 deselected" in ended.stdout
    assert "FER-R-08 every metric of the report follows from the predictions" in ended.stdout
    assert "verdict: fail (planned 3, pass 1, fail 1, inconclusive 0, not evaluated 1, declared 0)" in ended.stdout


def test_pytest_without_artifacts_evaluates_nothing_and_says_so():
    ended = benchmarks("-k", "lenet5")
    assert ended.returncode == 2
    assert "verdict: not_evaluated" in ended.stdout
    assert "no training of this cell was submitted" in ended.stdout


def test_pytest_reports_whether_artifacts_are_of_known_cells(runs, tmp_path):
    of_none = faults.copy(runs / "right", tmp_path / "of none")
    faults.no_cell(of_none)
    for named, ended, words in (
        ((), 0, "no artifacts were named: add --fer-artifacts DIR"),
        (("--fer-artifacts", str(runs / "right")), 0, "1 passed"),
        (("--fer-artifacts", str(of_none)), 1, "fail 1"),
    ):
        said = benchmarks("-rs", "-k", "known_cells", *named)
        assert (said.returncode, words in said.stdout) == (ended, True), said.stdout


def test_pytest_reaches_the_verdict_of_the_command_line(runs):
    judged = json.loads(ferspec_grid("judge", str(runs / "right"), "--json").stdout)
    listed = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in judged["counts"].items())
    assert f"verdict: {judged['verdict']} ({listed})" in benchmarks("--fer-artifacts", str(runs / "right")).stdout


@pytest.mark.parametrize(
    "words",
    [
        ("--fer-select", "resolution=48 dataset=rafdb balancing=simple"),
        ("-m", "artifacts and cell(resolution=48, dataset='RAF-DB', balancing='simple')"),
    ],
    ids=["--fer-select", "-m"],
)
def test_pytest_selects_as_the_command_line_does(words):
    listed = benchmarks("--collect-only", *words).stdout.splitlines()
    cells = select(SPEC.cells, ["resolution=48 dataset=rafdb balancing=simple"])
    assert {line[:-1].partition("[")[2] for line in listed if "[" in line} == {cell.id for cell in cells}


def test_pytest_judges_by_the_given_profile(tmp_path):
    made_runs.made("vgg16-imagenet-48-rafdb-simple", "paper").write(tmp_path / "run")
    words = ("--fer-artifacts", str(tmp_path), "--fer-select", "vgg16-imagenet-48-rafdb-simple")
    assert "trained with profile paper, judged by released" in benchmarks("-rs", *words).stdout
    assert "2 passed" in benchmarks(*words, "--fer-profile", "paper").stdout


def test_pytest_refuses_a_path_without_runs_in_one_line(tmp_path):
    ended = benchmarks("--fer-artifacts", str(tmp_path))
    assert ended.returncode == pytest.ExitCode.USAGE_ERROR
    assert f"{tmp_path} contains no run" in ended.stdout + ended.stderr
