"""Write a Keras network as TorchScript: ``python torch_exports.py NETWORK.keras FOLDER``."""

import os
import sys
from pathlib import Path

os.environ["KERAS_BACKEND"] = "torch"

import keras
import torch


class ChannelsFirst(torch.nn.Module):
    """A network of Keras that takes images (n, channels, height, width)."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, images):
        return self.network(images.permute(0, 2, 3, 1))


def main(path, folder):
    network = keras.models.load_model(path, compile=False)
    module = ChannelsFirst(network).eval()
    _, height, width, channels = network.inputs[0].shape
    images = torch.zeros(2, channels, height, width)
    with torch.no_grad():
        torch.jit.trace(module, images, check_trace=False).save(str(folder / "fer.pt"))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
