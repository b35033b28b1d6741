"""Recognise the form ``package.module:callable``."""

import re

REFERENCE = re.compile(r"([^\W\d]\w*(?:\.[^\W\d]\w*)*):([^\W\d]\w*(?:\.[^\W\d]\w*)*)")


def is_callable_reference(reference: str) -> bool:
    """Return whether ``reference`` has the form ``package.module:callable``."""
    return REFERENCE.fullmatch(reference) is not None
