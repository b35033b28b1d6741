"""Evaluating a finished run again: reproduced, different or not evaluated."""

import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest

from ferspec.errors import SubjectError, UserError
from ferspec.grid.training import evaluate as evaluating
from ferspec.grid.training.evaluate import TOLERANCE, evaluate_run, predict_split
from ferspec.subjects.models import open_model
from ferspec.subjects.runs.artifacts.record import MODEL, PREDICTIONS, REPORT, RUN, RunDeviation, read_run
from ferspec.subjects.runs.data.decided import trained_on
from ferspec.subjects.runs.data.splits import TrainingData
from helpers import layouts
from helpers.tiny import runs as tiny_runs


@pytest.fixture
def images(monkeypatch):
    """A function that says what the data root holds; at first what the run was trained on."""

    def hold(data):
        monkeypatch.setattr(evaluating, "open_training_data", lambda cell, root, settings, progress: data)

    hold(tiny_runs.data())
    return hold


@pytest.fixture(scope="module")
def opened(finished):
    """The network of the finished run, in a process that is started once."""
    network = open_model(finished / MODEL)
    yield network
    network.close()


@pytest.fixture
def same_network(opened, monkeypatch):
    """Evaluate with the opened network: the tests that ask for it change other artifacts."""
    monkeypatch.setattr(evaluating, "open_model", lambda path: opened)


def change(folder, name, content):
    """Change an artifact, and the record so that it names the changed one."""
    (folder / name).write_bytes(content)
    record = json.loads((folder / RUN).read_text())
    record["files"][name] = hashlib.sha256(content).hexdigest()
    (folder / RUN).write_text(json.dumps(record))


def save_another_network(folder, tmp_path, network):
    network.save(tmp_path / "other.keras")
    change(folder, MODEL, (tmp_path / "other.keras").read_bytes())


def test_the_same_network_on_the_same_images_is_reproduced_and_nothing_is_written(run, images):
    before = {path: path.read_bytes() for path in run.iterdir()}
    evaluation = evaluate_run(run)
    assert (evaluation.cell, evaluation.verdict, evaluation.report_matches) == (tiny_runs.CELL, "reproduced", True)
    assert [(part.part, part.n, part.changed) for part in evaluation.parts] == [("validation", 70, 0), ("btfer", 77, 0)]
    assert all(part.largest_difference <= TOLERANCE for part in evaluation.parts)
    assert all(part.recorded.metrics.accuracy == part.measured.metrics.accuracy for part in evaluation.parts)
    assert {path: path.read_bytes() for path in run.iterdir()} == before


def test_images_that_a_run_was_trained_on_are_reported(run):
    data = tiny_runs.data()
    name = run.name
    assert list(trained_on(run, data.training.entries)) == [f"  28 of 28 images are training images of {name}"]
    assert list(trained_on(run, data.validation.entries[:7])) == [f"  7 of 7 images are validation images of {name}"]
    assert list(trained_on(run, data.btfer.entries)) == []
    assert list(trained_on(run / MODEL, data.training.entries)) == []


def test_a_network_that_differs_by_rounding_is_reproduced(run, images, tmp_path):
    save_another_network(run, tmp_path, tiny_runs.network(80.001))
    evaluation = evaluate_run(run)
    assert evaluation.verdict == "reproduced"
    assert any(part.largest_difference > 0 for part in evaluation.parts)


@pytest.mark.parametrize(("sharpness", "changes"), [(70.0, False), (-80.0, True)], ids=["less sure", "turned round"])
def test_another_network_is_not_reproduced(run, images, tmp_path, sharpness, changes):
    save_another_network(run, tmp_path, tiny_runs.network(sharpness))
    evaluation = evaluate_run(run)
    assert evaluation.verdict == "differs"
    assert evaluation.report_matches
    assert all(part.largest_difference > TOLERANCE for part in evaluation.parts)
    assert [part.changed > 0 for part in evaluation.parts] == [changes, changes]


def test_a_report_that_does_not_follow_from_the_predictions_is_found(run, images, same_network):
    report = json.loads((run / REPORT).read_text())
    report["parts"]["btfer"]["metrics"]["accuracy"]["value"] += 0.001
    change(run, REPORT, json.dumps(report).encode())
    evaluation = evaluate_run(run)
    assert (evaluation.verdict, evaluation.report_matches) == ("differs", False)
    assert all(part.reproduced for part in evaluation.parts)


def test_a_cap_that_the_record_hides_is_found(run, images, same_network):
    record = json.loads((run / RUN).read_text())
    record["settings"]["epochs_cap"] = 3
    record["phases"][-1]["ended"] = "epochs cap"
    (run / RUN).write_text(json.dumps(record))
    evaluation = evaluate_run(run)
    assert evaluation.verdict == "differs"
    assert [(deviation.clause, deviation.option) for deviation in evaluation.undeclared] == [
        ("FER-S-05", "--epochs-cap 3")
    ]


def two_rows_exchanged(text):
    header, *rows = text.splitlines(keepends=True)
    return "".join([header, rows[1], rows[0], *rows[2:]])


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        pytest.param(two_rows_exchanged, "does not list the 70 validation images", id="another order"),
        pytest.param(lambda text: text.replace(",Angry,Angry,", ",Sad,Angry,", 1), "with their labels", id="a label"),
        pytest.param(lambda text: text[: text.rindex("btfer,")], "77 btfer images", id="a row left out"),
        pytest.param(lambda text: text[: text.index("btfer,")], "predictions of validation, but", id="a part left out"),
    ],
)
def test_predictions_of_other_images_cannot_be_judged(run, images, edit, words):
    change(run, PREDICTIONS, edit((run / PREDICTIONS).read_bytes().decode()).encode())
    with pytest.raises(UserError) as caught:
        evaluate_run(run)
    assert words in str(caught.value)


@pytest.mark.parametrize("part", ["training", "validation", "btfer"])
def test_images_that_differ_are_named_by_their_part(run, images, part):
    held = tiny_runs.data()
    images(TrainingData(**{**vars(held), part: tiny_runs.patches(4, seed=9)}))
    with pytest.raises(UserError, match=f"the {part} images differ from those of the run"):
        evaluate_run(run)


def test_a_data_root_without_a_part_is_one_line(run, images):
    held = tiny_runs.data()
    images(TrainingData(held.training, held.validation, None))
    with pytest.raises(UserError, match=r"tested on btfer images \(patches\), which the data root does not have"):
        evaluate_run(run)


def test_a_network_that_brings_code_is_refused(run, images, tmp_path):
    import keras

    inputs = keras.Input((*tiny_runs.SIZE, 3))
    pooled = keras.layers.GlobalAveragePooling2D()(inputs)
    outputs = keras.layers.Lambda(lambda x: x)(keras.layers.Dense(7, activation="softmax")(pooled))
    save_another_network(run, tmp_path, keras.Model(inputs, outputs))
    with pytest.raises(UserError, match="refused"):
        evaluate_run(run)


def test_a_network_that_answers_nan_is_one_line():
    part, rows = tiny_runs.patches(1, seed=1), np.full((7, 7), 1 / 7)
    rows[[2, 5]] = np.nan
    with pytest.raises(UserError, match="2 of 7 images with NaN or infinite values"):
        predict_split(lambda batch: rows, part, tiny_runs.CONTRACT, 64)


def test_a_network_that_answers_other_images_than_it_was_given_is_found():
    part = tiny_runs.patches(1, seed=1)
    with pytest.raises(SubjectError, match="7 images with 1 rows"):
        predict_split(lambda batch: np.full((1, 7), 1 / 7), part, tiny_runs.CONTRACT, 64)


@pytest.mark.parametrize("batch_size", [1, 64, 1000])
def test_every_image_is_predicted_once_for_any_batch_size(batch_size):
    part = tiny_runs.patches(10, seed=2)
    seen = []

    def predict(batch):
        seen.extend(batch)
        return np.full((len(batch), 7), 1 / 7)

    predicted = predict_split(predict, part, tiny_runs.CONTRACT, batch_size)
    assert len(predicted) == len(part) == 70
    np.testing.assert_allclose(np.stack(seen), part.read(np.arange(70)) / 255, rtol=1e-6)


def test_the_exit_status_follows_from_the_verdict(ferspec, run, images, tmp_path):
    status, out, err = ferspec("evaluate", run, "--json")
    assert status == 0
    assert [line.partition(" of ")[0] for line in err.splitlines()] == ["training: 28", "validation: 70", "btfer: 77"]
    assert json.loads(out)["verdict"] == "reproduced"
    status, out, _ = ferspec("evaluate", run)
    assert status == 0
    assert "REPRODUCED" in out
    save_another_network(run, tmp_path, tiny_runs.network(-80.0))
    status, out, _ = ferspec("evaluate", run)
    assert status == 1
    assert "DIFFERS" in out
    (run / MODEL).unlink()
    status, out, err = ferspec("evaluate", run)
    assert (status, out, err.count("\n")) == (2, "", 1)


def test_a_record_that_omits_a_deviation_of_its_images_is_not_reproduced(ferspec, run, images, same_network):
    cut = RunDeviation(clause="FER-D-01", option="--subset 70", effect="training 70 of 5,111 images")
    images(replace(tiny_runs.data(), deviations=(cut,)))
    status, out, _ = ferspec("evaluate", run)
    assert status == 1
    assert "DIFFERS" in out
    assert "missing in run.json:\n  FER-D-01 --subset 70" in out


def test_a_run_with_deviations_says_that_it_is_not_a_protocol_run(ferspec, run, images, same_network):
    record = json.loads((run / RUN).read_text())
    record["deviations"] = [{"clause": "FER-S-05", "option": "--epochs-cap 2", "effect": "ended early"}]
    (run / RUN).write_text(json.dumps(record))
    assert read_run(run).deviations
    _, out, _ = ferspec("evaluate", run)
    assert "not a protocol run" in out
    assert "--epochs-cap 2" in out


def test_images_that_cannot_be_read_are_listed_before_the_one_line_that_refuses_them(ferspec, run, tmp_path):
    record = json.loads((run / RUN).read_text())
    record["cell"] = "sequential4conv-scratch-48-rafdb-conservative"
    (run / RUN).write_text(json.dumps(record))
    layouts.rafdb_list(tmp_path / "RAF-DB", layouts.CLASSES * 10, layouts.CLASSES * 4)
    layouts.class_folders(tmp_path / "BTFER", dict.fromkeys(layouts.CLASSES, 1))
    torn = ["train_00003", "train_00005", "train_00008", "test_00002"]
    for name in torn:
        (tmp_path / "RAF-DB/basic/Image/aligned" / f"{name}_aligned.jpg").write_bytes(b"")
    status, out, err = ferspec("evaluate", run, "--data-root", tmp_path)
    *listed, refusal = err.splitlines()
    assert (status, out) == (2, "")
    assert sorted(line.partition(":")[0] for line in listed) == sorted(f"{name}.jpg" for name in torn)
    assert refusal.startswith("ferspec: RAF-DB: 4 of 105 images cannot be read: ")
