"""Guard the specification itself: its values are those that a check has typed from the paper."""

from __future__ import annotations

from ferspec import spec
from ferspec.outcomes import CheckResult, Status
from ferspec.spec.records import Profile, Value


def stated(clause: str, name: str, witness: Value, profile: Profile) -> CheckResult:
    """Compare a value of the specification with the one typed from the paper.

    A list is compared in order. A failure names the file to correct: the implementation is not to blame.
    """
    record = spec.load().clause(clause)
    value = record.value(name, profile)
    if value == witness:
        return CheckResult(status=Status.PASS, observed=f"{name}: {_text(value)}", expected=f"{name}: {_text(witness)}")
    return CheckResult(
        status=Status.FAIL,
        message=f"{clause} {name} in {record.file} is {_text(value)}; expected {_text(witness)} ({record.place})",
    )


def _text(value: Value) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
