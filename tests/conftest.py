"""What several tests share: the command line, a realistic report; and the count of mutants at the end.

pytest also loads this file when it is started in the checkout to judge a model: it needs what ferspec needs, and no
more, and imports little.
"""

from __future__ import annotations

import os
import random
import shlex
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ferspec.plugin import named_implementation

if TYPE_CHECKING:
    from ferspec.reference.measured import Evaluation
    from ferspec.subjects.certificates.document import Report

HERE = Path(__file__).parent
# new releases of others bring these at any time: shown, and no failure
DEPRECATIONS = ("default::DeprecationWarning", "default::PendingDeprecationWarning", "default::FutureWarning")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """With an implementation named, it alone is judged."""
    return True if named_implementation(config) is not None else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Give slow tests longer, and fail tests of the suite that warn of anything but what pyproject.toml names.

    Models and implementations of others are judged, and cells are trained, whatever they warn of.
    """
    strict = pytest.mark.filterwarnings("error", *DEPRECATIONS, *config.getini("filterwarnings"))
    for item in items:
        if item.get_closest_marker("slow"):
            item.add_marker(pytest.mark.timeout(1800))
        if hostile := item.get_closest_marker("hostile"):
            item.user_properties.append(("hostile", hostile.args[0]))
        if item.path.is_relative_to(HERE):
            # in front, so that a test can name a warning that it is about
            item.add_marker(strict, append=False)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Compile ferspec once: each of the many processes that tests start would do it again.

    Most of them may not write what they compile: those of models and images never, the others if the user's environment
    says so.
    """
    sys.dont_write_bytecode = False
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    if not hasattr(session.config, "workerinput"):
        from compileall import compile_dir

        import ferspec

        compile_dir(Path(ferspec.__file__).parent, quiet=2)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Let every test begin with the same random state; Keras draws the seeds of its layers from it."""
    import numpy as np

    random.seed(0)
    np.random.seed(0)


@pytest.fixture(scope="session")
def make_report() -> Callable[..., Report]:
    """A function that returns a realistic report; keywords replace its fields, and its digest follows."""
    from helpers.example_report import example

    return example


@pytest.fixture(scope="session")
def make_evaluation() -> Callable[..., Evaluation]:
    """A function that evaluates given labels and predictions (integers), with probabilities and groups if any."""
    import numpy as np

    from ferspec.reference.evaluation import evaluate

    return lambda labels, predicted, *rest: evaluate(np.array(labels), np.array(predicted), *rest)


@pytest.fixture
def ferspec(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, request: pytest.FixtureRequest
) -> Callable[..., tuple[int, str, str]]:
    """A function that runs the command line and returns exit status, standard output and standard error.

    What a command printed on standard error is shown if the test fails.
    """
    from ferspec import cli
    from ferspec.commands.live import progress

    # a slow machine prints no more than a fast one
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", float("inf"))

    def run(*words: Any) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["ferspec", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            cli.main()
        printed = capsys.readouterr()
        request.node.add_report_section("call", shlex.join(["ferspec", *map(str, words)]), printed.err)
        return end.value.code or 0, printed.out, printed.err

    return run


@pytest.fixture
def no_temporary_folder(monkeypatch, tmp_path):
    """A machine on which ``tempfile`` finds no folder that takes a file."""
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", lambda: [str(tmp_path / "gone")])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how many mutants were killed, and how many hostile inputs were tried and stopped.

    The processes of pytest-xdist hand in what they tried with their reports.
    """
    print_mutants(terminalreporter)
    print_hostile(terminalreporter)


def reported(terminalreporter: pytest.TerminalReporter, name: str) -> list[tuple[Any, bool]]:
    """Return the values of a user property of all finished tests, each with whether its test passed."""
    return [
        (properties[name], outcome == "passed")
        for outcome in ("passed", "failed")
        for report in terminalreporter.stats.get(outcome, ())
        if name in (properties := dict(getattr(report, "user_properties", ()))) and report.when == "call"
    ]


def print_mutants(terminalreporter: pytest.TerminalReporter) -> None:
    tried = [(*mutation, killed) for mutation, killed in reported(terminalreporter, "mutation")]
    if not tried:
        return
    from mutant_table import HEADINGS, rows

    terminalreporter.section("mutants")
    for row in (HEADINGS, *rows(tried)):
        terminalreporter.write_line("".join(cell.ljust(26) for cell in row).rstrip())


def print_hostile(terminalreporter: pytest.TerminalReporter) -> None:
    """Print a line for each kind of ``@pytest.mark.hostile``: how many were tried, and how many were stopped."""
    tried = reported(terminalreporter, "hostile")
    if tried:
        from security_table import counted

        terminalreporter.section("hostile inputs")
        for line in counted(tried):
            terminalreporter.write_line(line)
