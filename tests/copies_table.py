"""Recall, false pairs and time of the search for changed copies, as a page of the documentation.

Run as a program with the number of images to search it measures all and prints the page; with ``--write`` it replaces
docs/copies.md. It needs the sample faces in FERSPEC_REFERENCE, and imagehash. With ``--imagededup`` it measures the
hashes of imagededup alone, on the same images, in some minutes, and adds them to the page: install it in a folder of
its own (``pip install --no-deps --target``), since its networks need other packages.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from ferspec.files import write_whole
from helpers.copies.hashed import HASHED_FILL, hashed, imagededup_functions, imagehash_functions
from helpers.copies.made import CHANGES, COPIES, Planted, photographs
from helpers.copies.measured import measured

PAGE = Path(__file__).parents[1] / "docs" / "copies.md"
DEDUP = "## The hashes of imagededup"
SAMPLED = 500


def page(found: dict[str, Any]) -> str:
    """Return the page in Markdown."""
    moved, in_place, hashes = found["moved"], found["in_place"], found["hashes"]
    names = [f"{row['hash']} ≤ {row['distance']}" for row in hashes]
    scanned = moved["scanned"]
    pairs = found["photographs"] * (moved["total"] - scanned["rendered face"])
    rows = [
        f"| {name} | {moved['recall'][name]:.3f} | {in_place['recall'][name]:.3f} | "
        + " | ".join(f"{row['recall'][name]:.3f}" for row in hashes)
        for name in CHANGES
    ]
    false = ", ".join(f"{n} {row['false_per_100000']:,.0f}" for n, row in zip(names, hashes, strict=True))
    return f"""\
# How many copies are found

`ferspec dataset inspect` searches for copies by FER-I-02. This is one run of that search: {found["queries"]:,} pictures
({found["photographs"]} photographs of the sample of BTFER, the others rendered) against {moved["total"]:,} images of
48 × 48. Of these, {COPIES:,} are copies of the photographs by each of {len(CHANGES)} changes; {scanned["photograph"]:,}
are copies of {found["fill"][0]} *other* photographs and {scanned["rendered face"]:,} of {found["fill"][1]} other
rendered faces, under the whole augmentation and half of them JPEG. Hashes are those of `imagehash`, up to a distance in
bits, on the same images.

Recall:

| change | search | search in place | {" | ".join(names)} |
|---|---|---|{"---|" * len(names)}
{chr(10).join(f"{row} |" for row in rows)}

Of {pairs:,} pairs of a photograph and a copy of another, {moved["false"]["photographs"]} were taken for copies;
{moved["of_one_sitting"]} of these are two shots of one person in one sitting, by eye. Rendered faces resemble one
another more than photographs: {moved["false_pictures"]["rendered faces"]:,} of the images were taken for another
rendered face. Hashes, false pairs in 100,000 images: {false}.

Seconds of CPU, without making the images: {moved["cpu_seconds"]:.0f} for the search, {in_place["cpu_seconds"]:.1f} in
place (both read and hash the images). Largest memory: {moved["peak_mib"]:,.0f} MiB.

`python tests/copies_table.py {moved["total"]} --write` makes this page.
"""


def dedup_section(planted: Planted) -> str:
    """Return the section on the hashes of imagededup."""
    functions = imagededup_functions()
    rows = hashed(planted, functions)
    names = [f"{row['hash']} ≤ {row['distance']}" for row in rows]
    shares = [f"{name} {share:.0%}" for name, share in equal_hashes(planted).items()]
    table = [f"| {name} | " + " | ".join(f"{row['recall'][name]:.3f}" for row in rows) + " |" for name in CHANGES]
    false = ", ".join(f"{n} {row['false_per_100000']:,.0f}" for n, row in zip(names, rows, strict=True))
    return f"""\
{DEDUP}

imagededup computes its hashes in another way: of {SAMPLED} photographs, it gives the hash of `imagehash` for
{", ".join(shares)}. Recall of its own hashes, on the copies and {HASHED_FILL:,} other images of a
set of {len(planted):,} that is made as above; 10 is its default distance:

| change | {" | ".join(names)} |
|---|{"---|" * len(names)}
{chr(10).join(table)}

False pairs in 100,000 images: {false}.

`python tests/copies_table.py {len(planted)} --imagededup --write` adds this section.
"""


def equal_hashes(planted: Planted) -> dict[str, float]:
    """Return the share of photographs for which both libraries give one hash, by the name of imagededup's."""
    photos = planted.photographs[:SAMPLED]
    pairs = zip(imagededup_functions().items(), imagehash_functions().values(), strict=True)
    return {
        name: sum((mine(photo) == theirs(photo)).all() for photo in photos) / len(photos)
        for (name, mine), theirs in pairs
    }


if __name__ == "__main__":
    planted = Planted(photographs(Path(os.environ["FERSPEC_REFERENCE"])), int(sys.argv[1]))
    is_dedup = "--imagededup" in sys.argv[2:]
    text = dedup_section(planted) if is_dedup else page(measured(planted))
    if "--write" in sys.argv[2:]:
        before, _, section = PAGE.read_text(encoding="utf-8").partition(f"\n{DEDUP}")
        kept = f"\n{DEDUP}{section}" if section else ""
        write_whole(PAGE, f"{before}\n{text}" if is_dedup else f"{text}{kept}")
    print(text)
