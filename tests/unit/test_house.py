"""The rules of the code base: short files, folders for prefixes, downward imports, bounded waits."""

import ast
import re
import sys
from collections import Counter
from functools import cache
from itertools import chain

from helpers.places import ROOT

LONGEST = 400
FOLDERS = ("benchmarks", "ferspec", "protocol_tests", "tests")
FILES = [ROOT / "conftest.py", *sorted(chain.from_iterable((ROOT / name).rglob("*.py") for name in FOLDERS))]
# what waits for a process, and without a limit may wait for ever
WAITS = {"run", "check_call", "check_output", "communicate", "wait"}


def shown(path):
    return path.relative_to(ROOT).as_posix()


def parsed(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def is_package(path):
    return path.is_dir() and any(path.rglob("*.py"))


@cache
def rooms():
    """Return the rooms, from the bottom up: each the modules of a row of the README's table."""
    section = (ROOT / "README.md").read_text(encoding="utf-8").partition("The house,")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (.*?) \|", section, re.MULTILINE)
    named = [re.findall(r"`ferspec/(\w+)(?:\.py|/)`", row) for row in reversed(rows)]
    return [names for names in named if names]


def level_of(module):
    """Return how high the room of a module is; the package itself, which imports its public names late, has none."""
    room = module.split(".")[1] if "." in module else None
    return next((level for level, names in enumerate(rooms()) if room in names), None)


def imports_of(path):
    """Yield the modules of ferspec that a file imports, wherever in it."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.ImportFrom) and node.module == "ferspec":
            yield from (f"ferspec.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("ferspec."):
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith("ferspec."))


def test_a_file_has_at_most_400_lines():
    lengths = {shown(path): len(path.read_text(encoding="utf-8").splitlines()) for path in FILES}
    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}


def test_no_two_modules_of_a_folder_share_a_prefix():
    shared = {}
    for folder in sorted({path.parent for path in FILES} - {ROOT}):
        names = [path.stem for path in folder.iterdir() if path.suffix == ".py" or is_package(path)]
        counts = Counter(name.removeprefix("test_").split("_")[0] for name in names if name != "__init__")
        if prefixes := sorted(prefix for prefix, count in counts.items() if count > 1):
            shared[shown(folder)] = prefixes
    assert shared == {}


def test_no_neighbour_of_a_program_hides_the_standard_library():
    # a program's folder comes first on its path, so its neighbour `collections.py` would be what Python imports
    files = [path for path in FILES if path.is_relative_to(ROOT / "tests")]
    folders = {path.parent for path in files if '\nif __name__ == "__main__":' in path.read_text(encoding="utf-8")}
    assert ROOT / "tests" / "helpers" in folders
    assert [shown(path) for path in files if path.parent in folders and path.stem in sys.stdlib_module_names] == []


def test_every_module_has_a_room():
    top = {path.stem for path in (ROOT / "ferspec").iterdir() if path.suffix == ".py" or is_package(path)}
    assert top - {"__init__"} == set(chain.from_iterable(rooms()))


def test_no_import_points_upward():
    upward = [
        f"{shown(path)} imports {module}"
        for path in FILES
        if path.is_relative_to(ROOT / "ferspec")
        and (room := level_of(".".join(path.relative_to(ROOT).with_suffix("").parts))) is not None
        for module in imports_of(path)
        if (level := level_of(module)) is not None and level > room
    ]
    assert upward == []


def waits_for_ever(call):
    """Return whether a call may wait for a process without an end."""
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute) or call.func.attr not in WAITS:
        return False
    if call.func.attr == "run" and ast.unparse(call.func) != "subprocess.run":
        return False
    return not any(word.arg == "timeout" for word in call.keywords) and not (call.func.attr == "wait" and call.args)


def test_every_wait_for_a_process_has_a_limit():
    outside = [path for path in FILES if not path.is_relative_to(ROOT / "ferspec")]
    endless = [
        f"{shown(path)}:{node.lineno}" for path in outside for node in ast.walk(parsed(path)) if waits_for_ever(node)
    ]
    assert endless == []


def test_the_specification_needs_nothing_of_the_tests():
    helpers = re.compile(r"^\s*(?:from|import) (?:helpers|mutants|mutant_table)\b", re.MULTILINE)
    needy = [shown(path) for path in (ROOT / "protocol_tests").rglob("*.py") if helpers.search(path.read_text())]
    assert needy == []
