"""Recall, false pairs and time of the search for changed copies, as a page of the documentation.

Run as a program with the number of images to search it measures all and prints the page; with ``--write`` it replaces
docs/copies.md. It needs the sample faces in FERSPEC_REFERENCE, and imagehash.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from ferspec.files import write_whole
from helpers.copies.made import CHANGES, COPIES, Planted, photographs
from helpers.copies.measured import measured

PAGE = Path(__file__).parents[1] / "docs" / "copies.md"


def page(found: dict[str, Any]) -> str:
    """Return the page in Markdown."""
    moved, in_place, hashes = found["moved"], found["in_place"], found["hashes"]
    names = [f"{row['hash']} ≤ {row['distance']}" for row in hashes]
    scanned = moved["scanned"]
    rows = [
        f"| {name} | {moved['recall'][name]:.3f} | {in_place['recall'][name]:.3f} | "
        + " | ".join(f"{row['recall'][name]:.3f}" for row in hashes)
        for name in CHANGES
    ]
    return f"""\
# How many copies are found

`ferspec dataset inspect` searches for copies by FER-I-02. This is one run of that search: {found["queries"]:,} pictures
({found["photographs"]} photographs of the sample of BTFER, the others rendered) against {moved["total"]:,} images of
48 × 48. Of these, {COPIES:,} are copies of the photographs by each of {len(CHANGES)} changes; {scanned["photograph"]:,}
are copies of {found["fill"][0]} *other* photographs and {scanned["rendered face"]:,} of {found["fill"][1]} other
rendered faces, under the whole augmentation and half of them JPEG. Hashes are those of `imagehash`, up to a distance in
bits, on the same images; imagededup takes 10 by default.

Recall:

| change | search | search in place | {" | ".join(names)} |
|---|---|---|{"---|" * len(names)}
{chr(10).join(f"{row} |" for row in rows)}

False pairs of photographs: {moved["false"]["photographs"]}. Rendered faces resemble one another more than photographs:
{moved["false_pictures"]["rendered faces"]:,} of the images were taken for another rendered face. Hashes, false pairs
in 100,000 images: {", ".join(f"{n} {row['false_per_100000']:,.0f}" for n, row in zip(names, hashes, strict=True))}.

Seconds of CPU, without making the images: {moved["cpu_seconds"]:.0f} for the search, {in_place["cpu_seconds"]:.1f} in
place (both read and hash the images). Largest memory: {moved["peak_mib"]:,.0f} MiB.

`python tests/copies_table.py {moved["total"]} --write` makes this page.
"""


if __name__ == "__main__":
    text = page(measured(Planted(photographs(Path(os.environ["FERSPEC_REFERENCE"])), int(sys.argv[1]))))
    if sys.argv[2:] == ["--write"]:
        write_whole(PAGE, text)
    print(text)
