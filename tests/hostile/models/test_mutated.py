"""Damaged ONNX and TFLite files are refused in one line, or answer; none ends with a traceback."""

import random
from pathlib import Path

import numpy as np
import pytest

from helpers.mutants_of_models import IMAGES, outcomes

hostile = pytest.mark.hostile("mutated ONNX and TFLite files")
COUNT = 60
LONGEST = 200
# some lines hold the whole path of the file
LONGEST_PATH = 150
RNG = np.random.default_rng(5)
KERNEL = RNG.normal(0, 0.4, (3, 3, 3, 5)).astype(np.float32)
DENSE = RNG.normal(0, 1.5, (5, 7)).astype(np.float32)


def onnx_file():
    onnx = pytest.importorskip("onnx", reason="the extra 'onnx' is not installed")
    pytest.importorskip("onnxruntime", reason="the extra 'onnx' is not installed")
    from onnx import TensorProto, helper, numpy_helper

    kernel = np.ascontiguousarray(KERNEL.transpose(3, 2, 0, 1))
    weights = [numpy_helper.from_array(kernel, "kernel"), numpy_helper.from_array(DENSE, "dense")]
    nodes = [
        helper.make_node("Conv", ["images", "kernel"], ["convolved"]),
        helper.make_node("Relu", ["convolved"], ["rectified"]),
        helper.make_node("GlobalAveragePool", ["rectified"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["features"]),
        helper.make_node("MatMul", ["features", "dense"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["scores"], axis=1),
    ]
    images = helper.make_tensor_value_info("images", TensorProto.FLOAT, ["n", 3, *IMAGES.shape[1:3]])
    scores = helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["n", 7])
    graph = helper.make_graph(nodes, "g", [images], [scores], weights)
    model = onnx.helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, {"names": str(dict(enumerate("abcdefg")))})
    return model.SerializeToString()


def tflite_file():
    import keras
    import tensorflow as tf

    network = keras.Sequential(
        [
            keras.Input(IMAGES.shape[1:]),
            keras.layers.Conv2D(5, 3, activation="relu", use_bias=False),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(7, activation="softmax", use_bias=False),
        ]
    )
    network.set_weights([KERNEL, DENSE])
    return tf.lite.TFLiteConverter.from_keras_model(network).convert()


def mutated(content, seed, kind):
    """Return content with random changes: of its bytes for even seeds, of its structure for odd ones."""
    chance = random.Random(seed)
    if seed % 2:
        return {"onnx": changed_message, "tflite": changed_tables}[kind](content, chance)
    content = bytearray(content)
    for _ in range(chance.randint(1, 3)):
        place = chance.randrange(len(content))
        change = chance.choice(["bit", "bit", "bit", "byte", "byte", "number", "cut", "insert", "remove", "swap"])
        if change == "bit":
            content[place] ^= 1 << chance.randrange(8)
        elif change == "byte":
            content[place] = chance.randrange(256)
        elif change == "number":
            content[place : place + 4] = chance.choice([b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", bytes(4)])
        elif change == "cut":
            del content[max(place, 64) :]
        elif change == "insert":
            content[place:place] = chance.randbytes(chance.randint(1, 16))
        elif change == "remove":
            del content[place : place + chance.randint(1, 16)]
        else:
            content[place : place + 8] = content[place : place + 8][::-1]
    return bytes(content)


def changed_message(content, chance):
    """Return an ONNX file in which one to three numbers, names or lengths of data are others."""
    from onnx import ModelProto

    model = ModelProto.FromString(content)
    for _ in range(chance.randint(1, 3)):
        message, field = chance.choice(list(fields(model)))
        value = getattr(message, field)
        if isinstance(value, (str, bytes)):
            setattr(message, field, chance.choice([value[:-1], value + value, value[:0]]))
        elif isinstance(value, float):
            setattr(message, field, chance.choice([0.0, -1.0, float("nan"), float("inf")]))
        elif isinstance(value, int):
            setattr(message, field, chance.choice([0, 1, 2, 7, 11]))
        elif len(value):
            value[chance.randrange(len(value))] = chance.choice(list(value))
            if isinstance(value[0], int):
                value[chance.randrange(len(value))] = chance.choice([0, -1, 1, 2, 64, 2**31, 2**62])
    return model.SerializeToString()


def fields(message):
    """Yield every message inside a message with each of its fields that holds no message."""
    for descriptor, value in message.ListFields():
        if descriptor.message_type is None:
            yield message, descriptor.name
        else:
            for inner in value if hasattr(value, "append") or hasattr(value, "add") else [value]:
                yield from fields(inner)


def changed_tables(content, chance):
    """Return a valid flatbuffer in which one to three numbers or lists are others."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(content, 0)
    for _ in range(chance.randint(1, 3)):
        table, field = chance.choice([place for place in tables(model) if place[1] != "data"])
        value = getattr(table, field)
        if isinstance(value, (int, np.integer)):
            setattr(table, field, chance.choice([0, 1, 2, 3, 9, 50, 100]))
        else:
            changed = list(value)
            changed[chance.randrange(len(changed))] = chance.choice([0, -1, 1, 2, 5, 1000, 2**31 - 1])
            setattr(table, field, changed)
    builder = flatbuffers.Builder(len(content))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def tables(table):
    """Yield every table inside a table with each of its fields that holds a number or a list of numbers."""
    for field, value in vars(table).items():
        if isinstance(value, (int, np.integer)) and not isinstance(value, bool):
            yield table, field
        elif hasattr(value, "__dict__"):
            yield from tables(value)
        elif isinstance(value, (list, np.ndarray)) and len(value):
            if hasattr(value[0], "__dict__"):
                for inner in value:
                    yield from tables(inner)
            elif isinstance(value[0], (int, np.integer)):
                yield table, field


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """What became of all mutants of a format, by number, in an empty folder beside them; each format runs once."""
    known: dict[str, dict[int, tuple[str, str]]] = {}

    def of(kind):
        if kind not in known:
            folder = tmp_path_factory.mktemp(kind)
            content = {"onnx": onnx_file, "tflite": tflite_file}[kind]()
            (folder / f"whole.{kind}").write_bytes(content)
            files = [folder / f"whole.{kind}"]
            for seed in range(COUNT):
                files.append(folder / f"{seed}.{kind}")
                files[-1].write_bytes(mutated(content, seed, kind))
            before = {file: file.read_bytes() for file in files}
            found = outcomes(files, folder / "empty")
            assert {Path(file): file.read_bytes() for file in folder.glob(f"*.{kind}")} == before
            assert [path.name for path in folder.iterdir() if path not in before] == ["empty"]
            assert list((folder / "empty").iterdir()) == []
            known[kind] = {file.stem: found[file] for file in files}
        return known[kind]

    return of


@pytest.mark.parametrize("kind", ["onnx", "tflite"])
def test_the_whole_file_answers(results, kind):
    assert results(kind)["whole"] == ("answered", "(2, 7) float32")


@hostile
@pytest.mark.parametrize("seed", range(COUNT))
@pytest.mark.parametrize("kind", ["onnx", "tflite"])
def test_a_mutated_file_is_refused_in_one_line_or_answers(results, kind, seed):
    outcome, line = results(kind)[str(seed)]
    assert outcome in {"refused", "answered", "failed", "worker died"}, line
    assert line.isprintable()
    assert len(line) <= LONGEST + LONGEST_PATH


@pytest.mark.parametrize("kind", ["onnx", "tflite"])
def test_mutants_are_neither_all_refused_nor_all_fine(results, kind):
    found = [outcome for outcome, _ in results(kind).values()]
    assert found.count("refused") >= COUNT / 4
    assert found.count("answered") >= COUNT / 12
    assert found.count("worker died") <= COUNT / 4
