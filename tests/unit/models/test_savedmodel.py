"""SavedModels: exports of TensorFlow and Keras are loaded, operations outside the model are refused."""

from functools import partial

import numpy as np
import pytest

from ferspec.subjects.models.formats import load_model
from ferspec.subjects.models.savedmodel.operations import effect_of
from helpers import messages

IMAGES = np.ones((2, 4, 4, 3), np.float32)
refusal = partial(messages.refusal, load_model)


def saved_model(folder, effect):
    import tensorflow as tf

    class Module(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None, 4, 4, 3], tf.float32)])
        def serve(self, images):
            return {"scores": effect(tf, images)}

    module = Module()
    tf.saved_model.save(module, str(folder), signatures={"serving_default": module.serve})
    return folder


def test_a_savedmodel_that_calls_python_is_refused(tmp_path):
    def call(tf, images):
        return tf.py_function(lambda x: x, [images], tf.float32)

    assert "runs Python code" in refusal(saved_model(tmp_path / "python", call))


def test_a_savedmodel_that_writes_files_is_refused_and_runs_only_when_trusted(tmp_path):
    target = tmp_path / "written.txt"

    def write(tf, images):
        with tf.control_dependencies([tf.io.write_file(str(target), "here")]):
            return tf.reduce_mean(images, (1, 2))

    folder = saved_model(tmp_path / "writer", write)
    assert "writes files" in refusal(folder)
    assert not target.exists()
    load_model(folder, trust_code=True).predict(IMAGES)
    assert target.read_text() == "here"


def test_a_savedmodel_that_reads_files_is_refused(tmp_path):
    def read(tf, images):
        return tf.reduce_mean(images, (1, 2)) + tf.cast(tf.strings.length(tf.io.read_file("/etc/hostname")), tf.float32)

    assert "reads files" in refusal(saved_model(tmp_path / "reader", read))


def scores(tf, images):
    return tf.reduce_mean(images, (1, 2))


EFFECTS = {
    "CreateSummaryFileWriter": lambda tf, path: tf.raw_ops.CreateSummaryFileWriter(
        writer=tf.raw_ops.SummaryWriter(), logdir=path, max_queue=1, flush_millis=1, filename_suffix="x"
    ),
    "DatasetToTFRecord": lambda tf, path: tf.raw_ops.DatasetToTFRecord(
        input_dataset=tf.data.Dataset.from_tensors("x")._variant_tensor, filename=path, compression_type=""
    ),
    "DebugIdentityV3": lambda tf, path: tf.raw_ops.DebugIdentityV3(
        input=1.0, tensor_name="a:0", debug_urls=[f"file://{path}"]
    ),
    "CacheDataset": lambda tf, path: tf.raw_ops.CacheDataset(
        input_dataset=tf.data.Dataset.range(3)._variant_tensor,
        filename=path,
        output_types=[tf.int64],
        output_shapes=[[]],
    ),
    "WholeFileReaderV2": lambda tf, path: tf.raw_ops.WholeFileReaderV2(),
    "GenerateVocabRemapping": lambda tf, path: tf.raw_ops.GenerateVocabRemapping(
        new_vocab_file=path, old_vocab_file=path, new_vocab_offset=0, num_new_vocab=1
    ),
    "Abort": lambda tf, path: tf.raw_ops.Abort(),
    "SaveV2": lambda tf, path: tf.raw_ops.SaveV2(
        prefix=path, tensor_names=["a"], shape_and_slices=[""], tensors=[tf.ones(1)]
    ),
    "RestoreV2": lambda tf, path: tf.raw_ops.RestoreV2(
        prefix=path, tensor_names=["a"], shape_and_slices=[""], dtypes=[tf.float32]
    ),
    "MergeV2Checkpoints": lambda tf, path: tf.raw_ops.MergeV2Checkpoints(
        checkpoint_prefixes=[path], destination_prefix=path
    ),
}


@pytest.mark.parametrize("operation", EFFECTS)
def test_operations_outside_the_model_are_refused_and_do_not_run(tmp_path, operation):
    def effect(tf, images):
        EFFECTS[operation](tf, str(tmp_path / "target"))
        return scores(tf, images)

    saved_model(tmp_path / "model", effect)
    assert f"(operation {operation})" in refusal(tmp_path / "model")
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


@pytest.mark.parametrize("operation", ["WriteFile", "SaveV2"])
def test_refused_operations_are_found_inside_functions_and_branches(tmp_path, operation):
    def effect(tf, images):
        @tf.function
        def inner(value):
            if operation == "WriteFile":
                tf.raw_ops.WriteFile(filename="x", contents="y")
            else:
                EFFECTS["SaveV2"](tf, "x")
            return value * 2

        return tf.cond(tf.reduce_sum(images) > 3, lambda: inner(scores(tf, images)), lambda: scores(tf, images))

    assert f"(operation {operation})" in refusal(saved_model(tmp_path / "model", effect))


LISTED = """
    LMDBDataset SqlDataset DataServiceDatasetV4 SaveDatasetV2 TFRecordDatasetV2 TextLineReaderV2 LMDBReader Save Restore
    IteratorV2 QueueEnqueueV2 FIFOQueueV2 PyFuncStateless DecodeProtoV2 FileSystemSetConfiguration RpcCall RemoteCall
    XlaCallModule Print WriteSummary ImportEvent InitializeTableFromTextFileV2 _Send NoSuchOperation
"""
COMPUTING = """
    Conv2D FusedBatchNormV3 Softmax VarHandleOp ReadVariableOp AssignAddVariableOp HashTableV2 LookupTableFindV2
    StatefulPartitionedCall While StatelessIf RandomUniform StatelessRandomUniformV2 ResourceGather Assert Shape
"""


@pytest.mark.parametrize("operation", LISTED.split())
def test_an_operation_that_can_act_outside_is_known_as_such(operation):
    assert effect_of(operation) is not None


@pytest.mark.parametrize("operation", COMPUTING.split())
def test_an_operation_that_computes_is_known_as_such(operation):
    assert effect_of(operation) is None


def keras_network():
    import keras

    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((4, 4, 3)),
            layers.Conv2D(4, 3),
            layers.BatchNormalization(),
            layers.Dropout(0.5),
            layers.GlobalAveragePooling2D(),
            layers.Dense(7, activation="softmax"),
        ]
    )


def exported_by_keras(folder):
    network = keras_network()
    network.export(folder, verbose=False)
    return network(IMAGES, training=False).numpy()


def saved_by_tensorflow(folder):
    import tensorflow as tf

    network = keras_network()
    tf.saved_model.save(network, folder)
    return network(IMAGES, training=False).numpy()


def mobilenet(folder):
    import keras

    inputs = keras.Input((4, 4, 3))
    body = keras.applications.MobileNetV2(input_shape=(32, 32, 3), weights=None, classes=7)
    network = keras.Model(inputs, body(keras.layers.UpSampling2D(8)(inputs)))
    network.export(folder, verbose=False)
    return network(IMAGES, training=False).numpy()


def with_tables_loops_and_random_numbers(folder):
    import tensorflow as tf

    class Module(tf.Module):
        def __init__(self):
            keys, values = tf.constant([0, 1], tf.int64), tf.constant([1.0, 2.0])
            self.static = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(keys, values), 0.0)
            self.mutable = tf.lookup.experimental.MutableHashTable(tf.int64, tf.float32, 0.0)
            self.mutable.insert(keys, values)
            self.numbers = tf.random.Generator.from_seed(1)

        @tf.function(input_signature=[tf.TensorSpec([None, 4, 4, 3], tf.float32)])
        def serve(self, images):
            one = tf.constant(1, tf.int64)
            _, doubled = tf.while_loop(lambda k, x: k < 2, lambda k, x: (k + 1, x * 2), (0, scores(tf, images)))
            noise = self.numbers.uniform([3]) + tf.random.uniform([3])
            return doubled + self.static.lookup(one) + self.mutable.lookup(one) + 0 * noise

    module = Module()
    tf.saved_model.save(module, folder, signatures={"serving_default": module.serve})
    return np.full((2, 3), 8)


def written_by_tensorflow_1(folder):
    import tensorflow as tf

    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        images = v1.placeholder(tf.float32, [None, 4, 4, 3])
        weights = v1.get_variable("weights", initializer=tf.fill([3, 7], 2.0))
        outputs = scores(tf, images) @ weights
        session.run(v1.global_variables_initializer())
        v1.saved_model.simple_save(session, folder, {"images": images}, {"scores": outputs})
    return np.full((2, 7), 6)


@pytest.mark.parametrize(
    "write",
    [
        exported_by_keras,
        saved_by_tensorflow,
        mobilenet,
        with_tables_loops_and_random_numbers,
        written_by_tensorflow_1,
    ],
)
def test_real_exports_are_loaded(tmp_path, write):
    expected = write(str(tmp_path / "model"))
    np.testing.assert_allclose(load_model(tmp_path / "model").predict(IMAGES), expected, atol=1e-5)


def several_signatures(folder, **shapes):
    """Save a module with a signature of each name, whose input has the given shape."""
    import tensorflow as tf

    class Module(tf.Module):
        @tf.function
        def serve(self, inputs):
            return {"scores": tf.reduce_mean(inputs, range(1, len(inputs.shape) - 1))}

    module = Module()
    signatures = {
        name: module.serve.get_concrete_function(tf.TensorSpec(shape, tf.float32)) for name, shape in shapes.items()
    }
    tf.saved_model.save(module, str(folder), signatures=signatures)
    return folder


def test_of_several_signatures_the_only_one_that_takes_images_is_run(tmp_path):
    folder = several_signatures(tmp_path / "two", embed=[None, 8], predict=[None, 4, 4, 3])
    np.testing.assert_array_equal(load_model(folder).predict(IMAGES), np.ones((2, 3)))


def test_several_signatures_that_take_images_are_refused_with_their_names(tmp_path):
    folder = several_signatures(tmp_path / "two", faces=[None, 4, 4, 3], predict=[None, 4, 4, 3])
    assert "2 of its others take images (faces, predict): export it" in refusal(folder)
