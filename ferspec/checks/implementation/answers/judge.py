"""Validate the form of answers, and compare them with the expected ones."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, TypeVar

import numpy as np

from ferspec.errors import NotEvaluable, SubjectError
from ferspec.outcomes import CheckResult, Status

Case = TypeVar("Case")
SHOWN = 120
# far above any count, loss or pixel, and far below what overflows when it is squared
LARGEST = 1e15
# NumPy converts these types to numbers too: text, true and false
NOT_NUMBERS = "USb"


def numbers(capability: str, value: Any, shape: tuple[int, ...] | None = None) -> np.ndarray:
    """Return an answer as float64; ``SubjectError`` for anything else, too large, or of another shape."""
    try:
        given = np.array(value)
        array = given.astype(np.float64)
        is_right = given.dtype.kind not in NOT_NUMBERS and bool((np.abs(array) <= LARGEST).all())
    except (TypeError, ValueError, OverflowError):
        is_right = False
    if not is_right:
        reason = next(filter(None, map(not_a_number, _entries(value))), "its rows differ in length")
        raise SubjectError(f"{capability} gave {shown(value)}, not numbers: {reason}")
    if shape is not None and array.shape != shape:
        raise SubjectError(f"{capability} gave numbers of shape {array.shape}, not {shape}")
    return array


def not_a_number(value: Any) -> str | None:
    """Return in words why a value is not a number that checks can compare; None for a number."""
    if isinstance(value, str):
        return f"{shown(value)} is text, not a number"
    if value is None:
        return "null (None or NaN) is not a number"
    if isinstance(value, bool):
        return f"{str(value).lower()} is not a number"
    if not isinstance(value, int | float):
        return f"{shown(value)} is not a number"
    if math.isnan(value):
        return "NaN is not a number"
    if math.isinf(value):
        return f"{'minus ' if value < 0 else ''}infinity is not a finite number"
    return None if abs(value) <= LARGEST else f"{value:g} is too large: at most {LARGEST:g} is read"


def is_text(observed: Any, expected: Any) -> str | None:
    """Return in words that a text stands where a number is expected, or None."""
    is_number = isinstance(expected, int | float) and not isinstance(expected, bool)
    return not_a_number(observed) if is_number and not isinstance(observed, int | float | dict | list) else None


def _entries(value: Any) -> Iterator[Any]:
    """Yield the values of nested lists."""
    if isinstance(value, list | tuple):
        yield from chain.from_iterable(map(_entries, value))
    else:
        yield value


def truths(capability: str, values: Sequence[Any]) -> np.ndarray:
    """Return answers that are true or false as 1.0 and 0.0; ``SubjectError`` for any that is neither."""
    # 1 == True, and languages without a boolean type write 1
    if not all(isinstance(value, bool | int | float) and value in (0, 1) for value in values):
        raise SubjectError(f"{capability} gave {shown(list(values))}, not all true or false")
    return np.array(values, dtype=np.float64)


def field(capability: str, value: Any, name: str) -> Any:
    """Return an entry of an answer; ``SubjectError`` where the answer is not an object, or lacks the entry."""
    if not isinstance(value, dict) or name not in value:
        raise SubjectError(f"{capability} gave {shown(value)}, without {name!r}")
    return value[name]


def rows(capability: str, value: Any, length: int | None = None) -> list[Any]:
    """Return an answer that is a list, of that length if given; ``SubjectError`` otherwise."""
    if not isinstance(value, list):
        raise SubjectError(f"{capability} gave {shown(value)}, not a list")
    if length is not None and len(value) != length:
        raise SubjectError(f"{capability} gave {len(value)} entries, not {length}")
    return value


def shown(value: Any) -> str:
    """Return the text of an answer in messages."""
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


def equal(observed: Any, expected: Any, what: str = "", likely: str | None = None) -> CheckResult:
    """Compare answers that must be the same; ``what`` names them in the message."""
    prefix = f"{what}: " if what else ""
    return CheckResult(
        status=Status.PASS if observed == expected else Status.FAIL,
        observed=f"{prefix}{shown(observed)}",
        expected=f"{prefix}{shown(expected)}",
        likely=None if observed == expected else is_text(observed, expected) or likely,
    )


def close(
    observed: np.ndarray | Sequence[float] | float,
    expected: np.ndarray | Sequence[float] | float,
    tolerance: float,
    names: Sequence[str] = (),
    likely: str | None = None,
) -> CheckResult:
    """Compare numbers, and show the largest difference, with its name if there is one."""
    observed, expected = np.atleast_1d(np.asarray(observed, float)), np.atleast_1d(np.asarray(expected, float))
    distances = np.abs(observed - expected)
    worst = int(distances.argmax())
    label = f"{names[worst]}: " if names else ""
    value, wanted = float(observed.flat[worst]), float(expected.flat[worst])
    holds = bool(distances.flat[worst] <= tolerance)
    return CheckResult(
        status=Status.PASS if holds else Status.FAIL,
        observed=f"{label}{value:.6g}",
        expected=f"{label}{wanted:.6g}",
        difference=None if holds else value - wanted,
        likely=None if holds else likely,
    )


def judge_each(judge: Callable[[Case], CheckResult], cases: Iterable[Case]) -> CheckResult:
    """Ask and judge each case, and return the first failure, else the last finding.

    A case that the subject does not offer does not hide failures of others: ``NotEvaluable`` is raised only if no case
    fails.
    """
    findings, refusals = [], []
    for case in cases:
        try:
            finding = judge(case)
        except NotEvaluable as refusal:
            refusals.append(refusal)
            continue
        if finding.status is Status.FAIL:
            return finding
        findings.append(finding)
    if refusals:
        raise refusals[0]
    return first_failure(findings)


def first_failure(findings: Sequence[CheckResult]) -> CheckResult:
    """Return the first finding that is not a pass, else the last one."""
    return next((finding for finding in findings if finding.status is not Status.PASS), findings[-1])
