"""Training a cell from its id to its artifacts: published weights, records and refusals."""

import errno
import json
import os
import resource
import shutil

import numpy as np
import pytest
from filelock import FileLock

from ferspec.errors import UserError
from ferspec.grid.cells import find_cell
from ferspec.grid.training.train import LOCK, Request, train_cell
from ferspec.reference import models
from ferspec.reference.models.heads import base_layer
from ferspec.reference.training.fit import Listener
from ferspec.reference.training.state import LAST, StateFolder
from ferspec.subjects.models.base import file_digest
from ferspec.subjects.runs.artifacts.history import read_history
from ferspec.subjects.runs.artifacts.record import CURVES, FINISHED_FILES, RUN, STATE, read_run
from helpers import layouts
from helpers.published_weights import name_of, write_legacy
from helpers.tiny.training import task, trained

LENET = "lenet5-scratch-48-fer2013-conservative"
PER_CLASS = 10


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A data root with a small FER2013: ten of each class to train on, ten to validate on."""
    folder = tmp_path_factory.mktemp("root")
    return small_fer2013(folder)


def small_fer2013(folder, classes=layouts.CLASSES, per_class=PER_CLASS):
    usages = ("Training", "PublicTest")
    rows = [(label, usage) for usage in usages for label in classes for _ in range(per_class)]
    layouts.fer2013_csv(folder / "FER2013" / "fer2013.csv", rows)
    return folder


@pytest.fixture
def command(root, tmp_path):
    """The words that train LeNet-5 for two epochs into ``run``."""
    return ("train", LENET, "--data-root", root, "--out", tmp_path / "run", "--epochs-cap", 2, "--gpus", 0)


class Bases(Listener):
    """Keeps the variables of the base after every epoch, from the state that is kept of it."""

    def __init__(self, state, network):
        self._state, self.bases = state, []
        of_base = {id(variable) for variable in base_layer(network).variables}
        self.places = [place for place, variable in enumerate(network.variables) if id(variable) in of_base]

    def epoch(self, rows, outlook):
        with np.load(self._state / LAST) as arrays:
            self.bases.append([arrays[f"network/{place}"] for place in self.places])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cell", "network", "kind"),
    [
        ("mobilenet-imagenet-48-fer2013-simple", "MobileNet", "imagenet"),
        ("vgg16-vggface-48-fer2013-conservative", "VGG16", "vggface"),
    ],
)
def test_a_base_is_frozen_in_the_first_phase_and_learns_in_the_second(root, tmp_path, cell, network, kind):
    out, weights = tmp_path / "run", tmp_path / "weights"
    weights.mkdir()
    outline = models.outline(network, 48, kind)
    file = weights / name_of(network, kind)
    published = write_legacy(file, base_layer(outline), scale=0.01)
    heard = Bases(out / STATE, outline)
    request = Request(cell=find_cell(cell), out=out, data_root=root, weights_dir=weights, epochs_cap=1, gpus=0)
    run = train_cell(request, heard)

    frozen, learned = heard.bases
    given = [array for layer in base_layer(outline).layers for array in published.get(layer.name, ())]
    as_bytes = sorted(array.tobytes() for array in frozen if array.dtype == np.float32)
    assert as_bytes == sorted(array.tobytes() for array in given), "bit for bit what the file holds"
    changed = [not np.array_equal(before, after) for before, after in zip(frozen, learned, strict=True)]
    assert any(changed[place] for place, array in enumerate(frozen) if array.ndim == 4), "kernels learn"

    assert [(phase.frozen, phase.epochs, phase.ended) for phase in run.phases] == [
        (True, 1, "epochs cap"),
        (False, 1, "epochs cap"),
    ]
    assert (run.start.kind, run.start.file, run.start.sha256) == (kind, file.name, file_digest(file))
    rows = read_history(out / "history.csv")
    assert [(row.phase, row.learning_rate) for row in rows] == [(1, np.float32(1e-4)), (2, np.float32(1e-4))]
    assert "FER-S-05" in {deviation.clause for deviation in run.deviations}
    assert read_run(out) == run


def test_a_capped_run_says_so_and_is_not_trained_again(ferspec, command, tmp_path):
    status, _, said = ferspec(*command)
    assert status == 0
    assert "training: 70 of FER2013 (fer2013 csv): 10 of each class" in said.splitlines()
    out = tmp_path / "run"
    run = read_run(out)
    assert run.status == "finished"
    [capped] = [deviation for deviation in run.deviations if deviation.clause == "FER-S-05"]
    assert capped.option == "--epochs-cap 2"
    assert {path.name for path in out.iterdir()} == {LOCK, RUN, CURVES, *FINISHED_FILES}

    def files():
        return {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in out.iterdir() if path.name != LOCK}

    before = files()
    (out / STATE).mkdir()
    (out / ".curves.x1y2z3.svg").write_bytes(b"half a picture")
    status, repeated, err = ferspec(*command)
    assert (status, err) == (0, "")
    assert f"{run.cell}  not a protocol run" in repeated
    assert f"already finished, nothing was trained: {out}" in repeated
    assert f"reproduce: ferspec train {LENET} --profile released --seed 0 --epochs-cap 2" in repeated
    assert files() == before, "and what kills left is gone"

    (out / CURVES).unlink()
    assert ferspec(*command)[0] == 0
    assert files().keys() == before.keys(), "a picture that a kill prevented is made up for"

    assert ferspec("evaluate", out, "--data-root", command[3])[0] == 0


def test_a_run_from_other_initial_weights_is_not_resumed(root, tmp_path):
    cell, weights = find_cell("mobilenet-imagenet-48-fer2013-simple"), tmp_path / "weights"
    weights.mkdir()
    base = base_layer(models.outline("MobileNet", 48, "imagenet"))
    write_legacy(weights / name_of("MobileNet"), base, scale=0.01)
    request = Request(cell=cell, out=tmp_path / "run", data_root=root, weights_dir=weights, epochs_cap=1, gpus=0)

    class Stop(Listener):
        def step(self, epoch, done, steps):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_cell(request, Stop())
    write_legacy(weights / name_of("MobileNet"), base, scale=0.02)
    with pytest.raises(UserError, match="initial weights are not those this training started with"):
        train_cell(request)


def test_the_settings_are_recorded(ferspec, command, tmp_path):
    options = ("--precision", "mixed_bfloat16", "--jit", "--seed", 3, "--json")
    status, out, _ = ferspec(*command, *options)
    assert status == 0
    settings = json.loads(out)["settings"]
    assert (settings["precision"], settings["jit"], settings["seed"]) == ("mixed_bfloat16", True, 3)


@pytest.mark.parametrize(
    ("cell", "options", "said"),
    [
        pytest.param(
            "lenet6-scratch-48-fer2013-simple", (), "did you mean lenet5-scratch-48-fer2013-simple", id="cell"
        ),
        pytest.param(LENET, ("--gpus", 64), "64 GPUs were asked for, but TensorFlow sees", id="GPU"),
        pytest.param(LENET, ("--data-root", "nowhere"), "nowhere: No such file or directory", id="no data root"),
        pytest.param(LENET, ("--subset", 63), "63 training images are fewer than one batch of 64", id="subset"),
        pytest.param(LENET.replace("fer2013", "rafdb"), (), "RAF-DB is missing", id="data root without the dataset"),
        pytest.param(LENET, ("--log", "paper"), "unknown logger 'paper'", id="logger"),
        pytest.param(LENET, ("--epochs-cap", 0), "epochs-cap", id="cap of nothing"),
    ],
)
def test_an_impossible_training_is_refused_in_one_line(ferspec, root, tmp_path, cell, options, said):
    given = ("--data-root", root, *options) if "--data-root" not in options else options
    assert_refused(ferspec("train", cell, *given, "--out", tmp_path / "run"), said)
    assert not (tmp_path / "run").exists()


def test_a_refused_training_keeps_an_existing_folder(ferspec, root, tmp_path):
    (tmp_path / "runs" / "run").mkdir(parents=True)
    assert_refused(ferspec("train", LENET, "--data-root", "nowhere", "--out", tmp_path / "runs" / "run"), "nowhere")
    assert (tmp_path / "runs" / "run").is_dir()
    assert_refused(ferspec("train", LENET, "--data-root", "nowhere", "--out", tmp_path / "runs" / "a" / "b"), "nowhere")
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["run"]


def test_weights_with_only_the_published_name_are_a_deviation(root, tmp_path):
    weights = tmp_path / "weights"
    weights.mkdir()
    write_legacy(weights / name_of("DenseNet121"), base_layer(models.outline("DenseNet121", 48, "imagenet")))
    cell = find_cell("densenet121-imagenet-48-fer2013-simple")
    request = Request(cell=cell, out=tmp_path / "run", data_root=root, weights_dir=weights, gpus=0)

    class Stopping(Listener):
        def begin(self, lines):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_cell(request, Stopping())
    [found] = [deviation for deviation in read_run(tmp_path / "run").deviations if deviation.clause == "FER-P-01"]
    assert found.effect.startswith(f"{name_of('DenseNet121')} is not the published file of the imagenet weights")


def test_loggers_are_checked_before_an_image_is_read(ferspec, root, tmp_path):
    assert_refused(ferspec("train", LENET, "--data-root", root, "--log", "paper", "--out", tmp_path / "run"), "paper")
    assert not (tmp_path / "run").exists()


def test_artifacts_cannot_be_written_to_a_file(ferspec, command, tmp_path):
    (tmp_path / "run").write_text("a letter")
    assert_refused(ferspec(*command), "run is a file, not a folder: choose another --out")
    assert (tmp_path / "run").read_text() == "a letter"


def assert_refused(ran, said):
    __tracebackhide__ = True
    status, out, err = ran
    assert (status, out) == (2, "")
    goes_on = ("phase ", "reading ", "training", "validation: ", "  ", "not a protocol run: ")
    lines = [line for line in err.splitlines() if not line.startswith(goes_on)]
    assert len(lines) == 1, lines
    assert said in lines[0]


def test_a_class_without_an_image_is_named(ferspec, tmp_path):
    root = small_fer2013(tmp_path / "root", layouts.CLASSES[:-1], 12)
    assert_refused(ferspec("train", LENET, "--data-root", root, "--out", tmp_path / "run"), "Surprise")


def test_a_dataset_of_another_layout_is_refused(ferspec, tmp_path):
    layouts.save(tmp_path / "root" / "FER2013" / "faces" / "one.png")
    assert_refused(ferspec("train", LENET, "--data-root", tmp_path / "root", "--out", tmp_path / "run"), "FER2013")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--seed", 1), "with seed 0, not 1: choose another --out"),
        (("--profile", "paper"), "with profile released, not paper: choose another --out"),
    ],
)
def test_a_folder_of_another_training_is_not_changed(ferspec, command, tmp_path, options, said):
    interrupt(ferspec, command)
    before = (tmp_path / "run" / RUN).read_bytes()
    assert_refused(ferspec(*command, *options), said)
    assert (tmp_path / "run" / RUN).read_bytes() == before


def interrupt(ferspec, command):
    """Begin a training that a full disk ends after its first epoch."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(np, "savez", Full(np.savez, after=2))
        assert_refused(ferspec(*command), f"last.npz: {os.strerror(errno.ENOSPC)}")


class Full:
    """A function that works ``after`` times; then there is no space left."""

    def __init__(self, function, after):
        self._function, self._left = function, after

    def __call__(self, *args, **options):
        if not self._left:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._left -= 1
        return self._function(*args, **options)


def test_foreign_files_are_not_changed(ferspec, command, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "thesis.docx").write_text("years of work")
    assert_refused(ferspec(*command), "thesis.docx but no run.json: choose another --out")
    assert (tmp_path / "run" / "thesis.docx").read_text() == "years of work"


def test_two_processes_do_not_train_into_one_folder(ferspec, command, tmp_path):
    (tmp_path / "run").mkdir()
    with FileLock(tmp_path / "run" / LOCK):
        assert_refused(ferspec(*command), "another process is training into this folder")


def test_a_training_does_not_resume_on_other_images(ferspec, command, tmp_path):
    interrupt(ferspec, command)
    other = small_fer2013(tmp_path / "other", per_class=PER_CLASS + 1)
    words = [other if word == command[3] else word for word in command]
    assert_refused(ferspec(*words), "the training images are not those this training started with")
    assert ferspec(*command)[0] == 0


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A training of three epochs."""
    return trained(tmp_path_factory.mktemp("whole"), task(epochs_cap=3))


@pytest.mark.parametrize("after", [1, 2, 3])
def test_a_full_disk_keeps_finished_epochs(tmp_path, whole, monkeypatch, after):
    settings = task(epochs_cap=3)
    # every epoch is kept by one or two files: the best state where it is the best, then the last
    with monkeypatch.context() as patch:
        patch.setattr(np, "savez", Full(np.savez, after))
        with pytest.raises(UserError, match=os.strerror(errno.ENOSPC)):
            trained(tmp_path / "full", settings)
    kept = StateFolder(tmp_path / "full").progress().rows
    assert kept == whole.rows[: len(kept)]
    assert len(kept) >= after // 2
    assert trained(tmp_path / "full", settings).rows == whole.rows


def test_a_file_size_limit_is_one_line_and_leaves_no_partial_file(tmp_path):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, before[1]))
    try:
        with pytest.raises(UserError, match=f"cannot write .*best-00000.npz: {os.strerror(errno.EFBIG)}"):
            trained(tmp_path, task(epochs_cap=1))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.iterdir()) == []
    assert len(trained(tmp_path, task(epochs_cap=1)).rows) == 1


def test_partial_files_of_killed_processes_are_removed(tmp_path):
    (tmp_path / ".last.abc123.npz").write_bytes(b"half")
    (tmp_path / ".best-00003.abc123.npz").write_bytes(b"half")
    trained(tmp_path, task(epochs_cap=1))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["best-00000.npz", "last.npz"]


@pytest.fixture(scope="module")
def one_epoch(tmp_path_factory):
    """The state of a training of one epoch."""
    folder = tmp_path_factory.mktemp("one-epoch")
    trained(folder, task(epochs_cap=1))
    return folder


@pytest.mark.parametrize("damage", ["cut", "flipped", "foreign", "of another network"])
def test_a_damaged_state_is_one_line(tmp_path, one_epoch, damage):
    shutil.copytree(one_epoch, tmp_path, dirs_exist_ok=True)
    path = tmp_path / LAST
    whole = path.read_bytes()
    if damage == "cut":
        path.write_bytes(whole[: len(whole) // 2])
    elif damage == "flipped":
        at = whole.index(b"rows") if b"rows" in whole else whole.index(b"r\0\0\0o\0\0\0w\0\0\0s")
        path.write_bytes(whole[:at] + b"X" + whole[at + 1 :])
    elif damage == "foreign":
        np.savez(path, images=np.zeros(3))
    else:
        with np.load(path) as arrays:
            np.savez(path, **{name: arrays[name] for name in arrays.files if name != "network/0"})
    with pytest.raises(UserError, match=r"last\.npz is (not the state of a training|the state of another network)"):
        trained(tmp_path, task(epochs_cap=2))


@pytest.mark.parametrize(
    ("precision", "advice"),
    [("float32", "look for broken images"), ("mixed_bfloat16", "look for broken images, or train in float32")],
)
def test_a_loss_of_nan_ends_the_training_and_keeps_earlier_epochs(tmp_path, precision, advice):
    from helpers.tiny.training import scripted

    settings = task(epochs_cap=4, precision=precision)
    figures = [(1.0, 0.3), (0.9, 0.4), (float("nan"), 0.1)]
    said = f"loss is NaN or infinite after epoch 2.*val_loss nan.*epochs before it are kept; {advice}$"
    with pytest.raises(UserError, match=said):
        trained(tmp_path, settings, scripted(figures))
    assert [row.val_loss for row in StateFolder(tmp_path).progress().rows] == [1.0, 0.9]
    assert len(trained(tmp_path, settings, scripted(figures[:2])).rows) == 4
