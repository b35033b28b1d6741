"""Measure hashes of images, which others take to find copies: recall of each change, and false pairs."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

import numpy as np
from PIL import Image

from ferspec.subjects.datasets.copies import Copy
from helpers.copies.judged import judged
from helpers.copies.made import Planted

# bits of 64: what imagededup's hashes take as copies by default, and half of it
DISTANCES = (5, 10)
# fill that is hashed: enough for a rate
HASHED_FILL = 20_000

# from an image (h, w, 3) to its bits (64,)
Hash = Callable[[np.ndarray], np.ndarray]


def imagehash_functions() -> dict[str, Hash]:
    """Return the hashes of imagehash."""
    import imagehash

    def of(function: Callable[[Image.Image], Any]) -> Hash:
        return lambda image: np.asarray(function(Image.fromarray(image)).hash).ravel()

    return {name: of(getattr(imagehash, name)) for name in ("phash", "dhash", "whash", "average_hash")}


def imagededup_functions() -> dict[str, Hash]:
    """Return the hashes of imagededup.

    Its networks need torchvision, which it imports with the hashes: empty modules stand in for them.
    """
    for module, name in (("imagededup.methods.cnn", "CNN"), ("imagededup.utils.models", "CustomModel")):
        if module not in sys.modules:
            stands_in = ModuleType(module)
            setattr(stands_in, name, None)
            sys.modules[module] = stands_in
    from imagededup import methods

    def of(hasher: Any) -> Hash:
        return lambda image: np.unpackbits(np.frombuffer(bytes.fromhex(hasher.encode_image(image_array=image)), "u1"))

    return {name: of(getattr(methods, name)(verbose=False)) for name in ("PHash", "DHash", "WHash", "AHash")}


def hashed(planted: Planted, functions: Mapping[str, Hash]) -> list[dict[str, Any]]:
    """Return the recall and the false pairs of hashes at some distances.

    All copies are hashed, and the first ``HASHED_FILL`` other images.
    """
    fill = [place for place in range(len(planted)) if planted.shows(place)[1] < 0][:HASHED_FILL]
    places = [*map(int, planted.places), *fill]
    images = [planted[place] for place in places]
    rows = []
    for name, function in functions.items():
        began = time.process_time()
        bits = [np.stack([function(image) for image in each]) for each in (planted.queries, images)]
        seconds = time.process_time() - began
        signs = [2 * each.astype(np.float32) - 1 for each in bits]
        distance = (signs[0].shape[1] - signs[1] @ signs[0].T) / 2
        for most in DISTANCES:
            near = [(int(row), int(first)) for row, first in zip(*np.nonzero(distance <= most), strict=True)]
            found = judged(planted, tuple(Copy(first, places[row], "changed copy", 1.0, 1.0) for row, first in near))
            of_fill = sum(found.false.values())
            rows.append(
                {
                    "hash": name,
                    "distance": most,
                    "recall": found.recall,
                    "false_per_100000": of_fill / len(places) * 100_000,
                    "seconds": seconds,
                }
            )
    return rows
