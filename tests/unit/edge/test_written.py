"""Converted files are written whole or not at all, and replace only those of an earlier conversion of the model."""

import json
from pathlib import Path

import pytest

from ferspec.edge.written import require_replaceable, write_files
from ferspec.errors import UserError


@pytest.fixture
def converted(tmp_path):
    folder = tmp_path / "converted"
    folder.mkdir()
    (folder / "m.tflite").write_bytes(b"file")
    (folder / "m.tflite.contract.toml").write_text("contract")
    return folder


def texts(*names, model="abc"):
    document = {"original": {"model": {"digest": model}}, "files": [{"name": name} for name in names]}
    return {"edge.json": json.dumps(document), "edge.html": "page"}


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_files_contracts_document_and_page_lie_side_by_side(tmp_path, converted):
    write_files(converted, texts("m.tflite"), tmp_path / "new" / "out")
    assert names(tmp_path / "new" / "out") == ["edge.html", "edge.json", "m.tflite", "m.tflite.contract.toml"]
    assert names(tmp_path / "new") == ["out"]


def test_files_of_an_earlier_conversion_go_and_others_stay(tmp_path, converted):
    out = tmp_path / "out"
    out.mkdir()
    for name in ("old.onnx", "old.onnx.contract.toml", "mine.txt"):
        (out / name).write_text(name)
    (out / "edge.json").write_text(texts("old.onnx", "../converted/m.tflite")["edge.json"])
    write_files(converted, texts("m.tflite"), out)
    assert names(out) == ["edge.html", "edge.json", "m.tflite", "m.tflite.contract.toml", "mine.txt"]
    assert names(converted) == ["m.tflite", "m.tflite.contract.toml"]


def test_nothing_is_written_if_one_file_cannot_be(tmp_path, converted, monkeypatch):
    def fails(*arguments, **given):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", fails)
    with pytest.raises(UserError, match="No space left on device"):
        write_files(converted, texts("m.tflite"), tmp_path / "out")
    assert names(tmp_path) == ["converted"]


def test_only_an_earlier_conversion_of_the_same_model_is_replaced(tmp_path):
    out = tmp_path / "out"
    require_replaceable(out, "abc")
    out.mkdir()
    require_replaceable(out, "abc")
    (out / "edge.json").write_text(texts()["edge.json"])
    require_replaceable(out, "abc")
    with pytest.raises(UserError, match="holds the files of another model"):
        require_replaceable(out, "def")
    (out / "edge.json").unlink()
    (out / "diary.txt").write_text("mine")
    with pytest.raises(UserError, match="holds other files"):
        require_replaceable(out, "abc")


def test_an_earlier_document_of_endless_nesting_is_of_another_model(tmp_path):
    (tmp_path / "edge.json").write_text("[" * 100_000)
    with pytest.raises(UserError, match="files of another model"):
        require_replaceable(tmp_path, "abc")
