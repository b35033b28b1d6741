"""The settings of a training: one record for commands, requests, the training loop and artifacts."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ferspec.options import Option
from ferspec.records import Count, Record
from ferspec.spec.records import DEFAULT_PROFILE, Profile

# Keras seeds a batch with the seed plus the batches seen; NumPy takes a sum of up to 2**32 - 1
LARGEST_SEED = 2**31 - 1

AtLeastOne = Annotated[Count, Field(ge=1)]
Augment = Literal["threads", "device", "reference"]
Precision = Literal["float32", "mixed_float16", "mixed_bfloat16"]
TrainedBy = Annotated[Profile, Option("Train as the published runs did, or as the paper says.", ("--profile",))]
Seed = Annotated[
    int, Option("Decides initial weights, split, order and augmentation.", ("--seed",)), Field(ge=0, le=LARGEST_SEED)
]


class TrainingSettings(Record):
    """What a training is asked to do; every value here changes its result."""

    profile: TrainedBy = DEFAULT_PROFILE
    seed: Seed = 0
    epochs_cap: Annotated[AtLeastOne | None, Option("End a phase after N epochs; a deviation.", metavar="N")] = None
    subset: Annotated[AtLeastOne | None, Option("Train on N images, stratified; a deviation.", metavar="N")] = None
    skip_unreadable: Annotated[Count, Option("Skip up to N images that cannot be read.", metavar="N")] = 0
    augment: Annotated[
        Augment, Option("Where images are augmented: CPU threads, the device, or Keras' own generator.")
    ] = "threads"
    precision: Annotated[Precision, Option("The precision that layers compute in.")] = "float32"
    jit: Annotated[bool, Option("Compile the training step with XLA.")] = False
