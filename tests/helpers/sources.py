"""One small network with fixed weights, saved in each format that conversion begins with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ferspec.subjects.models.contracts.contract import Contract, Input, Output
from ferspec.synthetic.tables import CLASSES

SIZE = (48, 48)
FIRST = Contract(input=Input(size=SIZE), output=Output(classes=CLASSES))
LOGITS = Contract(input=Input(size=SIZE), output=Output(classes=CLASSES, kind="logits"))
RESNET = LOGITS.model_copy(update={"architecture": "ferspec:ResNet18"})


def keras_network() -> Any:
    """Return an untrained Keras network whose biases make each class as likely as the others."""
    import keras

    keras.utils.set_random_seed(0)
    layers = keras.layers
    wide = keras.initializers.RandomNormal(stddev=0.3, seed=1)
    network = keras.Sequential(
        [
            keras.Input((*SIZE, 3)),
            layers.Conv2D(8, 3, padding="same"),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.MaxPooling2D(4),
            layers.Flatten(),
            layers.Dense(len(CLASSES), activation="softmax", kernel_initializer=wide),
        ]
    )
    features = keras.Model(network.inputs, network.layers[-2].output).predict_on_batch(noise(200, 3))
    kernel, _ = network.layers[-1].get_weights()
    network.layers[-1].set_weights([kernel, -(features @ kernel).mean(axis=0)])
    return network


def torch_network() -> Any:
    """Return a network of PyTorch with the same layers."""
    import torch
    from torch import nn

    torch.manual_seed(0)
    dense = nn.Linear(8 * 12 * 12, len(CLASSES))
    nn.init.normal_(dense.weight, std=0.3)
    layers = [nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(4), nn.Flatten(), dense]
    return nn.Sequential(*layers, nn.Softmax(-1)).eval()


def save_keras(folder: Path) -> dict[str, tuple[Path, Contract]]:
    """Write the Keras network in each of TensorFlow's formats; return paths and contracts by format."""
    network = keras_network()
    network.save(folder / "network.keras")
    network.save(folder / "network.h5")
    (folder / "pair").mkdir()
    (folder / "pair" / "network.json").write_text(network.to_json())
    network.save_weights(folder / "pair" / "network.weights.h5")
    network.export(folder / "saved", verbose=False)
    names = {"keras": "network.keras", "keras-h5": "network.h5", "keras-json": "pair/network.json"}
    return {kind: (folder / name, FIRST) for kind, name in (names | {"savedmodel": "saved"}).items()}


def save_torch(folder: Path) -> dict[str, tuple[Path, Contract]]:
    """Write networks of PyTorch in each of its formats; return paths and contracts by format."""
    import torch
    from safetensors.torch import save_file

    from ferspec.subjects.models.pytorch.resnet18 import ResNet18

    network = torch_network()
    torch.jit.script(network).save(folder / "network.pt")
    program = torch.export.export(network, (torch.zeros(2, 3, *SIZE),), dynamic_shapes=({0: torch.export.Dim("n")},))
    torch.export.save(program, folder / "network.pt2")
    torch.manual_seed(0)
    resnet = ResNet18(len(CLASSES), 3).eval()
    _centre(resnet, resnet.linear)
    save_file(resnet.state_dict(), folder / "network.safetensors")
    return {
        "torchscript": (folder / "network.pt", FIRST),
        "torch-export": (folder / "network.pt2", FIRST),
        "pytorch-weights": (folder / "network.safetensors", RESNET),
    }


def _centre(network: Any, last: Any) -> None:
    """Set the biases of the last layer so that each class is as likely as the others, and its scores as spread."""
    import torch

    with torch.no_grad():
        images = torch.from_numpy(noise(200, 3).transpose(0, 3, 1, 2).copy())
        last.weight /= network(images).std(axis=0, keepdim=True).T
        last.bias -= network(images).mean(axis=0)


def save_huggingface(folder: Path) -> dict[str, tuple[Path, Contract]]:
    """Write a small ResNet of transformers."""
    import torch
    from transformers import ResNetConfig, ResNetForImageClassification

    torch.manual_seed(0)
    labels = dict(enumerate(CLASSES))
    config = ResNetConfig(
        embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], layer_type="basic", id2label=labels, num_channels=3
    )
    network = ResNetForImageClassification(config).eval()
    _centre(lambda images: network(images).logits, network.classifier[-1])
    network.save_pretrained(folder / "huggingface")
    return {"huggingface": (folder / "huggingface", LOGITS)}


def noise(count: int, seed: int) -> np.ndarray:
    """Return smooth random images (n, 48, 48, 3) float32 in [0, 1]."""
    import cv2

    coarse = np.random.default_rng(seed).random((count, 6, 6, 3), np.float32)
    return np.stack([cv2.resize(image, SIZE, interpolation=cv2.INTER_CUBIC).clip(0, 1) for image in coarse])
