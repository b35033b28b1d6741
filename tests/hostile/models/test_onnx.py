"""ONNX files that read outside, need other code, or grow without measure are refused before they are loaded."""

import os
import shutil

import numpy as np
import pytest

from ferspec.subjects.models.formats import load_model
from ferspec.subjects.models.onnx.operators import COMPUTING

onnx = pytest.importorskip("onnx", reason="the extra 'onnx' is not installed")
pytest.importorskip("onnxruntime", reason="the extra 'onnx' is not installed")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

hostile = pytest.mark.hostile("hostile ONNX files")
IMAGES = np.ones((2, 4, 4, 3), np.float32)
ADDRESS = "*/_ORT_MEM_ADDR_/*"


def network():
    """Return a small model that multiplies the mean colour by a weight."""
    weight = numpy_helper.from_array(np.arange(1, 4, dtype=np.float32), "weight")
    nodes = [
        helper.make_node("GlobalAveragePool", ["images"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("Mul", ["flat", "weight"], ["scores"]),
    ]
    images = helper.make_tensor_value_info("images", TensorProto.FLOAT, ["n", 3, 4, 4])
    scores = helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["n", 3])
    graph = helper.make_graph(nodes, "g", [images], [scores], [weight])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def write(folder, model):
    folder.mkdir(exist_ok=True)
    (folder / "m.onnx").write_bytes(model.SerializeToString())
    return folder / "m.onnx"


def external(location, tensor=None, **entries):
    """Return the small model with its weight, or a tensor, in another file."""
    model = network()
    tensor = model.graph.initializer[0] if tensor is None else tensor
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in {"location": location, **entries}.items():
        tensor.external_data.add(key=key, value=str(value))
    return model


def test_the_small_model_is_loaded_with_its_weight_inside_and_beside(tmp_path):
    assert load_model(write(tmp_path, network())).predict(IMAGES).tolist() == [[1, 2, 3], [1, 2, 3]]
    (tmp_path / "w.bin").write_bytes(bytes(4) + np.arange(4, 7, dtype=np.float32).tobytes())
    path = write(tmp_path, external("w.bin", offset=4, length=12))
    assert load_model(path).predict(IMAGES).tolist() == [[4, 5, 6], [4, 5, 6]]


# How to name the canary, given its path, and what is said.
PLACES = {
    "an absolute path": (str, "outside its own folder"),
    "a way up": (lambda file: f"../outside/{file.name}", "outside its own folder"),
    "a way down and up": (lambda file: f"inner/../../outside/{file.name}", "outside its own folder"),
    "a link": (lambda file: "link", "outside its own folder"),
    "a file in a linked folder": (lambda file: f"folder/{file.name}", "outside its own folder"),
    "an address in memory": (lambda file: ADDRESS, "the memory of the process"),
    "a null byte": (lambda file: f"w.bin\0{file}", "the memory of the process"),
    "the folder itself": (lambda file: ".", "which is missing"),
    "nothing": (lambda file: "", "which is missing"),
    "a device": (lambda file: "/dev/zero", "outside its own folder"),
    "the memory of the process as a file": (lambda file: "/proc/self/mem", "outside its own folder"),
}


@hostile
@pytest.mark.parametrize("trust_code", [False, True])
@pytest.mark.parametrize("place", PLACES)
def test_weights_of_another_place_are_refused_even_when_trusted(canary, tmp_path, place, trust_code):
    name, words = PLACES[place]
    folder = tmp_path / "model"
    path = write(folder, external(name(canary.file)))
    (folder / "link").symlink_to(canary.file)
    (folder / "folder").symlink_to(canary.folder)
    if place == "an address in memory":
        (folder / ADDRESS).parent.mkdir(parents=True)
        (folder / ADDRESS).write_bytes(bytes(12))
    assert words in canary.refusal(path, trust_code=trust_code)


ENTRIES = {
    "a beginning beyond the end": ({"offset": 8}, "beyond the end"),
    "a length beyond the end": ({"length": 13}, "beyond the end"),
    "a length shorter than the shape": ({"offset": 4, "length": 4}, "beyond the end"),
    "a beginning that overflows": ({"offset": 2**64 - 4}, "not a number"),
    "a negative beginning": ({"offset": -4}, "not a number"),
    "a beginning of 5,000 digits": ({"offset": "9" * 5000}, "not a number"),
    "a length that is a word": ({"length": "all"}, "not a number"),
    "weights packed for one machine": ({"prepacked_0": "x|0|4|y"}, "in a way that ONNX does not"),
}


@hostile
@pytest.mark.parametrize("kind", ENTRIES)
def test_weights_that_are_not_in_their_file_are_refused(canary, tmp_path, kind):
    entries, words = ENTRIES[kind]
    path = write(tmp_path / "model", external("w.bin", **entries))
    (tmp_path / "model" / "w.bin").write_bytes(bytes(12))
    assert words in canary.refusal(path)


def in_attribute(canary):
    tensor = numpy_helper.from_array(np.zeros(3, np.float32), "weight")
    model = external(str(canary.file), tensor)
    model.graph.ClearField("initializer")
    model.graph.node.insert(0, helper.make_node("Constant", [], ["weight"], value=tensor))
    return model


def in_branch(canary):
    tensor = numpy_helper.from_array(np.zeros(3, np.float32), "inner")
    model = external(str(canary.file), tensor)
    output = helper.make_tensor_value_info("inner", TensorProto.FLOAT, [3])
    branch = helper.make_graph([], "b", [], [output], [tensor])
    model.graph.node.append(helper.make_node("If", ["c"], ["d"], then_branch=branch, else_branch=branch))
    return model


def in_function(canary):
    tensor = numpy_helper.from_array(np.zeros(3, np.float32), "weight")
    model = external(str(canary.file), tensor)
    node = helper.make_node("Constant", [], ["y"], value=tensor)
    model.functions.append(helper.make_function("mine", "F", [], ["y"], [node], [helper.make_opsetid("", 17)]))
    return model


def in_sparse(canary):
    values = numpy_helper.from_array(np.zeros(3, np.float32), "values")
    model = external(str(canary.file), values)
    indices = numpy_helper.from_array(np.arange(3), "indices")
    model.graph.sparse_initializer.append(helper.make_sparse_tensor(values, indices, [3]))
    return model


def in_training(canary):
    tensor = numpy_helper.from_array(np.zeros(3, np.float32), "weight")
    model = external(str(canary.file), tensor)
    model.training_info.add().initialization.initializer.append(tensor)
    return model


@hostile
@pytest.mark.parametrize("place", [in_attribute, in_branch, in_function, in_sparse, in_training])
def test_weights_of_another_place_are_found_everywhere(canary, tmp_path, place):
    assert "outside its own folder" in canary.refusal(write(tmp_path / "model", place(canary)))


def of_domain(domain, kind):
    def change(model):
        model.graph.node[0].domain, model.graph.node[0].op_type = domain, kind

    return change


def in_a_branch(model):
    body = helper.make_graph([helper.make_node("Abs", ["x"], ["y"], domain="evil.corp")], "b", [], [])
    model.graph.node.append(helper.make_node("If", ["c"], ["d"], then_branch=body, else_branch=body))


def in_a_function(model):
    node = helper.make_node("Abs", ["x"], ["y"], domain="evil.corp")
    model.functions.append(helper.make_function("mine", "F", ["x"], ["y"], [node], [helper.make_opsetid("", 17)]))


OPERATORS = {
    "another domain": of_domain("evil.corp", "GlobalAveragePool"),
    "a compiled model of a device": of_domain("com.microsoft", "EPContext"),
    "an unknown operator of the runtime": of_domain("com.microsoft", "Nothing"),
    "Python": of_domain("ai.onnx.contrib", "PyOp"),
    "training": of_domain("ai.onnx.preview.training", "Adam"),
    "a domain of many lines": of_domain("evil\n\x1b[2J" * 1000, "GlobalAveragePool"),
    "in a branch": in_a_branch,
    "in a function": in_a_function,
}


@hostile
@pytest.mark.parametrize("kind", OPERATORS)
def test_operators_of_others_are_refused(canary, tmp_path, kind):
    model = network()
    OPERATORS[kind](model)
    line = canary.refusal(write(tmp_path / "model", model))
    assert "needs third-party operators" in line
    assert "--trust-code" in line


def dims(*sizes):
    def change(model):
        model.graph.initializer[0].dims[:] = sizes

    return change


def sparse(model):
    values = numpy_helper.from_array(np.ones(1, np.float32), "wide")
    indices = numpy_helper.from_array(np.zeros(1, np.int64), "indices")
    model.graph.sparse_initializer.append(helper.make_sparse_tensor(values, indices, [2**40]))


def unknown_type(model):
    model.graph.initializer[0].data_type = 99


def function(name, calls, own=10):
    nodes = [helper.make_node(calls, ["x"], [f"y{index}"], domain="mine") for index in range(own)]
    return helper.make_function("mine", name, ["x"], ["y0"], nodes, [helper.make_opsetid("mine", 1)])


def endless(model):
    model.functions.append(function("F", "F"))
    model.graph.node.append(helper.make_node("F", ["images"], ["other"], domain="mine"))


def endless_in_turn(model):
    model.functions.extend([function("F", "G"), function("G", "F")])
    model.graph.node.append(helper.make_node("F", ["images"], ["other"], domain="mine"))


def growing(model):
    model.functions.extend(function(f"F{index}", f"F{index + 1}") for index in range(20))
    model.graph.node.append(helper.make_node("F0", ["images"], ["other"], domain="mine"))


GROWTH = {
    "a huge weight": (dims(2**40), "far more than its own size"),
    "a weight whose size overflows": (dims(2**32, 2**32), "far more than its own size"),
    "a negative weight": (dims(-3), "damaged ONNX file: a tensor has a negative size"),
    "a sparse weight": (sparse, "far more than its own size"),
    "a weight of no type": (unknown_type, "damaged ONNX file: a tensor has an unknown type"),
    "a function that calls itself": (endless, "functions that call themselves"),
    "functions that call each other": (endless_in_turn, "functions that call themselves"),
    "functions that multiply": (growing, "functions that call themselves, or grow"),
}


@hostile
@pytest.mark.parametrize("kind", GROWTH)
def test_a_file_that_grows_without_measure_is_refused(canary, tmp_path, kind):
    change, words = GROWTH[kind]
    model = network()
    change(model)
    assert words in canary.refusal(write(tmp_path / "model", model), trust_code=True)


def field(number, content):
    """Return a field of a protobuf that holds bytes."""
    length, size = len(content), b""
    while length > 127:
        size, length = size + bytes([length & 127 | 128]), length >> 7
    return bytes([number << 3 | 2]) + size + bytes([length]) + content


@hostile
@pytest.mark.parametrize("depth", [60, 20_000])
def test_graphs_in_graphs_in_graphs_are_refused(canary, tmp_path, depth):
    graph = b""
    for _ in range(depth):
        # the graph of a node's attribute, as in the branch of an If
        graph = field(1, field(4, b"If") + field(5, field(1, b"then_branch") + field(6, graph)))
    (tmp_path / "m.onnx").write_bytes(b"\x08\x08" + field(7, graph))
    assert "cannot be loaded as ONNX" in canary.refusal(tmp_path / "m.onnx")


@hostile
@pytest.mark.parametrize("name", [b"pooled", b"images", b"scores", b"weight", b"GlobalAveragePool"])
def test_a_name_that_is_not_utf8_is_damage(canary, tmp_path, name):
    content = network().SerializeToString()
    (tmp_path / "m.onnx").write_bytes(content.replace(name, name[:-1] + b"\xff"))
    assert "damaged ONNX file: a name in it is not UTF-8" in canary.refusal(tmp_path / "m.onnx")


@hostile
def test_a_file_that_is_too_large_is_refused_unread(canary, tmp_path):
    path = write(tmp_path / "model", network())
    os.truncate(path, 2**31)
    assert "an ONNX file has less than 2,147,483,648" in canary.refusal(path)


@hostile
def test_no_graph_is_refused(canary, tmp_path):
    path = write(tmp_path / "model", helper.make_model(helper.make_graph([], "g", [], []), ir_version=8))
    assert "it has no graph" in canary.refusal(path)


METADATA = {
    "numbers of 5,000 digits": "[" + "9" * 5000 + "]",
    "hexadecimal numbers of 5,000 digits": "[0x" + "f" * 5000 + "]",
    "keys of 5,000 digits": "{0x" + "f" * 5000 + ": 'angry'}",
    "deep lists": "[" * 4000 + "]" * 4000,
    "deep signs": "-" * 9000 + "1",
    "a call": "__import__('os').system('touch written')",
    "escapes": '["\\u001b[2J\\n"]',
    "thousands of names": ",".join("a" for _ in range(4000)),
    "a megabyte": "a," * 500_000,
}


@hostile
@pytest.mark.parametrize("kind", METADATA)
def test_metadata_of_any_kind_do_no_harm(canary, tmp_path, kind):
    model = network()
    model.metadata_props.add(key="names", value=METADATA[kind])
    opened = load_model(write(tmp_path / "model", model))
    assert opened.predict(IMAGES).tolist() == [[1, 2, 3], [1, 2, 3]]
    assert all(label.isprintable() and len(label) <= 100 for label in opened.signature.labels or ())
    canary.require_untouched()


def test_operators_of_the_runtime_that_compute_are_loaded(tmp_path):
    model = network()
    model.graph.node[2].domain, model.graph.node[2].op_type = "com.microsoft", "BiasGelu"
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    assert "BiasGelu" in COMPUTING
    assert load_model(write(tmp_path, model)).predict(IMAGES).shape == (2, 3)


@hostile
def test_a_loop_without_an_end_is_loaded_without_running_it(canary, tmp_path):
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["again"]), helper.make_node("Add", ["value", "one"], ["sum"])],
        "body",
        [
            helper.make_tensor_value_info("step", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            helper.make_tensor_value_info("value", TensorProto.FLOAT, [3]),
        ],
        [
            helper.make_tensor_value_info("again", TensorProto.BOOL, []),
            helper.make_tensor_value_info("sum", TensorProto.FLOAT, [3]),
        ],
        [numpy_helper.from_array(np.ones(1, np.float32), "one")],
    )
    model = network()
    model.graph.initializer[0].name = "start"
    model.graph.initializer.extend([numpy_helper.from_array(np.array(2**62), "trips")])
    model.graph.initializer.extend([numpy_helper.from_array(np.array(True), "go_on")])
    model.graph.node.insert(0, helper.make_node("Loop", ["trips", "go_on", "start"], ["weight"], body=body))
    assert load_model(write(tmp_path / "model", model)).format == "onnx"
    canary.require_untouched()


def test_a_weight_in_a_folder_beside_the_model_is_read(tmp_path):
    path = write(tmp_path / "model", external("inner/w.bin"))
    (tmp_path / "model" / "inner").mkdir()
    (tmp_path / "model" / "inner" / "w.bin").write_bytes(np.arange(3, dtype=np.float32).tobytes())
    moved = shutil.copytree(path.parent, tmp_path / "moved") / path.name
    assert load_model(moved).predict(IMAGES).tolist() == [[0, 1, 2], [0, 1, 2]]
