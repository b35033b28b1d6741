"""Load TensorFlow SavedModel folders."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ferspec.errors import UserError
from ferspec.subjects.models.base import (
    Model,
    Signature,
    Sink,
    cast,
    folder_digest,
    image_axes,
    loading,
    require_image_input,
)
from ferspec.subjects.models.quiet import quiet, tensorflow, without_optional_packages
from ferspec.subjects.models.savedmodel.screening import refuse_effects, refuse_outside_links

SERVING = "serving_default"


def load(path: Path, trust_code: bool = False) -> Model:
    """Load the serving signature of a SavedModel.

    Safe to load: every operation of the graph and its functions is classified before loading. Allowed are stateless
    operations without file access and, of the stateful ones, variables, hash tables, control flow and random numbers.
    All others (``operations.effect_of``) are refused unless ``trust_code`` is set. Every export has ``SaveV2``,
    ``RestoreV2`` and ``MergeV2Checkpoints`` for its variables, and they write and read the paths they are given; they
    are refused wherever loading or a signature can run them, except for the restoring of the folder's own checkpoint
    (``checkpoints``). Links out of the folder are always refused.

    Not covered: running time and memory; defects of TensorFlow that a crafted file exploits.
    """
    name = path.name or str(path)
    with without_optional_packages():
        tf = tensorflow()
    refuse_outside_links(path, name)
    if not trust_code:
        refuse_effects(path, name)
    with loading(name, "a SavedModel"), quiet():
        loaded = tf.saved_model.load(str(path))
    signature = _serving(name, loaded.signatures)
    specs = signature.structured_input_signature[1]
    outputs = signature.structured_outputs
    rank = next(iter(specs.values())).shape.rank if specs else None
    require_image_input(name, len(specs), 4 if rank is None else rank)
    argument, spec = next(iter(specs.items()))
    shape = [None] * 4 if rank is None else spec.shape.as_list()
    if not (spec.dtype.is_floating or spec.dtype.is_integer):
        raise UserError(f"{name} has an input of type {spec.dtype.name}, which cannot represent images")
    runner = Runner(loaded, signature, argument, tuple(outputs), spec.dtype.as_numpy_dtype)
    return Model(
        name=name,
        format="savedmodel",
        digest=folder_digest(path),
        signature=Signature(
            **image_axes(shape, None),
            dtype=spec.dtype.name,
            batch=shape[0],
            outputs=tuple(
                Sink(name=key, shape=None if sink.shape.rank is None else tuple(sink.shape.as_list()))
                for key, sink in outputs.items()
            ),
        ),
        run=runner,
        network=runner,
    )


@dataclass(frozen=True)
class Runner:
    """Call a signature, and keep a reference to the loaded model, which owns its variables."""

    loaded: Any
    signature: Any
    argument: str
    keys: tuple[str, ...]
    dtype: type

    def __call__(self, batch: np.ndarray) -> tuple[np.ndarray, ...]:
        tensor = tensorflow().constant(cast(batch, self.dtype))
        answers = self.signature(**{self.argument: tensor})
        return tuple(answers[key].numpy() for key in self.keys)


def _serving(name: str, signatures: Any) -> Any:
    """Return the serving signature, else the only one that takes images."""
    if SERVING in signatures:
        return signatures[SERVING]
    fitting = list(signatures.values()) if len(signatures) == 1 else list(filter(_takes_images, signatures.values()))
    if len(fitting) == 1:
        return fitting[0]
    known = ", ".join(sorted(signatures)) or "none"
    raise UserError(
        f"{name} has no signature {SERVING!r}, and {len(fitting)} of its others take images ({known}): export it with "
        f"model.export(), or save it with signatures={{'{SERVING}': ...}}"
    )


def _takes_images(signature: Any) -> bool:
    inputs = list(signature.structured_input_signature[1].values())
    return len(inputs) == 1 and inputs[0].shape.rank in (4, None)
