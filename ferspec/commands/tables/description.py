"""Prints a description: the images of each class and split, and both weights, with bars."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from ferspec.reference.balance import Weighted
from ferspec.report.tables import print_table
from ferspec.report.terminal import default_console
from ferspec.report.words import shorten
from ferspec.subjects.datasets.description import Description

WIDTH, LONGEST, LONGEST_SPLIT = 12, 200, 20
EIGHTHS = ("", "▏", "▎", "▍", "▌", "▋", "▊", "▉")
PICTURES = ("before", "after simple", "after conservative")
# only the page shows the splits of a dataset with more than these
MOST_SPLITS = 4


def print_description(found: Description, folder: Path | None = None, console: Console | None = None) -> None:
    """Print a row for each class, the notes, and the folder of written files."""
    console = console or default_console()
    known = f"; the counts of {found.known}" if found.known else ""
    _print(console, f"{shorten(found.name, LONGEST)}: {found.total:,} images, {found.form}{known}")
    _print(console, f"weights of: {shorten(found.weighted, LONGEST)} ({found.reason})")
    parts = found.parts if 1 < len(found.parts) <= MOST_SPLITS else ()
    names = [shorten(part.name, LONGEST_SPLIT) for part in parts]
    before, after_simple, after_conservative = PICTURES
    columns = ("class", *names, "to train on", before, "simple", after_simple, "conservative", after_conservative)
    most = max(one.images for one in found.classes)
    rows = [
        (
            one.name,
            *(f"{part.images[one.name]:,}" for part in parts),
            f"{one.images:,}",
            bar(one.images, most),
            *_weighted(one.simple, most),
            *_weighted(one.conservative, most),
        )
        for one in found.classes
    ]
    right = [column for column in columns if column not in ("class", *PICTURES)]
    dropped = (after_simple, after_conservative, before, *names)
    print_table(console, columns, rows, whole=columns, right=right, dropped=dropped, pictures=PICTURES)
    for note in found.notes:
        _print(console, f"note: {shorten(note, LONGEST)}")
    if folder is not None:
        written = f"written: {folder / 'description.html'}, .svg, .csv and .json"
        console.print(written, markup=False, soft_wrap=True)


def bar(value: float, most: float) -> str:
    """Return a bar of at most ``WIDTH`` characters, in eighths of one."""
    whole, eighths = divmod(round(8 * WIDTH * value / most) if most else 0, 8)
    return "█" * whole + EIGHTHS[eighths]


def _weighted(weighted: Weighted | None, most: float) -> tuple[str, str]:
    return ("-", "") if weighted is None else (f"{weighted.weight:.2f}", bar(weighted.images, most))


def _print(console: Console, text: str) -> None:
    console.print(text, markup=False)
