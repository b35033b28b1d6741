"""What the core install does without TensorFlow, Keras and PyTorch, and what it says where an extra is needed."""

import json
import shutil
import sys

import numpy as np
import pytest

from ferspec.synthetic.demo import demo_contract_path, demo_model_path
from helpers.implementations import MINIATURE
from helpers.made.logs import trained_by_keras_2, write_log
from helpers.processes import run

BLOCK = """
import sys
from importlib.machinery import PathFinder


class Finder:
    def find_spec(name, path=None, target=None):
        return None if name in ("tensorflow", "keras", "torch") else PathFinder.find_spec(name, path, target)


sys.meta_path[sys.meta_path.index(PathFinder)] = Finder
"""
# in the processes of models and images too
WITHOUT_FRAMEWORKS = f"""{BLOCK}
from ferspec.subjects.sandbox import python

started = python.python_words


def python_words(module):
    interpreter = started(module)
    at = interpreter.index(str(python.LAUNCHER))
    program = {BLOCK!r} + f"import runpy; runpy.run_path({{str(python.LAUNCHER)!r}}, run_name='__main__')"
    return [*interpreter[:at], "-c", program, *interpreter[at + 1 :]]


python.python_words = python_words
"""
# commands as JSON in, and the end of each as JSON out: a process each would import the same again
SEVERAL = f"""{WITHOUT_FRAMEWORKS}
import contextlib, io, json, shlex, sys
from ferspec.cli import main


def ended(command):
    sys.argv = ["ferspec", *shlex.split(command)]
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
        except SystemExit as end:
            return [end.code or 0, out.getvalue(), err.getvalue()]


print(json.dumps([ended(command) for command in json.load(sys.stdin)]))
"""
MADE_BEFORE = ["grid export-published published.csv", "certify predictions.csv -d faces.npz -o certified"]
STATUSES = {
    "spec list": 0,
    "spec show FER-W-02": 0,
    "grid list": 0,
    "grid band resnet18-scratch-48-rafdb-conservative": 0,
    "grid judge published.csv": 1,
    "grid findings": 0,
    "models list": 0,
    "audit log.csv --weights scratch": 0,
    "conform right": 0,
    "certify model.onnx -d faces.npz -c onnx.toml -o onnx": 0,
    "certify model.tflite -d faces.npz -c tflite.toml -o tflite": 0,
    "certify mine:predict -d faces.npz -c mine.toml -o mine": 0,
    "certify predictions.csv -d faces.npz -o csv": 0,
    "compare predictions.csv mine:predict -d faces.npz --contract-b mine.toml": 1,
    "verify certified/certificate.json": 0,
}
NEEDING_AN_EXTRA = (
    "train sequential4conv-scratch-48-synthetic-conservative --subset 128 --epochs-cap 1",
    "grid run --select 'dataset=synthetic' --out runs",
    "models show ResNet18",
    "models build ResNet18 --out resnet18.keras",
    "certify old.h5 -d faces.npz -c mine.toml",
    "compare demo old.h5 -d faces.npz --contract-b mine.toml",
    "verify certified/certificate.json -m old.h5 -d faces.npz",
    "contract init old.h5",
)
# from Python: an object of the process, and the results that the commands give
FROM_PYTHON = """
import numpy, ferspec, mine

faces = numpy.load("faces.npz")
result = ferspec.certify(mine.predict, (faces["images"], faces["labels"]), "mine.toml")
result.write("object")
results = [
    result,
    ferspec.verify("object/certificate.json"),
    ferspec.compare("mine:predict", "predictions.csv", "faces.npz", contract_a="mine.toml"),
    ferspec.audit("log.csv", weights="scratch"),
    ferspec.conform("right", select="FER-W"),
    ferspec.grid.judge("published.csv"),
    ferspec.grid.band("resnet18-scratch-48-rafdb-conservative"),
    ferspec.grid.findings(),
]
for result in results:
    assert result.to_json() and len(result.to_frame()) and result.page(), result
print(ferspec.metrics.accuracy(faces["labels"], faces["labels"]), ferspec.class_weights([3, 2, 1]).tolist())
"""
CONTRACT = """[input]
size = [48, 48]
colour = "rgb"
range = [0.0, 1.0]
resize = "area"
layout = "{layout}"

[output]
classes = ["Angry", "Disgust", "Fear", "Happy", "Neutral", "Sad", "Surprise"]
kind = "probabilities"
"""
CALLABLE = """import numpy as np

def predict(images):
    scores = np.abs(images.mean(axis=(1, 2)) @ np.arange(21.0).reshape(3, 7)) + 1
    return (scores / scores.sum(axis=1, keepdims=True)).astype(np.float32)
"""


# only the process of the model runs this line
NEEDS_A_FRAMEWORK = CALLABLE.replace("    scores", "    __import__('tor' + 'ch')\n    scores", 1)


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    """A folder with a dataset, models of several kinds, a log and an implementation."""
    folder = tmp_path_factory.mktemp("core")
    rng = np.random.default_rng(0)
    np.savez(folder / "faces.npz", images=rng.integers(0, 256, (70, 48, 48, 3), np.uint8), labels=np.arange(70) % 7)
    (folder / "mine.py").write_text(CALLABLE)
    (folder / "needy.py").write_text(NEEDS_A_FRAMEWORK)
    shutil.copy(demo_model_path(), folder / "model.tflite")
    shutil.copy(demo_contract_path(), folder / "tflite.toml")
    (folder / "mine.toml").write_text(CONTRACT.format(layout="channels_last"))
    (folder / "onnx.toml").write_text(CONTRACT.format(layout="channels_first"))
    write_onnx(folder / "model.onnx")
    names = "Angry,Disgust,Fear,Happy,Neutral,Sad,Surprise"
    rows = (
        f"{image}," + ",".join("0.4" if column == image % 7 else "0.1" for column in range(7)) for image in range(70)
    )
    (folder / "predictions.csv").write_text("\n".join([f"image,{names}", *rows]) + "\n")
    write_log(folder / "log.csv", [trained_by_keras_2([1.0 - 0.01 * min(epoch, 4) for epoch in range(25)])])
    (folder / "right.py").write_text(MINIATURE)
    (folder / "old.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(500))
    for status, _, err in several(folder, MADE_BEFORE):
        assert status == 0, err
    return folder


def several(folder, commands):
    """Return exit status, standard output and standard error of each of several commands without frameworks."""
    done = run([sys.executable, "-c", SEVERAL], input=json.dumps(commands), cwd=folder)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def write_onnx(path):
    """Write a network of global average pooling, a matrix and softmax."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    weights = np.random.default_rng(1).normal(size=(3, 7)).astype(np.float32)
    nodes = [
        helper.make_node("GlobalAveragePool", ["image"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("MatMul", ["flat", "weights"], ["scores"]),
        helper.make_node("Softmax", ["scores"], ["probabilities"]),
    ]
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, 48, 48])
    answer = helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", 7])
    graph = helper.make_graph(nodes, "tiny", [image], [answer], [numpy_helper.from_array(weights, "weights")])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10), path)


@pytest.fixture(scope="module")
def ends(workplace):
    """The ends of the commands that run, by command."""
    return dict(zip(STATUSES, several(workplace, list(STATUSES)), strict=True))


@pytest.mark.parametrize("command", STATUSES)
def test_a_command_runs_without_tensorflow(ends, command):
    status, _, err = ends[command]
    assert (status, "Traceback" in err) == (STATUSES[command], False), err


def test_the_results_of_python_need_no_tensorflow(workplace):
    done = run([sys.executable, "-c", WITHOUT_FRAMEWORKS + FROM_PYTHON], cwd=workplace)
    assert (done.returncode, done.stdout) == (0, "1.0 [1.0, 1.5, 3.0]\n"), done.stderr


def test_the_process_of_a_model_has_no_framework_either(workplace):
    [(status, _, err)] = several(workplace, ["certify needy:predict -d faces.npz -c mine.toml -o needy"])
    assert status == 2
    assert "No module named 'torch'" in err


@pytest.fixture(scope="module")
def refusals(workplace):
    """The ends of the commands that need an extra, by command; none leaves a file."""
    before = sorted(path.name for path in workplace.iterdir())
    ends = several(workplace, list(NEEDING_AN_EXTRA))
    assert sorted(path.name for path in workplace.iterdir()) == before
    return dict(zip(NEEDING_AN_EXTRA, ends, strict=True))


@pytest.mark.parametrize("command", NEEDING_AN_EXTRA)
def test_a_command_that_needs_an_extra_names_it_before_any_work(refusals, command):
    status, out, err = refusals[command]
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "pip install 'ferspec[tensorflow]'" in err
