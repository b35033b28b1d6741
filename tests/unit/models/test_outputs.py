"""One output of a model is chosen as its contract declares, whatever structure the model returns."""

from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest

from ferspec.errors import SubjectError, UserError
from ferspec.subjects.models.base import Model, Signature, Sink
from ferspec.subjects.models.contracts.contract import Contract, Input, Output
from ferspec.subjects.models.contracts.files import apply_contract, infer_contract, load_contract
from ferspec.subjects.models.formats import load_model
from ferspec.subjects.models.outputs import Choice, choice_of, choose

CLASSES = ("Angry", "Disgust", "Fear", "Happy", "Neutral", "Sad", "Surprise")
IMAGES = np.random.default_rng(7).uniform(0, 1, (5, 6, 8, 3)).astype(np.float32)
# the scores of the test networks: the mean of each channel times a fixed matrix
SCORES = np.linspace(-1, 1, 21, dtype=np.float32).reshape(3, 7)
VALUES = np.ones((3, 2), np.float32)
EXPECTED = IMAGES.mean(axis=(1, 2)) @ SCORES
SEVEN = Choice(width=7)
Heads = namedtuple("Heads", ["features", "logits"])


def answering(value):
    return Model("tiny", "callable", "", Signature(), lambda batch: value)


def rows(width, count=5):
    return np.arange(count * width, dtype=np.float32).reshape(count, width)


STRUCTURES = {
    "a tuple": (rows(7), rows(512)),
    "a tuple with logits last": (rows(512), rows(7)),
    "a list with a map of features": [rows(3 * 16).reshape(5, 3, 4, 4), rows(7)],
    "a mapping": {"valence": rows(1), "expression": rows(7)},
    "a named tuple": Heads(rows(512), rows(7)),
    "nested": (rows(2), {"heads": (rows(7), rows(3))}),
    "trailing axes": rows(7).reshape(5, 7, 1, 1),
    "trailing axes in a tuple": (rows(7).reshape(5, 7, 1, 1), rows(2)),
    "one array": rows(7),
    "rows in a list": rows(7).tolist(),
    "arrays of rows in a list": list(rows(7)),
    "without a loss": (None, rows(7)),
    "a matrix that is not for the images": (rows(7, 7), rows(7)),
}


@pytest.mark.parametrize("value", STRUCTURES.values(), ids=STRUCTURES)
def test_the_only_output_as_wide_as_the_classes_is_chosen(value):
    np.testing.assert_array_equal(choose(answering(value), SEVEN).predict(IMAGES), rows(7))


def test_a_name_or_an_index_decides_between_outputs_of_the_same_width():
    heads = {"logits": rows(7), "heads": {"probabilities": 2 * rows(7)}}
    for choice in (Choice(name="heads.probabilities", width=7), Choice(index=1, width=7)):
        np.testing.assert_array_equal(choose(answering(heads), choice).predict(IMAGES), 2 * rows(7))


def test_columns_are_cut_out_before_they_are_named():
    answer = choose(answering((rows(2), rows(10))), Choice(columns=(1, 8), width=7)).predict(IMAGES)
    np.testing.assert_array_equal(answer, rows(10)[:, 1:8])


UNFIT = {
    "two fit": ((rows(7), rows(7)), SEVEN, "several outputs with 7 columns"),
    "none fits": ((rows(2), rows(8)), SEVEN, r"no output with 7 columns.*outputs are 0 '0' \(n, 2\), 1 '1' \(n, 8\)"),
    "an unknown name": ((rows(2), rows(7)), Choice(name="expr", width=7), "no output named 'expr'"),
    "an index too far": ((rows(2), rows(7)), Choice(index=2, width=7), "no output with index 2"),
    "columns too far": (
        rows(8),
        Choice(columns=(2, 9), width=7),
        r"\(5, 8\), but the contract declares columns = \[2, 9\]",
    ),
}


@pytest.mark.parametrize(("value", "choice", "words"), UNFIT.values(), ids=UNFIT)
def test_outputs_that_do_not_fit_are_named_with_the_keys_that_choose(value, choice, words):
    with pytest.raises(UserError, match=words):
        choose(answering(value), choice).predict(IMAGES)


def test_a_declared_output_is_chosen_before_the_model_runs():
    sinks = (Sink(name="va", shape=(None, 2)), Sink(name="expression", shape=(None, 7), activation="softmax"))
    model = Model("tiny", "onnx", "", Signature(outputs=sinks), lambda batch: (rows(2), rows(7)))
    signature = choose(model, SEVEN).signature
    assert (signature.output, signature.output_width, signature.activation) == ("expression", 7, "softmax")
    with pytest.raises(UserError, match="no output with 8 columns"):
        choose(model, Choice(width=8))


@pytest.mark.parametrize(("widths", "note"), [((2, 7), "inferred: the only"), ((7, 7), "assumed: the first of 2")])
def test_an_inferred_contract_names_the_output(widths, note):
    sinks = tuple(Sink(name=f"head{width}", shape=(None, width), activation="softmax") for width in widths)
    run = lambda batch: tuple(rows(width, len(batch)) for width in widths)  # noqa: E731
    contract, notes = infer_contract(choose(Model("tiny", "onnx", "", Signature(outputs=sinks), run), choice_of(None)))
    assert contract.output.name == "head7"
    assert notes["output.name"].startswith(note)


CONTRACT = """
[input]
size = [6, 8]
batch = 1
[output]
classes = ["angry", "disgust", "fear", "happy", "neutral", "sad", "surprise"]
"""


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ('name = "a"\nindex = 1', "name and index both choose an output"),
        ("columns = [0, 8]", r"columns \[0, 8\] must cover 7 columns"),
        ("columns = [-7, 0]", "must not be negative"),
        ("index = -1", "output.index"),
    ],
)
def test_a_contract_with_a_contradictory_choice_is_one_line(tmp_path, keys, words):
    path = tmp_path / "contract.toml"
    path.write_text(CONTRACT + keys)
    with pytest.raises(UserError, match=words):
        load_contract(path)


def test_a_contract_declares_that_a_model_takes_one_image_at_a_time(tmp_path):
    def run(batch):
        return batch.mean(axis=(1, 2)).dot(SCORES).reshape(1, 7)

    (tmp_path / "contract.toml").write_text(CONTRACT)
    model = Model("tiny", "torchscript", "", Signature(), run)
    contract = load_contract(tmp_path / "contract.toml")
    np.testing.assert_allclose(apply_contract(model, contract).predict(IMAGES), EXPECTED, atol=1e-6)
    with pytest.raises(SubjectError, match="cannot reshape"):
        model.predict(IMAGES)
    with pytest.raises(UserError, match="batch = 1, but tiny takes 4"):
        apply_contract(Model("tiny", "onnx", "", Signature(batch=4), run), contract)


def test_a_contract_overrules_what_was_only_guessed():
    shapes = []
    model = Model(
        "tiny",
        "torchscript",
        "",
        Signature(channels=1, layout="channels_first", guessed={"channels": "", "layout": ""}),
        lambda batch: shapes.append(batch.shape) or rows(7),
    )
    contract = Contract(input=Input(size=(6, 8), layout="channels_last"), output=Output(classes=CLASSES))
    apply_contract(model, contract).predict(IMAGES)
    assert shapes == [IMAGES.shape]


def test_a_model_of_four_channels_is_refused_in_one_line():
    signature = Signature(height=48, width=48, channels=4, layout="channels_last")
    with pytest.raises(UserError, match="tiny takes images of 4 channels"):
        infer_contract(Model("tiny", "keras-h5", "", signature, rows))


def test_the_last_line_of_an_error_of_torchscript_is_shown(tmp_path):
    torch = pytest.importorskip("torch", reason="the extra 'torch' is not installed")

    class OneImage(torch.nn.Module):
        def forward(self, batch):
            return batch.mean((2, 3)).repeat(1, 7)[:, :7].reshape(1, 7)

    torch.jit.trace(OneImage(), torch.zeros(1, 3, 6, 8)).save(str(tmp_path / "one.pt"))
    with pytest.raises(SubjectError, match=r"RuntimeError: shape '\[1, 7\]' is invalid for input of size 35"):
        load_model(tmp_path / "one.pt").predict(IMAGES)


class TwoHeads:
    """Writes one network with the outputs ``values`` (n, 2) and ``expression`` (n, 7) in each format."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keras(self, path="two.keras"):
        import keras

        images = keras.Input(IMAGES.shape[1:])
        pooled = keras.layers.GlobalAveragePooling2D()(images)
        heads = {
            "values": keras.layers.Dense(2, use_bias=False, name="values")(pooled),
            "expression": keras.layers.Dense(7, use_bias=False, name="expression")(pooled),
        }
        network = keras.Model(images, heads)
        network.get_layer("values").set_weights([VALUES])
        network.get_layer("expression").set_weights([SCORES])
        if path is not None:
            network.save(self.folder / path)
            return self.folder / path
        return network

    def h5(self):
        return self.keras("two.h5")

    def savedmodel(self):
        self.keras(None).export(self.folder / "saved", verbose=False)
        return self.folder / "saved"

    def tflite(self):
        import tensorflow as tf

        self.keras(None).export(self.folder / "for_tflite", verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(str(self.folder / "for_tflite"))
        path = self.folder / "two.tflite"
        path.write_bytes(converter.convert())
        return path

    def onnx(self):
        import onnx
        from onnx import TensorProto, helper, numpy_helper

        nodes = [
            helper.make_node("ReduceMean", ["images"], ["pooled"], axes=[1, 2], keepdims=0),
            helper.make_node("MatMul", ["pooled", "v"], ["values"]),
            helper.make_node("MatMul", ["pooled", "s"], ["expression"]),
        ]
        shape = ["n", *IMAGES.shape[1:]]
        outputs = [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", width])
            for name, width in (("values", 2), ("expression", 7))
        ]
        weights = [numpy_helper.from_array(VALUES, "v"), numpy_helper.from_array(SCORES, "s")]
        images = helper.make_tensor_value_info("images", TensorProto.FLOAT, shape)
        graph = helper.make_graph(nodes, "two", [images], outputs, weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        onnx.save_model(model, self.folder / "two.onnx")
        return self.folder / "two.onnx"

    def torchscript(self):
        torch = pytest.importorskip("torch", reason="the extra 'torch' is not installed")

        class Network(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.v = torch.nn.Parameter(torch.from_numpy(VALUES))
                self.s = torch.nn.Parameter(torch.from_numpy(SCORES))

            def forward(self, batch):
                pooled = batch.mean((2, 3))
                return {"values": pooled @ self.v, "expression": pooled @ self.s}

        path = self.folder / "two.pt"
        torch.jit.trace(Network(), torch.zeros(1, 3, 6, 8), strict=False).save(str(path))
        return path


@pytest.mark.parametrize("kind", ["keras", "h5", "savedmodel", "tflite", "onnx", "torchscript"])
def test_every_format_answers_with_the_chosen_one_of_two_outputs(tmp_path, kind):
    path = getattr(TwoHeads(tmp_path), kind)()
    for choice in (SEVEN, Choice(name="expression", width=7)):
        np.testing.assert_allclose(load_model(path, choice=choice).predict(IMAGES), EXPECTED, atol=1e-5)
    values = load_model(path, choice=Choice(name="values", width=7)).predict(IMAGES)
    np.testing.assert_allclose(values, IMAGES.mean(axis=(1, 2)) @ VALUES, atol=1e-5)
