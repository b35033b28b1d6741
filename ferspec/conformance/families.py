"""A test for each check on an implementation, by family of clauses."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ferspec.checks.generator import checks_for_implementation
from ferspec.engine import Check, outcome_of, settle
from ferspec.plugin import deviations_of, reproduce_implementation, tell
from ferspec.subjects.implementations.subject import ImplementationSubject


def specification_test(family: str = "FER") -> Callable[..., None]:
    """Return a test that runs every check of a family (such as ``FER-W``), one test per clause and case.

    ``ValueError`` where the family has no check.
    """
    checks = [check for check in checks_for_implementation() if check.clause.startswith(f"{family}-")]
    if not checks:
        raise ValueError(f"no check on an implementation belongs to {family}")

    @pytest.mark.parametrize("check", checks, ids=[check.sentence for check in checks])
    def test(check: Check, fer_implementation: ImplementationSubject, request: pytest.FixtureRequest) -> None:
        """The implementation meets the clause, or fails as declared."""
        __tracebackhide__ = True
        config = request.config
        tell(
            request.node,
            settle(outcome_of(check, fer_implementation, reproduce_implementation(config)), deviations_of(config)),
        )

    return test
