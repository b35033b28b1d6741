"""The artifacts of a run are read as they were written, and damaged ones are refused."""

import csv
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, precision_recall_fscore_support

from ferspec.reference.training.epoch_row import EpochRow
from ferspec.subjects.datasets.manifest import digest
from ferspec.subjects.runs.artifacts.history import history_text, read_history
from ferspec.subjects.runs.artifacts.manifest import read_manifest
from ferspec.subjects.runs.artifacts.metrics import read_run_report, report_of
from ferspec.subjects.runs.artifacts.predictions import RunPredictions, predictions_text, read_run_predictions
from ferspec.subjects.runs.artifacts.record import (
    FINISHED_FILES,
    HISTORY,
    MANIFEST,
    MODEL,
    PREDICTIONS,
    REPORT,
    RUN,
    read_run,
    require_artifact,
)
from helpers.messages import refusal
from helpers.miniatures import CLASSES, right
from helpers.tiny import runs as tiny_runs

READERS = {
    HISTORY: read_history,
    PREDICTIONS: read_run_predictions,
    MANIFEST: read_manifest,
    REPORT: read_run_report,
}


# ---- the whole folder


def test_a_finished_run_has_every_artifact_and_nothing_else(finished):
    assert {path.name for path in finished.iterdir()} == {
        "run.json",
        "history.csv",
        "predictions.csv",
        "report.json",
        "model.keras",
        "contract.toml",
        "manifest.csv",
    }


def test_the_record_holds_the_sha256_of_every_other_artifact(finished):
    record = read_run(finished)
    assert record.status == "finished"
    assert set(record.files) == set(FINISHED_FILES)
    assert all(require_artifact(finished, record, name) == finished / name for name in FINISHED_FILES)


@pytest.mark.parametrize("name", FINISHED_FILES)
def test_an_artifact_cut_off_anywhere_is_not_the_one_that_was_written(run, name):
    whole, record = (run / name).read_bytes(), read_run(run)
    for cut in np.random.default_rng(0).integers(0, len(whole), 25):
        (run / name).write_bytes(whole[:cut])
        assert "another sha256" in refusal(require_artifact, run, record, name)
    (run / name).unlink()
    assert f"{name} is missing" in refusal(require_artifact, run, record, name)


@pytest.mark.parametrize("name", READERS)
def test_a_table_or_report_cut_off_within_a_line_is_refused_by_its_reader(run, name):
    whole = (run / name).read_bytes()
    for cut in np.random.default_rng(1).integers(0, len(whole) - 1, 60):
        (run / name).write_bytes(whole[:cut])
        if name == REPORT or not whole[:cut].endswith(b"\n"):
            refusal(READERS[name], run / name)


def test_a_record_cut_off_anywhere_is_refused(run):
    whole = (run / RUN).read_bytes()
    for cut in np.random.default_rng(2).integers(0, len(whole) - 2, 60):
        (run / RUN).write_bytes(whole[:cut])
        assert "is not the record of a run" in refusal(read_run, run)


@pytest.mark.parametrize(
    ("where", "value"),
    [
        ("settings.seed", -1),
        ("settings.seed", 2**31),
        ("settings.global_batch", 0),
        ("settings.replicas", 0),
        ("settings.replicas", 7),
        ("settings.epochs_cap", 0),
        ("settings.subset", 0),
        ("settings.skip_unreadable", -1),
        ("data.validation.n", -1),
        ("data.validation.n", 10**17),
        ("data.training.support.Angry", 10**17),
        ("phases.0.epochs", 10**17),
        ("best.epoch", 10**17),
    ],
)
def test_a_number_that_a_record_cannot_have_is_one_line_that_names_it(run, where, value):
    document = json.loads((run / RUN).read_text())
    *way, last = (int(key) if key.isdigit() else key for key in where.split("."))
    within = document
    for key in way:
        within = within[key]
    within[last] = value
    (run / RUN).write_text(json.dumps(document))
    assert where.partition(".")[0] in refusal(read_run, run)


@pytest.mark.parametrize("name", READERS)
def test_a_table_or_report_that_is_missing_a_folder_or_binary_is_one_line(tmp_path, name):
    refusal(READERS[name], tmp_path / name)
    refusal(READERS[name], tmp_path)
    (tmp_path / name).write_bytes(bytes(range(256)))
    refusal(READERS[name], tmp_path / name)


# ---- predictions.csv


def test_predictions_are_those_of_the_network_on_every_image(finished):
    read = read_run_predictions(finished / PREDICTIONS)
    data = tiny_runs.data()
    assert list(read) == ["validation", "btfer"]
    for name, part in read.items():
        images = getattr(data, name)
        expected = right(images.read(np.arange(len(images))) / 255)
        np.testing.assert_allclose(part.probabilities, expected, atol=1e-5)
        np.testing.assert_array_equal(part.labels, images.labels)
        assert part.images == tuple(entry.path for entry in images.entries)
        assert part.pixels_sha256 == tuple(entry.pixels_sha256 for entry in images.entries)


def test_the_columns_of_predictions_are_part_image_digest_label_class_and_seven_probabilities(finished):
    with (finished / PREDICTIONS).open(newline="") as file:
        header, first, *_ = csv.reader(file)
    assert header == ["part", "image", "pixels_sha256", "label", "predicted", *(f"p_{name}" for name in CLASSES)]
    assert first[:2] == ["validation", "Angry/0000, a face.png"]


names = st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), min_size=1, max_size=5, unique=True)
shares = st.lists(st.floats(0, 1, width=32), min_size=7, max_size=7)


@given(names, st.lists(shares, min_size=5, max_size=5))
def test_any_name_and_any_float32_come_back_as_they_were(tmp_path_factory, images, rows):
    probabilities = np.array(rows[: len(images)], np.float32)
    part = RunPredictions(
        tuple(images),
        tuple("0" * 64 for _ in images),
        np.arange(len(images)),
        probabilities.argmax(axis=1),
        probabilities,
    )
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(predictions_text({"btfer": part}).encode())
    read = read_run_predictions(path)["btfer"]
    assert read.images == part.images
    assert read.probabilities.dtype == np.float32
    np.testing.assert_array_equal(read.probabilities, part.probabilities)
    np.testing.assert_array_equal(read.predicted, part.predicted)


HEADER = "part,image,pixels_sha256,label,predicted,p_Angry,p_Disgust,p_Fear,p_Happy,p_Neutral,p_Sad,p_Surprise"
ROW = "btfer,a.png,00,Sad,Happy,0.1,0.1,0.1,0.4,0.1,0.1,0.1"


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        pytest.param([], "must have the columns", id="an empty file"),
        pytest.param([HEADER], "no rows", id="a header alone"),
        pytest.param([HEADER.replace("p_Fear,", ""), ROW], "must have the columns", id="six classes"),
        pytest.param([HEADER.replace("Angry,p_Disgust", "Disgust,p_Angry"), ROW], "columns", id="classes exchanged"),
        pytest.param([HEADER, ROW.replace("btfer", "training")], "line 2: unknown part 'training'", id="a third part"),
        pytest.param([HEADER, ROW.replace("Sad", "Bo")], "line 2: unknown class 'Bo'", id="an unknown label"),
        pytest.param([HEADER, ROW.replace("Happy", "3")], "line 2: '3' is a number", id="a number for a class"),
        pytest.param([HEADER, ROW.replace("0.4", "NaN")], "'p_Happy': 'NaN' is not a finite", id="NaN"),
        pytest.param([HEADER, ROW.replace("0.4", "1e999")], "'1e999' is not a finite", id="infinity"),
        pytest.param([HEADER, ROW.replace("0.4", "0,4")], "line 2: 13 values for 12", id="a decimal comma"),
        pytest.param([HEADER, ROW.replace("Happy", "Fear")], "says Fear, but Happy", id="not the most probable"),
        pytest.param([HEADER, ROW, ROW], "line 3: 'a.png' already occurs in line 2", id="an image twice"),
        pytest.param([HEADER, ROW.replace("a.png", "")], "line 2: the image has no name", id="an image without a name"),
        pytest.param([HEADER, ROW, '"btfer'], "is not CSV", id="a quote without end"),
        pytest.param([HEADER, "", ROW], "line 2: 0 values", id="an empty line"),
    ],
)
def test_bad_predictions_are_one_line_that_names_what_is_wrong(tmp_path, lines, words):
    path = tmp_path / "predictions.csv"
    path.write_text("".join(f"{line}\n" for line in lines))
    assert words in refusal(read_run_predictions, path)


def test_an_image_may_be_in_both_parts(tmp_path):
    path = tmp_path / "predictions.csv"
    path.write_text(f"{HEADER}\n{ROW}\n{ROW.replace('btfer', 'validation')}\n")
    assert {name: len(part) for name, part in read_run_predictions(path).items()} == {"validation": 1, "btfer": 1}


# ---- report.json


@pytest.mark.parametrize(("profile", "validation", "btfer"), [("released", 64, 64), ("paper", None, None)])
def test_the_runs_figures_are_over_whole_batches_and_those_of_scikit_learn(finished, profile, validation, btfer):
    predictions = read_run_predictions(finished / PREDICTIONS)
    report = report_of(predictions, tiny_runs.CELL, profile)
    assert (report.cell, report.profile) == (tiny_runs.CELL, profile)
    for (name, part), whole_batches in zip(predictions.items(), (validation, btfer), strict=True):
        found = report.parts[name]
        assert found.metrics.n == len(part)
        assert found.metrics.accuracy.value == pytest.approx(accuracy_score(part.labels, part.predicted))
        if whole_batches is None:
            assert found.as_run is None
            continue
        first = part.labels[:whole_batches], part.predicted[:whole_batches]
        expected = precision_recall_fscore_support(*first, average="weighted", zero_division=0)
        as_run = found.as_run
        assert as_run.n == whole_batches
        assert as_run.accuracy == pytest.approx(accuracy_score(*first))
        assert (as_run.precision, as_run.recall, as_run.f1) == pytest.approx(expected[:3])


def test_the_last_partial_batch_moves_the_runs_figures(finished):
    # the images left out are the last of Surprise, so a mistake among them alone must not count
    part = read_run_predictions(finished / PREDICTIONS)["validation"]
    predicted = part.predicted.copy()
    predicted[-1] = 0
    wrong = RunPredictions(part.images, part.pixels_sha256, part.labels, predicted, part.probabilities)
    before, after = (report_of({"validation": split}, "x", "released").parts["validation"] for split in (part, wrong))
    assert before.as_run == after.as_run
    assert before.metrics.accuracy.value - after.metrics.accuracy.value == pytest.approx(1 / 70)


def test_the_report_follows_from_its_predictions(finished):
    stated = read_run_report(finished / REPORT)
    assert stated == report_of(read_run_predictions(finished / PREDICTIONS), tiny_runs.CELL, "released")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"schema_version": "2"}, "schema_version"),
        ({"profile": "mine"}, "profile"),
        ({"parts": {"test": {}}}, "parts"),
        ({"badge": "gold"}, "badge"),
    ],
)
def test_a_report_of_another_form_is_refused(run, change, words):
    document = json.loads((run / REPORT).read_text())
    (run / REPORT).write_text(json.dumps(document | change))
    assert words in refusal(read_run_report, run / REPORT)


# ---- manifest.csv


def test_the_manifest_lists_every_image_and_has_the_digests_of_the_record(finished):
    manifest, record = read_manifest(finished / MANIFEST), read_run(finished)
    assert list(manifest) == ["training", "validation", "btfer"]
    for name, entries in manifest.items():
        assert entries == getattr(tiny_runs.data(), name).entries
        assert digest(entries) == record.data[name].manifest_digest


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("training,", "test,", "line 2: unknown part 'test'"),
        (",Angry,", ",Bored,", "line 2: unknown class 'Bored'"),
        (",8,8,", ",8,-8,", "line 2, column 'width': '-8' is not a whole number"),
        (",8,8,", ",8.0,8,", "line 2, column 'height': '8.0' is not a whole number"),
        (",8,8,", ",8,8,x", "line 2, column 'pixels_sha256'"),
    ],
)
def test_a_bad_manifest_is_one_line_that_names_what_is_wrong(run, old, new, words):
    text = (run / MANIFEST).read_text()
    (run / MANIFEST).write_text(text.replace(old, new, 1))
    assert words in refusal(read_manifest, run / MANIFEST)


# ---- history.csv


def test_the_history_has_the_columns_that_keras_writes_and_then_the_phase(tmp_path):
    import keras

    images, labels = np.zeros((4, 8, 8, 3), np.float32), np.eye(7)[:4]
    logger = keras.callbacks.CSVLogger(str(tmp_path / "keras.csv"))
    plateau = keras.callbacks.ReduceLROnPlateau()
    tiny_runs.network().fit(images, labels, validation_data=(images, labels), verbose=0, callbacks=[plateau, logger])
    with (tmp_path / "keras.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    ours = EpochRow(**{name: float(value) for name, value in row.items()}, phase=1)
    header, first = history_text([ours]).splitlines()
    assert header.split(",") == [*row, "phase"]
    assert first.split(",") == [*row.values(), "1"]


finite = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(st.tuples(finite, finite, finite, finite, finite, st.booleans()), min_size=1, max_size=6))
def test_every_number_of_a_history_comes_back_exactly(tmp_path_factory, drawn):
    phases = 1 + np.cumsum([0, *(numbers[5] for numbers in drawn[1:])])
    rows = tuple(
        EpochRow(
            epoch=epoch,
            accuracy=numbers[0],
            learning_rate=numbers[1],
            loss=numbers[2],
            val_accuracy=numbers[3],
            val_loss=numbers[4],
            phase=int(phase),
        )
        for epoch, (numbers, phase) in enumerate(zip(drawn, phases, strict=True))
    )
    path = tmp_path_factory.getbasetemp() / "history.csv"
    path.write_bytes(history_text(rows).encode())
    assert read_history(path) == rows


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("\n1,", "\n2,", "line 3: epoch 2, expected 1"),
        ("\n0,", "\n1,", "line 2: epoch 1, expected 0"),
        (",1.7,1", ",nan,1", "line 2, column 'val_loss': 'nan' is not a finite number"),
        (",1.7,1", ",1.7,2", "line 2: phase 2 after phase 1"),
        (",1.7,1", ",1.7,1.0", "line 2, column 'phase': '1.0' is not a whole number"),
        ("learning_rate", "lr", "must have the columns epoch,accuracy,learning_rate"),
    ],
)
def test_a_bad_history_is_one_line_that_names_what_is_wrong(run, old, new, words):
    text = (run / HISTORY).read_text()
    (run / HISTORY).write_text(text.replace(old, new, 1))
    assert words in refusal(read_history, run / HISTORY)


def test_the_network_is_kept_without_its_optimiser(finished):
    import keras

    assert tiny_runs.network().compiled
    assert not keras.models.load_model(finished / MODEL).compiled
