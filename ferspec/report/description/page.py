"""A description as one self-contained page, without scripts or external files."""

from __future__ import annotations

from ferspec import __version__
from ferspec.report.description.drawing import LEFT, THICK, WIDTH, panels
from ferspec.report.html import templates
from ferspec.subjects.datasets.description import Description


def render_description(found: Description) -> str:
    """Return the page of a description: bars before and after weighting, and the numbers."""
    return (
        templates()
        .get_template("description.html")
        .render(found=found, panels=panels(found), width=WIDTH, left=LEFT, thick=THICK, version=__version__)
    )
