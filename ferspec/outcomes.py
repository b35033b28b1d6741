"""Records of a judgement: outcomes, their counts, and the verdict."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from pydantic import ConfigDict, Field, field_validator

from ferspec.records import Record

Verdict = Literal["pass", "fail", "inconclusive", "not_evaluated"]
EXIT_STATUS: dict[str, int] = {"pass": 0, "fail": 1, "not_evaluated": 2, "inconclusive": 3}


class Status(StrEnum):
    """The four outcomes a check can have."""

    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    NOT_EVALUATED = "not_evaluated"


# characters; a subject may answer with megabytes
LONGEST_TEXT = 2000


class CheckResult(Record):
    """The result of a check, before the engine adds clause, title and place.

    Texts are shortened and made encodable: they quote the subject, whose answers may be of any length and hold half of
    a surrogate pair.
    """

    status: Status
    message: str = ""
    observed: str | float | None = None
    expected: str | float | None = None
    difference: float | None = Field(default=None, allow_inf_nan=False)
    likely: str | None = None

    @field_validator("message", "observed", "expected", "likely")
    @classmethod
    def _printable(cls, text: str | float | None) -> str | float | None:
        if not isinstance(text, str):
            return text
        text = text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 1]}…"
        return text.encode(errors="replace").decode()


class Deviation(Record):
    """A departure from one clause that the subject's owner declares beforehand, with the reason."""

    clause: str
    category: Literal["unsupported", "regression", "future"]
    reason: str = Field(min_length=1)


class Outcome(CheckResult):
    """The result of one check with its clause; ``declared`` is the deviation that covers a failure."""

    check: str
    clause: str
    title: str
    place: str
    reproduce: str | None = None
    declared: Deviation | None = None


class Counts(Record):
    """Numbers of checks, planned and by outcome; ``declared`` failures are also in ``fail``."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True)

    planned: int
    passed: int = Field(validation_alias="pass", serialization_alias="pass")
    fail: int
    inconclusive: int
    not_evaluated: int
    declared: int = 0


@dataclass(frozen=True)
class Judgement:
    """All outcomes of one judgement, their counts, and the verdict that follows from them."""

    outcomes: tuple[Outcome, ...]
    counts: Counts
    verdict: Verdict
