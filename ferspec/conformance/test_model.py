"""Every check on a model, with the ids that the command line uses."""

from __future__ import annotations

import pytest

from ferspec.checks.generator import checks_for_model
from ferspec.engine import Check, outcome_of, settle, unused
from ferspec.errors import UserError
from ferspec.outcomes import Deviation
from ferspec.plugin import claims_of, conclude, deviations_of, explain, record, refusal, reproduce_model
from ferspec.subjects.models.subject import ModelSubject


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "check" in metafunc.fixturenames:
        checks = checks_for_model(claims_of(metafunc.config))
        metafunc.parametrize("check", checks, ids=[check.id for check in checks])
    if "deviation" in metafunc.fixturenames:
        deviations = deviations_of(metafunc.config)
        metafunc.parametrize("deviation", deviations, ids=[deviation.clause for deviation in deviations])


def test_model(check: Check, fer_subject: ModelSubject, request: pytest.FixtureRequest) -> None:
    """The model meets the clause, or fails as declared."""
    __tracebackhide__ = True
    config = request.config
    try:
        outcome = outcome_of(check, fer_subject, reproduce_model(config))
    except UserError as error:
        pytest.fail(refusal(error), pytrace=False)
    conclude(request.node, settle(outcome, deviations_of(config)))


def test_declared_deviation(deviation: Deviation, fer_subject: ModelSubject, request: pytest.FixtureRequest) -> None:
    """The deviation covers a failure."""
    __tracebackhide__ = True
    checks = [c for c in checks_for_model(claims_of(request.config)) if c.clause == deviation.clause]
    for outcome in unused([deviation], [settle(outcome_of(check, fer_subject), [deviation]) for check in checks]):
        record(request.node, outcome)
        pytest.fail(explain(outcome), pytrace=False)
