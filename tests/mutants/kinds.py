"""Wrong subjects that a check must kill, and unusual right ones that it must pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from ferspec.outcomes import CheckResult
from ferspec.spec.records import DEFAULT_PROFILE, Profile

if TYPE_CHECKING:
    from ferspec.engine import Check
    from ferspec.subjects.implementations.subject import ImplementationSubject


@dataclass(frozen=True)
class Mutant:
    """A subject with one mistake: ``name`` says which, ``judged`` what the checks of its clause find on it.

    Killed when one of them fails; inconclusive or not evaluated is not enough. Where the checks know the mistake, one
    of the failures must name it as its likely cause: ``cause``.
    """

    clause: str
    name: str
    judged: Callable[[], Sequence[CheckResult]]
    cause: str | None = None


@dataclass(frozen=True)
class Right:
    """A subject that does it otherwise and is right: none of the findings may be a failure, and one must be a pass."""

    clause: str
    name: str
    judged: Callable[[], Sequence[CheckResult]]


def wrong(
    clause: str,
    name: str,
    profile: Profile = DEFAULT_PROFILE,
    cause: str | None = None,
    **capabilities: Callable[..., Any],
) -> Mutant:
    """Return the suite's own implementation with these capabilities replaced by wrong ones."""
    return Mutant(clause, name, lambda: judged_implementation(clause, profile, capabilities), cause)


def mistaken(
    clause: str,
    capability: str,
    mistakes: Mapping[str, Callable[..., Any]],
    profile: Profile = DEFAULT_PROFILE,
) -> tuple[Mutant, ...]:
    """Return a mutant for each typical mistake that the checks of a clause know, and must name."""
    return tuple(wrong(clause, cause, profile, cause, **{capability: made}) for cause, made in mistakes.items())


def right(clause: str, name: str, profile: Profile = DEFAULT_PROFILE, **capabilities: Callable[..., Any]) -> Right:
    """Return the suite's own implementation with these capabilities done otherwise, and right."""
    return Right(clause, name, lambda: judged_implementation(clause, profile, capabilities))


def refusing(refused: Callable[[dict[str, Any]], bool], answer: Callable[..., Any]) -> Callable[..., Any]:
    """Return a way to answer that says of some of what is asked that it is not offered."""

    def capability(**asked: Any) -> Any:
        if refused(asked):
            raise NotImplementedError
        return answer(**asked)

    return capability


class Findings(Sequence[CheckResult]):
    """What checks find on a subject, each of them asked when its finding is first looked at."""

    def __init__(self, finders: Sequence[Callable[[], CheckResult]]) -> None:
        self._finders = [cache(finder) for finder in finders]

    def __len__(self) -> int:
        return len(self._finders)

    def __getitem__(self, place: int) -> CheckResult:
        return self._finders[place]()


def judged_implementation(
    clause: str, profile: Profile, capabilities: dict[str, Callable[..., Any]]
) -> Sequence[CheckResult]:
    """Return what the checks of one clause find on the suite's implementation with some capabilities replaced.

    Checks that ask for none of these find what they find on the implementation itself.
    """
    from ferspec.checks.generator import checks_for_implementation

    changed = implementation(profile, **capabilities)
    # every check may ask which networks there are
    replaced = None if "architectures" in capabilities else set(capabilities)
    return Findings(
        [
            partial(check.run, changed)
            if replaced is None or not replaced.isdisjoint(check.needs)
            else partial(found_on_the_right_one, check, profile)
            for check in checks_for_implementation()
            if check.clause == clause
        ]
    )


FOUND: dict[tuple[str, Profile], CheckResult] = {}


def found_on_the_right_one(check: Check, profile: Profile) -> CheckResult:
    """Return what a check finds on the suite's own implementation, which it is asked once."""
    if (check.id, profile) not in FOUND:
        FOUND[check.id, profile] = check.run(implementation(profile))
    return FOUND[check.id, profile]


def implementation(profile: Profile, **capabilities: Callable[..., Any]) -> ImplementationSubject:
    """Return the suite's own implementation with some capabilities replaced."""
    from ferspec.implementation import Implementation
    from ferspec.subjects.implementations.subject import Direct, ImplementationSubject

    changed = type(
        "Changed", (Implementation,), {name: staticmethod(function) for name, function in capabilities.items()}
    )
    return ImplementationSubject(Direct(changed(profile)), profile)
