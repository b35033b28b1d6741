"""The result of a certification is short to print, and gives tables, plots, the page and the files."""

import json

import numpy as np
import pytest

import ferspec
from ferspec.api.results.certification import Certification
from ferspec.subjects.certificates.document import Report
from ferspec.synthetic.demo import demo_contract_path, demo_model_path

WRITTEN = ["badge.svg", "certificate.json", "documentation.md", "model-index.yml", "report.html"]


@pytest.fixture(scope="module")
def result():
    """A result on noise, which the demo model answers as it can."""
    rng = np.random.default_rng(0)
    data = rng.integers(0, 256, (70, 48, 48, 3), np.uint8), np.arange(70) % 7
    return ferspec.certify(demo_model_path(), data, contract=demo_contract_path(), claims=["accuracy>=0.9"])


def test_it_is_one_short_line(result):
    line = f"<evaluation of model.tflite: fail, accuracy {result.accuracy.value:.3f}"
    assert repr(result).startswith(line)
    assert len(repr(result)) < 120


def test_a_name_cannot_control_the_terminal_in_which_it_is_printed(make_report):
    report = make_report()
    named = report.subject.model_copy(update={"name": "a\n\x1b[31m\u202eb"})
    shown = str(Certification.of(report.model_copy(update={"subject": named}), None))
    assert " of a \ufffd[31m\ufffdb: " in shown


def test_its_tables_agree_with_each_other(result):
    matrix = result.confusion_matrix
    assert matrix.to_numpy().sum() == len(result.to_frame()) == 70
    assert np.trace(matrix.to_numpy()) / 70 == pytest.approx(result.accuracy.value)
    assert result.per_class["images"].tolist() == matrix.sum(axis=1).tolist()
    recall = np.diag(matrix) / matrix.sum(axis=1)
    assert result.per_class["recall"].tolist() == pytest.approx(recall.tolist())
    right = result.to_frame().eval("label == predicted")
    assert right.mean() == pytest.approx(result.accuracy.value)


def test_its_groups_have_the_errors_that_its_predictions_show(make_report):
    report = make_report()
    groups = Certification.of(report, None).groups.set_index("group")
    assert list(groups.columns)[:3] == ["column", "images", "errors"]
    wrong = [one.groups["age"] for one in report.predictions if one.predicted != one.label]
    assert groups["errors"].to_dict() == {name: wrong.count(name) for name in groups.index}
    assert ((groups["low"] < groups["error_rate"]) & (groups["error_rate"] < groups["high"])).all()
    assert np.average(groups["relative"], weights=groups["images"]) == pytest.approx(1)


def test_it_names_its_failures(result):
    assert [outcome.check for outcome in result.failures] == ["FER-B-08[accuracy>=0.9]"]


def test_its_json_is_the_document(result):
    assert Report.model_validate_json(result.to_json()) == Report.model_validate(result.model_dump())


def test_it_writes_what_the_command_writes(result, tmp_path):
    folder = result.write(tmp_path / "out")
    assert sorted(path.name for path in folder.iterdir()) == WRITTEN
    assert json.loads((folder / "certificate.json").read_text("utf-8"))["digest"] == result.digest
    assert ferspec.verify(folder / "certificate.json").verdict == "pass"


def test_a_notebook_shows_the_page_in_a_frame(result):
    shown = result._repr_html_()
    assert shown.startswith("<iframe srcdoc=")
    assert " sandbox " in shown
    assert "&lt;/html&gt;" in shown


def test_plots_show_the_same_numbers(result):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    axes = result.plot_confusion_matrix()
    assert [text.get_text() for text in axes.texts] == [str(n) for n in result.confusion_matrix.to_numpy().ravel()]
    curve = result.plot_reliability().lines[1]
    bins = [b for b in result.metrics.calibration.bins if b.n]
    assert curve.get_ydata() == pytest.approx([b.accuracy for b in bins])
