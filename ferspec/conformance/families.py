"""Tests for the checks on an implementation, by family of clauses."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ferspec.checks.generator import checks_for_implementation
from ferspec.engine import Check, outcome_of, settle
from ferspec.plugin import conclude, deviations_of, reproduce_implementation
from ferspec.subjects.implementations.subject import ImplementationSubject


def specification_test(family: str = "FER") -> Callable[..., None]:
    """Return a test for every clause and case of a family, such as ``FER-W``.

    ``ValueError`` for a family without checks.
    """
    checks = [check for check in checks_for_implementation() if check.clause.startswith(f"{family}-")]
    if not checks:
        raise ValueError(f"no check on an implementation belongs to {family}")

    @pytest.mark.parametrize("check", checks, ids=[check.sentence for check in checks])
    def test(check: Check, fer_implementation: ImplementationSubject, request: pytest.FixtureRequest) -> None:
        """The implementation meets the clause, or fails as declared."""
        __tracebackhide__ = True
        config = request.config
        conclude(
            request.node,
            settle(outcome_of(check, fer_implementation, reproduce_implementation(config)), deviations_of(config)),
        )

    return test
