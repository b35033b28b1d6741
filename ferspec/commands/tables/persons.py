"""Prints where the photograph of a person was found, and what its withdrawal removed."""

from __future__ import annotations

import shlex
from collections.abc import Iterable

from rich.console import Console
from rich.text import Text

from ferspec.api.dataset.find import FoundPhotograph
from ferspec.api.dataset.withdraw import WithdrawnPicture
from ferspec.report.terminal import default_console
from ferspec.report.words import percent, shorten

LONGEST, SHOWN = 200, 50


def print_found(found: FoundPhotograph, console: Console | None = None) -> None:
    """Print each image that shows a photograph, and how to withdraw it."""
    console = console or default_console()
    word = "FOUND" if found.matches else "NOT FOUND"
    among = f"in {len(found.matches):,} of" if found.matches else "among"
    where = f"  {among} {found.images:,} images of {shorten(found.folder, LONGEST)}"
    console.print(Text.assemble((word, "bold"), where), soft_wrap=True)
    lines = [
        f"{match.kind}: {shorten(match.path, LONGEST)}" + _agreement(match.kind, match.similarity, match.overlap)
        for match in found.matches
    ]
    _print(console, lines)
    if found.unreadable:
        _print(console, [f"{found.unreadable:,} images cannot be read and were not compared"])
    if found.withdrawn:
        _print(console, ["the photograph was withdrawn from this set before"])
    for digest in dict.fromkeys(match.digest for match in found.matches[:SHOWN]):
        command = f"ferspec dataset withdraw {digest} --from {shlex.quote(shorten(found.folder, LONGEST))}"
        console.print(f"withdraw: {command}", markup=False, soft_wrap=True)


def print_withdrawal(taken: WithdrawnPicture, console: Console | None = None) -> None:
    """Print what was removed, what takes its place, and which certificates used the picture."""
    console = console or default_console()
    lines = f", lines of tables: {taken.lines:,}" if taken.lines else ""
    removed = f"  from {shorten(taken.folder, LONGEST)}; files: {len(taken.files):,}{lines}"
    console.print(Text.assemble(("WITHDRAWN", "bold"), removed), soft_wrap=True)
    _print(console, [shorten(name, LONGEST) for name in taken.files])
    _print(console, [f"replacement: {taken.replacement}"])
    _print(console, [f"{name} was rewritten by hand: correct its counts" for name in taken.outdated])
    if taken.certificates is None:
        _print(console, ["certificates: not searched (--certificates DIR)"])
        return
    console.print(f"certificates that used it: {len(taken.certificates):,}")
    _print(
        console,
        [f"{shorten(use.path, LONGEST)}: {shorten(use.model, LONGEST)}, {use.created}" for use in taken.certificates],
    )


def _agreement(kind: str, similarity: float, overlap: float) -> str:
    if kind != "changed copy":
        return ""
    return f" (agrees to {percent(similarity, 0)} over {percent(overlap, 0)} of the image)"


def _print(console: Console, lines: Iterable[str]) -> None:
    lines = list(lines)
    for line in lines[:SHOWN]:
        console.print(f"  {line}", markup=False, soft_wrap=True)
    if len(lines) > SHOWN:
        console.print(f"  and {len(lines) - SHOWN:,} more")
