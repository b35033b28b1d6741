"""The result of every verb is short to print, and its tables, plots and files say the same."""

import json
import shlex

import numpy as np
import pytest
from typer.testing import CliRunner

import ferspec
from ferspec.api.train import TrainingRun
from ferspec.cli import app
from ferspec.subjects.runs.artifacts.record import read_run
from helpers.implementations import MINIATURE
from helpers.made.logs import trained, write_log
from helpers.made.runs import made

CELL = "resnet18-scratch-48-rafdb-conservative"
NAMES = "Angry,Disgust,Fear,Happy,Neutral,Sad,Surprise"
# file of each result that no command writes
DOCUMENTS = {
    "band": "bands",
    "compare": "comparison",
    "conform": "conformance",
    "findings": "findings",
    "rank": "ranking",
    "verify": "verification",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with images, two files of predictions, an implementation and a log."""
    place = tmp_path_factory.mktemp("verbs")
    labels = np.arange(70) % 7
    images = np.random.default_rng(0).integers(0, 256, (70, 48, 48, 3), np.uint8)
    np.savez(place / "faces.npz", images=images, labels=labels)
    for name, wrong in (("good.csv", 7), ("fair.csv", 8), ("bad.csv", 40)):
        answers = np.where(np.arange(70) < wrong, (labels + 1) % 7, labels)
        rows = (f"{row}," + ",".join(map(str, 0.1 + 0.3 * np.eye(7)[answer])) for row, answer in enumerate(answers))
        (place / name).write_text("\n".join([f"image,{NAMES}", *rows]) + "\n")
    (place / "right.py").write_text(MINIATURE)
    write_log(place / "log.csv", [trained([1.0 - 0.01 * epoch for epoch in range(25)])])
    made(CELL).write(place / "run")
    return place


@pytest.fixture(scope="module")
def results(folder):
    """The result of every verb, by its name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        ferspec.certify("good.csv", "faces.npz").write("certified")
        return {
            "audit": ferspec.audit("log.csv", weights="scratch"),
            "band": ferspec.grid.band(CELL),
            "compare": ferspec.compare("good.csv", "bad.csv", "faces.npz"),
            "conform": ferspec.conform("right", select="FER-W"),
            "findings": ferspec.grid.findings(),
            "judge": ferspec.grid.judge("run", CELL),
            "rank": ferspec.rank(["bad.csv", "fair.csv", "good.csv"], "faces.npz"),
            "train": TrainingRun.of(read_run("run"), folder / "run", finished_before=True),
            "verify": ferspec.verify("certified/certificate.json"),
        }


VERBS = ("audit", "band", "compare", "conform", "findings", "judge", "rank", "train", "verify")


@pytest.mark.parametrize("verb", VERBS)
def test_it_is_one_short_line(results, verb):
    assert repr(results[verb]) == str(results[verb])
    assert "\n" not in repr(results[verb])
    assert 40 < len(repr(results[verb])) < 250


@pytest.mark.parametrize("verb", VERBS)
def test_a_notebook_shows_a_page_without_scripts_in_a_frame(results, verb):
    shown = results[verb]._repr_html_()
    assert shown.startswith("<iframe srcdoc=")
    assert " sandbox " in shown
    assert "&lt;/html&gt;" in shown
    assert "&lt;script" not in shown


@pytest.mark.parametrize(
    ("verb", "command"),
    [
        ("audit", "audit log.csv --weights scratch"),
        ("band", f"grid band {CELL}"),
        ("compare", "compare good.csv bad.csv -d faces.npz"),
        ("rank", "compare bad.csv fair.csv good.csv -d faces.npz"),
        ("findings", "grid findings"),
        ("judge", f"grid judge run --select {CELL}"),
        ("verify", "verify certified/certificate.json"),
    ],
)
def test_its_json_is_what_the_command_prints(folder, results, monkeypatch, verb, command):
    monkeypatch.chdir(folder)
    printed = CliRunner().invoke(app, [*shlex.split(command), "--json"]).stdout
    assert json.loads(results[verb].to_json()) == json.loads(printed)


@pytest.mark.parametrize("verb", DOCUMENTS)
def test_it_writes_its_document_and_its_page(results, verb, tmp_path):
    written = results[verb].write(tmp_path / "out")
    assert sorted(path.suffix for path in written.glob(f"{DOCUMENTS[verb]}.*")) == [".html", ".json"]
    assert (written / f"{DOCUMENTS[verb]}.json").read_text("utf-8") == results[verb].to_json() + "\n"


def test_it_writes_what_the_command_leaves(results, folder, tmp_path):
    assert (results["audit"].write(tmp_path / "audit") / "audit.html").is_file()
    assert sorted(p.name for p in results["judge"].write(tmp_path / "grid").iterdir()) == [
        "grid.html",
        "judgement.json",
    ]
    copied = results["train"].write(tmp_path / "run")
    assert {path.name: path.read_bytes() for path in copied.iterdir()} == {
        path.name: path.read_bytes() for path in (folder / "run").iterdir()
    }


def test_the_page_of_a_comparison_and_of_a_ranking_shows_what_the_terminal_prints(folder, results, monkeypatch):
    monkeypatch.chdir(folder)
    within = ferspec.compare("good.csv", "bad.csv", "faces.npz", margin=0.05)
    for page in (results["compare"].page(), within.page(), results["rank"].page()):
        assert "90.0 %" in page
        assert "42.9 %" in page
    assert "47.1 points" in results["compare"].page()
    assert "one-sided 0.71 % each" in within.page()
    assert "one-sided 5 %," in within.page()


def test_failures_are_the_undeclared_failures(results):
    assert results["conform"].failures == results["verify"].failures == ()
    assert [o.check for o in results["audit"].failures] == [
        o.check for o in results["audit"].outcomes if o.status == "fail"
    ]


def test_tables_agree_with_the_judgement(results):
    compared = results["compare"].to_frame()["value"]
    assert compared["accuracy_a"] - compared["accuracy_b"] == pytest.approx(compared["difference"]) == 33 / 70
    assert results["rank"].to_frame().loc["bad.csv", ["group", "best_rank", "worst_rank"]].tolist() == [2, 3, 3]
    assert len(results["conform"].to_frame()) == results["conform"].counts.planned
    assert len(results["verify"].to_frame()) == results["verify"].counts.planned
    assert results["judge"].to_frame().loc[CELL, "status"] == results["judge"].judgement.cells[0].status == "within"
    band = results["band"].to_frame().loc["btfer_accuracy"]
    assert band["low"] < band["expected"] < band["high"]
    assert len(results["findings"].to_frame()) == len(results["findings"].findings)
    assert results["audit"].history["epoch"].tolist() == list(range(25))
    run = results["train"]
    predicted = run.to_frame().query("part == 'btfer'").eval("label == predicted")
    assert predicted.mean() == pytest.approx(run.accuracy.value)
    assert run.history["val_accuracy"].max() == pytest.approx(run.best.val_accuracy)
    assert results["verify"].certification.accuracy.value == pytest.approx(63 / 70)


@pytest.mark.parametrize(
    ("verb", "plot", "names"),
    [
        ("audit", "plot_outcomes", ["FER-S"]),
        ("band", "plot_bands", None),
        ("compare", "plot_accuracy", ["A  good.csv", "B  bad.csv"]),
        ("rank", "plot_accuracy", ["1  good.csv", "1  fair.csv", "2  bad.csv"]),
        ("findings", "plot_estimates", None),
        ("judge", "plot_bands", [CELL]),
    ],
)
def test_plots_name_what_they_show(results, verb, plot, names):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    labels = [text.get_text() for text in getattr(results[verb], plot)().get_yticklabels()]
    assert labels
    assert all(labels)
    assert names is None or set(names) <= {*labels}


def test_curves_show_every_epoch(results):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    (line,) = results["audit"].plot_history("loss").lines
    assert len(line.get_ydata()) == 25
    trained_line, validated = results["train"].plot_history().lines
    assert validated.get_ydata().tolist() == results["train"].history["val_accuracy"].tolist()
    assert len(trained_line.get_ydata()) == len(results["train"].history)


@pytest.mark.slow
def test_a_cell_is_trained_and_evaluated_again_from_python(tmp_path):
    cell = "sequential4conv-scratch-48-synthetic-conservative"
    run = ferspec.train(cell, tmp_path / "run", subset=128, epochs_cap=1)
    assert "not a protocol run" in repr(run)
    assert (run.folder / "curves.svg").is_file()
    assert ferspec.train(cell, tmp_path / "run", subset=128, epochs_cap=1).finished_before
    evaluated = ferspec.evaluate(run.folder)
    assert evaluated.verdict == "reproduced"
    assert evaluated.to_frame().loc["validation", "accuracy"] == run.report.parts["validation"].metrics.accuracy.value
