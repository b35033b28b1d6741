"""Hostile inputs by kind: how many the tests try, and how many are stopped.

Run as a program it runs all tests marked ``hostile``, slow ones included, and prints a table; the exit status is 1 if
one is not stopped. With ``--write`` it also puts the table into docs/security.md.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from ferspec.files import write_whole

HERE = Path(__file__).parent
SECONDS = 4 * 3600
PAGE = HERE.parent / "docs" / "security.md"
LINE = re.compile(r"^(?P<kind>.+): (?P<tried>\d+) tried, (?P<stopped>\d+) stopped$", re.MULTILINE)
TABLE = re.compile(r"^\| kind \| tried \| stopped \|\n(?:\|.*\|\n)+", re.MULTILINE)


def counted(results: Iterable[tuple[str, bool]]) -> list[str]:
    """Return a line for each kind, in order, from kinds and whether each was stopped."""
    kinds: dict[str, list[bool]] = {}
    for kind, stopped in results:
        kinds.setdefault(kind, []).append(stopped)
    return [f"{kind}: {len(stopped)} tried, {sum(stopped)} stopped" for kind, stopped in sorted(kinds.items())]


def table(printed: str) -> str:
    """Return the table of a summary that pytest printed, as Markdown."""
    rows = [match.group("kind", "tried", "stopped") for match in LINE.finditer(printed)]
    return "".join(f"| {' | '.join(row)} |\n" for row in (("kind", "tried", "stopped"), ("---",) * 3, *rows))


def main() -> int:
    words = [sys.executable, "-m", "pytest", str(HERE), "-m", "hostile", "-q", "-p", "no:cacheprovider"]
    run = subprocess.run(words, stdout=subprocess.PIPE, text=True, cwd=HERE.parent, timeout=SECONDS)
    found = table(run.stdout)
    print(run.stdout if run.returncode else found)
    if sys.argv[1:] == ["--write"] and run.returncode == 0:
        write_whole(PAGE, TABLE.sub(lambda _: found, PAGE.read_text("utf-8")))
    return run.returncode


if __name__ == "__main__":
    sys.exit(main())
