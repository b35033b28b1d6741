"""The slow tests by file: how many pass, and how long they take.

Run as a program it runs all tests marked ``slow`` and prints a page; the exit status is pytest's. With ``--write`` it
replaces docs/slow.md. Words after that go to pytest.
"""

from __future__ import annotations

import ast
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from datetime import date
from pathlib import Path
from xml.etree import ElementTree

from ferspec.files import write_whole

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "slow.md"
SECONDS = 4 * 3600
OUTCOMES = ("passed", "failed", "skipped")


def outcome(case: ElementTree.Element) -> str:
    """Return how a test of a JUnit file ended."""
    ends = {child.tag for child in case}
    if ends & {"failure", "error"}:
        return "failed"
    return "skipped" if "skipped" in ends else "passed"


def source(case: ElementTree.Element) -> str:
    """Return the file of a test of a JUnit file, from the root of the project."""
    words = case.get("classname", "").split(".")
    return next(
        f"{'/'.join(words[:end])}.py"
        for end in range(len(words), 0, -1)
        if (ROOT / f"{'/'.join(words[:end])}.py").is_file()
    )


def rows(report: ElementTree.Element) -> list[str]:
    """Return a row for each file: what it tests, tests by outcome, seconds."""
    cases = defaultdict(list)
    for case in report.iter("testcase"):
        cases[source(case)].append(case)
    return [_row(file, tests) for file, tests in sorted(cases.items())]


def _row(file: str, tests: list[ElementTree.Element]) -> str:
    said = (ast.get_docstring(ast.parse((ROOT / file).read_text(encoding="utf-8"))) or "").partition("\n")[0]
    counts = Counter(map(outcome, tests))
    seconds = sum(float(test.get("time", 0)) for test in tests)
    return f"| `{file}` | {said} | {' | '.join(str(counts[name]) for name in OUTCOMES)} | {seconds:.0f} |"


def page(report: ElementTree.Element, day: date) -> str:
    """Return the page in Markdown."""
    found = "\n".join(rows(report))
    return f"""\
# Slow tests

Simulations, trainings that are killed, and every change of the specification take too long for the tests of each
change of the code. This is their last run, of {day}. The tests of two files run at a time.

| file | what it tests | {" | ".join(OUTCOMES)} | seconds |
| --- | --- | {"--- | " * len(OUTCOMES)}--- |
{found}

`python tests/slow_table.py --write` runs them and makes this page.
"""


def main() -> int:
    """Run the slow tests and print or write the page; return pytest's exit status."""
    writes, words = "--write" in sys.argv, [word for word in sys.argv[1:] if word != "--write"]
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "slow.xml"
        run = [sys.executable, "-m", "pytest", "-n", "2", "--dist", "loadfile", "-m", "slow", f"--junitxml={report}"]
        status = subprocess.run([*run, *words], cwd=ROOT, timeout=SECONDS).returncode
        if not report.exists():
            return status
        made = page(ElementTree.parse(report).getroot(), date.today())
    if writes:
        write_whole(PAGE, made.encode())
    else:
        print(made)
    return status


if __name__ == "__main__":
    sys.exit(main())
