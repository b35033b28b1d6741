"""Files of initial weights in the published layout, with random arrays."""

import h5py
import numpy as np

from ferspec.reference.models import legacy_h5, weights

SEED = 20240617


def write_legacy(path, model, rename=lambda name: name, keep=lambda name: True, inside=None, scale=1.0):
    """Write a file in the layout of the published ones, with random arrays up to ``scale``; return them by layer."""
    rng = np.random.default_rng(SEED)
    layers = [layer for layer in legacy_h5.leaves(model) if keep(layer.name)]
    arrays = {}
    with h5py.File(path, "w") as file:
        root = file.create_group(inside) if inside else file
        root.attrs["layer_names"] = [rename(layer.name).encode() for layer in layers]
        root.attrs["backend"] = b"tensorflow"
        for layer in layers:
            name = rename(layer.name)
            group = root.create_group(name)
            group.attrs["weight_names"] = [f"{name}/{weight.name}:0".encode() for weight in layer.weights]
            arrays[layer.name] = [rng.random(weight.shape, np.float32) * np.float32(scale) for weight in layer.weights]
            for weight, array in zip(layer.weights, arrays[layer.name], strict=True):
                group.create_dataset(f"{name}/{weight.name}:0", data=array)
    return arrays


def name_of(network, kind="imagenet"):
    """Return the name of the published file."""
    return weights.published(network, kind).name
