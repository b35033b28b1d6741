"""The page on which a person keeps, drops and relabels pictures: static, with one script."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from ferspec import spec
from ferspec.report.templating import TEMPLATES, new_environment

SCRIPT = "review.js"


@dataclass(frozen=True)
class ReviewedPicture:
    """Describe a picture on the page.

    ``file`` is relative to the page, ``box`` is left, top, right and bottom of the face in pixels. ``found`` is the
    class that the picture was found for, and ``label`` its class now. ``waits`` is true where a decision is needed or
    was made, and ``reviewed`` where ``decision`` (keep or drop) is that of a reviewer.
    """

    digest: str
    file: str
    found: str
    label: str
    decision: str
    reason: str
    waits: bool
    reviewed: bool
    width: int
    height: int
    box: tuple[int, ...] | None = None


def render_review(title: str, sentence: str, pictures: Sequence[ReviewedPicture]) -> str:
    """Return the page; its script runs by its digest alone, and may load pictures beside the page."""
    script = (TEMPLATES / SCRIPT).read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    classes = spec.load().classes
    key = hashlib.sha256("".join((title, *sorted(picture.digest for picture in pictures))).encode()).hexdigest()
    data = json.dumps({"key": key, "classes": classes, "pictures": [asdict(picture) for picture in pictures]})
    return (
        new_environment()
        .get_template("review.html")
        .render(
            title=title,
            sentence=sentence,
            classes=classes,
            script=script,
            script_hash=f"sha256-{digest}",
            # no text of a source can end the element
            data=data.replace("<", "\\u003c"),
        )
    )
