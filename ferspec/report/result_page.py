"""The page of a result: what was judged, its verdict, a table, and the outcomes of checks."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from jinja2 import Template

from ferspec.causes import Cause
from ferspec.outcomes import Outcome
from ferspec.report.comparison import Texts
from ferspec.report.conformance import caused_by
from ferspec.report.templating import new_environment
from ferspec.report.terminal import details
from ferspec.report.words import VERDICTS, by_urgency, shorten

if TYPE_CHECKING:
    import pandas as pd

LONGEST = 200
CURVES = "Loss, accuracy and learning rate over the epochs."


def render_result(
    kind: str,
    title: str,
    verdict: str,
    sentences: Sequence[str] = (),
    table: pd.DataFrame | None = None,
    outcomes: Sequence[Outcome] = (),
    causes: Sequence[Cause] = (),
    picture: str = "",
    texts: Sequence[Texts] = (),
    shows: str = CURVES,
) -> str:
    """Return a page without scripts or external files.

    ``kind`` is the command, ``verdict`` a verdict or another word; ``picture`` is the text of an SVG that
    ``shows`` something; ``texts`` are further tables. Failures with one of the ``causes`` are folded under it.
    """
    frames = () if table is None else (([*table.columns], table.to_numpy(dtype=object).tolist()),)
    return _template().render(
        kind=kind,
        title=title,
        style=verdict if verdict in VERDICTS else "uncertified",
        word=VERDICTS.get(verdict, verdict),
        sentences=sentences,
        tables=[*frames, *((one.headings, one.rows) for one in texts)],
        outcomes=outcomes,
        causes=causes,
        picture=picture and svg_uri(picture),
        shows=shows,
    )


def svg_uri(svg: str) -> str:
    """Return an SVG as the address of a picture inside a page."""
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"


def _shown(cell: object) -> str:
    """Return a cell of a table as text; nothing for None and NaN."""
    if cell is None or cell != cell:
        return ""
    return f"{cell:.4g}" if isinstance(cell, float) else shorten(cell, LONGEST)


@cache
def _template() -> Template:
    environment = new_environment()
    environment.filters |= {
        "shorten": shorten,
        "by_urgency": by_urgency,
        "details": details,
        "shown": _shown,
        "caused_by": caused_by,
    }
    environment.globals["VERDICTS"] = VERDICTS
    return environment.get_template("result.html")
