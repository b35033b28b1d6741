"""What an inspection finds in made sets by the specification.

Nothing is imported here before a part is computed, so that no module keeps a value of another specification.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any


def inspection() -> Iterator[Any]:
    """Return which files, names, modes and groups are reported."""
    from PIL.ExifTags import TAGS

    from ferspec.checks.dataset.balance import groups_are_spread_alike
    from ferspec.subjects.datasets.inspection.facts import FileFacts
    from ferspec.subjects.datasets.inspection.findings import read_in_several_ways

    plain: dict[str, Any] = {"format": "PNG", "mode": "RGB", "frames": 1, "orientation": None, "exif": (), "texts": ()}
    plain |= {"gps": False, "xmp": False, "iptc": False}
    for tag in sorted(TAGS):
        yield FileFacts(**plain | {"exif": (tag,)}).identifying()
    keys = ("Software", "Creation Time", "date:create", "date:modify", "date:timestamp", "software", "gamma", "srgb")
    programs = (
        "CREATOR: gd-jpeg v1.0",
        "Created with GIMP",
        "Created with The GIMP",
        "Lavc58",
        "Lavf58",
        "File written by Adobe Photoshop 4.0",
        "Optimized by JPEGmini 3",
        "LEAD Technologies Inc.",
        "Intel(R) JPEG Library",
        "AppleMark",
        "Software: a tool",
        "Compressed by jpeg-recompress",
    )
    for texts in (*((key, "text") for key in keys), *(("comment", text) for text in programs)):
        yield FileFacts(**plain | {"texts": (texts,)}).identifying()
    for changes in (
        *({"mode": mode} for mode in ("1", "L", "P", "RGB", "RGBA", "CMYK", "I;16")),
        *({"frames": frames} for frames in range(4)),
        *({"orientation": orientation} for orientation in (None, *range(9))),
    ):
        yield [one.what for one in read_in_several_ways(_of_one_file(FileFacts(**plain | changes)))]
    for share in range(50, 100, 2):
        labels = ["Angry", "Happy"] * 1000
        groups = [
            "old" if place // 2 % 100 < (share if place % 2 else 100 - share) else "young" for place in range(2000)
        ]
        entries = [SimpleNamespace(label=label) for label in labels]
        images = SimpleNamespace(entries=entries, groups={"age": groups})
        yield groups_are_spread_alike(SimpleNamespace(images=images)).status


def copies() -> Iterator[Any]:
    """Return the copies that are found among made pictures, under small and large changes."""
    import numpy as np

    from ferspec.subjects.datasets.copies.search import find_copies
    from helpers.made.sets import compressed, picture, rotated

    shown = [picture(number) for number in range(20)]
    changed = [compressed(0), *(rotated(number, 3.0 * number) for number in range(1, 8))]
    flat = [np.asarray(100 + picture(number) * share / 1000, np.uint8) for number, share in ((8, 9), (9, 30), (10, 60))]
    noisy = [
        np.asarray(np.clip(picture(11) * (1 - share) + picture(60) * share, 0, 255), np.uint8)
        for share in np.linspace(0.1, 0.6, 11)
    ]
    parts = [np.ascontiguousarray(picture(12)[:, :width]) for width in range(16, 60, 6)]
    yield [tuple(vars(copy).values()) for copy in find_copies(shown, [*changed, *flat, *noisy, *parts])]


def _of_one_file(facts: Any) -> Any:
    entry = SimpleNamespace(path="one.png", label="Happy")
    return SimpleNamespace(images=SimpleNamespace(facts=(facts,), entries=(entry,), splits=("",)))
