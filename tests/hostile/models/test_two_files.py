"""A Keras model in two files is inspected like one in a single file."""

import json
import shutil

import h5py
import pytest

from ferspec.errors import UserError
from ferspec.subjects.models import open_model
from ferspec.subjects.models.keras.pair import load
from helpers.places import ROOT

FOLDER = ROOT / "fixtures" / "keras2"
hostile = pytest.mark.hostile("hostile Keras files")

LAYERS = {
    "a Lambda layer": {"class_name": "Lambda", "config": {"function": ["4wEAAAA=", None, None]}},
    "a Lambda layer of another version": {"class_name": "Lambda", "module": "tf_keras.layers", "config": {}},
    "an operation that reads a file": {"class_name": "TFOpLambda", "config": {"function": "io.read_file"}},
    "an operation without a name": {"class_name": "TFOpLambda", "config": {"function": ["math.add"]}},
    "an operation with another class's name": {"class_name": "Lambda", "config": {"function": "math.add"}},
    "a name that another package registered": {"class_name": "Dense", "config": {}, "registered_name": "mine>Dense"},
    "a class of another package": {"class_name": "Dense", "module": "subprocess", "config": {}},
    "a vocabulary read from a path": {"class_name": "StringLookup", "config": {"vocabulary": "/etc/passwd"}},
    "an activation of another package": {
        "class_name": "Dense",
        "config": {"activation": {"class_name": "function", "module": "os", "config": "system"}},
    },
}


@pytest.fixture
def halves(tmp_path):
    return [shutil.copy(FOLDER / name, tmp_path / name) for name in ("model-2.15.json", "weights-2.15.h5")]


@hostile
@pytest.mark.parametrize("layer", LAYERS)
def test_a_network_with_more_than_computing_parts_is_refused(halves, layer):
    network, weights = halves
    config = json.loads(network.read_text())
    config["config"]["layers"].append({"name": "last", "inbound_nodes": []} | LAYERS[layer])
    network.write_text(json.dumps(config))
    with pytest.raises(UserError, match=r"refused|which Keras 3 cannot read"):
        load(network, other=weights)


@hostile
def test_weights_that_name_another_file_are_refused(halves):
    network, weights = halves
    with h5py.File(weights, "r+") as file:
        file["other"] = h5py.ExternalLink("/etc/passwd", "/")
    with pytest.raises(UserError, match="is a link to another place: refused"):
        load(network, other=weights, trust_code=True)


@hostile
def test_a_half_that_is_not_a_regular_file_is_not_read(halves, tmp_path):
    network, weights = halves
    weights.rename(tmp_path / "elsewhere.bin")
    weights.mkdir()
    with pytest.raises(UserError, match="put its weights"):
        open_model(network)
