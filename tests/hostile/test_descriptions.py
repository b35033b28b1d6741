"""A callable that describes itself, in place of its process, gets no file and no format that its digest lacks."""

import json
import sys

import pytest

from ferspec.errors import UserError
from ferspec.subjects.models import open_model
from ferspec.subjects.sandbox.python import library_folders

# runs while it is imported, and answers the judge's request to load it
CALLABLE = """
import os, sys
from ferspec.subjects.sandbox.messages import Kind, pack, send
frame = sys._getframe()
while "answers" not in frame.f_locals:
    frame = frame.f_back
send(frame.f_locals["answers"], pack(Kind({kind}), frame.f_locals["header"].number, {content!r}))
os._exit(0)
"""
LOADED, NEEDS = 3, 7
DESCRIBED = {
    "a file that it did not open": (LOADED, {"format": "callable", "signature": {}, "files": ["{folder}/table.npz"]}),
    "a file that it needs": (NEEDS, ["{folder}/table.npz"]),
    "a path with a null character": (LOADED, {"format": "callable", "signature": {}, "files": ["{folder}/a\0b"]}),
    "another format": (LOADED, {"format": "onnx", "signature": {}}),
}


@pytest.mark.hostile("models that cheat")
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a digest covers its source file only")
@pytest.mark.parametrize("described", DESCRIBED)
def test_a_callable_cannot_name_its_own_files_or_format(described, tmp_path, monkeypatch):
    kind, content = DESCRIBED[described]
    text = json.dumps(content).replace("{folder}", str(tmp_path))
    (tmp_path / "table.npz").write_bytes(b"labels")
    (tmp_path / "speaks.py").write_text(CALLABLE.format(kind=kind, content=text.encode()))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        UserError, match=r"speaks:predict cannot be loaded: its process (did not describe|names a file)"
    ):
        open_model("speaks:predict")


@pytest.mark.hostile("models that cheat")
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a digest covers its source file only")
def test_metadata_of_a_package_beside_a_callable_makes_it_no_installed_one(tmp_path, monkeypatch):
    (tmp_path / "table.txt").write_text("labels")
    (tmp_path / "reads.py").write_text("open(__file__[:-8] + 'table.txt').read()\npredict = print\n")
    (tmp_path / "made_up.dist-info").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    library_folders.cache_clear()
    model = open_model("reads:predict")
    model.close()
    library_folders.cache_clear()
    if not model.isolation.complete:
        pytest.skip(f"this system does not isolate: {model.isolation}")
    assert [file.path for file in model.coverage.files] == ["reads.py", "table.txt"]
