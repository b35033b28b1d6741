"""Write the review page of a stage."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ferspec.collection.decisions import BY_REVIEWER
from ferspec.collection.faces import Box
from ferspec.collection.manifest import Row, Stage, stage_folder
from ferspec.files import write_whole
from ferspec.report.review import ReviewedPicture, render_review

PAGE = "review.html"
SENTENCES: dict[Stage, str] = {
    "clean": "Keep what shows one real, usable face of the class. The yellow box is the face that will be cut out.",
    "crop": "Keep what is one whole face. This is how the pictures will be in the set.",
}


def write_review(out: Path, stage: Stage, rows: Sequence[Row], found: dict[str, str]) -> Path:
    """Write the page of all pictures that a reviewer may decide, the doubtful ones first; return its path.

    ``found`` is the class that each picture was found for, by digest.
    """
    pictures = [_picture(row, found[row.digest], stage) for row in rows if row.file]
    pictures.sort(key=lambda picture: not picture.waits)
    path = stage_folder(out, stage) / PAGE
    write_whole(path, render_review(f"stage {stage} of {out.resolve().name}", SENTENCES[stage], pictures))
    return path


def _picture(row: Row, found: str, stage: Stage) -> ReviewedPicture:
    is_reviewed = BY_REVIEWER in row.reason
    return ReviewedPicture(
        digest=row.digest,
        file=row.file,
        found=found,
        label=row.label,
        decision=row.decision,
        reason=row.reason,
        waits=is_reviewed or row.decision == "review",
        reviewed=is_reviewed,
        width=int(row.width),
        height=int(row.height),
        box=tuple(Box.parse(row.box)) if stage == "clean" and row.box else None,
    )
