"""Build ResNet18 for small images in PyTorch, as published FER2013 models have it."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

WIDTHS = (64, 64, 128, 256, 512)


def ResNet18(columns: int, channels: int) -> Any:
    """Return ResNet18 with a first convolution of 3 × 3 and no first pooling.

    Its arrays are named as in the networks for CIFAR: ``conv1``, ``bn1``, ``layer1.0.conv1``, ``layer2.0.shortcut.0``,
    ``linear``. Input is (n, channels, height, width), for any size.
    """
    import torch
    from torch import nn

    def convolution(source: int, target: int, kernel: int, stride: int) -> Any:
        return nn.Conv2d(source, target, kernel, stride, kernel // 2, bias=False)

    class Block(nn.Module):
        def __init__(self, source: int, target: int, stride: int) -> None:
            super().__init__()
            self.conv1, self.bn1 = convolution(source, target, 3, stride), nn.BatchNorm2d(target)
            self.conv2, self.bn2 = convolution(target, target, 3, 1), nn.BatchNorm2d(target)
            changed = stride != 1 or source != target
            layers = (convolution(source, target, 1, stride), nn.BatchNorm2d(target)) if changed else ()
            self.shortcut = nn.Sequential(*layers)

        def forward(self, batch: Any) -> Any:
            inner = torch.relu(self.bn1(self.conv1(batch)))
            return torch.relu(self.bn2(self.conv2(inner)) + self.shortcut(batch))

    class Network(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv1, self.bn1 = convolution(channels, WIDTHS[0], 3, 1), nn.BatchNorm2d(WIDTHS[0])
            for place, (source, target) in enumerate(pairwise(WIDTHS), 1):
                stride = 1 if place == 1 else 2
                setattr(self, f"layer{place}", nn.Sequential(Block(source, target, stride), Block(target, target, 1)))
            self.linear = nn.Linear(WIDTHS[-1], columns)

        def forward(self, batch: Any) -> Any:
            values = torch.relu(self.bn1(self.conv1(batch)))
            for place in range(1, len(WIDTHS)):
                values = getattr(self, f"layer{place}")(values)
            return self.linear(values.mean((2, 3)))

    return Network()
