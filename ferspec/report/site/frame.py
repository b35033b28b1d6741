"""The frame of every page of the site: menu, styles, scripts, and the policy that allows only these."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from functools import cache
from typing import Any

from ferspec import __version__, spec
from ferspec.report.html import templates
from ferspec.report.templating import TEMPLATES

FOLDER = "site"
STYLES = ("style.css", f"{FOLDER}/site.css")
# the pages of the menu, each with its title
MENU = {
    "index.html": "Overview",
    "table-2.html": "Table 2",
    "table-3.html": "Table 3",
    "tables-4-to-6.html": "Tables 4 to 6",
    "figures.html": "Figures",
    "questions.html": "Research questions",
    "errata.html": "Errata",
}


def render(template: str, path: str, title: str, scripts: Iterable[str] = (), **shown: Any) -> str:
    """Return a page of the site at a path such as ``cells/ID.html``.

    Its styles and scripts run by their digests alone; it loads nothing else.
    """
    texts = tuple(map(source, scripts))
    return (
        templates()
        .get_template(f"{FOLDER}/{template}")
        .render(
            **shown,
            path=path,
            title=title,
            root="../" * path.count("/"),
            menu=MENU,
            style=style(),
            sources=texts,
            styles=policy_of([style()]),
            scripts=policy_of(texts),
            protocol=spec.load().protocol,
            doi=spec.load().doi,
            version=spec.load().version,
            ferspec=__version__,
        )
    )


@cache
def style() -> str:
    """Return the style sheet of all pages."""
    return "".join(map(source, STYLES))


@cache
def source(name: str) -> str:
    """Return the text of a file beside the templates."""
    return (TEMPLATES / name).read_text(encoding="utf-8")


def policy_of(texts: Iterable[str]) -> str:
    """Return the sources that a Content-Security-Policy allows: texts by their digests, or none."""
    return " ".join(map(_digest, texts)) or "'none'"


@cache
def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
