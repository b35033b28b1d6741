"""Every option that takes a file refuses what is not a readable file: one line, status 2, nothing written."""

import os
import socket
import sys

import pytest

from ferspec.subjects.datasets.readers import read_published
from ferspec.subjects.datasets.subject import open_dataset
from ferspec.subjects.models.contracts.files import save_contract
from helpers.forking import run_each
from helpers.layouts import CLASSES, affectnet_annotations, affectnet_tables, rafdb_list
from helpers.messages import refusal
from helpers.miniatures import colour_patches, contract

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs the devices and /proc of Linux")

SECONDS = 60
MODEL, SET = "helpers.miniatures:right", "patches.npz"
JUDGED = ("-d", SET, "-c", "contract.toml")
JUDGED_A = ("-d", SET, "--contract-a", "contract.toml")
PLUGINS = ("cacheprovider", "benchmark", "hypothesispytest", "warnings")
SUITE = ("pytest", "--pyargs", "ferspec.conformance", "-q", *(f"-pno:{name}" for name in PLUGINS))
CELL = "sequential4conv-scratch-48-rafdb-conservative"
# each option that takes a file: the name of the file, and the command; {} is the path
OPTIONS = {
    "certify MODEL": ("model.onnx", ("certify", "{}", *JUDGED)),
    "certify CSV": ("predictions.csv", ("certify", "{}", "-d", SET)),
    "certify --dataset, npz": ("set.npz", ("certify", MODEL, "-d", "{}", "-c", "contract.toml")),
    "certify --dataset, csv": ("fer2013.csv", ("certify", MODEL, "-d", "{}", "-c", "contract.toml")),
    "certify --contract": ("contract.toml", ("certify", MODEL, "-d", SET, "-c", "{}")),
    "certify --groups": ("groups.csv", ("certify", MODEL, *JUDGED, "--groups", "{}")),
    "certify --deviations": ("deviations.toml", ("certify", MODEL, *JUDGED, "--deviations", "{}")),
    "compare MODEL_A": ("a.keras", ("compare", "{}", MODEL, "-d", SET, "--contract-a", "contract.toml")),
    "compare MODEL_B": ("b.tflite", ("compare", "demo", "{}", "--contract-b", "contract.toml")),
    "compare --contract-b": ("b.toml", ("compare", "demo", MODEL, "--contract-b", "{}")),
    "compare CERTIFICATE": ("a.json", ("compare", "{}", MODEL, "-d", SET, "--contract-b", "contract.toml")),
    "compare --clusters": ("twins.csv", ("compare", MODEL, "some.csv", *JUDGED_A, "--clusters", "{}")),
    "verify CERTIFICATE": ("certificate.json", ("verify", "{}")),
    "verify --dataset": ("set.npz", ("verify", "some.json", "-d", "{}")),
    "verify --model": ("model.pt", ("verify", "some.json", "-d", SET, "-m", "{}")),
    "contract init MODEL": ("model.h5", ("contract", "init", "{}")),
    "audit CSV": ("log.csv", ("audit", "{}")),
    "audit MLflow": ("mlflow.db", ("audit", "{}")),
    "audit TensorBoard": ("events.out.tfevents.1", ("audit", "{}")),
    "audit --deviations": ("deviations.toml", ("audit", "log.csv", "--deviations", "{}")),
    "conform --deviations": ("deviations.toml", ("conform", "helpers.miniatures", "--deviations", "{}")),
    "evaluate RUN": ("run.json", ("evaluate", "{folder}")),
    "grid judge": ("results.csv", ("grid", "judge", "{}")),
    "grid findings": ("results.csv", ("grid", "findings", "{}")),
    "models fuse": ("trained.keras", ("models", "fuse", "{}", "-o", "fused.keras")),
    "pytest --fer-model": ("model.onnx", (*SUITE, "--fer-model", "{}", "--fer-dataset", SET)),
    "pytest --fer-dataset": ("set.npz", (*SUITE, "--fer-model", "demo", "--fer-dataset", "{}")),
    "pytest --fer-contract": ("c.toml", (*SUITE, "--fer-model", MODEL, "--fer-dataset", SET, "--fer-contract", "{}")),
    "pytest --fer-groups": ("g.csv", (*SUITE, "--fer-model", "demo", "--fer-dataset", SET, "--fer-groups", "{}")),
    "pytest --fer-deviations": ("d.toml", (*SUITE, "--fer-model", MODEL, "--fer-deviations", "{}")),
}


def listen(path):
    with socket.socket(socket.AF_UNIX) as server:
        # the path of a socket has at most 107 characters
        folder = os.open(path.parent, os.O_RDONLY)
        server.bind(f"/proc/self/fd/{folder}/{path.name}")
        os.close(folder)


KINDS = {
    "a pipe": os.mkfifo,
    "a socket": listen,
    "a device": lambda path: path.symlink_to("/dev/null"),
    "a link to an endless device": lambda path: path.symlink_to("/dev/zero"),
    "a link to itself": lambda path: path.symlink_to(path),
    "a folder": lambda path: path.mkdir(),
    "an empty file": lambda path: path.touch(),
    "a file that cannot be read": lambda path: path.symlink_to("/proc/self/mem"),
    "a missing file": lambda path: None,
}
# pytest takes seconds to start, and its options are read by the same functions
CASES = [(option, kind) for option in OPTIONS for kind in KINDS if kind == "a pipe" or not option.startswith("pytest")]


@pytest.fixture(scope="module")
def ended(tmp_path_factory):
    """How each command ended with each kind of file."""
    folder = tmp_path_factory.mktemp("work")
    colour_patches(folder)
    save_contract(contract(), folder / "contract.toml")
    (folder / "some.json").write_text("{}")
    (folder / "some.csv").write_text("image,class\n0,Sad\n")
    (folder / "log.csv").write_text("epoch,accuracy,loss,val_accuracy,val_loss\n0,0.2,1.9,0.3,1.8\n")
    commands = []
    for number, (option, kind) in enumerate(CASES):
        name, words = OPTIONS[option]
        path = tmp_path_factory.mktemp(f"case{number}-") / name
        KINDS[kind](path)
        start = () if words[0] == "pytest" else ("ferspec",)
        given = [word.replace("{}", str(path)).replace("{folder}", str(path.parent)) for word in words]
        commands.append((*start, *given))
    return dict(zip(CASES, run_each(commands, folder, tmp_path_factory.mktemp("notes"), SECONDS), strict=True))


@pytest.mark.hostile("FIFOs, devices and endless files")
@pytest.mark.parametrize(("option", "kind"), CASES, ids=lambda text: text)
def test_what_is_not_a_readable_file_is_refused_in_one_line(ended, option, kind):
    status, out, err, seconds, written = ended[option, kind]
    assert seconds < SECONDS, "it hangs"
    assert written == []
    if option.startswith("pytest"):
        assert status == pytest.ExitCode.USAGE_ERROR, out + err
        assert (out + err).count("ferspec: ") == 1
    else:
        assert (status, out, err.count("\n")) == (2, "", 1), err
        assert err.startswith("ferspec: ")
    assert "Traceback" not in out + err


# Files inside the folders of datasets


@pytest.mark.hostile("FIFOs, devices and endless files")
@pytest.mark.parametrize("kind", ["a pipe", "a socket", "a link to itself", "an empty file"])
def test_an_image_that_is_not_a_file_is_named(tmp_path, kind):
    (tmp_path / "Happy").mkdir()
    (tmp_path / "Sad").mkdir()
    KINDS[kind](tmp_path / "Happy" / "1.png")
    (tmp_path / "Sad" / "1.png").write_bytes(b"not an image")
    message = refusal(open_dataset, tmp_path)
    assert "2 of 2 images cannot be read" in message
    assert "Happy/1.png: " in message


@pytest.mark.hostile("FIFOs, devices and endless files")
@pytest.mark.parametrize("kind", ["a pipe", "a socket", "a link to an endless device"])
@pytest.mark.parametrize("published", ["RAF-DB's list", "FER2013's table", "AffectNet's table", "an annotation"])
def test_a_table_of_a_published_dataset_that_is_not_a_file_is_not_opened(tmp_path, published, kind):
    match published:
        case "RAF-DB's list":
            name, path = "RAF-DB", rafdb_list(tmp_path, CLASSES, CLASSES)
        case "FER2013's table":
            name, path = "FER2013", tmp_path / "fer2013.csv"
        case "AffectNet's table":
            name, path = "AffectNet", affectnet_tables(tmp_path, range(7), range(7)) / "training.csv"
        case _:
            root = affectnet_annotations(tmp_path, {"train_set": range(7), "val_set": range(7)})
            name, path = "AffectNet", root / "train_set" / "annotations" / "3_exp.npy"
    path.unlink(missing_ok=True)
    KINDS[kind](path)
    message = refusal(read_published, name, tmp_path)
    assert "not a regular file" in message or "links that lead out" in message


@pytest.mark.hostile("FIFOs, devices and endless files")
@pytest.mark.parametrize("target", ["/dev/zero", "/proc/self/mem", "/etc/passwd", "/proc", "/"])
def test_a_link_out_of_a_dataset_is_refused_and_counted(tmp_path, target):
    (tmp_path / "set" / "Happy").mkdir(parents=True)
    (tmp_path / "set" / "Happy" / "1.png").symlink_to(target)
    (tmp_path / "set" / "Sad").symlink_to(target)
    message = refusal(open_dataset, tmp_path / "set")
    assert "links that lead out of it: 2" in message
    assert "copy the files that they lead to" in message


def test_a_dataset_may_be_a_link_and_hold_links_to_its_own_files(tmp_path):
    from PIL import Image

    (tmp_path / "set" / "Happy").mkdir(parents=True)
    Image.new("RGB", (8, 8)).save(tmp_path / "set" / "Happy" / "1.png")
    (tmp_path / "set" / "Happy" / "2.png").symlink_to("1.png")
    (tmp_path / "linked").symlink_to(tmp_path / "set")
    assert open_dataset(tmp_path / "linked").ids == ("Happy/1.png", "Happy/2.png")


def test_loops_of_links_end(tmp_path):
    for name in ("Happy", "Sad"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "up").symlink_to(tmp_path)
        (tmp_path / name / "here").symlink_to(".")
    assert "this class folder holds no images (and 1 more)" in refusal(open_dataset, tmp_path)
