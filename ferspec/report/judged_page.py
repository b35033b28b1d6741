"""The template of a page that lists outcomes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import Template

from ferspec.report.templating import new_environment
from ferspec.report.words import VERDICTS, by_urgency, plain, shorten


def judged_template(name: str, filters: Mapping[str, Callable[..., Any]], names: Mapping[str, object]) -> Template:
    """Return a template with the words of verdicts, and filters for outcomes and untrusted text.

    ``filters`` and ``names`` are those that only this page needs.
    """
    environment = new_environment()
    environment.filters |= {"plain": plain, "shorten": shorten, "by_urgency": by_urgency, **filters}
    environment.globals |= {"VERDICTS": VERDICTS, **names}
    return environment.get_template(name)
