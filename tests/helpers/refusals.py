"""Implementations that refuse some arguments, and the outcomes of the checks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ferspec.checks.generator import checks_for_implementation
from ferspec.errors import NotEvaluable
from ferspec.implementation import Implementation
from ferspec.outcomes import Status
from ferspec.subjects.implementations.subject import Direct, ImplementationSubject

Refused = Callable[[dict[str, Any]], bool]


@dataclass(frozen=True)
class Refusing(Direct):
    """Does not offer what is asked of it for some arguments of a capability."""

    capability: str = ""
    refused: Refused = lambda arguments: True

    def answer(self, capability: str, arguments: dict[str, Any]) -> Any:
        if capability == self.capability and self.refused(arguments):
            raise NotEvaluable(f"{capability} is not offered for these arguments")
        return super().answer(capability, arguments)


def judged(clause: str, capability: str, refused: Refused, **replaced: Callable[..., Any]):
    """Return what the checks of a clause find where some requests are refused: those that need what is replaced, or
    refused."""
    changed = type("Changed", (Implementation,), {name: staticmethod(function) for name, function in replaced.items()})
    subject = ImplementationSubject(Refusing(changed("released"), capability=capability, refused=refused))
    needed = set(replaced or [capability])
    checks = [check for check in checks_for_implementation() if check.clause == clause and needed & set(check.needs)]
    return [check.run(subject) for check in checks]


def hides_no_failure(clause: str, refused: Refused, wrong: dict[str, Callable[..., Any]]) -> None:
    """Require that a wrong capability fails although some of its requests are refused."""
    [capability] = wrong
    assert Status.FAIL in [finding.status for finding in judged(clause, capability, refused, **wrong)]


def is_not_passed(clause: str, refused: Refused, wrong: dict[str, Callable[..., Any]]) -> None:
    """Require that a right capability of which some requests are refused is not evaluated, and does not fail."""
    [capability] = wrong
    found = judged(clause, capability, refused)
    assert Status.NOT_EVALUATED in [finding.status for finding in found]
    assert Status.FAIL not in [finding.status for finding in found], found
