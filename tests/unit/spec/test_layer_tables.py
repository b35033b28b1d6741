"""Layer tables as files: those of the specification and those of a third party."""

import json
import shutil

import pytest

from ferspec.errors import UserError
from ferspec.reference import models
from ferspec.spec import loader
from ferspec.spec.layers import bases, layer_table
from ferspec.spec.reading import SpecError
from ferspec.spec.recipes import layers_of

HEADER = "layer,type,shape,parameters,inputs,settings\n"


def test_a_network_written_as_json_is_compared(tmp_path):
    expected = layer_table("LeNet5", "scratch", 48)
    written = [layer.model_dump(mode="json") for layer in models.table_of(models.outline("LeNet5", 48))]
    path = tmp_path / "theirs.json"
    for document in (written, {"layers": written}):
        path.write_text(json.dumps(document))
        assert models.departure(models.read_table(path), expected) is None
    written[3]["shape"] = [17, 17, 16]
    path.write_text(json.dumps(written))
    found = models.departure(models.read_table(path), expected)
    assert (found.layer, "Conv2D 17x17x16" in found.observed) == (4, True)
    assert str(found).startswith("layer 4: Conv2D 17x17x16")


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("theirs.csv", "", "is not a layer table: the column layer is missing"),
        ("theirs.csv", HEADER, "is not a layer table: it has no layers"),
        ("theirs.csv", "layer,type,shape,inputs\n", "the column parameters is missing"),
        ("theirs.csv", HEADER + "1,InputLayer,48xyx3,0,,\n", "layer 1: shape.1: Input should be a valid integer"),
        ("theirs.csv", HEADER + "1,InputLayer,48x48x3,0,,rate\n", "is not a layer table"),
        ("theirs.csv", HEADER + "1,InputLayer,48x48x3,0,2,\n", "layer 1: layers are numbered from 1 and read earlier"),
        ("theirs.csv", HEADER + "2,InputLayer,48x48x3,0,,\n", "layer 1: layers are numbered from 1"),
        ("theirs.json", "[", "is not a layer table"),
        ("theirs.json", "{}", "is not a layer table"),
        ("theirs.json", "[3]", "layer 1: : Input should be a valid dictionary"),
        ("theirs.json", '[{"number": 1, "type": "Dense", "shape": [7]}]', "layer 1: parameters: Field required"),
    ],
)
def test_a_file_that_is_not_a_layer_table_is_refused_in_one_line(tmp_path, name, content, line):
    (tmp_path / name).write_text(content)
    with pytest.raises(UserError, match=line) as caught:
        models.read_table(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match=r"cannot read .*theirs\.csv: No such file"):
        models.read_table(tmp_path / "theirs.csv")


@pytest.fixture
def tables(tmp_path, monkeypatch):
    """The folder of the layer tables in a copy of the data, which is read instead of the data."""
    monkeypatch.setattr(loader, "DATA", shutil.copytree(loader.DATA, tmp_path / "data"))
    return loader.DATA / "networks"


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("kernel=5", "kernal=5", "lenet5.csv: line 3: 'kernel' is unknown"),
        ("units=84", "units={eighty_four}", "lenet5.csv: line 9: 'eighty_four' is unknown"),
        ("Flatten", "Flattened", "lenet5.csv: line 7: 'Flattened' is unknown"),
        (",Flatten,,", ",Flatten,pooled,", "lenet5.csv: line 7: 'pooled' is unknown"),
        ("label,type", "label,kind", "lenet5.csv: line 2: type: Field required"),
    ],
)
def test_a_table_of_the_specification_that_no_reader_could_use_is_refused(tables, old, new, line):
    path = tables / "lenet5.csv"
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(SpecError, match=line):
        layers_of("LeNet5", 48)


def test_an_unknown_key_of_a_base_is_refused(tables):
    path = tables / "bases.toml"
    path.write_text(path.read_text().replace("statistics = 0", "statistic = 0", 1))
    with pytest.raises(SpecError, match=r"bases\.toml: VGG16: "):
        bases(tables)


@pytest.mark.parametrize(("network", "resolution"), [("LeNet5", 224), ("Xception", 48), ("SENet50", 48)])
def test_a_network_outside_the_protocol_has_no_table(network, resolution):
    with pytest.raises(UserError, match=f"the protocol has no {network} with"):
        layer_table(network, models.weights_of(network)[0], resolution)


def test_a_model_whose_wiring_keras_does_not_know_is_refused():
    import keras

    class Subclassed(keras.Model):
        def call(self, x):
            return x

    with pytest.raises(UserError, match="only functional and sequential models of Keras do"):
        models.table_of(Subclassed())


def test_a_layer_used_twice_is_refused():
    import keras

    inputs = keras.Input((8,))
    twice = keras.layers.Dense(8, name="twice")
    with pytest.raises(UserError, match="uses the layer twice more than once"):
        models.table_of(keras.Model(inputs, twice(twice(inputs))))
