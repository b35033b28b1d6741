"""The page of a conversion: verdicts, plots, measurements, classes, devices and operators."""

from __future__ import annotations

from functools import cache

from jinja2 import Template

from ferspec import __version__
from ferspec.edge.devices import devices
from ferspec.edge.document import EdgeReport, threads
from ferspec.report.edge import words
from ferspec.report.edge.plot import BOTTOM, LEFT, RIGHT, WIDTH, panels
from ferspec.report.templating import new_environment
from ferspec.report.words import percent, share, shorten


def render_edge(report: EdgeReport) -> str:
    """Return the page, without scripts or external files."""
    return _template().render(
        report=report,
        version=__version__,
        word=words.headline(report),
        sentences=tuple(words.said(report)),
        panels=tuple(panels(report)),
        counts=words.thread_counts(report),
        missing=tuple(words.missing(report)),
        devices=devices(),
        classes=next((file.answers.classes for file in report.converted if file.answers is not None), ()),
    )


@cache
def _template() -> Template:
    environment = new_environment()
    environment.filters |= {"shorten": shorten, "percent": percent, "share": share}
    environment.globals |= {
        "words": words,
        "threads": threads,
        "WIDTH": WIDTH,
        "LEFT": LEFT,
        "RIGHT": RIGHT,
        "BOTTOM": BOTTOM,
    }
    return environment.get_template("edge.html")
