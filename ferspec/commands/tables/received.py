"""Prints where datasets are published, and what a download holds."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from ferspec import spec
from ferspec.report.terminal import STYLES, default_console
from ferspec.report.words import plain, shorten
from ferspec.subjects.datasets.decided import described
from ferspec.subjects.datasets.receiving.kaggle import client
from ferspec.subjects.datasets.receiving.receive import Received
from ferspec.subjects.datasets.sources import Source

LONGEST = 300
INDENT = 4


def print_sources(sources: Sequence[Source], as_json: bool = False) -> None:
    """Print each dataset: publisher, where, terms, content, what is needed, and the command that takes it."""
    if as_json:
        documents = [source.model_dump() | {"images": _images(source), "next": _next(source)} for source in sources]
        print(json.dumps({"datasets": documents, "kaggle_client": client()}, indent=2))
        return
    console = default_console()
    for source in sources:
        console.print(Text.assemble((source.name, "bold"), f"  {_images(source):,} images; {source.publisher}"))
        for heading in ("where", "reference", "terms", "contains", "needs"):
            _print(console, f"{heading}: {getattr(source, heading)}")
        for command in _next(source):
            _print(console, command)
    if any(source.in_folders for source in sources):
        found = client()
        _print(console, f"Kaggle client: {'not installed (pip install kaggle)' if found is None else found}", 0)


def print_received(found: Received, console: Console | None = None) -> None:
    """Print what a download holds, which pictures are known, and what to do next."""
    console = console or default_console()
    style = STYLES["pass" if found.accepted else "fail"]
    word = "ACCEPTED" if found.accepted else "NOT AS IN TABLE 1"
    console.print(Text.assemble((word, style), f"  {found.dataset} in {shorten(found.place, LONGEST)}"), soft_wrap=True)
    _print(console, described("images", found.dataset, found.form, found.counts), 0)
    for problem in found.problems:
        _print(console, problem)
    for note in found.notes:
        _print(console, f"note: {shorten(note, LONGEST)}")
    if (one := found.recognition) is not None:
        _print(
            console,
            f"recognised: {one.pictures:,} known pictures of BTFER (FER-D-13); {one.unknown:,} images are unknown",
            0,
        )
        _print(console, f"next: ferspec certify MODEL --dataset {shorten(found.place, LONGEST)}", 0)


def _images(source: Source) -> int:
    return spec.load().datasets[source.name].total


def _next(source: Source) -> list[str]:
    command = f"ferspec dataset get {source.name.lower().replace('-', '')}"
    ways = [f"{command} --archive FILE"]
    return [*ways, f"{command} --kaggle OWNER/NAME"] if source.in_folders else ways


def _print(console: Console, text: str, indent: int = INDENT) -> None:
    margin = " " * indent
    for line in textwrap.wrap(plain(text), console.width, initial_indent=margin, subsequent_indent=margin):
        console.print(Text(line))
