"""Python functions as models are imported by name, or refused in one line."""

import hashlib
import sys

import numpy as np
import pytest

from ferspec.errors import UserError
from ferspec.subjects.models import Signature
from ferspec.subjects.models.formats import load_model

IMAGES = np.random.default_rng(7).uniform(0, 1, (5, 4, 3, 3)).astype(np.float32)


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Writes a Python module into the current folder, and forgets it afterwards."""
    monkeypatch.chdir(tmp_path)
    names = []

    def write(name, text):
        names.append(name)
        (tmp_path / f"{name}.py").write_text(text)
        return tmp_path / f"{name}.py"

    yield write
    for name in names:
        sys.modules.pop(name, None)


def test_a_callable_is_a_model(module):
    path = module("tiny_callable", "class Net:\n    def go(self, x):\n        return x[:, 0, 0, :] * 2\nnet = Net()\n")
    before = list(sys.path)
    model = load_model("tiny_callable:net.go")
    assert model.predict(IMAGES).tolist() == (IMAGES[:, 0, 0, :] * 2).tolist()
    assert (model.format, model.signature) == ("callable", Signature())
    assert model.digest == hashlib.sha256(path.read_bytes()).hexdigest()
    assert sys.path == before


@pytest.mark.parametrize(
    ("reference", "text", "words"),
    [
        ("no_such_module_here:f", "", "no module 'no_such_module_here'"),
        ("tiny_broken:f", "import nothing_like_it", "no module 'nothing_like_it'"),
        ("tiny_broken:f", "1 / 0", "failed with ZeroDivisionError"),
        ("tiny_broken:f", "raise SystemExit(7)", "failed with SystemExit: 7"),
        ("tiny_broken:f", "g = 1", "has no 'f'"),
        ("tiny_broken:f", "f = 1", "is of type int, which cannot be called"),
        ("sys:exit", "", "has no source file"),
    ],
)
def test_an_invalid_callable_is_one_line(module, reference, text, words):
    module("tiny_broken", text)
    with pytest.raises(UserError, match=words):
        load_model(reference)


CHATTY = """
import os
os.write(2, b"a framework starts up: import\\n")
print("import")
def predict(x):
    os.write(2, b"a framework starts up: call\\n")
    print("call")
    return x[:, 0, 0, :]
"""


def test_start_up_messages_of_import_and_first_call_are_held_back(module, capfd):
    module("tiny_chatty", CHATTY)
    model = load_model("tiny_chatty:predict")
    model.predict(IMAGES)
    out, err = capfd.readouterr()
    assert out == ""
    assert "a framework starts up" not in err
    model.predict(IMAGES)
    out, err = capfd.readouterr()
    assert out == ""
    assert sorted(err.splitlines()) == ["a framework starts up: call", "call"]
