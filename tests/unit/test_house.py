"""The rules of the house: short files, folders instead of prefixes, imports that point downward, waits that end."""

import ast
import re
from collections import Counter
from itertools import chain

import pytest

from helpers.places import ROOT

LONGEST = 400
FOLDERS = ("benchmarks", "ferspec", "protocol_tests", "tests")
FILES = [ROOT / "conftest.py", *sorted(chain.from_iterable((ROOT / name).rglob("*.py") for name in FOLDERS))]
SUITE = [path for path in FILES if not path.is_relative_to(ROOT / "ferspec")]
# what waits for a process, and without a limit may wait for ever
WAITS = {"run", "check_call", "check_output", "communicate", "wait"}


def shown(path):
    return path.relative_to(ROOT).as_posix()


def rooms():
    """Return the rooms, from the bottom up: each the modules of a row of the README's table."""
    section = (ROOT / "README.md").read_text(encoding="utf-8").partition("The house,")[2].partition("\n## ")[0]
    rows = [
        re.findall(r"`ferspec/([^`/]+?)(?:\.py|/)`", row.split("|")[1]) for row in re.findall(r"^\|.*$", section, re.M)
    ]
    return [row for row in reversed(rows) if row]


def level_of(module):
    """Return how high a module's room is; the package itself, whose public names are imported late, is in none."""
    room = module.split(".")[1] if "." in module else None
    return next((level for level, names in enumerate(rooms()) if room in names), None)


def imported(tree):
    """Yield the modules of ferspec that a file imports, wherever in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "ferspec":
            yield from (f"ferspec.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("ferspec."):
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith("ferspec."))


def parsed(path):
    return ast.parse(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", FILES, ids=shown)
def test_a_file_has_at_most_400_lines(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST


@pytest.mark.parametrize("folder", sorted({path.parent for path in FILES[1:]}), ids=shown)
def test_no_two_modules_of_a_folder_share_a_prefix(folder):
    names = [
        path.stem for path in folder.iterdir() if path.suffix == ".py" or (path.is_dir() and any(path.rglob("*.py")))
    ]
    counts = Counter(name.removeprefix("test_").split("_")[0] for name in names if name != "__init__")
    assert [prefix for prefix, count in counts.items() if count > 1] == []


def test_every_module_has_a_room():
    top = {
        path.stem for path in (ROOT / "ferspec").iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert top - {"__init__"} == set(chain.from_iterable(rooms()))


@pytest.mark.parametrize("path", [path for path in FILES if path.is_relative_to(ROOT / "ferspec")], ids=shown)
def test_no_import_points_upward(path):
    here = level_of(".".join(path.relative_to(ROOT).with_suffix("").parts))
    levels = {module: level_of(module) for module in imported(parsed(path))}
    assert {module for module, level in levels.items() if None not in (here, level) and level > here} == set()


@pytest.mark.parametrize("path", SUITE, ids=shown)
def test_what_waits_for_a_process_waits_no_longer_than_it_says(path):
    endless = [
        f"line {node.lineno}: {ast.unparse(node.func)}"
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in WAITS
        and (node.func.attr != "run" or ast.unparse(node.func) == "subprocess.run")
        and not any(word.arg == "timeout" for word in node.keywords)
        and not (node.func.attr == "wait" and node.args)
    ]
    assert endless == []


@pytest.mark.parametrize("path", sorted((ROOT / "protocol_tests").rglob("*.py")), ids=shown)
def test_the_specification_needs_nothing_of_the_tests(path):
    names = {alias.name for node in ast.walk(parsed(path)) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in ast.walk(parsed(path)) if isinstance(node, ast.ImportFrom)}
    assert {name for name in names if name.split(".")[0] in ("helpers", "mutants", "mutant_table")} == set()
