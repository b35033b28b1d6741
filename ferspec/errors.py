"""The errors that end a judgement or a check early."""

import re

NAMED = re.compile(r"[\w.]*(Error|Exception): ")


class UserError(Exception):
    """A mistake of the user: one line on stderr, exit status 2, nothing written."""


class SubjectError(Exception):
    """The subject crashed or gave an invalid answer during a check: the check fails."""


class NotEvaluable(Exception):
    """A check cannot be evaluated on this subject; the text is the reason."""


def one_line(error: BaseException, limit: int = 200) -> str:
    """Return type and first line of an exception, at most ``limit`` characters.

    A text that ends with an error of its own, as that of TorchScript, is shown by its last line. The exception may be a
    subject's own: its ``__str__`` may fail or exit, and its class may hide its name.
    """
    name = type.__dict__["__name__"].__get__(type(error))
    try:
        lines = [line.strip() for line in str.splitlines(str(error)) if line.strip()]
    except KeyboardInterrupt:
        raise
    except BaseException:
        lines = ["its text cannot be shown"]
    text = f"{name}: {lines[0]}" if lines else name
    if lines and NAMED.match(lines[-1]):
        text = lines[-1]
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
