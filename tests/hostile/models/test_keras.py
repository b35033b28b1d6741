"""Keras files that run code, or read and write outside, are refused before Keras sees them."""

import io
import json
import shutil
import zipfile

import h5py
import numpy as np
import pytest

from ferspec.subjects.models.formats import load_model

hostile = pytest.mark.hostile("hostile Keras files")
SUFFIXES = ("keras", "h5")
BOTH = pytest.mark.parametrize("suffix", SUFFIXES)


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """The same small model as ``.keras`` and ``.h5``."""
    import keras

    folder = tmp_path_factory.mktemp("sources")
    network = keras.Sequential(
        [keras.Input((4, 4, 3)), keras.layers.ReLU(), keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(7)]
    )
    for suffix in SUFFIXES:
        network.save(folder / f"source.{suffix}")
    return {suffix: folder / f"source.{suffix}" for suffix in SUFFIXES}


def members_of(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write(path, members, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def edited(sources, path, edit):
    """Write a copy of the small model, with its configuration edited as text, to ``path``."""
    suffix = path.suffix.removeprefix(".")
    if suffix == "keras":
        members = members_of(sources["keras"])
        return write(path, members | {"config.json": edit(members["config.json"].decode())})
    shutil.copyfile(sources["h5"], path)
    with h5py.File(path, "r+") as file:
        file.attrs["model_config"] = edit(file.attrs["model_config"])
    return path


def with_layer(layer):
    """Return an edit that puts a layer in the place of ReLU."""

    def edit(text):
        config = json.loads(text)
        layers = config["config"]["layers"]
        layers[1] = {"module": "keras.layers", "registered_name": None, **layer}
        return json.dumps(config)

    return edit


def function(name, module="builtins"):
    return {"class_name": "function", "config": name, "module": module, "registered_name": name}


def dense(**config):
    return {"class_name": "Dense", "config": {"units": 3, **config}}


# Each returns a layer, given the path of a file to read and of one to write.
LAYERS = {
    "a function stored by value (CVE-2024-3660)": lambda read, target: {
        "class_name": "Lambda",
        "config": {"function": {"class_name": "__lambda__", "config": {"value": "4wEAAAA=", "defaults": None}}},
    },
    "a function of another module (CVE-2025-1550)": lambda read, target: {
        "class_name": "Lambda",
        "config": {"function": function("system", "os"), "arguments": {"command": f"touch {target}"}},
    },
    "a gadget inside Keras (CVE-2025-8747)": lambda read, target: {
        "class_name": "Lambda",
        "config": {"function": function("get_file", "keras.utils"), "arguments": {"origin": f"file://{read}"}},
    },
    "unsafe loading switched on (CVE-2025-9906)": lambda read, target: {
        "class_name": "function",
        "module": "keras.config",
        "config": "enable_unsafe_deserialization",
    },
    "a vocabulary read from a path (CVE-2025-12058)": lambda read, target: {
        "class_name": "StringLookup",
        "config": {"vocabulary": str(read)},
    },
    "a vocabulary of numbers": lambda read, target: {
        "class_name": "IntegerLookup",
        "config": {"vocabulary": str(read)},
    },
    "a vocabulary of text": lambda read, target: {
        "class_name": "TextVectorization",
        "config": {"vocabulary": str(read)},
    },
    "another model": lambda read, target: {"class_name": "TFSMLayer", "config": {"filepath": str(read.parent)}},
    "a pickled module (CVE-2025-49655)": lambda read, target: {
        "class_name": "TorchModuleWrapper",
        "config": {"module": "gASVBAAAAAAAAAAu"},
    },
    "a JAX layer": lambda read, target: {"class_name": "JaxLayer", "config": {"call_fn": function("f")}},
    "a Flax layer": lambda read, target: {"class_name": "FlaxLayer", "config": {"module": {"class_name": "Module"}}},
    "a Lambda by its module": lambda read, target: {
        "class_name": "Lambda",
        "module": "keras.src.layers.core.lambda_layer",
        "config": {"function": function("relu")},
    },
    "a Lambda without a module": lambda read, target: {"class_name": "Lambda", "module": None, "config": {}},
    "a name with a package": lambda read, target: {"class_name": "keras>Lambda", "config": {}},
    "a registered name that differs": lambda read, target: {**dense(), "registered_name": "keras>Lambda"},
    "a class of another package": lambda read, target: {"class_name": "Popen", "module": "subprocess", "config": {}},
    "a class of Keras that writes": lambda read, target: {
        "class_name": "CSVLogger",
        "module": "keras.callbacks",
        "config": {"filename": str(target)},
    },
    "a function as a class": lambda read, target: {
        "class_name": "get_file",
        "module": "keras.utils",
        "config": {"origin": f"file://{read}"},
    },
    "a model loaded as an activation": lambda read, target: dense(activation=function("load_model", "keras.models")),
    "a function as an initialiser": lambda read, target: dense(kernel_initializer=function("load_img", "keras.utils")),
    "a regulariser of another package": lambda read, target: dense(
        kernel_regularizer={"class_name": "system", "module": "os", "config": {"command": f"touch {target}"}}
    ),
    "a Lambda inside a wrapper": lambda read, target: {
        "class_name": "TimeDistributed",
        "config": {"layer": {"class_name": "Lambda", "module": "keras.layers", "config": {}}},
    },
    "a Lambda in a list in a list": lambda read, target: dense(name=[["x", {"class_name": "Lambda", "config": {}}]]),
    "a Lambda in the configuration to build": lambda read, target: {
        **dense(),
        "build_config": {"input_shape": {"class_name": "Lambda", "config": {}}},
    },
    "a loss in the configuration to compile": lambda read, target: {
        **dense(),
        "compile_config": {"loss": function("load_model", "keras.models")},
    },
    "an argument that is an object": lambda read, target: {
        **dense(),
        "inbound_nodes": [{"args": [{"class_name": "__lambda__", "config": {"value": ""}}], "kwargs": {}}],
    },
    "a type of TensorFlow": lambda read, target: dense(
        dtype={"class_name": "__typespec__", "spec_name": "TensorSpec", "module": "tensorflow", "config": []}
    ),
    "a type of TensorFlow in old files": lambda read, target: dense(
        dtype={"class_name": "TypeSpec", "type_spec": "tf.TensorSpec", "serialized": []}
    ),
    "an operation that calls a function": lambda read, target: {
        "class_name": "Map",
        "module": "keras.src.ops.core",
        "config": {"f": function("load_model", "keras.models")},
    },
    "an array of objects": lambda read, target: dense(
        bias_initializer={"class_name": "__numpy__", "config": {"value": [0], "dtype": "object"}}
    ),
    "a class without a name": lambda read, target: {"class_name": ["Lambda"], "config": {}},
    "a name of many lines": lambda read, target: {"class_name": "Lambda\n\x1b[2J" * 500, "config": {}},
}


@hostile
@BOTH
@pytest.mark.parametrize("layer", LAYERS)
def test_a_configuration_with_more_than_computing_parts_is_refused(canary, sources, tmp_path, suffix, layer):
    path = edited(sources, tmp_path / f"m.{suffix}", with_layer(LAYERS[layer](canary.file, canary.target)))
    line = canary.refusal(path)
    assert "refused" in line
    assert "--trust-code" in line
    assert "damaged" not in line


def deep(text):
    return text.replace('"name"', '"deep": ' + "[" * 100_000 + "]" * 100_000 + ', "name"', 1)


def long_number(text):
    return text.replace('"name"', '"long": ' + "9" * 5000 + ', "name"', 1)


@hostile
@BOTH
@pytest.mark.parametrize("edit", [deep, long_number, lambda text: text[:-20], lambda text: "[]", lambda text: "7"])
def test_a_configuration_that_cannot_be_parsed_is_refused(canary, sources, tmp_path, suffix, edit):
    assert "cannot be loaded as Keras" in canary.refusal(edited(sources, tmp_path / f"m.{suffix}", edit))


def kernel_of(file):
    """Return group and name of a kernel in the weights of either format."""
    found = []
    file.visititems(lambda name, item: found.append(name) if getattr(item, "shape", None) == (3, 7) else None)
    group, _, name = found[0].rpartition("/")
    return file[group], name


def external_link(file, read):
    group, name = kernel_of(file)
    del group[name]
    group[name] = h5py.ExternalLink(str(read), "/kernel")


def soft_link(file, read):
    group, name = kernel_of(file)
    group.move(name, "moved")
    group[name] = h5py.SoftLink(f"{group.name}/moved")


def external_storage(file, read):
    group, name = kernel_of(file)
    del group[name]
    group.create_dataset(name, (3, 7), "f4", external=[(str(read), 0, 84)])


def virtual(file, read):
    group, name = kernel_of(file)
    del group[name]
    layout = h5py.VirtualLayout((3, 7), "f4")
    layout[:] = h5py.VirtualSource(str(read), "kernel", (3, 7))
    group.create_virtual_dataset(name, layout)


def huge(file, read):
    group, name = kernel_of(file)
    del group[name]
    group.create_dataset(name, (2**20, 2**20), "f4", chunks=(1024, 1024))


def many_large(file, read):
    for index in range(100):
        file.create_dataset(f"zeros{index}", (2**20,), "f4", chunks=(2**16,), compression="gzip")


WEIGHTS = {
    "another place": (external_link, "is a link to another place"),
    "another object": (soft_link, "is a link to another place"),
    "external storage (CVE-2026-1669)": (external_storage, "keeps its data in other files"),
    "a virtual dataset": (virtual, "keeps its data in other files"),
    "a huge shape (CVE-2026-0897)": (huge, "far more than its own size"),
    "many shapes without data": (many_large, "far more than its own size"),
}


@hostile
@BOTH
@pytest.mark.parametrize("trust_code", [False, True])
@pytest.mark.parametrize("weights", WEIGHTS)
def test_weights_outside_the_file_are_refused_even_when_trusted(canary, sources, tmp_path, suffix, weights, trust_code):
    change, words = WEIGHTS[weights]
    path, plain = tmp_path / f"m.{suffix}", tmp_path / "plain.h5"
    members = members_of(sources["keras"])
    plain.write_bytes(sources["h5"].read_bytes() if suffix == "h5" else members["model.weights.h5"])
    with h5py.File(plain, "r+") as file:
        change(file, canary.file)
    if suffix == "h5":
        plain.rename(path)
    else:
        write(path, members | {"model.weights.h5": plain.read_bytes()})
    assert words in canary.refusal(path, trust_code=trust_code)


def with_a_filter_from_a_library(path):
    """Declare a filter of HDF5's registry that is not built in (32001, Blosc), without using it."""
    with h5py.File(path, "r+") as file:
        group, name = kernel_of(file)
        del group[name]
        plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plist.set_chunk((3, 7))
        plist.set_filter(32001, h5py.h5z.FLAG_OPTIONAL, (1,))
        h5py.h5d.create(group.id, name.encode(), h5py.h5t.IEEE_F32LE, h5py.h5s.create_simple((3, 7)), plist)


@hostile
def test_weights_that_load_a_library_are_refused(canary, sources, tmp_path):
    path = shutil.copyfile(sources["h5"], tmp_path / "m.h5")
    with_a_filter_from_a_library(path)
    assert "a filter that is not part of HDF5" in canary.refusal(path)


def npz(members):
    arrays = {f"a{index}": np.zeros(1) for index in range(2)}
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return {name: content for name, content in members.items() if name != "model.weights.h5"} | {
        "model.weights.npz": buffer.getvalue()
    }


MEMBERS = {
    "weights of NumPy": npz,
    "a vocabulary": lambda members: members | {"assets/string_lookup/vocabulary.txt": b"x"},
    "a second set of weights": lambda members: members | {"model.weights.json": b'{"weight_map": {"a": "/a"}}'},
    "a pickle": lambda members: members | {"data.pkl": b"\x80\x02."},
}


@hostile
@pytest.mark.parametrize("change", MEMBERS)
def test_other_members_of_an_archive_are_refused(canary, sources, tmp_path, change):
    path = write(tmp_path / "m.keras", MEMBERS[change](members_of(sources["keras"])))
    assert "beside configuration and weights: refused" in canary.refusal(path)


@hostile
def test_a_doubled_configuration_is_refused(canary, sources, tmp_path):
    path = shutil.copyfile(sources["keras"], tmp_path / "m.keras")
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("config.json", "{}")
    assert "has duplicate members" in canary.refusal(path)


@hostile
def test_a_configuration_of_many_megabytes_is_refused(canary, sources, tmp_path):
    members = members_of(sources["keras"])
    config = members["config.json"] + b" " * (65 * 2**20)
    path = write(tmp_path / "m.keras", members | {"config.json": config})
    assert "a configuration of more than" in canary.refusal(path)


@BOTH
def test_a_loss_of_the_authors_own_does_no_harm(sources, tmp_path, suffix):
    import keras

    class Mine(keras.losses.Loss):
        def call(self, y_true, y_pred):
            return keras.ops.mean(y_pred)

    network = keras.models.load_model(sources["keras"])
    network.compile("adam", Mine())
    network.save(tmp_path / f"m.{suffix}")
    assert load_model(tmp_path / f"m.{suffix}").predict(np.ones((2, 4, 4, 3), np.float32)).shape == (2, 7)
