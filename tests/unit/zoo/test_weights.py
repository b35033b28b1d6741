"""Initial weights of the zoo: every array is loaded, or none with one line that says why."""

import hashlib
import shutil
from dataclasses import asdict

import h5py
import numpy as np
import pytest

from ferspec import spec, zoo
from ferspec.errors import UserError
from ferspec.reference import models
from ferspec.reference.models import catalogue, heads, legacy_h5, vggface, weights
from ferspec.reference.models.building import build
from ferspec.reference.models.heads import base_layer
from ferspec.spec.recipes import self_built
from ferspec.subjects.models.contracts.contract import Contract, Input, Output
from ferspec.subjects.models.contracts.files import save_contract
from helpers.published_weights import SEED, name_of, write_legacy

# keras-vggface names its layers with slashes, which Keras 3 refuses.
SLASHED = {"conv1_7x7_s2": "conv1/7x7_s2", "conv1_7x7_s2_bn": "conv1/7x7_s2/bn"}


def slashed(name):
    return SLASHED.get(name, name.removesuffix("_bn") + "/bn" if name.endswith("_bn") else name)


def assert_filled(model, arrays):
    for layer in legacy_h5.leaves(model):
        for weight, array in zip(layer.weights, arrays.get(layer.name, ()), strict=True):
            np.testing.assert_array_equal(np.asarray(weight), array)


@pytest.fixture(scope="module")
def mobilenet(tmp_path_factory):
    """A folder with a file in the place of MobileNet's ImageNet weights, and the arrays in it."""
    folder = tmp_path_factory.mktemp("weights")
    base = base_layer(models.outline("MobileNet", 48, "imagenet"))
    return folder, write_legacy(folder / name_of("MobileNet"), base)


def test_imagenet_weights_fill_every_array_of_the_base_and_are_recorded(mobilenet):
    folder, arrays = mobilenet
    built = build("MobileNet", 48, "imagenet", weights_dir=folder)
    assert_filled(base_layer(built.model), arrays)
    path = folder / name_of("MobileNet")
    expected = models.Start("imagenet", path.name, hashlib.sha256(path.read_bytes()).hexdigest(), 135)
    assert built.start == expected


@pytest.mark.parametrize(
    ("network", "total", "filled_by_name", "parameters"),
    [("ResNet50", 265, 52, 23_561_152), ("SENet50", 329, 116, 26_092_144)],
)
def test_vggface_weights_fill_every_array_or_are_refused(tmp_path, network, total, filled_by_name, parameters):
    base = base_layer(models.outline(network, 224, "vggface"))
    assert base.count_params() == parameters
    path = tmp_path / name_of(network, "vggface")
    arrays = write_legacy(path, base, rename=slashed)
    built = build(network, 224, "vggface", weights_dir=tmp_path)
    assert built.start.arrays == sum(map(len, arrays.values())) == total
    assert_filled(base_layer(built.model), arrays)

    write_legacy(path, base, keep=lambda name: "/" not in slashed(name))
    with pytest.raises(UserError, match=f"fills {filled_by_name} of the {total} arrays.*conv1_7x7_s2 is not in it"):
        build(network, 224, "vggface", weights_dir=tmp_path)


def test_vgg16_of_vggface_and_of_imagenet_are_distinguished(tmp_path):
    vggface = base_layer(models.outline("VGG16", 48, "vggface"))
    assert vggface.count_params() == 14_714_688
    arrays = write_legacy(tmp_path / "some.h5", vggface)
    shutil.copy(tmp_path / "some.h5", tmp_path / name_of("VGG16"))
    built = build("VGG16", 48, tmp_path / "some.h5", profile="paper")
    assert_filled(base_layer(built.model), arrays)
    assert built.preprocessing.mean == (93.5940, 104.7624, 129.1863)
    with pytest.raises(UserError, match="fills 0 of the 26 arrays"):
        build("VGG16", 48, "imagenet", weights_dir=tmp_path)


def test_the_published_file_may_name_its_layers_as_keras_1_did(mobilenet, tmp_path, monkeypatch):
    base = base_layer(models.outline("MobileNet", 48, "imagenet"))
    path = tmp_path / name_of("MobileNet")
    arrays = write_legacy(path, base, rename=lambda name: f"old_{name}")
    with pytest.raises(UserError, match="fills 0 of the 135 arrays"):
        build("MobileNet", 48, "imagenet", weights_dir=tmp_path)
    published = weights.Published(path.name, "", hashlib.md5(path.read_bytes()).hexdigest())
    monkeypatch.setattr(weights, "published", lambda *_: published)
    assert_filled(base_layer(build("MobileNet", 48, "imagenet", weights_dir=tmp_path).model), arrays)


def test_unnamed_layers_are_matched_by_kind_and_order(tmp_path):
    model = models.outline("LeNet5", 48)
    numbered = {layer.name: f"{layer.name.split('_')[0]}_{17 + n}" for n, layer in enumerate(model.layers)}
    arrays = write_legacy(tmp_path / "lenet.h5", model, rename=numbered.get, inside="model_weights")
    loaded = build("LeNet5", 48, tmp_path / "lenet.h5").model
    stored = [array for layer in arrays.values() for array in layer]
    for weight, array in zip(loaded.weights, stored, strict=True):
        np.testing.assert_array_equal(np.asarray(weight), array)


def test_weights_of_another_architecture_are_refused_and_nothing_is_changed(mobilenet):
    folder, _ = mobilenet
    network = build("MobileNetV2", 48, "scratch").model
    before = [np.asarray(weight) for weight in network.weights]
    with pytest.raises(UserError, match=r"fills 0 of the 260 arrays of MobileNetV2: .* is not in it, nor do \d+ other"):
        legacy_h5.load(folder / name_of("MobileNet"), base_layer(network), "MobileNetV2")
    for weight, array in zip(network.weights, before, strict=True):
        np.testing.assert_array_equal(np.asarray(weight), array)


def test_a_file_with_other_shapes_or_more_layers_is_refused(tmp_path):
    deeper = models.outline("LeNet5", 64)
    write_legacy(tmp_path / "shapes.h5", deeper)
    with pytest.raises(UserError, match=r"fills 8 of the 10 arrays of LeNet5: dense\S* has other shapes in it"):
        build("LeNet5", 48, tmp_path / "shapes.h5")
    write_legacy(tmp_path / "more.h5", models.outline("LeNet5", 48))
    with h5py.File(tmp_path / "more.h5", "a") as file:
        file.attrs["layer_names"] = [name.encode() for name in file.attrs["layer_names"]] + [b"another"]
        group = file.create_group("another")
        group.attrs["weight_names"] = [b"another/kernel:0"]
        group.create_dataset("another/kernel:0", data=np.zeros(3))
    with pytest.raises(UserError, match="holds more than LeNet5 has: another"):
        build("LeNet5", 48, tmp_path / "more.h5")


@pytest.mark.parametrize("suffix", [".keras", ".weights.h5"])
def test_a_whole_model_starts_another_of_its_kind(tmp_path, suffix):
    first = build("ResNet18", 48).model
    path = tmp_path / f"first{suffix}"
    first.save(path) if suffix == ".keras" else first.save_weights(path)
    built = build("ResNet18", 48, path)
    assert built.start.arrays == len(first.weights)
    for weight, other in zip(built.model.weights, first.weights, strict=True):
        np.testing.assert_array_equal(np.asarray(weight), np.asarray(other))
    with pytest.raises(UserError, match=r"fits another network: \d+ of the 10 arrays of LeNet5"):
        build("LeNet5", 48, path)


@pytest.mark.parametrize("suffix", [".keras", ".weights.h5", ".h5"])
@pytest.mark.parametrize("damage", ["truncated", "empty", "not weights"])
def test_a_damaged_file_is_refused_in_one_line(tmp_path, suffix, damage):
    model, path = build("LeNet5", 48).model, tmp_path / f"damaged{suffix}"
    if suffix == ".h5":
        write_legacy(path, model)
    else:
        model.save(path) if suffix == ".keras" else model.save_weights(path)
    whole = path.read_bytes()
    path.write_bytes({"truncated": whole[: len(whole) // 2], "empty": b"", "not weights": b"hello" * 99}[damage])
    with pytest.raises(UserError, match=r"damaged\S+ is not a complete .*weights file") as caught:
        build("LeNet5", 48, path)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named_with_where_it_comes_from(tmp_path):
    with pytest.raises(UserError, match=r"vgg16_weights_\w+_notop.h5 is missing: .* from https://\S+/vgg16/vgg16_w"):
        build("VGG16", 48, "imagenet", weights_dir=tmp_path)


def test_a_failed_download_is_named_with_a_remedy(monkeypatch):
    import keras

    def fail(*_, **__):
        raise Exception("URL fetch failure: no route to host")

    monkeypatch.setattr(keras.utils, "get_file", fail)
    with pytest.raises(UserError, match=r"cannot get rcmalli_vggface\S+senet50.h5.* from https://\S+ .*--weights-dir"):
        build("SENet50", 224, "vggface")


@pytest.mark.parametrize("network", [name for name in spec.load().networks if self_built(name)])
def test_a_network_saved_in_the_legacy_layout_comes_back_whole(network, tmp_path):
    """Built a second time in one process, Keras numbers its unnamed layers on: names differ, kinds and order do not."""
    side, channels = catalogue.smallest_side(network, "scratch"), 1 if network == catalogue.GRAY else 3
    first = build(network, side).model
    rng = np.random.default_rng(SEED)
    first.set_weights([rng.uniform(0.5, 1.5, weight.shape) * 0.1 for weight in first.weights])
    first.save(tmp_path / "first.h5")
    built = build(network, side, tmp_path / "first.h5")
    assert built.start.arrays == len(first.weights)
    for weight, other in zip(built.model.weights, first.weights, strict=True):
        np.testing.assert_array_equal(np.asarray(weight), np.asarray(other))
    images = rng.random((2, side, side, channels), np.float32)
    np.testing.assert_allclose(np.asarray(built.model(images)), np.asarray(first(images)), rtol=0, atol=1e-6)


def test_a_base_file_of_whole_networks_is_taken_from_the_library_whose_shapes_fit(tmp_path):
    first = build_vggface("ResNet50", 197)
    first.save_weights(tmp_path / "first.weights.h5")
    built = build("ResNet50", 197, tmp_path / "first.weights.h5", profile="paper")
    assert built.preprocessing == vggface.SECOND
    for weight, other in zip(built.model.weights, first.weights, strict=True):
        np.testing.assert_array_equal(np.asarray(weight), np.asarray(other))


@pytest.mark.parametrize("suffix", [".keras", ".weights.h5"])
def test_a_file_without_initial_weights_needs_its_contract_under_the_paper_profile(tmp_path, suffix):
    first = build_vggface("VGG16", 32)
    path = tmp_path / f"first{suffix}"
    first.save(path) if suffix == ".keras" else first.save_weights(path)
    with pytest.raises(UserError, match=r"fits VGG16 from imagenet and from vggface and from scratch.*contract.toml"):
        zoo.build_model("VGG16", 32, path, profile="paper")
    fed = Input(size=(32, 32), **asdict(vggface.FIRST))
    save_contract(
        Contract(input=fed, output=Output(classes=spec.load().classes)), tmp_path / f"{path.name}.contract.toml"
    )
    built = zoo.build_network("VGG16", 32, path, profile="paper")
    assert built.preprocessing == vggface.FIRST
    images = np.random.default_rng(SEED).random((2, 32, 32, 3), np.float32)
    np.testing.assert_allclose(np.asarray(built.model(images)), np.asarray(first(images)), rtol=0, atol=1e-6)


def build_vggface(network, side):
    return heads.add_head(vggface.build_base(network, side), network.lower(), 7, "paper")


@pytest.mark.parametrize("suffix", [".weights.h5", ".h5"])
def test_a_file_of_words_is_refused_before_anything_is_filled(tmp_path, suffix):
    model, path = build("LeNet5", 48).model, tmp_path / f"words{suffix}"
    write_legacy(path, model) if suffix == ".h5" else model.save_weights(path)
    with h5py.File(path, "a") as file:
        datasets = []
        file.visititems(lambda name, item: datasets.append(name) if isinstance(item, h5py.Dataset) else None)
        shape = file[datasets[-1]].shape
        del file[datasets[-1]]
        file[datasets[-1]] = np.full(shape, b"word")
    with pytest.raises(UserError, match="contains something other than numbers"):
        build("LeNet5", 48, path)


@pytest.mark.parametrize("name", ["start.weights.h5", "start[/b].weights.h5"])
def test_a_file_is_inspected_before_it_is_shown(tmp_path, name):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    models.build("LeNet5", 48).model.save_weights(path)
    assert zoo.describe("LeNet5", 48, path).weights == str(path)
    with pytest.raises(UserError, match="fits another network"):
        zoo.describe("ZFNet", 48, path)
    path.write_text("hello")
    with pytest.raises(UserError, match="is not a complete"):
        zoo.describe("LeNet5", 48, path)
