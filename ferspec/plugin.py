"""The pytest plugin: options that name a subject, their fixtures, the header and the summary with the verdict."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ferspec.errors import UserError

if TYPE_CHECKING:
    from ferspec.engine import Outcome

OPTIONS = {
    "--fer-model": "the model to judge (file, folder, package.module:callable, predictions CSV, or demo)",
    "--fer-dataset": "the images to judge it on",
    "--fer-contract": "what the model declares of its input and output",
    "--fer-groups": "a CSV of columns to slice the accuracy by",
    "--fer-deviations": "a TOML file of clauses that are declared to fail",
    "--fer-data-root": "the folder that holds RAF-DB, FER2013, AffectNet and BTFER, to train cells on a GPU",
    "--fer-implementation": "the implementation of the protocol to judge: package.module or package.module:object",
    "--fer-implementation-command": "a command that answers for an implementation in any language, over JSON lines",
    "--fer-artifacts": "run folders, or a table of results, to hold against the grid's bands",
}
# the values of ferspec.spec.records.Profile, which would be slow to import here; the default first
PROFILES = ("released", "paper")
CONFORMANCE = Path(__file__).parent / "conformance"
IMPLEMENTATION_TESTS = "test_implementation.py"
PROPERTY = "ferspec outcome"
CLAIMS = pytest.StashKey[tuple]()
DEVIATIONS = pytest.StashKey[tuple]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("ferspec", "judging facial expression recognition")
    for name, help_text in OPTIONS.items():
        group.addoption(name, metavar="PATH", help=help_text)
    group.addoption("--fer-claim", action="append", default=[], metavar="CLAIM", help="accuracy>=0.60; repeatable")
    group.addoption("--fer-profile", choices=PROFILES, default=PROFILES[0], help="what an implementation is judged by")
    group.addoption("--fer-trust-code", action="store_true", help="load a model although loading it runs its code")


def pytest_configure(config: pytest.Config) -> None:
    """Read claims and deviations first: a mistake in them ends the run before anything is judged."""
    claims, deviations = config.getoption("--fer-claim"), config.getoption("--fer-deviations")
    config.stash[CLAIMS], config.stash[DEVIATIONS] = (), ()
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Judged())
    try:
        if claims:
            from ferspec.checks.claims import parse_claim

            config.stash[CLAIMS] = tuple(map(parse_claim, claims))
        if deviations:
            from ferspec.deviations import load_deviations

            config.stash[DEVIATIONS] = load_deviations(deviations)
    except UserError as error:
        raise pytest.UsageError(f"ferspec: {error}") from None


def pytest_report_header(config: pytest.Config) -> str | None:
    model, implementation = config.getoption("--fer-model"), named_implementation(config)
    if model is None and implementation is None:
        return None
    import ferspec

    if implementation is not None:
        return f"ferspec {ferspec.__version__}: {implementation}, profile {config.getoption('--fer-profile')}"
    return f"ferspec {ferspec.__version__}: {model} on {config.getoption('--fer-dataset') or 'its own images'}"


def named_implementation(config: pytest.Config) -> str | None:
    """Return the implementation that the command line names, a module or a command, or None."""
    return config.getoption("--fer-implementation") or config.getoption("--fer-implementation-command")


def is_left_out(path: Path, config: pytest.Config) -> bool:
    """Return whether a file tests what was not named: with an implementation, only that one is judged."""
    return path.is_file() and (path.name == IMPLEMENTATION_TESTS) != (named_implementation(config) is not None)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    return True if collection_path.parent == CONFORMANCE and is_left_out(collection_path, config) else None


@pytest.fixture(scope="session")
def fer_subject(request: pytest.FixtureRequest) -> object:
    """The model that the command line names, joined with its images."""
    from ferspec.checks.claims import require_known_figures
    from ferspec.subjects.opening import open_images, open_subject

    option = request.config.getoption
    model = option("--fer-model")
    if model is None:
        pytest.exit("ferspec: no model was named: add --fer-model", returncode=pytest.ExitCode.USAGE_ERROR)
    try:
        images = open_images(model, option("--fer-dataset"), option("--fer-groups"))
        require_known_figures(request.config.stash[CLAIMS], images.groups)
        return open_subject(model, images, option("--fer-contract"), option("--fer-trust-code"))
    except UserError as error:
        pytest.exit(f"ferspec: {error}", returncode=pytest.ExitCode.USAGE_ERROR)


@pytest.fixture(scope="session")
def fer_implementation(request: pytest.FixtureRequest) -> Iterator[object]:
    """The implementation that the command line names, in a process of its own that ends with the tests."""
    from ferspec.subjects.implementation import ImplementationSubject
    from ferspec.subjects.processes import open_implementation

    option = request.config.getoption
    try:
        process = open_implementation(option("--fer-implementation"), option("--fer-implementation-command"))
    except UserError as error:
        pytest.exit(f"ferspec: {error}", returncode=pytest.ExitCode.USAGE_ERROR)
    with process:
        yield ImplementationSubject(process, option("--fer-profile"))


def explain(outcome: Outcome) -> str:
    """Return what a failure says, as the command line prints it."""
    from ferspec.report.terminal import details

    return "\n  ".join([f"{outcome.check} {outcome.title}", *details(outcome)])


def record(request: pytest.FixtureRequest, outcome: Outcome) -> None:
    """Attach an outcome to its test, so that it reaches the summary from another process too."""
    request.node.user_properties.append((PROPERTY, outcome.model_dump_json()))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out the test of declared deviations where none is declared, which would only be skipped."""
    items[:] = [item for item in items if not item.nodeid.endswith("::test_declared_deviation[NOTSET]")]


class Judged:
    """Collects outcomes from reports of tests, and ends the run with their verdict."""

    def __init__(self) -> None:
        self._outcomes: list[Outcome] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        recorded = [text for name, text in report.user_properties if name == PROPERTY]
        if report.when == "call" and recorded:
            from ferspec.engine import Outcome

            self._outcomes += map(Outcome.model_validate_json, recorded)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self._outcomes:
            from ferspec.engine import count, verdict_of

            counts = count(self._outcomes).model_dump()
            listed = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in counts.items())
            terminalreporter.section("ferspec")
            terminalreporter.write_line(f"verdict: {verdict_of(self._outcomes)} ({listed})")

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Give a verdict that is no pass the exit status it has on the command line, where nothing failed."""
        if self._outcomes and exitstatus == pytest.ExitCode.OK:
            from ferspec.engine import EXIT_STATUS, verdict_of

            session.exitstatus = EXIT_STATUS[verdict_of(self._outcomes)]
