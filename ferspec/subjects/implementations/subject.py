"""Present an implementation of the protocol, in any language, as a subject of the checks."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

from pydantic_core import from_json, to_json

from ferspec.errors import NotEvaluable, SubjectError, one_line
from ferspec.spec.records import DEFAULT_PROFILE, Profile
from ferspec.subjects.implementations.capabilities import CATALOGUE


class Answering(Protocol):
    """Answer requests for capabilities, from an object of this process or from another process."""

    @property
    def name(self) -> str:
        """The name shown in reports."""

    @property
    def offered(self) -> frozenset[str]:
        """The names of the capabilities offered."""

    def answer(self, capability: str, arguments: dict[str, Any]) -> Any:
        """Return the answer as a JSON value. Raise ``SubjectError`` for a failed request."""


@dataclass(frozen=True)
class Direct:
    """Answer with the methods or functions of an object of this process, converted through JSON."""

    implementation: Any
    name: str = "implementation"

    @cached_property
    def offered(self) -> frozenset[str]:
        return frozenset(name for name in CATALOGUE if callable(getattr(self.implementation, name, None)))

    def answer(self, capability: str, arguments: dict[str, Any]) -> Any:
        try:
            answer = getattr(self.implementation, capability)(**from_json(to_json(arguments)))
            # pydantic parses images several times as fast as json, but writes types that JSON lacks
            return from_json(json.dumps(answer))
        except NotImplementedError as lack:
            raise NotEvaluable(f"{capability} is not offered for these arguments") from lack
        except Exception as crash:
            raise SubjectError(f"{capability} raised {one_line(crash)}") from crash


@dataclass(frozen=True, eq=False)
class ImplementationSubject:
    """Join an implementation with the profile it is judged by."""

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
        """Return the answer to a request. Raise ``SubjectError`` for a failed request."""
        return self.answering.answer(capability, arguments)
