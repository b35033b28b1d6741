"""Sizes of the networks from the paper and from the authors' notebooks.

They are typed here as an independent witness: nothing is read from the data of the specification.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ferspec.spec.records import Profile

Stated = Mapping[str, Sequence[int | float | str | None]]

ARCHITECTURES: dict[Profile, int] = {"released": 25, "paper": 23}
TOTALS = {
    "VGG16": 14_879_815,
    "VGG19": 20_189_511,
    "ResNet50": 24_146_055,
    "ResNet50 vggface": 24_119_495,
    "SENet50": 26_650_487,
    "MobileNet": 3_525_063,
    "MobileNetV2": 2_619_719,
    "EfficientNetV2B0": 6_281_047,
    "NASNetMobile": 4_574_107,
    "DenseNet121": 7_333_703,
    "Xception": 21_419_823,
    "InceptionV3": 22_361_127,
    "GoogLeNet 48": 5_909_319,
    "GoogLeNet 224": 5_916_999,
    "ResNet18 48": 11_710_919,
    "ResNet18 224": 11_718_599,
    "RepVGG": 26_454_023,
    "AlexNet": 21_612_295,
    "ZFNet": 21_589_127,
    "VGGNet 48": 33_625_927,
    "VGGNet 224": 134_289_223,
    "LeNet5": 169_271,
    "Sequential3Conv": 1_365_703,
    "Sequential4Conv": 2_840_775,
    "SequentialSimple 48": 2_489_671,
    "SequentialSimple 224": 88_997_191,
    "Ensemble": 2_001_045,
    "Modular 48": 5_337_735,
    "Modular 224": 103_379_591,
    "SMMB": 5_512_455,
    "MediaPipeVGGNet": 7_054_279,
}
# The text's head has 256 units instead of 128: 257 · 128 and 7 · 128 parameters more.
LARGER_HEAD = 33_792
# None: the publication of RepVGG counts parameters in another way.
PAPER_TOTALS = {
    "RepVGG": None,
    # 3·9·32+32, 32·9·64+64, 64·9·128+128, 128·9·64+64, 64·9·64+64; then 64 or 64·12² values into 512, and 7 classes.
    "SequentialSimple 48": 896 + 18_496 + 73_856 + 73_792 + 36_928 + 65 * 512 + 513 * 7,
    "SequentialSimple 224": 896 + 18_496 + 73_856 + 73_792 + 36_928 + (64 * 144 + 1) * 512 + 513 * 7,
    # The released SMMB, whose emotion branch ends in 128 maps of 24² places instead of 12².
    "SMMB": 5_512_455 + 128 * (24**2 - 12**2) * 7,
    # Members of 32, 64 and 128 filters, twice, and of 64, 128 and 256; 4 parameters a normalised channel.
    "Ensemble": 2 * (896 + 18_496 + 73_856 + 4 * (32 + 64 + 128) + 129 * 512 + 513 * 7)
    + (1_792 + 73_856 + 295_168 + 4 * (64 + 128 + 256) + 257 * 512 + 513 * 7),
}
# The setting of each layer of a kind, in order, None where no source states it; in any order where all are stated.
SIZES: dict[str, Stated] = {
    "FER-N-03": {"Dense units": [1024, 7], "Dropout rate": [0.2, None]},
    "FER-N-05": {
        "Conv2D kernel": [11, 5, 3, 3, 3],
        "Conv2D strides": [4, None, None, None, None],
        "MaxPooling2D pool": [3, 3, 3],
        "MaxPooling2D strides": [2, 2, 2],
    },
    "FER-N-06": {
        "Conv2D kernel": [7, 5, None, None, None],
        "Conv2D strides": [2, 2, None, None, None],
        "Conv2D padding": ["valid", "same", None, None, None],
    },
    "FER-N-07": {
        "Conv2D units": [32, 64, 128, 128, 512],
        "Dense units": [1024, 7],
        "Dropout rate": [0.25, None, None, None],
    },
    "FER-N-08": {
        "Conv2D units": [32, 64, 128, 128, 256, 256, 512],
        "Dense units": [1024, 7],
        "Dropout rate": [0.25, None, None, 0.2, 0.5],
        "Flatten units": [512],
        "GlobalAveragePooling2D units": [],
    },
    "FER-N-09": {
        "Conv2D units": [32, 64, 128, 256],
        "Dense units": [512, 7],
        "Dropout rate": [0.1, None, None, 0.2],
    },
    "FER-N-10": {
        "Conv2D units": [32, 32, 64, 64, 128, 128] * 2 + [64, 64, 128, 128, 256, 256],
        "MaxPooling2D pool": [2] * 9,
        "Dense units": [512, 512, 512, 7, 7, 7],
        "Dropout rate": [0.25] * 9 + [0.5] * 3,
    },
    "FER-N-11": {"Conv2D kernel": [3, 5] * 3, "Dropout rate": [0.5] * 4},
    "FER-N-12": {
        "Conv2D units": [32, 64, 64, 128, 256, 128],
        "Conv2D padding": ["same"] * 6,
        "MaxPooling2D units": [128, 64, 256],
        "MultiHeadAttention heads": [4],
        "MultiHeadAttention key": [32],
        "Dropout rate": [0.5],
    },
}
PAPER_SIZES: dict[str, Stated] = {
    "FER-N-08": {"Flatten units": [], "GlobalAveragePooling2D units": [512]},
    "FER-N-09": {"Conv2D units": [32, 64, 128, 64, 64], "Dropout rate": [0.1, 0.2]},
    "FER-N-10": {
        "Conv2D units": [32, 64, 128] * 2 + [64, 128, 256],
        "MaxPooling2D pool": [2] * 6,
        "Dropout rate": [0.25] * 9,
    },
    "FER-N-12": {"MaxPooling2D units": [128, 64]},
}
# What pools between a base and its head.
POOLINGS: dict[Profile, tuple[str, ...]] = {
    "released": ("GlobalAveragePooling2D",),
    "paper": ("GlobalAveragePooling2D", "Flatten"),
}
# The dense layers of the head on a base, before its outputs.
HEAD_UNITS: dict[Profile, list[int]] = {"released": [256, 128], "paper": [256, 256]}
HEAD_DROPOUT = 0.2
STARTING_WEIGHTS = ("imagenet", "scratch", "vggface")


def total_of(network: str, weights: str, resolution: int, profile: Profile, on_base: bool) -> int | None:
    """Return all parameters of a network, None where none are stated; ``on_base`` says whether it has the head."""
    keys = f"{network} {resolution}", f"{network} {weights}", network
    printed = next(TOTALS[key] for key in keys if key in TOTALS)
    if profile == "released":
        return printed
    return next((PAPER_TOTALS[key] for key in keys if key in PAPER_TOTALS), printed + LARGER_HEAD * on_base)


def sizes_of(clause: str, profile: Profile) -> Stated:
    """Return what is stated of the layers of a clause's network: the kind of layer and a setting, to its values."""
    return {**SIZES[clause], **(PAPER_SIZES.get(clause, {}) if profile == "paper" else {})}
