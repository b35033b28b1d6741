"""SavedModels whose graphs write, or read other files, are refused before TensorFlow loads them."""

import os
import shutil

import numpy as np
import pytest

from ferspec.subjects.models.formats import load_model
from ferspec.subjects.models.savedmodel.screening import LARGEST_GRAPH

hostile = pytest.mark.hostile("hostile SavedModels")
IMAGES = np.ones((2, 4, 4, 3), np.float32)


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """A SavedModel of TensorFlow 1: a graph with a variable, its saver and its initialiser."""
    import tensorflow as tf

    tf1, folder = tf.compat.v1, tmp_path_factory.mktemp("first") / "model"
    with tf1.Graph().as_default(), tf1.Session() as session:
        images = tf1.placeholder(tf.float32, [None, 4, 4, 3], name="images")
        weight = tf1.get_variable("weight", initializer=[1.0, 2.0, 3.0], use_resource=True)
        scores = tf.multiply(tf.reduce_mean(images, (1, 2)), weight, name="scores")
        start = tf1.group(tf1.tables_initializer(), name="start")
        session.run(tf1.global_variables_initializer())
        tf1.saved_model.simple_save(session, str(folder), {"images": images}, {"scores": scores}, legacy_init_op=start)
    return folder


@pytest.fixture(scope="module")
def second(tmp_path_factory):
    """A SavedModel of TensorFlow 2, which has functions."""
    import tensorflow as tf

    class Module(tf.Module):
        def __init__(self):
            super().__init__()
            self.weight = tf.Variable([1.0, 2.0, 3.0])

        @tf.function(input_signature=[tf.TensorSpec([None, 4, 4, 3], tf.float32)])
        def serve(self, images):
            return {"scores": tf.reduce_mean(images, (1, 2)) * self.weight}

    folder, module = tmp_path_factory.mktemp("second") / "model", Module()
    tf.saved_model.save(module, str(folder), signatures={"serving_default": module.serve})
    return folder


class Edited:
    """A copy of a SavedModel, whose graph can be changed."""

    def __init__(self, source, folder, canary):
        from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

        shutil.copytree(source, folder)
        self.folder, self.canary, self.proto = folder, canary, SavedModel()
        self.proto.ParseFromString((folder / "saved_model.pb").read_bytes())
        self.graph = self.proto.meta_graphs[0]

    def node(self, name):
        return next(node for node in self.graph.graph_def.node if node.name == name)

    def constant(self, name, value, nodes=None):
        import tensorflow as tf

        node = (self.graph.graph_def.node if nodes is None else nodes).add(name=name, op="Const")
        node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value))
        node.attr["dtype"].type = node.attr["value"].tensor.dtype
        return name

    def save(self, nodes=None, name="mine", output=""):
        """Add a node that writes beside the canary."""
        import tensorflow as tf

        nodes = self.graph.graph_def.node if nodes is None else nodes
        prefix = self.constant(f"{name}_prefix", str(self.canary.target), nodes)
        texts = [self.constant(f"{name}_{part}", [b"x" * (part == "names")], nodes) for part in ("names", "slices")]
        value = self.constant(f"{name}_value", [1.0], nodes)
        suffix = ":output:0" if output else ""
        node = nodes.add(name=name, op="SaveV2", input=[f"{text}{suffix}" for text in (prefix, *texts, value)])
        node.attr["dtypes"].list.type.append(tf.float32.as_datatype_enum)
        return name

    def restore(self, name="mine"):
        """Add a node that reads the canary as a checkpoint, and return its output."""
        import tensorflow as tf

        prefix = self.constant(f"{name}_prefix", str(self.canary.file))
        texts = [self.constant(f"{name}_{part}", [b"x" * (part == "names")]) for part in ("names", "slices")]
        node = self.graph.graph_def.node.add(name=name, op="RestoreV2", input=[prefix, *texts])
        node.attr["dtypes"].list.type.append(tf.float32.as_datatype_enum)
        return name

    def written(self):
        (self.folder / "saved_model.pb").write_bytes(self.proto.SerializeToString())
        return self.folder


@pytest.fixture
def one(first, tmp_path, canary):
    return Edited(first, tmp_path / "model", canary)


@pytest.fixture
def two(second, tmp_path, canary):
    return Edited(second, tmp_path / "second", canary)


def test_a_savedmodel_of_tensorflow_1_is_loaded_and_answers(first):
    assert load_model(first).predict(IMAGES).tolist() == [[1, 2, 3], [1, 2, 3]]


def test_the_edited_copy_is_as_good_as_the_original(one, two):
    for copy in (one, two):
        assert load_model(copy.written()).predict(IMAGES).tolist() == [[1, 2, 3], [1, 2, 3]]


def test_the_saver_may_be_there_twice(one):
    one.save()
    assert load_model(one.written()).predict(IMAGES).tolist() == [[1, 2, 3], [1, 2, 3]]


def by_output(one):
    one.node("scores").input.append(f"^{one.save()}")


def by_input_of_the_output(one):
    middle = one.graph.graph_def.node.add(name="middle", op="NoOp", input=[f"^{one.save()}"])
    one.node("Mean").input.append(f"^{middle.name}")


def by_first_operation(one):
    one.node("start").input.append(f"^{one.save()}")


def by_main_operation(one):
    one.graph.collection_def.pop("legacy_init_op", None)
    one.graph.signature_def.pop("__saved_model_init_op", None)
    one.graph.collection_def["saved_model_main_op"].node_list.value.append(one.save())


def by_signature_of_the_first_operation(one):
    one.graph.signature_def["__saved_model_init_op"].outputs["__saved_model_init_op"].name = one.save()


def by_another_signature(one):
    one.node("start").op = "NoOp"
    output = one.graph.graph_def.node.add(name="also", op="Const", input=[f"^{one.save()}"])
    output.CopyFrom(one.node("scores"))
    output.name = "also"
    output.input.append("^mine")
    one.graph.signature_def["other"].CopyFrom(one.graph.signature_def["serving_default"])
    one.graph.signature_def["other"].outputs["scores"].name = "also:0"


def by_restoring(one):
    one.node(one.graph.saver_def.restore_op_name).input.append(f"^{one.save()}")


def by_the_name_of_restoring(one):
    one.graph.saver_def.restore_op_name = one.save()


def by_the_own_saver(one):
    one.graph.saver_def.restore_op_name = one.graph.saver_def.save_tensor_name.partition(":")[0]


def by_table_initialiser(one):
    one.graph.collection_def["table_initializer"].node_list.value.append(one.save())


def by_variable_initialiser(one):
    from tensorflow.core.framework.variable_pb2 import VariableDef

    values = one.graph.collection_def["variables"].bytes_list.value
    variable = VariableDef.FromString(values[0])
    variable.initializer_name = one.save()
    values[0] = variable.SerializeToString()


def by_a_loop(one):
    first, second = (one.graph.graph_def.node.add(name=name, op="NoOp") for name in ("first", "second"))
    first.input.extend([f"^{one.save()}", "^second"])
    second.input.append("^first")
    one.node("scores").input.append("^second")


def by_a_function(one):
    function = one.graph.graph_def.library.function.add()
    function.signature.name = "writes"
    one.save(function.node_def, "inner", "output")
    function.control_ret["done"] = "inner"
    function.signature.control_output.append("done")
    call = one.graph.graph_def.node.add(name="call", op="StatefulPartitionedCall")
    call.attr["f"].func.name = "writes"
    call.attr["Tin"].list.SetInParent()
    call.attr["Tout"].list.SetInParent()
    one.node("scores").input.append("^call")


def merging(one):
    prefix = one.constant("merge_prefix", [str(one.canary.file)])
    target = one.constant("merge_target", str(one.canary.target))
    one.graph.graph_def.node.add(name="merge", op="MergeV2Checkpoints", input=[prefix, target])
    one.node("scores").input.append("^merge")


def another_checkpoint_as_output(one):
    one.node("scores").input[1] = one.restore()


def another_checkpoint_as_weights(one):
    restore = next(node for node in one.graph.graph_def.node if node.op == "RestoreV2")
    restore.input[0] = one.constant("elsewhere", str(one.canary.file))


def the_own_checkpoint_as_output(one):
    restore = next(node for node in one.graph.graph_def.node if node.op == "RestoreV2")
    one.node("scores").input[1] = restore.name


def another_place_for_the_checkpoint(one):
    one.constant("elsewhere", str(one.canary.file))
    one.graph.saver_def.filename_tensor_name = "scores:0"


def a_file_written_in_the_graph(one):
    path, text = one.constant("path", str(one.canary.target)), one.constant("text", "x")
    one.graph.graph_def.node.add(name="write", op="WriteFile", input=[path, text])
    one.node("scores").input.append("^write")


CHANGES = [
    by_output,
    by_input_of_the_output,
    by_first_operation,
    by_main_operation,
    by_signature_of_the_first_operation,
    by_another_signature,
    by_restoring,
    by_the_name_of_restoring,
    by_the_own_saver,
    by_table_initialiser,
    by_variable_initialiser,
    by_a_loop,
    by_a_function,
    merging,
    another_checkpoint_as_output,
    another_checkpoint_as_weights,
    the_own_checkpoint_as_output,
    another_place_for_the_checkpoint,
    a_file_written_in_the_graph,
]


@hostile
@pytest.mark.parametrize("change", CHANGES)
def test_a_graph_that_reaches_files_by_other_ways_than_the_saver_is_refused(canary, one, change):
    change(one)
    line = canary.refusal(one.written())
    assert "files when it is loaded or run (operation" in line
    assert "damaged" not in line


@hostile
def test_a_function_that_may_replace_a_called_one_is_refused(canary, two):
    function = two.graph.graph_def.library.function.add()
    function.signature.name = "writes"
    function.attr["api_implements"].s = b"mine"
    two.save(function.node_def, "inner", "output")
    assert "(operation SaveV2)" in canary.refusal(two.written())


@hostile
def test_several_graphs_are_refused(canary, one):
    one.proto.meta_graphs.add().CopyFrom(one.graph)
    assert "has 2 graphs" in canary.refusal(one.written())


@hostile
def test_no_graph_is_refused(canary, one):
    del one.proto.meta_graphs[:]
    assert "has 0 graphs" in canary.refusal(one.written())


@hostile
@pytest.mark.parametrize("size", [[2**40], [2**20, 2**20], [2**62, 2**62]])
def test_a_constant_that_fills_memory_is_refused(canary, one, size):
    one.constant("small", 1.0)
    shape = one.node("small").attr["value"].tensor.tensor_shape
    for length in size:
        shape.dim.add(size=length)
    assert "far more than its own size" in canary.refusal(one.written())


@hostile
def test_a_type_that_does_not_exist_is_refused(canary, one):
    one.constant("small", 1.0)
    one.node("small").attr["value"].tensor.dtype = 99
    assert "cannot be loaded as a SavedModel" in canary.refusal(one.written())


@hostile
@pytest.mark.parametrize("trust_code", [False, True])
def test_a_link_out_of_the_folder_is_refused_even_when_trusted(canary, one, trust_code):
    folder = one.written()
    (folder / "variables" / "variables.data-00000-of-00001").unlink()
    (folder / "variables" / "variables.data-00000-of-00001").symlink_to(canary.file)
    assert "a link that leads out of its folder" in canary.refusal(folder, trust_code=trust_code)


@hostile
def test_a_graph_too_large_to_parse_is_refused_unread(canary, one):
    folder = one.written()
    os.truncate(folder / "saved_model.pb", LARGEST_GRAPH + 1)
    assert f"at most {LARGEST_GRAPH:,} are read" in canary.refusal(folder)


@hostile
def test_a_cut_graph_is_refused(canary, one):
    folder = one.written()
    os.truncate(folder / "saved_model.pb", 1000)
    assert "cannot be loaded as a SavedModel" in canary.refusal(folder)
