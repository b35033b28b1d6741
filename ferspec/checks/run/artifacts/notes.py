"""Notes on a training's artifacts that concern a reader but break no clause."""

from __future__ import annotations

from collections.abc import Iterator

from ferspec import spec
from ferspec.required import required
from ferspec.subjects.runs.artifacts.folder import RunFolder


def artifact_notes(folder: RunFolder) -> Iterator[str]:
    """Yield notes on validation pictures that are also training pictures, and on another specification."""
    if not folder.finished:
        return
    run, book = required(folder.run), spec.load()
    if folder.images is not None and (shared := folder.images.trained_under_other_names):
        validated = len(folder.images.parts["validation"])
        most = book.number("FER-R-05", "same_pictures")
        yield (
            f"{folder.path}: {shared:,} of {validated:,} validation images have the pixels of training images "
            f"({shared / validated:.1%}; FER-R-05 allows {most:.0%})"
        )
    if run.spec_digest != book.digest:
        yield (
            f"{folder.path}: trained with specification {run.spec_version} ({run.spec_digest[:8]}), "
            f"judged with {book.version} ({book.digest[:8]})"
        )
