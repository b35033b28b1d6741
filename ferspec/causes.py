"""Group failures by their likely cause, and count what they depart from: paper, released runs or this suite."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Literal, get_args

from ferspec import spec
from ferspec.outcomes import Outcome, Status
from ferspec.records import Record
from ferspec.spec.records import Clause, Profile

Origin = Literal["paper", "runs", "suite"]
ORIGINS: tuple[Origin, ...] = get_args(Origin)
# between likely causes of which one is true, and between causes that are all true
OR, AND = "; or ", "; and "

# a likely cause; without one the capability and its message or clause
Key = tuple[str, ...]


class Cause(Record):
    """Failures with one likely cause, which is None if it is not known."""

    cause: str | None
    clauses: tuple[str, ...]
    checks: tuple[str, ...]


class Departures(Record):
    """The failures that are not declared, by cause and by what they depart from.

    ``other_profile`` lists the failed checks that pass under the other profile.
    """

    causes: tuple[Cause, ...]
    origins: dict[Origin, int]
    other_profile: tuple[str, ...]


def departures(
    outcomes: Iterable[Outcome], capabilities: Mapping[str, str], profile: Profile, other_profile: Collection[str]
) -> Departures:
    """Return the undeclared failures by cause and origin; ``capabilities`` has the capability of each check."""
    failures = [outcome for outcome in outcomes if outcome.status is Status.FAIL and outcome.declared is None]
    clauses = {clause.id: clause for clause in spec.load().clauses}
    origins = Counter(
        "runs" if failure.check in other_profile and profile == "released" else origin(clauses[failure.clause], profile)
        for failure in failures
        if failure.clause in clauses
    )
    return Departures(
        causes=grouped(failures, capabilities),
        origins={name: origins[name] for name in ORIGINS if origins[name]},
        other_profile=tuple(failure.check for failure in failures if failure.check in other_profile),
    )


def origin(clause: Clause, profile: Profile) -> Origin:
    """Return what a clause states under a profile: the paper's text, the released runs, or this suite's statistics."""
    if clause.source == "suite":
        return "suite"
    return "paper" if clause.source == "paper" or (profile == "paper" and clause.profiles) else "runs"


def grouped(failures: Iterable[Outcome], capabilities: Mapping[str, str]) -> tuple[Cause, ...]:
    """Group failures by the fewest causes that explain all, the most frequent cause first.

    A failure without a likely cause joins a group of its capability and clause. Two groups of the same clauses in
    different capabilities are one: an implementation departs in both.
    """
    rest = {failure.check: failure for failure in failures}
    groups: dict[Key, dict[str, Outcome]] = {}
    while rest:
        votes = Counter(key for failure in rest.values() for key in _keys(failure, capabilities))
        chosen = max(votes, key=lambda key: (len(key) == 1, votes[key]))
        for check, failure in list(rest.items()):
            for together in _alternatives(failure, capabilities):
                if chosen in together:
                    for key in together:
                        groups.setdefault(key, {})[check] = failure
                    del rest[check]
                    break
    return tuple(_cause(key, group) for key, group in _joined(groups, capabilities).items())


def _joined(groups: dict[Key, dict[str, Outcome]], capabilities: Mapping[str, str]) -> dict[Key, dict[str, Outcome]]:
    joined: dict[Key, dict[str, Outcome]] = {}
    for key, group in groups.items():
        capability, clauses = _capabilities(group, capabilities), _clauses(group)
        for into, other in joined.items():
            theirs = _capabilities(other, capabilities)
            is_unexplained = len(key) > 1 and capability & theirs and clauses <= _clauses(other)
            if is_unexplained or (capability.isdisjoint(theirs) and clauses == _clauses(other)):
                joined[into] = other | group
                break
        else:
            joined[key] = group
    return joined


def _cause(key: Key, group: Mapping[str, Outcome]) -> Cause:
    messages = [failure.message for failure in group.values() if failure.message]
    cause = key[0] if len(key) == 1 else next(iter(messages), None)
    return Cause(cause=cause, clauses=tuple(sorted(_clauses(group))), checks=tuple(group))


def _alternatives(failure: Outcome, capabilities: Mapping[str, str]) -> list[list[Key]]:
    """Return the likely causes of a failure, each as the departures that are found together."""
    if failure.likely:
        return [[(part,) for part in cause.split(AND)] for cause in failure.likely.split(OR)]
    capability = capabilities.get(failure.check, failure.check)
    return [[(capability, "message" if failure.message else failure.clause)]]


def _keys(failure: Outcome, capabilities: Mapping[str, str]) -> set[Key]:
    return {key for together in _alternatives(failure, capabilities) for key in together}


def _clauses(group: Mapping[str, Outcome]) -> set[str]:
    return {failure.clause for failure in group.values()}


def _capabilities(group: Mapping[str, Outcome], capabilities: Mapping[str, str]) -> set[str]:
    return {capabilities.get(check, check) for check in group}
