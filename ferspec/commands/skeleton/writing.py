"""Writes the skeleton: the catalogue as commented-out functions, instructions, and example deviations."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path

from ferspec.errors import UserError
from ferspec.files import write_whole
from ferspec.report.catalogue import clauses_by_capability
from ferspec.subjects.implementations.capabilities import CATALOGUE, Capability

MODULE = "implementation.py"
TEXTS = ("README.md", "deviations.toml")
HEADING = '''"""An implementation of the protocol, as "ferspec conform {name}" judges it.

Remove the # before a function and write its body in place of its last line. What stays commented out is not offered,
and is not evaluated.
"""

from __future__ import annotations

from typing import Any

Image = list[list[list[float]]]
'''


def write_skeleton(folder: Path) -> tuple[Path, ...]:
    """Write the files of a skeleton and return their paths; ``UserError`` if one of them exists."""
    own = Path(__file__).parent
    texts = {MODULE: module()} | {name: (own / name).read_text(encoding="utf-8") for name in TEXTS}
    for name in texts:
        if (folder / name).exists():
            raise UserError(f"{folder / name} already exists: choose another folder, or move it")
    for name, text in texts.items():
        write_whole(folder / name, text)
    return tuple(folder / name for name in texts)


def module() -> str:
    """Return the module to fill in."""
    clauses = clauses_by_capability()
    stubs = [_commented_out(_stub(entry, clauses[name])) for name, entry in CATALOGUE.items()]
    return "\n\n".join([HEADING.format(name=Path(MODULE).stem), *stubs])


def print_written(paths: tuple[Path, ...], as_json: bool = False) -> None:
    """Print which files were written, and what comes next."""
    if as_json:
        print(json.dumps({"written": list(map(str, paths))}, indent=2))
        return
    for path in paths:
        print(f"wrote {path}")
    print(f"next: fill in {paths[0].name}, then in that folder: ferspec conform {paths[0].stem}")


def _commented_out(text: str) -> str:
    return "".join(f"# {line}".rstrip() + "\n" for line in text.splitlines())


def _stub(entry: Capability, clauses: list[str]) -> str:
    body = f"{entry.sentence}\n\n{', '.join(clauses)}" if clauses else entry.sentence
    wrapped = [
        textwrap.fill(text, 110, initial_indent="    ", subsequent_indent="    ", break_on_hyphens=False)
        for text in body.split("\n\n")
    ]
    text = "\n\n".join(wrapped).strip()
    return f'def {entry.signature}:\n    """{text}\n    """\n    raise NotImplementedError\n'
