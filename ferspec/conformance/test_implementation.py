"""Every check on an implementation of the protocol; the id of a test states its requirement."""

from __future__ import annotations

import pytest

from ferspec.checks.generator import checks_for_implementation
from ferspec.conformance.families import specification_test
from ferspec.engine import outcome_of, settle, unused
from ferspec.outcomes import Deviation
from ferspec.plugin import deviations_of, explain, record
from ferspec.subjects.implementations.subject import ImplementationSubject

test_implementation = specification_test()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "deviation" in metafunc.fixturenames:
        deviations = deviations_of(metafunc.config)
        metafunc.parametrize("deviation", deviations, ids=[deviation.clause for deviation in deviations])


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
