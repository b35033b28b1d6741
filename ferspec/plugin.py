"""The pytest plugin: options that name a subject, its fixture, the header and the summary with the verdict."""

from __future__ import annotations

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
}
OUTCOMES = pytest.StashKey[list]()
CLAIMS = pytest.StashKey[tuple]()
DEVIATIONS = pytest.StashKey[tuple]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("ferspec", "judging facial expression recognition")
    for name, help_text in OPTIONS.items():
        group.addoption(name, metavar="PATH", help=help_text)
    group.addoption("--fer-claim", action="append", default=[], metavar="CLAIM", help="accuracy>=0.60; repeatable")
    group.addoption("--fer-trust-code", action="store_true", help="load a model although loading it runs its code")


def pytest_configure(config: pytest.Config) -> None:
    """Read claims and deviations first: a mistake in them ends the run before anything is judged."""
    claims, deviations = config.getoption("--fer-claim"), config.getoption("--fer-deviations")
    config.stash[OUTCOMES], config.stash[CLAIMS], config.stash[DEVIATIONS] = [], (), ()
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
    model = config.getoption("--fer-model")
    if model is None:
        return None
    import ferspec

    return f"ferspec {ferspec.__version__}: {model} on {config.getoption('--fer-dataset') or 'its own images'}"


@pytest.fixture(scope="session")
def fer_subject(request: pytest.FixtureRequest) -> object:
    """The model that the command line names, joined with its images."""
    from ferspec.checks.claims import require_known_figures
    from ferspec.subjects.opening import open_images, open_subject

    option = request.config.getoption
    model = option("--fer-model")
    if model is None:
        pytest.skip("no model was named: add --fer-model")
    try:
        images = open_images(model, option("--fer-dataset"), option("--fer-groups"))
        require_known_figures(request.config.stash[CLAIMS], images.groups)
        return open_subject(model, images, option("--fer-contract"), option("--fer-trust-code"))
    except UserError as error:
        pytest.exit(f"ferspec: {error}", returncode=pytest.ExitCode.USAGE_ERROR)


def explain(outcome: Outcome) -> str:
    """Return what a failure says, as the command line prints it."""
    from ferspec.report.terminal import details

    return "\n  ".join([f"{outcome.check} {outcome.title}", *details(outcome)])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    collected = config.stash[OUTCOMES]
    if not collected:
        return
    from ferspec.engine import count, verdict_of

    counts = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in count(collected).model_dump().items())
    terminalreporter.section("ferspec")
    terminalreporter.write_line(f"verdict: {verdict_of(collected)} ({counts})")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Give an inconclusive verdict the exit status it has on the command line, where nothing failed."""
    collected = session.config.stash[OUTCOMES]
    if collected and exitstatus == pytest.ExitCode.OK:
        from ferspec.engine import EXIT_STATUS, verdict_of

        session.exitstatus = EXIT_STATUS[verdict_of(collected)]
