"""Tables on a terminal of 60 columns: names are whole, so that no two become equal."""

import io
import re

import pytest
from rich.console import Console
from typer.testing import CliRunner

from ferspec import spec
from ferspec.cli import app
from ferspec.reference.comparison import compare
from ferspec.report.tables import print_table
from ferspec.report.terminal import print_comparison, print_report
from helpers.example_report import example

WIDTH = 60
ALIKE = [f"{'emotion_model_' * 4}{letter}{'_of_the_second_series' * 2}" for letter in "ab"]


@pytest.fixture
def narrow(monkeypatch):
    """Return a function that runs a command on a terminal of 60 columns; the environment makes rich believe in it."""
    for name, value in {"FORCE_COLOR": "1", "NO_COLOR": "1", "COLUMNS": str(WIDTH), "TERM": "dumb"}.items():
        monkeypatch.setenv(name, value)

    def run(*words):
        shown = CliRunner().invoke(app, words, catch_exceptions=False).stdout
        return re.sub(r"\x1b\[[0-9;]*m", "", shown)

    return run


def whole(text):
    """Return a text without breaks and blanks, as folded names are read."""
    return "".join(text.split())


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (("grid", "list"), lambda: [cell.id for cell in spec.load().cells]),
        (("spec", "list"), lambda: [clause.id for clause in spec.load().clauses]),
        (("spec", "errata"), lambda: [erratum.id for erratum in spec.load().errata]),
        (("spec", "show", "ERR-30"), lambda: [id[:12] for id in spec.load().erratum("ERR-30").cells]),
        (("spec", "coverage"), lambda: [clause.id for clause in spec.load().clauses]),
        (("grid", "findings"), lambda: ["FER-F-02", "on RAF-DB, 224×224 instead of 48×48 raises accuracy"]),
        (("models", "list"), lambda: ["EfficientNetV2B0", "Sequential3Conv", "Sequential4Conv", "MobileNetV2"]),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, tuple) else "",
)
def test_a_command_shows_every_name_whole(narrow, words, names):
    shown = narrow(*words)
    assert "…" not in shown
    lacking = [name for name in names() if name not in shown]
    assert lacking == []


def printed(function, *arguments):
    console = Console(file=io.StringIO(), width=WIDTH, highlight=False)
    function(*arguments, console=console)
    return console.file.getvalue()


def test_names_of_two_models_that_differ_in_the_middle_are_whole():
    report = example()
    models = [report.subject.model_copy(update={"name": name}) for name in ALIKE]
    shown = printed(print_comparison, compare([0, 1, 2, 3], [0, 1, 2, 4], [0, 1, 3, 4]), *models, report.dataset)
    first, second = (re.sub(r"\d\S+ %|\(\S+\)", "", part) for part in re.split(r"^B ", shown, flags=re.MULTILINE))
    assert whole(ALIKE[0]) in whole(first)
    assert whole(ALIKE[1]) in whole(second)


def test_a_report_shows_every_class_and_the_whole_id_of_every_failure():
    failed = example().outcomes[4]
    outcomes = tuple(failed.model_copy(update={"check": f"FER-B-08[{name}]"}) for name in ALIKE)
    shown = printed(print_report, example(outcomes=outcomes))
    assert all(whole(f"FER-B-08[{name}]") in whole(shown) for name in ALIKE)
    assert " ".join(spec.load().classes) in shown
    assert max(map(len, shown.splitlines())) <= WIDTH


def test_columns_are_left_out_before_a_word_is_broken_and_named():
    console = Console(file=io.StringIO(), width=24)
    print_table(console, ("cell", "images"), [("vgg16-scratch-48", "12,271")], ("images",), dropped=("images",))
    assert "12,271" not in console.file.getvalue()
    assert "shows images too" in " ".join(console.file.getvalue().split())


def test_a_word_is_not_broken_while_its_table_fits():
    console = Console(file=io.StringIO(), width=40)
    print_table(console, ("network", "trained on"), [("SequentialSimple from scratch", "RAF-DB, conservative, twice")])
    assert all(word in console.file.getvalue() for word in ("SequentialSimple", "conservative"))


def test_the_papers_statements_stay_beside_their_numbers(narrow):
    lines = narrow("recommend", "--resolution", "48").splitlines()
    first = next(number for number, line in enumerate(lines) if " T4-1 " in line)
    assert lines[first + 1][:21].strip() == ""


def test_a_word_that_no_column_makes_room_for_continues_on_the_next_line():
    console = Console(file=io.StringIO(), width=12)
    print_table(console, ("cell",), [("vgg16-scratch-48-rafdb",)], whole=("cell",))
    assert "vgg16-scratch-48-rafdb" in whole(console.file.getvalue())
