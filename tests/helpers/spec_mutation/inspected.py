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

    from ferspec.subjects.datasets.copies.bank import frames
    from ferspec.subjects.datasets.copies.queries import are_copies
    from ferspec.subjects.datasets.copies.search import find_copies
    from ferspec.subjects.datasets.copies.settings import settings
    from helpers.made.sets import compressed, picture, rotated

    yield frames(settings(), moved=True)[-1].tolist()
    shares = np.linspace(0, 1, 101)
    yield are_copies(np.ones(101), shares, settings()).tolist()

    def blended(number: int, other: int, share: float) -> np.ndarray:
        return np.asarray(np.clip(picture(number) * (1 - share) + picture(other) * share, 0, 255), np.uint8)

    faint = [np.asarray(100 + picture(11) * share, np.uint8) for share in np.linspace(0.01, 0.09, 17)]
    # many that are nearly one picture, and pictures that are moved, blended or faint
    alike = [blended(0, 30 + number, 0.02 + 0.01 * number) for number in range(24)]
    queries = [*(picture(number) for number in range(8)), *alike, *faint]
    moved = [*(rotated(3, degrees) for degrees in range(1, 24, 2)), compressed(4)]
    doubtful = [blended(1, 60, share) for share in np.linspace(0.05, 0.75, 36)]
    covered = [
        np.asarray(np.clip(rotated(4, degrees) * 0.5 + picture(70) * share, 0, 255), np.uint8)
        for degrees in (4, 9, 14, 19)
        for share in np.linspace(0.05, 0.5, 10)
    ]
    mirrored = [np.ascontiguousarray(image[:, ::-1]) for image in (picture(0), *faint)]
    others = [*moved, *doubtful, *covered, *mirrored, blended(0, 31, 0.015)]
    for moves in (True, False):
        yield [tuple(vars(copy).values()) for copy in find_copies(queries, others, moved=moves)]


def _of_one_file(facts: Any) -> Any:
    entry = SimpleNamespace(path="one.png", label="Happy")
    return SimpleNamespace(images=SimpleNamespace(facts=(facts,), entries=(entry,), splits=("",)))
