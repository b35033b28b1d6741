"""The preprocessing of a network's input: colour order and value range, as plain data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Preprocessing:
    """The steps from 8-bit RGB pixels to input: colour, range, mean and std per channel.

    The fields are those of a contract's ``[input]``; images are resized as FER-P-08 says, by nearest neighbour.
    """

    colour: str = "rgb"
    channels: int = 3
    range: tuple[float, float] = (0.0, 1.0)
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    resize: str = "nearest"
    antialias: bool = False


# the preprocessing of nearly all runs, for every base (FER-P-07), and of networks without a base
RESCALED = Preprocessing()
# The network of MediaPipe + VGGNet reads grey faces and rescales them itself.
GRAY = Preprocessing(colour="gray", channels=1, range=(0.0, 255.0))
