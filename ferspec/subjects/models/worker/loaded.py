"""Describe a model that a worker has loaded."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from ferspec.records import Record
from ferspec.subjects.models.base import Signature, plain_labels
from ferspec.subjects.models.content import Content
from ferspec.subjects.sandbox.messages import plain_text

MOST_FILES = 4096
MOST_BATCH = 1024


class Loaded(Record):
    """Hold a worker's description of its model. ``files`` lie beside the model and belong to it."""

    format: str = Field(max_length=32)
    signature: Signature
    files: tuple[Path, ...] = Field(default=(), max_length=MOST_FILES)
    devices: tuple[str, ...] = Field(default=(), max_length=64)
    content: Content | None = None


def usable(loaded: Loaded) -> Loaded:
    """Return the description with printable text only. Raise ``ValueError`` for an unusable size."""
    signature = loaded.signature
    sizes = {"height": signature.height, "width": signature.width, "channels": signature.channels}
    for name, size in (sizes | {"output width": signature.output_width}).items():
        if size is not None and size < 1:
            raise ValueError(f"declares a {name} of {size}")
    if signature.batch is not None and not 1 <= signature.batch <= MOST_BATCH:
        raise ValueError(f"declares batches of {signature.batch:,} images: at most {MOST_BATCH:,} can be judged")
    if any("\0" in str(file) for file in loaded.files):
        raise ValueError("names a file with a null character")
    known: dict[str, object] = {
        "dtype": plain_text(signature.dtype),
        "preprocessing": tuple(map(plain_text, signature.preprocessing)),
        "labels": None if signature.labels is None else plain_labels(signature.labels),
        "guessed": {plain_text(key): plain_text(origin) for key, origin in signature.guessed.items()},
    }
    if signature.output is not None:
        known["output"] = plain_text(signature.output)
    if signature.outputs is not None:
        known["outputs"] = tuple(sink.model_copy(update={"name": plain_text(sink.name)}) for sink in signature.outputs)
    return loaded.model_copy(
        update={
            "format": plain_text(loaded.format),
            "signature": signature.model_copy(update=known),
            "devices": tuple(map(plain_text, loaded.devices)),
            "content": loaded.content and loaded.content.plain(),
        }
    )
