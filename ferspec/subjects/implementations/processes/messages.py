"""The lines that judge and implementation exchange: what a request looks like, and what an answer may be."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import Any

from ferspec.errors import NotEvaluable, SubjectError

DEEPEST = 32
LONGEST_INTEGER = 18
SHOWN = 80
HINT = "standard output is for answers alone, standard error for everything else"


class Misbehaviour(SubjectError):
    """The process broke the protocol, so that nothing it says further can be trusted: it has to be ended."""


def request_line(number: int, capability: str, arguments: dict[str, Any]) -> bytes:
    """Return a request as the line that is written."""
    message = {"id": number, "capability": capability, "arguments": arguments}
    return json.dumps(message, allow_nan=False).encode() + b"\n"


def read_answer(number: int, line: bytes) -> dict[str, Any]:
    """Return the answer to the request of that number; ``Misbehaviour`` for a line that is no answer to it."""
    answer = _decoded(line)
    if not isinstance(answer, dict) or "id" not in answer:
        raise Misbehaviour(f"wrote {excerpt(line)}, which is no answer with an id ({HINT})")
    if isinstance(answer["id"], bool) or answer["id"] != number:
        raise Misbehaviour(
            f"answered request {excerpt(repr(answer['id']))} when {number} was asked: write the id as the number it was"
        )
    if answer.get("error") is None and answer.get("missing") is not True and "value" not in answer:
        raise Misbehaviour(f"answered {excerpt(line)}, with neither value, error nor missing")
    return answer


def value_of(answer: dict[str, Any]) -> Any:
    """Return the value of an answer.

    ``SubjectError`` for an error that it tells of in good order, ``NotEvaluable`` where it says that it lacks what was
    asked for.
    """
    if answer.get("error") is not None:
        raise SubjectError(excerpt(answer["error"], 200))
    if answer.get("missing") is True:
        raise NotEvaluable("is not offered for what is asked here")
    return answer["value"]


def excerpt(text: Any, length: int = SHOWN) -> str:
    """Return the beginning of what was written, as a message shows it."""
    if isinstance(text, bytes):
        text = text[: 4 * length].decode(errors="replace")
    # an escaped half of a pair is legal JSON, and no text
    text = " ".join(str(text).encode(errors="replace").decode().split())
    return text if len(text) <= length else f"{text[: length - 1]}…"


def _decoded(line: bytes) -> Any:
    try:
        # some languages begin UTF-8 with a mark
        answer = json.loads(line.decode("utf-8-sig"), parse_constant=_refused, parse_float=_finite, parse_int=_integer)
    except RecursionError:
        raise Misbehaviour(f"wrote {excerpt(line)}, which is nested too deep") from None
    except UnicodeDecodeError:
        raise Misbehaviour(f"wrote {excerpt(line)}, which is not UTF-8 ({HINT})") from None
    except json.JSONDecodeError:
        raise Misbehaviour(f"wrote {excerpt(line)}, which is not JSON ({HINT})") from None
    if isinstance(answer, dict | list) and _is_deep(answer):
        raise Misbehaviour(f"wrote {excerpt(line)}, which is nested deeper than {DEEPEST} levels")
    return answer


def _refused(constant: str) -> float:
    raise Misbehaviour(f"answered with {constant}, which JSON has no number for: write null")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise Misbehaviour(f"answered with {excerpt(text)}, which is beyond any float")
    return number


def _integer(text: str) -> int:
    if len(text.lstrip("-")) > LONGEST_INTEGER:
        raise Misbehaviour(f"answered with an integer of {len(text)} digits: at most {LONGEST_INTEGER} are read")
    return int(text)


def _is_deep(value: Any) -> bool:
    """Return whether lists and objects are nested deeper than any answer needs, without nesting calls as deep."""
    level = [value]
    for _ in range(DEEPEST):
        level = [inner for outer in level for inner in _inside(outer) if isinstance(inner, dict | list)]
    return bool(level)


def _inside(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value
