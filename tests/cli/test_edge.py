"""The command ``ferspec edge``: decisions, exit statuses, files, and what is refused in one line."""

import gc
import json
import os
import signal
import tempfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from ferspec.grid.advising.measured import read_measured
from helpers.miniatures import CLASSES, colour_patches
from helpers.patches_onnx import MODEL, conversions, write_model

GIVEN = ("edge", MODEL, "--calibration", "faces", "--dataset", "patches.npz")
# with the same answers on 301 images, a file is proved not to be inferior by one point
ENOUGH, FEW = 44, 10


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a model, its contract, images of patches, and pictures to calibrate with."""
    folder = tmp_path_factory.mktemp("edge")
    colour_patches(folder, FEW)
    (folder / "patches.npz").rename(folder / "few.npz")
    colour_patches(folder, ENOUGH)
    write_model(folder / MODEL)
    (folder / "faces").mkdir()
    for index in range(3):
        noise = np.random.default_rng(index).integers(0, 256, (64, 64, 3), np.uint8)
        cv2.imwrite(str(folder / "faces" / f"{index}.png"), noise)
    (folder / "empty").mkdir()
    return folder


@pytest.fixture
def edge(ferspec, place, monkeypatch):
    """Return a function that runs the command in the folder; the conversions are those of the helper."""
    monkeypatch.chdir(place)

    def run(*words, files=("good",), **given):
        monkeypatch.setattr("ferspec.api.edge.convert_files", conversions(*files, **given))
        return ferspec(*words)

    return run


def test_a_file_that_is_not_inferior_passes_and_certifies_like_any_model(edge, ferspec, tmp_path):
    status, out, err = edge(*GIVEN, "--out", tmp_path / "out")
    assert (status, out.splitlines()[0]) == (0, f"none inferior: {MODEL}")
    assert "calibration: 3 pictures of faces" in err
    written = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert written == ["edge.html", "edge.json", "good.onnx", "good.onnx.contract.toml"]
    judged = json.loads(ferspec("certify", tmp_path / "out" / "good.onnx", "-d", "patches.npz", "--json")[1])
    assert judged["metrics"]["accuracy"]["value"] == 1.0
    page = (tmp_path / "out" / "edge.html").read_text(encoding="utf-8")
    assert page.count("<svg role=") == 2
    assert "ExecuTorch, float32</dt><dd>there is no converter" in page


def test_the_document_is_one_of_measurements(edge, tmp_path):
    status, out, _ = edge(*GIVEN, "--out", tmp_path / "out", "--json")
    document = json.loads(out)
    assert (status, document) == (0, json.loads((tmp_path / "out" / "edge.json").read_text()))
    (first, *_), threads = read_measured([tmp_path / "out" / "edge.json"]), document["files"][0]["speed"]["timings"]
    assert (first.model, first.cell, first.bytes) == (
        "good.onnx",
        None,
        Path(tmp_path, "out", "good.onnx").stat().st_size,
    )
    assert first.milliseconds == threads[0]["median"] > 0
    assert first.device.endswith(", 1 thread")
    assert document["files"][0]["speed"]["memory"]["peak"] > document["files"][0]["speed"]["memory"]["before"] > 0
    assert document["files"][0]["content"]["operators"] == {"Flatten": 1, "Gemm": 1, "GlobalAveragePool": 1}


def test_one_inferior_file_fails_whatever_the_others_are(edge, tmp_path):
    status, out, _ = edge(*GIVEN, "--out", tmp_path / "out", "--json", files=("good", "spoiled"))
    good, spoiled, _ = json.loads(out)["files"]
    assert (status, good["answers"]["decision"]["verdict"]) == (1, "not inferior")
    assert spoiled["answers"]["decision"]["verdict"] == "inferior"
    assert spoiled["answers"]["accuracy_change"]["value"] == -1.0
    assert [one["verdict"] for one in spoiled["answers"]["classes"]] == ["inferior"] * len(CLASSES)


def test_on_few_images_it_is_undecided_and_says_how_many_would_decide(edge, tmp_path):
    status, out, _ = edge(*GIVEN[:-1], "few.npz", "--out", tmp_path / "out")
    assert status == 3
    needed = json.loads((tmp_path / "out" / "edge.json").read_text())["files"][0]["answers"]["decision"]
    assert needed["images_to_decide"] > 301
    assert f"undecided {needed['images_to_decide']:,} 0.0 (" in " ".join(out.split())


def test_a_file_that_cannot_be_evaluated_fails(edge, tmp_path):
    status, out, _ = edge(*GIVEN, "--out", tmp_path / "out", files=("narrow",))
    assert (status, "crashes" in out) == (1, True)
    assert "FER-B-02 the output has one row per image and one column per class: 308 × 5, expected 308 × 7" in out


def test_without_any_file_nothing_is_written_and_every_reason_is_said(edge, tmp_path):
    status, out, err = edge(*GIVEN, "--out", tmp_path / "out", files=(), reason="it has a loop")
    assert (status, out) == (2, "")
    assert "could not be converted to any format (executorch: it has a loop)" in err
    assert not (tmp_path / "out").exists()


def test_a_folder_of_other_files_is_refused_before_any_conversion(edge, tmp_path):
    (tmp_path / "diary.txt").write_text("mine")
    status, _, err = edge(*GIVEN, "--out", tmp_path, files=("narrow",))
    assert (status, "holds other files" in err) == (2, True)
    assert [path.name for path in tmp_path.iterdir()] == ["diary.txt"]


def test_a_stopped_command_leaves_no_files_behind(edge, tmp_path, monkeypatch):
    def stopped(*arguments):
        assert [path.name for path in temporary.glob("ferspec-edge-*/*.onnx")] == ["good.onnx"]
        os.kill(os.getpid(), signal.SIGTERM)

    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    monkeypatch.setattr("ferspec.api.edge.measured_file", stopped)
    assert edge(*GIVEN, "--out", tmp_path / "out")[0] == 128 + signal.SIGTERM
    gc.collect()
    assert [*temporary.glob("ferspec-edge-*")] == []
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("edge", MODEL, "--dataset", "patches.npz"), "add --calibration DIR"),
        (("edge", MODEL, "--calibration", "faces"), "add --dataset DIR"),
        ((*GIVEN[:3], "empty", *GIVEN[4:]), "empty holds no pictures"),
        ((*GIVEN[:3], "absent", *GIVEN[4:]), "absent: no such folder"),
        ((*GIVEN[:3], "patches.npz", *GIVEN[4:]), "patches.npz is given to calibrate with and to test on"),
        ((*GIVEN[:3], "few.npz", *GIVEN[4:]), "a file must not be tested on what it was calibrated with"),
        ((*GIVEN, "--max-drop", "0"), "give a share between 1e-06 and 1"),
        ((*GIVEN, "--max-drop", "1"), "0.01 for 1 point"),
        ((*GIVEN, "--contract", "other.toml"), "size = 16 x 16"),
        ((*GIVEN, "--split", "train"), "train"),
        (("edge", "helpers.callables:right", *GIVEN[2:]), "is code, which cannot be converted"),
        (("edge", "absent.onnx", *GIVEN[2:]), "absent.onnx: no such"),
        (("edge", "table.csv", *GIVEN[2:]), "holds predictions"),
    ],
)
def test_what_cannot_be_is_one_line_and_nothing_is_written(edge, place, tmp_path, words, said):
    contract = (place / f"{MODEL}.contract.toml").read_text()
    (place / "other.toml").write_text(contract.replace("[8, 8]", "[16, 16]"))
    (place / "table.csv").write_text("image,predicted\na.png,Happy\n")
    status, out, err = edge(*words, "--out", tmp_path / "out")
    assert (status, out) == (2, "")
    assert said in err.splitlines()[-1]
    assert not (tmp_path / "out").exists()
