"""Every check on an implementation of the protocol, with the ids that the command line uses and what they ask."""

from __future__ import annotations

import pytest

from ferspec import spec
from ferspec.checks.generator import checks_for_implementation
from ferspec.engine import Check, outcome_of, settle, unused
from ferspec.outcomes import Deviation
from ferspec.plugin import DEVIATIONS, explain, record, reproducing, tell
from ferspec.subjects.implementations.subject import ImplementationSubject


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "check" in metafunc.fixturenames:
        checks = checks_for_implementation()
        metafunc.parametrize("check", checks, ids=[sentence(check) for check in checks])
    if "deviation" in metafunc.fixturenames:
        deviations = metafunc.config.stash[DEVIATIONS]
        metafunc.parametrize("deviation", deviations, ids=[deviation.clause for deviation in deviations])


def sentence(check: Check) -> str:
    """Return the id of a check and what its clause asks."""
    return f"{check.id} {spec.load().clause(check.clause).title}"


def test_implementation(
    check: Check, fer_implementation: ImplementationSubject, request: pytest.FixtureRequest
) -> None:
    """The implementation meets the clause, or fails as declared."""
    __tracebackhide__ = True
    config = request.config
    tell(request.node, settle(outcome_of(check, fer_implementation, reproducing(config)), config.stash[DEVIATIONS]))


def test_declared_deviation(
    deviation: Deviation, fer_implementation: ImplementationSubject, request: pytest.FixtureRequest
) -> None:
    """The deviation covers a failure."""
    __tracebackhide__ = True
    checks = [check for check in checks_for_implementation() if check.clause == deviation.clause]
    for outcome in unused(
        [deviation], [settle(outcome_of(check, fer_implementation), [deviation]) for check in checks]
    ):
        record(request.node, outcome)
        pytest.fail(explain(outcome), pytrace=False)
