"""A callable that looks for the labels finds none, wherever it looks."""

import os
import re

import numpy as np
import pytest
from PIL import Image

import ferspec
from ferspec.subjects.models import open_model
from ferspec.subjects.models.callables.trial import Trial
from helpers.cheats import attempts_file
from helpers.cheats.secrets_of_a_judge import planted
from helpers.processes import run_python

CLASSES = ("Angry", "Disgust", "Fear", "Happy", "Neutral", "Sad", "Surprise")
LISTED = attempts_file.read_text().partition("ATTEMPTS = [")[2].partition("\n]")[0]
ATTEMPTS = re.findall(r"\b[a-z_]+\b", LISTED)
# the control does not try these: they take minutes, or stop the tests themselves
UNTRIED = {"parents_memory", "judges_memory", "tracing"}
# there the control has nothing to find: its own process was never the judge's
ELSEWHERE = {"frames", "objects", "modules_of_the_judge"}
WRITING = [name for name in ATTEMPTS if name.startswith("writing_")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cheats")
    with planted(folder) as places:
        yield folder, *places


@pytest.fixture(scope="module")
def found(folder):
    """Which attempts find the secret, when the callable is opened as every model is."""
    folder, dataset, out, written = folder
    before = os.getcwd()
    os.chdir(folder)
    try:
        batch = np.zeros((1, 2, 2, 3), np.float32)
        model = open_model("cheat:predict", trial=Trial(batch, (dataset, out)))
    finally:
        os.chdir(before)
    if not model.isolation.complete:
        pytest.skip(f"this system does not isolate: {model.isolation}")
    model.predict(batch)
    numbered = np.arange(len(ATTEMPTS))[:, None, None, None] * np.ones((2, 2, 3))
    outputs = model.predict(numbered)
    model.close()
    assert outputs[:, 1].all()
    reached = dict(zip(ATTEMPTS, outputs[:, 0] != 0, strict=True))
    return reached | {name: path.exists() for name, path in zip(WRITING, written, strict=True)}, model


@pytest.mark.hostile("models that cheat")
@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_a_callable_does_not_reach_what_the_judge_knows(found, attempt):
    if attempt == "time_stamps" and "bwrap" not in found[1].isolation.tools:
        pytest.skip("only a file system of its own hides sizes and times of files: Landlock does not")
    assert not found[0][attempt]


def test_neither_the_dataset_nor_a_file_that_is_opened_later_is_covered(found):
    covered = {file.path for file in found[1].coverage.files}
    assert covered == {"cheat.py", "places.json"}


CONTROL = """
import sys; sys.path.insert(0, {folder!r}); sys.argv.append({secret!r})
import cheat
tried = [attempt for attempt in cheat.ATTEMPTS if attempt.__name__ not in {untried!r}]
print([attempt.__name__ for attempt in tried if cheat.succeeds(attempt)])
"""


def test_without_the_sandbox_the_same_attempts_succeed(folder, tmp_path):
    """So that the tests above show what the sandbox does, and not that the attempts are harmless."""
    text = CONTROL.format(folder=str(folder[0]), secret=os.environ["FERSPEC_LABELS"], untried=UNTRIED)
    options = {"check": True, "close_fds": False, "cwd": tmp_path}
    options["env"] = os.environ | {"HOME": str(tmp_path), "TMPDIR": str(tmp_path)}
    # the first process leaves something for the second
    run_python(f"import sys; sys.path.append({str(folder[0])!r}); import cheat", **options)
    ended = run_python(text, **options)
    succeeded = {*re.findall(r"[a-z_]+", ended.stdout)}
    succeeded |= {name for name, path in zip(WRITING, folder[3], strict=True) if path.exists()}
    assert set(ATTEMPTS) - succeeded - UNTRIED - ELSEWHERE == set()


PATCHING = """
import sys
import numpy as np

def patch():
    import ferspec.reference.evaluation as evaluation, ferspec.subjects.models.subject as subject
    original = evaluation.evaluate
    for module in list(sys.modules.values()):
        if hasattr(module, "evaluate"):
            module.evaluate = lambda labels, predicted, *rest: original(labels, labels, *rest)
    subject.ModelSubject.predicted = property(lambda self: self.labels)
    subject.ModelSubject.labels = property(lambda self: np.zeros(len(self.dataset), int))

try:
    patch()
except Exception as error:
    print(error)

def predict(batch):
    return np.eye(7, dtype=np.float32)[np.zeros(len(batch), int)]
"""
CONTRACT = """
[input]
size = [8, 8]
[output]
classes = ["Angry", "Disgust", "Fear", "Happy", "Neutral", "Sad", "Surprise"]
"""


@pytest.mark.hostile("models that cheat")
def test_patching_the_judges_functions_changes_no_figure(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in CLASSES:
        (tmp_path / "faces" / name).mkdir(parents=True)
        for index in range(2):
            pixels = np.random.default_rng(2 * CLASSES.index(name) + index).integers(0, 256, (8, 8, 3), np.uint8)
            Image.fromarray(pixels).save(tmp_path / "faces" / name / f"{index}.png")
    (tmp_path / "patching.py").write_text(PATCHING)
    (tmp_path / "contract.toml").write_text(CONTRACT)
    report = ferspec.certify("patching:predict", "faces", "contract.toml")
    assert report.metrics.accuracy.value == pytest.approx(1 / 7)
    if report.subject.coverage.complete:
        assert [file.path for file in report.subject.coverage.files] == ["patching.py"]
