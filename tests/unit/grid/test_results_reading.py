"""Reading results: where runs are searched, what is skipped, what is refused, and tables of results."""

import re

import pytest

from ferspec.grid.judging import reading
from ferspec.grid.judging.reading import read, read_results
from ferspec.grid.judging.results import Result, published
from ferspec.grid.judging.tables import COLUMNS, METRICS, read_result_table, results_text
from ferspec.spec.records import CellMetrics
from ferspec.subjects.runs.artifacts.metrics import read_run_report
from ferspec.subjects.runs.artifacts.record import PREDICTIONS, RUN
from helpers.faults import planted as faults
from helpers.made import runs as made_runs
from helpers.messages import refusal

CELL = made_runs.CELL


@pytest.fixture(scope="module")
def right(tmp_path_factory):
    """The folder of a right run; not to be changed."""
    return made_runs.made().write(tmp_path_factory.mktemp("right") / "run")


@pytest.fixture
def run(right, tmp_path):
    return faults.copy(right, tmp_path / "runs" / "one")


# ---- where runs are


def test_a_run_folder_gives_the_figures_over_whole_batches_of_its_report(right):
    [result] = read_results([right])
    parts = read_run_report(right / "report.json").parts
    assert (result.cell, result.source, result.seed, result.complete) == (CELL, str(right), 0, True)
    assert (result.val_n, result.btfer_n) == (4544, 2048)
    assert result.figures.val_accuracy == parts["validation"].as_run.accuracy
    assert result.figures.btfer_f1 == parts["btfer"].as_run.f1
    assert (result.complete, result.deviations, result.problems) == (True, (), ())


def test_under_the_profile_of_the_text_figures_are_over_all_images(tmp_path):
    folder = made_runs.made("vgg16-imagenet-48-rafdb-simple", "paper").write(tmp_path / "run")
    [result] = read_results([folder])
    metrics = read_run_report(folder / "report.json").parts["validation"].metrics
    assert (result.val_n, result.btfer_n) == (4606, 2100)
    assert result.figures.val_f1 == metrics.f1.weighted.value


def test_runs_are_found_up_to_two_levels_deep_and_once_each(run, tmp_path):
    faults.copy(run, tmp_path / "runs" / "group" / "two")
    faults.copy(run, tmp_path / "runs" / "group" / "deeper" / "three")
    sources = [result.source for result in read_results([tmp_path / "runs", run])]
    assert sources == [str(tmp_path / "runs" / "group" / "two"), str(run)]


def test_foreign_files_and_folders_are_noted_and_skipped(run):
    (run.parent / "README.txt").write_text("ours")
    (run.parent / "old").mkdir()
    (run / "notes.txt").write_text("mine")
    (run.parent / ".cache").mkdir()
    # what a training leaves by itself
    (run.parent / "two.failed.txt").write_text("out of memory")
    (run / "state").mkdir()
    found = read([run.parent])
    assert len(found.results) == 1
    assert [note.partition(": ")[2] for note in found.notes] == [
        "2 files that do not belong to a run were skipped (README.txt, old)",
        "1 files that do not belong to a run were skipped (notes.txt)",
    ]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: path.mkdir(), "contains no run"),
        (lambda path: None, "No such file"),
        (lambda path: path.write_text("hello"), "unknown column 'hello'"),
        (lambda path: path.write_bytes(bytes(range(256))), "not text in UTF-8"),
        (lambda path: path.write_text(""), "is not a results table"),
    ],
    ids=["an empty folder", "no such path", "a text file", "a binary file", "an empty file"],
)
def test_a_path_without_results_is_one_clear_line(tmp_path, make, words):
    make(tmp_path / "what.csv")
    assert words in refusal(read, [tmp_path / "what.csv"])


def test_many_runs_are_read_in_several_processes_with_the_same_results(right, tmp_path, monkeypatch):
    for number in range(3):
        faults.copy(right, tmp_path / str(number))
    faults.record_edited(tmp_path / "1")
    alone = read([tmp_path])
    monkeypatch.setattr(reading, "MANY", 2)
    together = read([tmp_path])
    assert together == alone
    assert [{problem.clause for problem in result.problems} for result in together.results] == [
        set(),
        {"FER-R-09", "FER-R-10", "FER-G-07"},
        {"FER-G-07"},
    ]


def test_a_url_and_a_record_are_refused_with_a_remedy(run):
    assert refusal(read, ["s3://bucket/runs"]).startswith("s3://bucket/runs is a URL: copy the run folders")
    assert refusal(read, [run / RUN]) == f"{run / RUN} is the record of a run: give its folder, {run}"


# ---- the same training counts once


def test_links_to_a_run_are_that_run(run, tmp_path):
    (run.parent / "again").symlink_to(run, target_is_directory=True)
    (tmp_path / "linked").symlink_to(run.parent, target_is_directory=True)
    paths = [run.parent, tmp_path / "linked", run.parent / "one" / ".." / "again"]
    assert len(read_results(paths)) == 1


def test_a_copy_of_a_run_is_handed_in_twice_and_counts_once(right, tmp_path):
    for name in ("first", "second"):
        faults.copy(right, tmp_path / name)
    first, second = read_results([tmp_path])
    assert (first.problems, second.figures) == ((), CellMetrics())
    [problem] = second.problems
    assert problem.title == "the same training was submitted twice"
    assert problem.observed == f"{tmp_path / 'second'} is a copy of {tmp_path / 'first'}"


def test_a_copy_whose_predictions_were_saved_again_is_one(right, tmp_path):
    for name in ("first", "second"):
        faults.copy(right, tmp_path / name)
    path = tmp_path / "second" / PREDICTIONS
    header, *rows = path.read_text().splitlines()
    path.write_text("\r\n".join([header, *reversed(rows), ""]), newline="")
    (tmp_path / "second" / "model.keras").write_bytes(b"packed again")
    faults.sign(tmp_path / "second")
    second = read([tmp_path]).results[1]
    assert [problem.title for problem in second.problems][-1] == "the same training was submitted twice"


def test_a_copy_under_the_name_of_another_cell_is_one(right, tmp_path):
    faults.copy(right, tmp_path / "first")
    faults.copy(right, tmp_path / "second")
    path = tmp_path / "second" / RUN
    path.write_text(path.read_text().replace("-conservative", "-simple"))
    first, second = read_results([tmp_path])
    assert first.cell != second.cell
    assert "the same training was submitted twice" in [problem.title for problem in second.problems]


@pytest.mark.parametrize(
    ("fields", "copies"),
    [
        ({}, True),
        ({"seed": 1}, False),
        ({"source": "another"}, False),
        ({"figures": CellMetrics(val_accuracy=0.7)}, False),
    ],
    ids=["the same row", "another seed", "another source", "another figure"],
)
def test_a_repeated_row_counts_once(tmp_path, fields, copies):
    rows = [ROW, ROW.model_copy(update=fields)]
    (tmp_path / "rows.csv").write_text(results_text(rows), newline="")
    found = read([tmp_path / "rows.csv"])
    assert [bool(result.problems) for result in found.results] == [False, copies]
    assert found.checks.fail == copies


def test_a_row_that_repeats_a_run_is_a_copy_of_it(right, tmp_path):
    [run] = read_results([right])
    row = run.model_copy(update={"source": "a table", "seed": None})
    (tmp_path / "rows.csv").write_text(results_text([row]), newline="")
    [problem] = [problem for result in read_results([right, tmp_path / "rows.csv"]) for problem in result.problems]
    assert problem.title == "the same training was submitted twice"


def test_runs_tested_on_different_pictures_are_noted(right, tmp_path):
    faults.copy(right, tmp_path / "first")
    made_runs.made(seed=1).write(tmp_path / "second")
    assert read([tmp_path]).notes == ()
    for name in (PREDICTIONS, "manifest.csv"):
        path = tmp_path / "second" / name
        path.write_text(re.sub(r"^(btfer,[^,]*,)([0-9a-f]{8})", r"\g<1>00000000", path.read_text(), flags=re.MULTILINE))
    assert "2 different sets of pictures were used as BTFER" in " ".join(read([tmp_path]).notes)


def test_another_training_of_the_cell_is_not_a_copy(right, tmp_path):
    other = made_runs.made(seed=1).write(tmp_path / "other")
    assert [result.problems for result in read_results([right, other])] == [(), ()]


def test_a_table_under_two_paths_or_copied_counts_once(tmp_path):
    for name in ("one.csv", "two.csv"):
        (tmp_path / name).write_text(results_text([ROW]), newline="")
    (tmp_path / "link.csv").symlink_to(tmp_path / "one.csv")
    found = read([tmp_path / name for name in ("one.csv", "link.csv", "two.csv")])
    assert found.results == (ROW,)
    assert found.notes == (f"{tmp_path / 'two.csv'}: the same table as {tmp_path / 'one.csv'}, counted once",)


# ---- tables of results


def test_a_table_of_results_reads_back_as_it_was(tmp_path):
    written = published("paper")
    (tmp_path / "all.csv").write_text(results_text(written), newline="")
    assert read_result_table(tmp_path / "all.csv") == written


ROW = Result(cell=CELL, source="a lab", figures=CellMetrics(val_accuracy=0.79, btfer_accuracy=0.5512345678), seed=3)


@pytest.mark.parametrize(
    "vary",
    [
        lambda text: text.replace("\r\n", "\n"),
        lambda text: "\ufeff" + text,
        lambda text: text.replace("0.79", "0.790000000000000000000"),
        lambda text: text.replace(CELL, CELL.upper()),
        lambda text: text + "\r\n\r\n",
        lambda text: text.rstrip(),
        lambda text: text.replace("0.79", " 0.79 "),
        lambda text: text.replace("0.79", "79 %"),
        lambda text: text.replace(",", ";").replace("0.", "0,"),
        lambda text: text.replace(",", "\t"),
        lambda text: "\n".join(",".join(reversed(line.split(","))) for line in text.splitlines()),
    ],
    ids=[
        "LF",
        "a byte order mark",
        "digits",
        "upper case",
        "empty lines",
        "no last end",
        "blanks",
        "percent",
        "semicolons",
        "tabs",
        "columns reversed",
    ],
)
def test_a_table_is_read_alike_in_every_form(tmp_path, vary):
    path = tmp_path / "table.csv"
    path.write_text(vary(results_text([ROW])), newline="", encoding="utf-8")
    assert read_result_table(path) == (ROW,)


def test_a_table_needs_only_a_cell_and_a_figure_and_names_rows_by_line(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text(f"btfer_accuracy,cell\n0.5,{CELL}\n0.6,{CELL}\n")
    assert [(result.source, result.figures.btfer_accuracy) for result in read_result_table(path)] == [
        ("mine.csv line 2", 0.5),
        ("mine.csv line 3", 0.6),
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"cell,val_acuracy\n{CELL},0.5\n", "unknown column 'val_acuracy': did you mean val_accuracy?"),
        (f"cell,val_f1,val_f1\n{CELL},0.5,0.5\n", "the column 'val_f1' twice"),
        ("val_f1\n0.5\n", "it needs the column cell and metrics"),
        (f"cell,seed\n{CELL},1\n", "it needs the column cell and metrics"),
        ("cell,val_f1\nvgg16-imagenet-96-rafdb-simple,0.5\n", "line 2: unknown cell"),
        (f"cell,val_f1\n{CELL},79\n", "79 is not between 0 and 1: write a percentage with its sign, 79%"),
        (f"cell,val_f1\n{CELL},nan\n", "line 2, column 'val_f1': 'nan' is not a finite number"),
        (f"cell,val_f1\n{CELL},0,79\n", "line 2: 3 values for 2 columns"),
        (f"cell,val_f1,val_n\n{CELL},0.7,many\n", "column 'val_n': 'many' is not a whole number"),
        ("cell,val_f1\n", "has a header but no results"),
        (f'cell,val_f1\n"{CELL}', "is not CSV"),
    ],
)
def test_a_bad_table_is_one_line_with_mistake_and_place(tmp_path, text, words):
    path = tmp_path / "bad.csv"
    path.write_text(text)
    assert words in refusal(read_result_table, path)


def test_the_columns_of_a_table_are_those_of_a_result():
    assert set(COLUMNS) == {"cell", "source", "val_n", "btfer_n", "seed", *METRICS}
    assert len(METRICS) == 8


def test_a_row_with_macro_for_weighted_averages_contradicts_itself(tmp_path):
    """The macro recall of a set with unequal classes is not its accuracy."""
    figures = CellMetrics(val_accuracy=0.79, val_recall=0.71, val_f1=0.70, btfer_accuracy=0.55, btfer_recall=0.55)
    path = tmp_path / "macro.csv"
    path.write_text(results_text([ROW.model_copy(update={"figures": figures})]), newline="")
    [result] = read_results([path])
    [problem] = result.problems
    assert (problem.clause, problem.observed) == ("FER-R-14", "validation: weighted recall 0.710")
    assert "macro average" in problem.likely


def test_a_row_whose_recall_is_accuracy_within_rounding_is_consistent(tmp_path):
    figures = CellMetrics(val_accuracy=0.79, val_recall=0.8, btfer_accuracy=0.55)
    path = tmp_path / "rounded.csv"
    path.write_text(results_text([ROW.model_copy(update={"figures": figures})]), newline="")
    assert read_results([path])[0].problems == ()


def test_nothing_is_written_where_runs_are_read(run):
    before = {path: path.stat().st_mtime_ns for path in run.rglob("*")}
    read([run])
    assert {path: path.stat().st_mtime_ns for path in run.rglob("*")} == before
