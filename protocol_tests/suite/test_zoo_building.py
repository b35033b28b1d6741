"""Building from the zoo: what is refused, what a network is fed, and how little room it needs."""

import numpy as np
import pytest

from ferspec.errors import UserError
from ferspec.reference import models
from ferspec.reference.models import catalogue, keras_applications, vggface
from ferspec.reference.models.building import build, preprocessing_of
from ferspec.reference.models.weightless import weightless
from ferspec.subjects.contract import Input
from ferspec.subjects.preprocess import prepare_batch

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


@pytest.mark.parametrize("name", ["VGG-16", "vgg 16", "vgg_16", "Media-pipe + VGGNet", "ResNet18 + Dropout + Dense"])
def test_names_are_known_as_the_paper_writes_them(name):
    assert models.find(name).name in ("VGG16", "MediaPipeVGGNet", "ResNet18")


@pytest.mark.parametrize("network", catalogue.BUILDERS)
def test_the_least_side_is_the_least(network):
    least = catalogue.smallest_side(network, "scratch")
    forms = [
        lambda side, form=form: weightless(lambda: catalogue.builder(network)(side, 7, form))
        for form in ("released", "paper")
    ]
    for form in forms:
        assert form(least).output_shape == (None, 7)
    if least > 8:
        with pytest.raises(ValueError, match=r"negative|dimension|Computed output size"):
            [form(least - 1) for form in forms]


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
def test_any_number_of_classes_can_be_told_apart(classes, images):
    model = build("LeNet5", 48, classes=classes).model
    answers = np.asarray(model(images / 255))
    assert answers.shape == (2, classes)
    np.testing.assert_allclose(answers.sum(1), 1, rtol=1e-5)


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


def test_weightless_building_hands_on_what_goes_wrong():
    with pytest.raises(ValueError, match="here"):
        weightless(lambda: (_ for _ in ()).throw(ValueError("here")))
