"""Write requests and parse answers of the JSON-lines protocol between judge and implementation."""

from __future__ import annotations

import json
import math
from typing import Any

from ferspec.errors import NotEvaluable, SubjectError
from ferspec.files import is_nested_deeper
from ferspec.subjects.sandbox.reading import excerpt

DEEPEST = 32
LONGEST_INTEGER = 18
HINT = "write only answers to standard output, and everything else to standard error"


class Misbehaviour(SubjectError):
    """Report a protocol violation by a process. The process must be ended, for its output is no longer reliable."""


def request_line(number: int, capability: str, arguments: dict[str, Any]) -> bytes:
    """Return a request as one line of JSON."""
    message = {"id": number, "capability": capability, "arguments": arguments}
    return json.dumps(message, allow_nan=False).encode() + b"\n"


def read_answer(number: int, line: bytes) -> dict[str, Any]:
    """Parse the answer to request ``number``. Raise ``Misbehaviour`` for any other line."""
    answer = _decoded(line)
    if not isinstance(answer, dict) or "id" not in answer:
        raise Misbehaviour(f"wrote {excerpt(line)}, which is not an answer with an id ({HINT})")
    if isinstance(answer["id"], bool) or answer["id"] != number:
        raise Misbehaviour(
            f"answered request {excerpt(repr(answer['id']))} instead of {number}: repeat the id of the request"
        )
    if answer.get("error") is None and answer.get("missing") is not True and "value" not in answer:
        raise Misbehaviour(f"answered {excerpt(line)} without value, error or missing: write one of them")
    return answer


def value_of(answer: dict[str, Any]) -> Any:
    """Return the value of an answer.

    Raise ``SubjectError`` for an answer with an error, and ``NotEvaluable`` for an answer with ``missing``.
    """
    if answer.get("error") is not None:
        raise SubjectError(excerpt(answer["error"], 200))
    if answer.get("missing") is True:
        raise NotEvaluable("is not offered for these arguments")
    return answer["value"]


def _decoded(line: bytes) -> Any:
    try:
        # some languages begin UTF-8 with a byte order mark
        answer = json.loads(line.decode("utf-8-sig"), parse_constant=_refused, parse_float=_finite, parse_int=_integer)
    except RecursionError:
        raise Misbehaviour(f"wrote {excerpt(line)}, which is nested too deeply") from None
    except UnicodeDecodeError:
        raise Misbehaviour(f"wrote {excerpt(line)}, which is not UTF-8 ({HINT})") from None
    except json.JSONDecodeError:
        raise Misbehaviour(f"wrote {excerpt(line)}, which is not JSON ({HINT})") from None
    if is_nested_deeper(answer, DEEPEST):
        raise Misbehaviour(f"wrote {excerpt(line)}, which is nested deeper than {DEEPEST} levels")
    return answer


def _refused(constant: str) -> float:
    raise Misbehaviour(
        f"answered with {constant}, which is not valid JSON: write a finite number, or null for no value"
    )


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise Misbehaviour(f"answered with {excerpt(text)}, which is too large for a float")
    return number


def _integer(text: str) -> int:
    if len(text.lstrip("-")) > LONGEST_INTEGER:
        raise Misbehaviour(f"answered with an integer of {len(text)} digits: at most {LONGEST_INTEGER} are allowed")
    return int(text)
