"""The command ``ferspec models``: list, show, plot, build and fuse."""

import hashlib
import json
from xml.etree import ElementTree

import keras
import numpy as np
import pytest
from typer.testing import CliRunner

from ferspec import spec, zoo
from ferspec.commands.models import app
from ferspec.errors import UserError
from ferspec.reference import models
from ferspec.subjects.models.contracts.files import load_contract
from ferspec.subjects.models.keras.archive import load_checked


def ferspec_models(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)


def test_list_gives_every_row_with_its_counts():
    listed = json.loads(ferspec_models("list", "--json").stdout)
    assert len(listed) == 44
    assert [set(entry) for entry in listed] == [
        {"name", "resolution", "weights", "parameters", "trainable_parameters", "place"}
    ] * 44
    rows = {(cell.architecture, cell.weights, cell.resolution) for cell in spec.load().cells}
    assert {(entry["name"], entry["weights"], entry["resolution"]) for entry in listed[:43]} == rows
    assert "134,289,223" in ferspec_models("list").stdout


def test_show_prints_all_facts_about_a_network():
    shown = json.loads(ferspec_models("show", "resnet 18", "--resolution", "48", "--json").stdout)
    assert shown["name"] == "ResNet18"
    assert shown["place"] == "paper 3.2, Table 2, Table 3"
    assert (shown["parameters"], shown["trainable_parameters"]) == (11_710_919, 11_701_319)
    assert (shown["input_shape"], shown["first_shape"]) == ([48, 48, 3], [48, 48, 64])
    assert (shown["last_shape"], shown["output_shape"]) == ([1024], [7])
    assert shown["weights_available"] == ["scratch"]
    assert "ERR-23" in shown["errata"]
    assert "ERR-05" not in shown["errata"], "the head is not on this network"
    assert len(shown["layers"]) == 71
    model = models.outline("ResNet18", 48)
    assert (shown["flops"], shown["activation_bytes"]) == (
        models.cost(model).flops,
        models.cost(model).activation_bytes,
    )


def test_show_in_words_has_the_same_figures():
    words = ferspec_models("show", "VGG16", "--resolution", "224", "--weights", "vggface", "--profile", "paper").stdout
    for part in ("14,913,607", "30.694 GFLOPs", "imagenet, vggface, scratch", "colour bgr", "ERR-05", "FER-N-02"):
        assert part in words


def test_plot_draws_every_layer(tmp_path):
    path = tmp_path / "modular.svg"
    ferspec_models("show", "Modular", "--plot", path)
    root = ElementTree.fromstring(path.read_text())
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "Modular at 48x48, released" in texts
    assert texts.count("Conv2D") == 6
    assert len(root.findall("{http://www.w3.org/2000/svg}line")) == 24 + 1


def test_build_saves_a_network_with_its_contract(tmp_path):
    path = tmp_path / "network.keras"
    built = json.loads(ferspec_models("build", "MediaPipeVGGNet", "--out", path, "--json").stdout)
    assert built["parameters"] == 7_054_279
    contract = load_contract(built["contract"])
    assert (contract.input.colour, contract.input.channels, contract.input.range) == ("gray", 1, (0, 255))
    assert contract.input.resize == "nearest"
    assert contract.output.classes == spec.load().classes
    assert keras.models.load_model(path).count_params() == 7_054_279


def test_build_records_the_weights_it_started_from(tmp_path):
    start = tmp_path / "start.weights.h5"
    models.build("LeNet5", 48).model.save_weights(start)
    path = tmp_path / "network.keras"
    ferspec_models("build", "LeNet5", "--weights", start, "--out", path)
    recorded = (tmp_path / "network.keras.contract.toml").read_text()
    assert hashlib.sha256(start.read_bytes()).hexdigest() in recorded


def test_the_contract_records_how_its_profile_feeds_the_base(tmp_path):
    built = models.build("MobileNet", 48, "scratch", profile="released")
    zoo.save(built, tmp_path / "network.keras")
    assert "profile released" in (tmp_path / "network.keras.contract.toml").read_text()
    with pytest.raises(UserError, match="a contract is for the 7 classes of the protocol, not for 3"):
        zoo.save(models.build("LeNet5", 48, classes=3), tmp_path / "three.keras")
    assert not (tmp_path / "three.keras").exists()


def test_fuse_writes_a_network_that_answers_the_same(tmp_path):
    ferspec_models("build", "RepVGG", "--profile", "paper", "--out", tmp_path / "trained.keras")
    printed = ferspec_models("fuse", tmp_path / "trained.keras", "--out", tmp_path / "fused.keras")
    assert "24,100,807 parameters" in printed.stdout
    trained, fused = (load_checked(tmp_path / name) for name in ("trained.keras", "fused.keras"))
    images = np.random.default_rng(0).random((2, 48, 48, 3), np.float32)
    np.testing.assert_allclose(np.asarray(fused(images)), np.asarray(trained(images)), atol=1e-4)
    assert load_contract(tmp_path / "fused.keras.contract.toml") == load_contract(
        tmp_path / "trained.keras.contract.toml"
    )


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("show", "VGG61"), "unknown network 'VGG61': did you mean VGG19, VGG16"),
        (("show", "Xception"), "Xception has no room at 48x48"),
        (("build", "LeNet5", "--out", "network.h5"), "network.h5 must end in .keras"),
        (("fuse", "missing.keras", "--out", "fused.keras"), "missing.keras: no such model file"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_mistake_is_answered_in_one_line(arguments, line):
    with pytest.raises(UserError, match=f"^{line}"):
        ferspec_models(*arguments)


def test_a_network_that_cannot_be_fused_is_not_changed(tmp_path):
    ferspec_models("build", "LeNet5", "--out", tmp_path / "lenet5.keras")
    with pytest.raises(UserError, match="has no three-branch blocks"):
        ferspec_models("fuse", tmp_path / "lenet5.keras", "--out", tmp_path / "fused.keras")
    assert not list(tmp_path.glob("*fused*"))


def test_only_the_suites_own_layers_are_loaded_without_consent(tmp_path):
    """The released RepVGG opens; the same file with another class of that module does not."""
    import zipfile

    ferspec_models("build", "RepVGG", "--out", tmp_path / "repvgg.keras")
    assert load_checked(tmp_path / "repvgg.keras").count_params() == 26_454_023
    with zipfile.ZipFile(tmp_path / "repvgg.keras") as whole, zipfile.ZipFile(tmp_path / "other.keras", "w") as other:
        for name in whole.namelist():
            data = whole.read(name)
            other.writestr(name, data.replace(b"ferspec>RepVGGBlock", b"another>RepVGGBlock"))
    with pytest.raises(UserError, match="which is not part of Keras"):
        load_checked(tmp_path / "other.keras")
