"""Objects of the caller's process are certified in a few lines, as evaluations that are not isolated."""

import os

import numpy as np
import pandas as pd
import pytest

import ferspec
from ferspec.errors import UserError
from ferspec.subjects.models.contracts.contract import Contract, Input, Output
from helpers.places import ROOT
from helpers.processes import run_python

CLASSES = ("Angry", "Disgust", "Fear", "Happy", "Neutral", "Sad", "Surprise")
SIZE = 8
CONTRACT = {"input": {"size": (SIZE, SIZE)}, "output": {"classes": CLASSES}}
FIRST = {"input": {"size": (SIZE, SIZE), "layout": "channels_first"}, "output": {"classes": CLASSES}}


def coloured(count=70):
    """Return images of one colour each, and labels that the colour tells."""
    labels = np.arange(count) % len(CLASSES)
    images = np.zeros((count, SIZE, SIZE, 3), np.uint8)
    images += (30 * labels[:, None, None, None] + np.array([0, 5, 10])).astype(np.uint8)
    return images, labels


IMAGES, LABELS = coloured()


def by_colour(batch):
    """Name the class by the red of an image in [0, 1]."""
    found = np.clip(np.rint(batch[..., 0].mean(axis=(1, 2)) * 255 / 30), 0, 6).astype(int)
    return np.eye(len(CLASSES), dtype=np.float32)[found]


class Estimator:
    """Predicts as scikit-learn does: one row of pixels for each image."""

    def predict_proba(self, rows):
        return by_colour(rows.reshape(-1, SIZE, SIZE, 3))


def keras_model():
    keras = pytest.importorskip("keras")
    image = keras.Input((SIZE, SIZE, 3))
    red = keras.layers.GlobalAveragePooling2D()(image)[:, :1]
    distance = -((keras.ops.abs(red * 255.0 / 30.0 - keras.ops.arange(7, dtype="float32"))) ** 2) * 50.0
    return keras.Model(image, keras.layers.Softmax()(distance))


def torch_module():
    torch = pytest.importorskip("torch")

    class Nearest(torch.nn.Module):
        def forward(self, batch):
            red = batch[:, :1].mean(dim=(2, 3)) * 255 / 30
            return torch.softmax(-50 * (red - torch.arange(7.0)) ** 2, dim=1)

    return Nearest()


def onnx_session():
    import onnx
    import onnxruntime
    from onnx import TensorProto, helper

    nodes = [
        helper.make_node("ReduceMean", ["image"], ["mean"], axes=[2, 3], keepdims=0),
        helper.make_node("Slice", ["mean", "zero", "one", "one"], ["red"]),
        helper.make_node("Mul", ["red", "scale"], ["place"]),
        helper.make_node("Sub", ["place", "places"], ["apart"]),
        helper.make_node("Mul", ["apart", "apart"], ["square"]),
        helper.make_node("Mul", ["square", "minus"], ["scores"]),
        helper.make_node("Softmax", ["scores"], ["out"], axis=1),
    ]
    numbers = {"scale": [255 / 30], "places": list(range(7)), "minus": [-50]}
    values = [helper.make_tensor(name, TensorProto.FLOAT, [len(v)], v) for name, v in numbers.items()]
    values += [helper.make_tensor(name, TensorProto.INT64, [1], [v]) for name, v in (("zero", 0), ("one", 1))]
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, SIZE, SIZE])
    answer = helper.make_tensor_value_info("out", TensorProto.FLOAT, ["n", 7])
    graph = helper.make_graph(nodes, "nearest", [image], [answer], values)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=9)
    return onnxruntime.InferenceSession(onnx.shape_inference.infer_shapes(model).SerializeToString())


@pytest.mark.parametrize(
    ("make", "contract"),
    [
        (lambda: by_colour, CONTRACT),
        (Estimator, CONTRACT),
        (keras_model, None),
        (torch_module, FIRST),
        (onnx_session, FIRST),
    ],
    ids=["function", "estimator", "keras model", "torch module", "onnx session"],
)
def test_an_object_is_evaluated_and_is_not_isolated(make, contract):
    result = ferspec.certify(make(), (IMAGES, LABELS), contract=contract)
    assert (result.accuracy.value, result.kind, result.isolated) == (1.0, "evaluation", False)
    statuses = {outcome.check: outcome.status.value for outcome in result.outcomes}
    assert statuses.pop("FER-B-09") == "not_evaluated"
    assert set(statuses.values()) == {"pass"}


def test_a_contract_may_be_an_object_too():
    contract = Contract(input=Input(size=(SIZE, SIZE)), output=Output(classes=CLASSES))
    assert ferspec.certify(by_colour, (IMAGES, LABELS), contract=contract).accuracy.value == 1.0


def test_a_keras_model_runs_on_the_backend_of_its_process(tmp_path):
    pytest.importorskip("torch")
    program = (ROOT / "docs" / "python.md").read_text("utf-8").split("```python\n")[2].split("```")[0]
    np.savez(tmp_path / "faces.npz", images=np.zeros((14, 48, 48, 3), np.uint8), labels=np.arange(14) % 7)
    done = run_python(program, cwd=tmp_path, env=os.environ | {"KERAS_BACKEND": "torch"})
    assert done.stdout.startswith("<evaluation (not isolated) of sequential"), done.stderr


def test_the_mode_of_a_module_is_left_as_it_was():
    module = torch_module().train()
    ferspec.certify(module, (IMAGES, LABELS), contract=FIRST)
    assert module.training


def test_a_frame_of_predictions_is_certified():
    frame = pd.DataFrame(by_colour(IMAGES / 255), columns=CLASSES)
    assert ferspec.certify(frame, (IMAGES, LABELS)).accuracy.value == 1.0


@pytest.mark.parametrize(
    ("model", "dataset", "contract", "says"),
    [
        (3, (IMAGES, LABELS), CONTRACT, "an object of type int cannot be judged"),
        (by_colour, 3, CONTRACT, "an object of type int is not a dataset"),
        (by_colour, (IMAGES, LABELS[:-1]), CONTRACT, "70 images and 69 labels"),
        (by_colour, (IMAGES / 127.5 - 1, LABELS), CONTRACT, "the images hold values from -1 to"),
        (by_colour, (IMAGES, LABELS + 1), CONTRACT, "labels must be integers of 0 to 6"),
        (by_colour, (IMAGES[..., 0, 0], LABELS), CONTRACT, r"an image has shape \(8,\)"),
        (by_colour, (IMAGES, LABELS), {"input": {}}, r"the contract: input.size is missing \(and 1 more\)"),
    ],
)
def test_a_mistake_is_one_line(model, dataset, contract, says):
    with pytest.raises(UserError, match=says) as refused:
        ferspec.certify(model, dataset, contract=contract)
    assert "\n" not in str(refused.value)


def test_an_object_of_eight_columns_needs_a_contract():
    keras = pytest.importorskip("keras")
    network = keras.Sequential([keras.Input((SIZE, SIZE, 3)), keras.layers.Flatten(), keras.layers.Dense(8)])
    with pytest.raises(UserError, match=r"no contract was given, and .*name at least one of the seven classes"):
        ferspec.certify(network, (IMAGES, LABELS))


@pytest.mark.parametrize(("pixels", "same"), [(IMAGES, True), (255 - IMAGES, False)], ids=["the same", "others"])
def test_images_in_memory_are_verified_with_a_file_of_the_same_pixels_only(tmp_path, pixels, same):
    ferspec.certify(by_colour, (IMAGES, LABELS), contract=CONTRACT).write(tmp_path / "result")
    np.savez(tmp_path / "faces.npz", images=pixels, labels=LABELS)
    found = ferspec.verify(tmp_path / "result" / "certificate.json", dataset=tmp_path / "faces.npz")
    likely = [] if same else ["it was made from images in memory"]
    assert [failure.likely.partition(":")[0] for failure in found.failures] == likely


@pytest.mark.parametrize(
    "images",
    [IMAGES / 255, IMAGES.astype(np.float32), IMAGES.transpose(0, 3, 1, 2), list(IMAGES)],
    ids=["0 to 1", "0 to 255", "channels first", "a list"],
)
def test_images_are_taken_as_people_have_them(images):
    assert ferspec.certify(by_colour, (images, LABELS), contract=CONTRACT).accuracy.value == 1.0


@pytest.mark.parametrize(
    "labels",
    [np.eye(7)[LABELS], [CLASSES[label] for label in LABELS], LABELS[:, None]],
    ids=["one-hot", "names", "a column"],
)
def test_labels_are_taken_as_people_have_them(labels):
    assert ferspec.certify(by_colour, (IMAGES, labels), contract=CONTRACT).accuracy.value == 1.0


def test_a_torch_dataset_is_read():
    torch = pytest.importorskip("torch")
    data = torch.utils.data.TensorDataset(torch.tensor(IMAGES).permute(0, 3, 1, 2) / 255, torch.tensor(LABELS))
    assert ferspec.certify(by_colour, data, contract=CONTRACT).accuracy.value == 1.0


@pytest.mark.parametrize("batch", [None, 16])
def test_a_tensorflow_dataset_is_read_batched_or_not(batch):
    tf = pytest.importorskip("tensorflow")
    data = tf.data.Dataset.from_tensor_slices((IMAGES, LABELS))
    data = data if batch is None else data.batch(batch)
    assert ferspec.certify(by_colour, data, contract=CONTRACT).accuracy.value == 1.0
