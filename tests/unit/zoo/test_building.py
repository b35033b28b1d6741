"""Building networks of the zoo: refusals, inputs and least sizes."""

import numpy as np
import pytest

from ferspec import spec
from ferspec.errors import UserError
from ferspec.reference import models
from ferspec.reference.models import catalogue, keras_applications, vggface
from ferspec.reference.models.assembly import assembled
from ferspec.reference.models.building import build, preprocessing_of
from ferspec.reference.models.weightless import weightless
from ferspec.spec.recipes import self_built
from ferspec.subjects.models.contracts.contract import Input
from ferspec.subjects.models.preprocess import prepare_batch

MODULES = {
    "VGG16": "vgg16",
    "VGG19": "vgg19",
    "ResNet50": "resnet50",
    "MobileNet": "mobilenet",
    "MobileNetV2": "mobilenet_v2",
    "EfficientNetV2B0": "efficientnet_v2",
    "NASNetMobile": "nasnet",
    "DenseNet121": "densenet",
    "Xception": "xception",
    "InceptionV3": "inception_v3",
}


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(7).integers(0, 256, (2, 48, 48, 3), np.uint8)


def fed(images, preprocessing):
    """Return images as the pipeline of certification prepares them for a contract with these figures."""
    from dataclasses import asdict

    return prepare_batch(list(images), Input(size=images.shape[1:3], **asdict(preprocessing)))


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("VGG17", 48), "unknown network 'VGG17': did you mean VGG19, VGG16"),
        (("zebra", 48), "unknown network 'zebra': known are VGG16, VGG19, ResNet50"),
        ((None, 48), "a network is named by a text, not by None"),
        (("VGGNet", 4096), "VGGNet at 4096x4096 would have 34,3"),
        (("VGG16", 31), "VGG16 has no room at 31x31: it needs 32x32 to 4096x4096"),
        (("Xception", 48), "Xception has no room at 48x48: it needs 71x71"),
        (("ResNet50", 48, "vggface"), "ResNet50 has no room at 48x48: it needs 197x197"),
        (("SENet50", 48, "scratch"), "SENet50 has no room at 48x48: it needs 197x197"),
        (("AlexNet", 0), "AlexNet has no room at 0x0: it needs 35x35"),
        (("LeNet5", 9999), "LeNet5 has no room at 9999x9999"),
        (("VGG16", (48, 48, 1)), "VGG16 reads images of 3 channels, not 1"),
        (("MediaPipeVGGNet", (48, 48, 3)), "MediaPipeVGGNet reads images of 1 channels, not 3"),
        (("VGG16", (48, 64)), "VGG16 reads square images, not 48x64"),
        (("VGG16", "48"), "resolution '48' is neither a number of pixels nor"),
        (("VGG16", 48.0), "resolution 48.0 is neither a number of pixels nor"),
        (("LeNet5", 48, "imagenet"), "there are no imagenet weights of LeNet5: choose scratch or a file"),
        (("VGG19", 48, "vggface"), "there are no vggface weights of VGG19: choose imagenet, scratch or a file"),
        (("VGG16", 48, "missing.h5"), "weights 'missing.h5' of VGG16: neither imagenet, vggface, scratch nor a file"),
        (("LeNet5", 48, "scratch", 1), "a classifier has 2 classes or more, not 1"),
        (("LeNet5", 48, "scratch", -7), "a classifier has 2 classes or more, not -7"),
        (("LeNet5", 48, "scratch", 7, "printed"), "unknown profile 'printed': known are released, paper"),
        (("LeNet5", 48, "scratch", 7, "paper", "Flatten"), "LeNet5 has no head to pool before"),
        (
            ("VGG16", 48, "scratch", 7, "paper", "GAP"),
            "unknown pooling 'GAP': known are GlobalAveragePooling2D, Flatten",
        ),
    ],
    ids=lambda value: "-".join(map(str, value)) if isinstance(value, tuple) else "",
)
def test_a_mistake_is_answered_in_one_line(arguments, line):
    with pytest.raises(UserError) as caught:
        build(*arguments)
    assert str(caught.value).startswith(line)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "network"),
    [
        ("VGG-16", "VGG16"),
        ("vgg 16", "VGG16"),
        ("vgg_16", "VGG16"),
        ("Media-pipe + VGGNet", "MediaPipeVGGNet"),
        ("ResNet18 + Dropout + Dense", "ResNet18"),
    ],
)
def test_names_are_known_as_the_paper_writes_them(name, network):
    assert models.find(name).name == network


SELF_BUILT = [name for name in spec.load().networks if self_built(name)]
FOR_ONE_PIXEL = [name for name in SELF_BUILT if catalogue.smallest_side(name, "scratch") == 1]


def form(network, profile, side):
    return weightless(lambda: assembled(network, side, 7, profile))


@pytest.mark.parametrize("profile", ["released", "paper"])
@pytest.mark.parametrize("network", SELF_BUILT)
def test_every_network_is_built_at_its_least_side(network, profile):
    assert form(network, profile, catalogue.smallest_side(network, "scratch")).output_shape == (None, 7)


@pytest.mark.parametrize("network", sorted({*SELF_BUILT} - {*FOR_ONE_PIXEL}))
def test_the_least_side_is_the_least_for_both_profiles(network):
    lesser = catalogue.smallest_side(network, "scratch") - 1
    with pytest.raises(ValueError, match="has no room"):
        [form(network, profile, lesser) for profile in ("released", "paper")]


@pytest.mark.parametrize("network", FOR_ONE_PIXEL)
def test_no_network_accepts_a_side_of_0(network):
    with pytest.raises(UserError, match=f"{network} has no room at 0x0: it needs 1x1"):
        models.outline(network, 0)


@pytest.mark.parametrize(
    ("network", "weights"), [("Xception", "imagenet"), ("ResNet50", "vggface"), ("VGG16", "imagenet")]
)
def test_the_least_side_of_a_base_is_the_least(network, weights):
    least = catalogue.smallest_side(network, weights)
    assert models.outline(network, least, weights).output_shape == (None, 7)
    border = vggface if weights == "vggface" else keras_applications
    with pytest.raises(ValueError, match=r"negative|Input size must be|Computed output size"):
        weightless(lambda: border.build_base(network, least - 1))


@pytest.mark.parametrize("classes", [2, 8])
def test_a_network_is_built_for_any_number_of_classes(classes, images):
    model = build("LeNet5", 48, classes=classes).model
    answers = np.asarray(model(images / 255))
    assert answers.shape == (2, classes)
    np.testing.assert_allclose(answers.sum(1), 1, rtol=1e-5)


def test_numbers_of_numpy_are_numbers():
    built = build("LeNet5", np.int64(48), classes=np.int32(3))
    assert (built.resolution, built.model.output_shape) == (48, (None, 3))


@pytest.mark.parametrize("model", ["open", "several"])
def test_a_model_whose_operations_cannot_be_counted_is_refused(model):
    import keras

    inputs = keras.Input((4, 3))
    wrong = {
        "open": lambda: keras.applications.MobileNet(include_top=False, weights=None),
        "several": lambda: keras.Model(inputs, keras.layers.LSTM(2, return_state=True)(inputs)[0]),
    }[model]
    with pytest.raises(UserError, match="has no single output of a known shape"):
        models.cost(wrong())


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("short.csv", "layer,type,shape,parameters,inputs\n1,InputLayer\n", "a row has fewer columns"),
        ("wide.csv", f"layer,type,shape,parameters,inputs\n1,{'x' * 200_000},4,0,\n", "field larger than"),
        ("deep.json", "[" * 100_000, "nested deeper than 32 levels"),
    ],
)
def test_a_damaged_layer_table_is_refused_in_one_line(tmp_path, name, text, line):
    (tmp_path / name).write_text(text)
    with pytest.raises(UserError, match=line):
        models.read_table(tmp_path / name)


@pytest.mark.parametrize("network", MODULES)
def test_the_paper_feeds_each_base_as_keras_prepares_it(network, images):
    import keras

    prepare = getattr(keras.applications, MODULES[network]).preprocess_input
    expected = prepare(images.astype(np.float32))
    np.testing.assert_allclose(fed(images, preprocessing_of(network, "imagenet", "paper")), expected, atol=1e-4)


@pytest.mark.parametrize(("network", "version"), [("VGG16", 1), ("ResNet50", 2), ("SENet50", 2)])
def test_the_paper_feeds_vggface_bases_as_their_library_prepares_it(network, version, images):
    pytest.importorskip("h5py")
    from importlib import import_module

    with vggface._keras_2_modules():
        utils = import_module("keras_vggface.utils")
    expected = utils.preprocess_input(images.astype(np.float64), data_format="channels_last", version=version)
    np.testing.assert_allclose(fed(images, preprocessing_of(network, "vggface", "paper")), expected, atol=1e-4)


@pytest.mark.parametrize("row", models.rows(), ids=str)
def test_the_runs_feed_values_of_zero_to_one(row, images):
    """FER-P-07; but the grey network rescales itself, and gets the grey levels."""
    prepared = fed(images, preprocessing_of(row.network, row.weights, "released"))
    if row.network == "MediaPipeVGGNet":
        assert prepared.shape == (2, 48, 48, 1)
        assert prepared.max() > 200
    else:
        np.testing.assert_allclose(prepared, images / 255, atol=1e-6)


def test_weightless_building_leaves_nothing_behind():
    import keras

    models.outline("VGGNet", 224)
    layer = keras.layers.Dense(2)
    layer.build((None, 3))
    from keras.src.backend.common import global_state

    assert not global_state.get_global_attribute("uninitialized_variables")


def test_weightless_building_raises_the_original_error():
    with pytest.raises(ValueError, match="here"):
        weightless(lambda: (_ for _ in ()).throw(ValueError("here")))
