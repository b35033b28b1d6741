"""An implementation of the protocol as a subject: what it offers, and its answers, whatever it is written in."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

from ferspec.errors import NotEvaluable, SubjectError
from ferspec.spec.records import DEFAULT_PROFILE, Profile
from ferspec.subjects.implementations.capabilities import CATALOGUE


class Answering(Protocol):
    """Something that answers requests for capabilities: an object of this process, or another process."""

    @property
    def name(self) -> str:
        """What it is called in reports."""

    @property
    def offered(self) -> frozenset[str]:
        """The capabilities it has."""

    def answer(self, capability: str, arguments: dict[str, Any]) -> Any:
        """Return the answer, made of what JSON can carry; ``SubjectError`` says what went wrong instead."""


@dataclass(frozen=True)
class Direct:
    """Answers with the methods (or functions) of an object of this process, through JSON as any other would."""

    implementation: Any
    name: str = "implementation"

    @cached_property
    def offered(self) -> frozenset[str]:
        return frozenset(name for name in CATALOGUE if callable(getattr(self.implementation, name, None)))

    def answer(self, capability: str, arguments: dict[str, Any]) -> Any:
        try:
            return json.loads(json.dumps(getattr(self.implementation, capability)(**json.loads(json.dumps(arguments)))))
        except NotImplementedError as lack:
            raise NotEvaluable(f"{capability} is not offered for what is asked here") from lack
        except Exception as crash:
            raise SubjectError(f"{capability} raised {type(crash).__name__}: {crash}") from crash


@dataclass(frozen=True)
class ImplementationSubject:
    """An implementation and the profile it is judged by."""

    answering: Answering
    profile: Profile = DEFAULT_PROFILE

    @property
    def name(self) -> str:
        return self.answering.name

    @property
    def capabilities(self) -> frozenset[str]:
        return self.answering.offered

    def why_missing(self, capability: str) -> str:
        return f"{self.name} does not offer {capability}"

    def ask(self, capability: str, **arguments: Any) -> Any:
        """Return the answer to a request; ``SubjectError`` where there is none."""
        return self.answering.answer(capability, arguments)
