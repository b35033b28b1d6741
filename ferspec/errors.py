"""The errors that end a judgement or a check early."""

import re

# an error named inside the text of another, as by TorchScript
NAMED = re.compile(r"[\w.]*(Error|Exception): ")
# what Keras writes before an error inside the text of another
WRAPPED = "Exception encountered: "
# the cause inside a text of Keras, in bold
BOLD = re.compile(r"\x1b\[1m(.*?)\x1b\[0m", re.DOTALL)
# lines of TensorFlow and OpenVINO about the place of an error
PLACE = re.compile(
    r"\[\[|Graph execution error|Detected at node|Stack trace|<stack traces|node .* defined at"
    r"|Exception from \S+:\d+:|Check '.*' failed at \S+:\d+:"
)


class UserError(Exception):
    """A mistake of the user: one line on stderr, exit status 2, nothing written."""


class SubjectError(Exception):
    """The subject crashed or gave an invalid answer during a check: the check fails."""


class NotEvaluable(Exception):
    """A check cannot be evaluated on this subject; the text is the reason."""


def one_line(error: BaseException, limit: int = 200) -> str:
    """Return type and cause of an exception in one line, at most ``limit`` characters.

    The cause is the first line of the text or, where a framework wraps an error, that of the wrapped one. The exception
    may be a subject's own: its ``__str__`` may fail or exit, and its class may hide its name.
    """
    name = type.__dict__["__name__"].__get__(type(error))
    try:
        cause = _cause(str(error))
    except KeyboardInterrupt:
        raise
    except BaseException:
        cause = "its text cannot be shown"
    text = cause if NAMED.match(cause) else f"{name}: {cause}" if cause else name
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _cause(text: str) -> str:
    bold = BOLD.search(text)
    lines = [line.strip() for line in str.splitlines(bold[1] if bold else text) if line.strip()]
    inner = [line.removeprefix(WRAPPED) for line in lines if line.startswith(WRAPPED) or NAMED.match(line)]
    if inner:
        return inner[-1]
    if lines and PLACE.match(lines[0]):
        lines = [line for line in lines if not PLACE.match(line)][-1:] or lines
    return lines[0] if lines else ""
