"""Templates of pages and pictures: untrusted text is escaped, and a missing name is an error."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

TEMPLATES = Path(__file__).parent / "templates"


def new_environment(autoescape: bool = True) -> Environment:
    """Return an environment for the templates beside this file; callers add their filters.

    ``autoescape`` is False only for a text that is not HTML.
    """
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=autoescape,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
