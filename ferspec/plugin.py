"""The pytest plugin: options that name a subject, their fixtures, a header, and a summary with the verdict."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ferspec.errors import UserError

if TYPE_CHECKING:
    from ferspec.outcomes import Deviation, Outcome, Verdict
    from ferspec.subjects.models.claims import Claim

OPTIONS = {
    "--fer-model": "the model to judge (file, folder, package.module:callable, table of predictions, or demo)",
    "--fer-dataset": "the images to judge it on",
    "--fer-split": "the split of the images, such as test",
    "--fer-contract": "what the model declares of its input and output",
    "--fer-groups": "a CSV of columns to slice the accuracy by",
    "--fer-deviations": "a TOML file of clauses that are declared to fail",
    "--fer-data-root": "the folder that holds RAF-DB, FER2013, AffectNet and BTFER, to train cells on a GPU",
    "--fer-implementation": "the implementation of the protocol to judge: package.module or package.module:object",
    "--fer-implementation-command": "a command that answers for an implementation in any language, over JSON lines",
    "--fer-artifacts": "run folders, or a table of results, to judge by the grid's bands",
}
# the values of ferspec.spec.records.Profile, which is slow to import; the default first
PROFILES = ("released", "paper")
CONFORMANCE = Path(__file__).parent / "conformance"
MODULES = "ferspec.conformance."
IMPLEMENTATION_TESTS = "test_implementation.py"
# a message may quote untrusted text
LONGEST_MESSAGE = 1000
PROPERTY = "ferspec outcome"
OWES = "ferspec outcome owed"
CLAIMS = pytest.StashKey[tuple["Claim", ...]]()
DEVIATIONS = pytest.StashKey[tuple["Deviation", ...]]()
# what is known of an implementation only when its process has ended
LATE = pytest.StashKey[list["Outcome"]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("ferspec", "judging facial expression recognition")
    for name, help_text in OPTIONS.items():
        group.addoption(name, metavar="PATH", help=help_text)
    group.addoption("--fer-claim", action="append", default=[], metavar="CLAIM", help="accuracy>=0.60; repeatable")
    group.addoption("--fer-profile", choices=PROFILES, default=PROFILES[0], help="what an implementation is judged by")
    group.addoption("--fer-trust-code", action="store_true", help="load a model although loading it runs its code")


def pytest_configure(config: pytest.Config) -> None:
    """Parse claims and deviations, so that a mistake in them ends the run at once."""
    claims, deviations = config.getoption("--fer-claim"), config.getoption("--fer-deviations")
    config.stash[CLAIMS], config.stash[DEVIATIONS], config.stash[LATE] = (), (), []
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Judged())
    try:
        if claims:
            from ferspec.subjects.models.claims import parse_claim

            config.stash[CLAIMS] = tuple(map(parse_claim, claims))
        if deviations:
            from ferspec.deviations import load_deviations

            config.stash[DEVIATIONS] = load_deviations(deviations)
    except UserError as error:
        raise pytest.UsageError(refusal(error)) from None


def claims_of(config: pytest.Config) -> tuple[Claim, ...]:
    """Return the claims that the command line makes."""
    return config.stash[CLAIMS]


def deviations_of(config: pytest.Config) -> tuple[Deviation, ...]:
    """Return the deviations that the command line declares."""
    return config.stash[DEVIATIONS]


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


def implementation_of(config: pytest.Config) -> tuple[str | None, str | None]:
    """Return the module and the command to judge, one of them None; by default the built-in implementation."""
    option = config.getoption
    if named_implementation(config) is None:
        return f"ferspec.implementation:{option('--fer-profile')}", None
    return option("--fer-implementation"), option("--fer-implementation-command")


def is_left_out(path: Path, config: pytest.Config) -> bool:
    """Return whether to ignore a file: implementations and models are not judged in one run."""
    return path.is_file() and (path.name == IMPLEMENTATION_TESTS) != (named_implementation(config) is not None)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    return True if collection_path.parent == CONFORMANCE and is_left_out(collection_path, config) else None


@pytest.fixture(scope="session")
def fer_subject(request: pytest.FixtureRequest) -> Iterator[object]:
    """The model and images that the command line names; the model must stay the same file to the end."""
    from ferspec.api.certify import require_unchanged
    from ferspec.subjects.models.claims import require_known_metrics
    from ferspec.subjects.models.from_names import open_images, open_subject, require_names

    option = request.config.getoption
    model = option("--fer-model")
    if model is None:
        pytest.exit("ferspec: no model was named: add --fer-model", returncode=pytest.ExitCode.USAGE_ERROR)
    try:
        require_names(model, option("--fer-contract"))
        images = open_images(model, option("--fer-dataset"), option("--fer-groups"), split=option("--fer-split"))
        require_known_metrics(claims_of(request.config), images.groups)
        hidden = (option("--fer-dataset"), option("--fer-groups"))
        subject = open_subject(model, images, option("--fer-contract"), option("--fer-trust-code"), hidden=hidden)
    except UserError as error:
        pytest.exit(refusal(error), returncode=pytest.ExitCode.USAGE_ERROR)
    yield subject
    try:
        require_unchanged(subject)
    except UserError as error:
        pytest.fail(refusal(error), pytrace=False)


@pytest.fixture(scope="session")
def fer_implementation(request: pytest.FixtureRequest) -> Iterator[object]:
    """The implementation that the command line names, by default the built-in one."""
    from ferspec.engine import of_the_reference, out_of_turn
    from ferspec.subjects.implementations.processes import open_implementation
    from ferspec.subjects.implementations.subject import ImplementationSubject

    option = request.config.getoption
    try:
        process = open_implementation(*implementation_of(request.config))
    except UserError as error:
        pytest.exit(refusal(error), returncode=pytest.ExitCode.USAGE_ERROR)
    with process:
        yield ImplementationSubject(process, option("--fer-profile"))
    request.config.stash[LATE] += out_of_turn(process.strays)
    if named_implementation(request.config) is not None:
        request.config.stash[LATE] += of_the_reference(process.reference)


def explain(outcome: Outcome) -> str:
    """Return the text of a failure, as the command line prints it."""
    from ferspec.report.terminal import details

    reproduce = [f"reproduce: {outcome.reproduce}"] if outcome.reproduce else []
    return "\n  ".join([f"{outcome.check} {outcome.title}", *details(outcome), *reproduce])


def reproduce_implementation(config: pytest.Config) -> str:
    """Return the command that judges the same implementation on the command line."""
    from ferspec.api.requests import ConformRequest

    implementation, command = implementation_of(config)
    option = config.getoption
    return ConformRequest(
        implementation=implementation,
        command=command,
        profile=option("--fer-profile"),
        deviations=option("--fer-deviations"),
    ).reproduce


def reproduce_model(config: pytest.Config) -> str:
    """Return the command that judges the same model on the command line."""
    from ferspec.api.requests import CertifyRequest

    option = config.getoption
    files = {
        name: option(f"--fer-{name}") for name in ("model", "dataset", "split", "contract", "groups", "deviations")
    }
    return CertifyRequest(**files, claims=option("--fer-claim"), trust_code=option("--fer-trust-code")).reproduce


def refusal(error: UserError) -> str:
    """Return the message of an error with the plugin's names of options, such as ``--fer-dataset``."""
    from ferspec.report.words import shorten

    text = shorten(error, LONGEST_MESSAGE)
    for name in (*OPTIONS, "--fer-claim", "--fer-trust-code"):
        text = text.replace(f"--{name.removeprefix('--fer-')}", name)
    return f"ferspec: {text}"


def record(item: pytest.Item, outcome: Outcome) -> None:
    """Attach an outcome to its test; pytest-xdist then passes it to the summary."""
    item.user_properties.append((PROPERTY, outcome.model_dump_json()))


def conclude(item: pytest.Item, outcome: Outcome) -> None:
    """Record the outcome of a check, and pass, skip or fail its test accordingly."""
    from ferspec.outcomes import Status

    __tracebackhide__ = True
    record(item, outcome)
    if outcome.status in (Status.NOT_EVALUATED, Status.INCONCLUSIVE):
        pytest.skip(f"{outcome.status.replace('_', ' ')}: {outcome.message}")
    if outcome.declared:
        pytest.xfail(f"{outcome.declared.category}: {outcome.declared.reason}")
    if outcome.status is Status.FAIL:
        pytest.fail(explain(outcome), pytrace=False)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of this package; remove the test of declared deviations if there are none."""
    items[:] = [item for item in items if not item.nodeid.endswith("::test_declared_deviation[NOTSET]")]
    for item in items:
        if isinstance(item, pytest.Function) and item.function.__module__.startswith(MODULES):
            # a declared deviation has an outcome only if it covers no failure
            item.user_properties.append((OWES, "check" in item.fixturenames))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """Record outcomes that belong to no check. Fail the last test for a fault among them."""
    from ferspec.outcomes import Status

    yield
    late, item.config.stash[LATE] = item.config.stash[LATE], []
    for outcome in late:
        record(item, outcome)
    for outcome in late:
        if outcome.status is Status.FAIL:
            pytest.fail(explain(outcome), pytrace=False)


class Judged:
    """Collects outcomes from the reports of tests, and decides the verdict of the session."""

    def __init__(self) -> None:
        self._planned: set[str] = set()
        self._broken: set[str] = set()
        self._outcomes: dict[str, list[Outcome]] = {}

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        if not session.config.option.collectonly:
            self._planned.update(item.nodeid for item in session.items if dict(item.user_properties).get(OWES))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        properties = dict(report.user_properties)
        if OWES not in properties:
            return
        from ferspec.outcomes import Outcome, Status

        recorded = [Outcome.model_validate_json(str(text)) for name, text in report.user_properties if name == PROPERTY]
        if properties[OWES]:
            # pytest-xdist collects tests in other processes
            self._planned.add(report.nodeid)
        if recorded:
            # each phase of a test also reports the outcomes of the phases before it
            self._outcomes[report.nodeid] = recorded
        if report.failed and all(outcome.status is not Status.FAIL for outcome in recorded):
            self._broken.add(report.nodeid)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter, exitstatus: int) -> None:
        if (self._planned or self._broken or self._outcomes) and exitstatus != pytest.ExitCode.USAGE_ERROR:
            from ferspec.engine import count

            owed = self._owed()
            counts = count(self._collected()).model_dump()
            counts["planned"] += len(owed - self._outcomes.keys())
            listed = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in counts.items())
            left = f"; tests without an outcome: {len(owed)}" if owed else ""
            terminalreporter.section("ferspec")
            terminalreporter.write_line(f"verdict: {self._verdict() or 'none'} ({listed}{left})")

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Set the exit status of the command line if no test failed."""
        if self._planned and exitstatus == pytest.ExitCode.OK:
            from ferspec.outcomes import EXIT_STATUS

            session.exitstatus = EXIT_STATUS[self._verdict() or "fail"]

    def _collected(self) -> list[Outcome]:
        return [outcome for recorded in self._outcomes.values() for outcome in recorded]

    def _owed(self) -> set[str]:
        """Return the tests without an outcome: interrupted, skipped, or broken by a defect of the judge."""
        return self._planned - self._outcomes.keys() | self._broken

    def _verdict(self) -> Verdict | None:
        """Return the verdict of the outcomes, None if a missing outcome could make it worse."""
        from ferspec.engine import verdict_of

        verdict = verdict_of(self._collected())
        return None if self._owed() and verdict != "fail" else verdict
