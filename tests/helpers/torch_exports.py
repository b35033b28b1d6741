"""Write networks in formats of PyTorch: ``python torch_exports.py FOLDER``.

The folder has ``fer.keras``, and ``faces.npz`` to fit a ResNet18 to.
"""

import os
import sys
from pathlib import Path

os.environ["KERAS_BACKEND"] = "torch"

import keras
import numpy as np
import torch
from safetensors.torch import save_file

from ferspec.subjects.models.pytorch.resnet18 import ResNet18


class ChannelsFirst(torch.nn.Module):
    """A network of Keras that takes images (n, channels, height, width)."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, images):
        return self.network(images.permute(0, 2, 3, 1))


def fitted(images, labels):
    """Return a ResNet18 whose last layer is fitted to images (n, channels, height, width) by least squares."""
    torch.manual_seed(0)
    network = ResNet18(7, images.shape[1]).eval()
    head, network.linear = network.linear, torch.nn.Identity()
    with torch.no_grad():
        features = torch.cat([network(batch) for batch in images.split(64)])
        wanted = torch.nn.functional.one_hot(labels).to(features)
        solution = torch.linalg.lstsq(torch.cat([features, torch.ones(len(features), 1)], 1), wanted).solution
        head.weight.copy_(solution[:-1].T)
        head.bias.copy_(solution[-1])
    network.linear = head
    return network


def write(module, images, path):
    """Write a module as TorchScript (.pt) and as an exported program (.pt2), for any number of images."""
    with torch.no_grad():
        torch.jit.trace(module, images, check_trace=False).save(str(path.with_suffix(".pt")))
        program = torch.export.export(module, (images,), dynamic_shapes=({0: torch.export.Dim.DYNAMIC},))
    torch.export.save(program, path.with_suffix(".pt2"))


def main(folder):
    network = keras.models.load_model(folder / "fer.keras", compile=False)
    _, height, width, channels = network.inputs[0].shape
    write(ChannelsFirst(network).eval(), torch.zeros(2, channels, height, width), folder / "fer")
    with np.load(folder / "faces.npz") as faces:
        images, labels = torch.from_numpy(faces["images"].copy()), torch.from_numpy(faces["labels"]).long()
    resnet = fitted(images, labels)
    write(resnet, images[:2], folder / "resnet")
    torch.save(resnet.state_dict(), folder / "resnet.pth")
    save_file(resnet.state_dict(), folder / "resnet.safetensors")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
