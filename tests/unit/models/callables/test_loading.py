"""Python functions as models run in a process of their own, or are refused in one line."""

import textwrap

import numpy as np
import pytest

from ferspec.errors import SubjectError, UserError
from ferspec.subjects.models import Signature, open_model
from ferspec.subjects.models.callables.trial import Trial

IMAGES = np.random.default_rng(7).uniform(0, 1, (5, 4, 3, 3)).astype(np.float32)
SHAPES = Trial(np.zeros((2, 4, 3, 3), np.float32))


@pytest.fixture
def files(tmp_path, monkeypatch):
    """A function that writes files into the current folder."""
    monkeypatch.chdir(tmp_path)

    def write(texts):
        for name, text in texts.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(textwrap.dedent(text))
        return tmp_path

    return write


def test_a_callable_is_a_model(files):
    files({"tiny_callable.py": "class Net:\n    def go(self, x):\n        return x[:, 0, 0, :] * 2\nnet = Net()\n"})
    model = open_model("tiny_callable:net.go", trial=SHAPES)
    assert model.predict(IMAGES).tolist() == (IMAGES[:, 0, 0, :] * 2).tolist()
    assert (model.format, model.signature, model.runs_code) == ("callable", Signature(), True)
    model.close()


@pytest.mark.parametrize(
    ("reference", "text", "words"),
    [
        ("no_such_module_here:f", "", "no module 'no_such_module_here'"),
        ("tiny_broken:f", "import nothing_like_it", "no module 'nothing_like_it'"),
        ("tiny_broken:f", "1 / 0", "failed with ZeroDivisionError"),
        ("tiny_broken:f", "raise SystemExit(7)", "failed with SystemExit: 7"),
        ("tiny_broken:f", "g = 1", "has no 'f'"),
        ("tiny_broken:f", "f = 1", "is of type int, which cannot be called"),
        ("tiny_broken:f", "open('weights.npz')", r"'weights.npz' is a relative path.*use Path\(__file__\).parent"),
        ("sys:exit", "", "has no source file"),
    ],
)
def test_an_invalid_callable_is_one_line(files, reference, text, words):
    files({"tiny_broken.py": text})
    with pytest.raises(UserError, match=words) as refusal:
        open_model(reference)
    assert "\n" not in str(refusal.value)


PACKAGE = {
    "space/net/__init__.py": "",
    "space/net/model.py": """
        from pathlib import Path
        import numpy as np
        from . import helper
        weights = np.loadtxt(Path(__file__).with_name("weights.txt"))
        def predict(x):
            from .late import scale
            return x[:, 0, 0, :] * weights * helper.one * scale
        """,
    "space/net/helper.py": "one = 1",
    "space/net/late.py": "scale = 2",
    "space/net/weights.txt": "3.0",
    "space/net/unused.py": "",
}


def test_a_package_in_a_namespace_reads_its_neighbours_and_weights_and_all_of_them_are_covered(files):
    files(PACKAGE)
    model = open_model("space.net.model:predict", trial=SHAPES)
    np.testing.assert_allclose(model.predict(IMAGES), IMAGES[:, 0, 0, :] * 6, rtol=1e-6)
    model.close()
    if not model.isolation.files:
        pytest.skip("this system does not isolate files")
    assert {file.path for file in model.coverage.files} == set(PACKAGE) - {"space/net/unused.py"}


LATE = """
from pathlib import Path
calls = 0
def predict(x):
    global calls
    calls += 1
    if calls > 1:
        open(Path(__file__).with_name("late.txt"))
    return x[:, 0, 0, :]
"""


@pytest.mark.hostile("models that cheat")
def test_a_file_that_is_opened_only_later_is_not_readable_and_the_error_says_what_to_do(files):
    files({"tiny_late.py": LATE, "late.txt": "labels"})
    model = open_model("tiny_late:predict", trial=SHAPES)
    if not model.isolation.files:
        pytest.skip("this system does not isolate files")
    model.predict(IMAGES)
    with pytest.raises(SubjectError, match=r"late\.txt.*opened while the module is imported or answers its first"):
        model.predict(IMAGES)
    model.close()


LAZY = """
def predict(x, calls=[]):
    calls.append(1)
    if len(calls) < 2:
        return x[:, 0, 0, :]
    from tiny_neighbour import answer
    return answer(x)
"""


def test_a_neighbour_that_is_imported_in_a_later_call_is_covered_and_readable(files):
    files({"tiny_lazy.py": LAZY, "tiny_neighbour.py": "def answer(x):\n    return 2 * x[:, 0, 0, :]\n"})
    model = open_model("tiny_lazy:predict", trial=SHAPES)
    first, second = model.predict(IMAGES), model.predict(IMAGES)
    np.testing.assert_array_equal(second, 2 * first)
    assert not model.isolation.files or len(model.coverage.files) == 2
    model.close()


CHATTY = """
import os
os.write(2, b"a framework starts up: import\\n")
print("import")
def predict(x):
    os.write(2, b"a framework starts up: call\\n")
    print("call")
    return x[:, 0, 0, :]
"""


def test_what_a_callable_prints_is_held_back(files, capfd):
    files({"tiny_chatty.py": CHATTY})
    model = open_model("tiny_chatty:predict", trial=SHAPES)
    model.predict(IMAGES)
    model.close()
    assert capfd.readouterr() == ("", "")
