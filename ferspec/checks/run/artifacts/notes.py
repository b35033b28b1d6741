"""What is worth knowing of a training's artifacts though it breaks no clause."""

from __future__ import annotations

from collections.abc import Iterator

from ferspec import spec
from ferspec.subjects.runs.artifacts.folder import RunFolder


def artifact_notes(folder: RunFolder) -> Iterator[str]:
    """Yield a line each on validation pictures that are trained on, and on another specification."""
    if not folder.finished:
        return
    run, book = folder.run, spec.load()
    if folder.images is not None and (seen := folder.images.trained_under_other_names):
        validated = len(folder.images.parts["validation"])
        most = book.number("FER-R-05", "same_pictures")
        yield (
            f"{folder.path}: {seen:,} of {validated:,} validation images have the pixels of training images "
            f"({seen / validated:.1%}; FER-R-05 allows {most:.0%})"
        )
    if run.spec_digest != book.digest:
        yield (
            f"{folder.path}: trained by another specification, {run.spec_version} ({run.spec_digest[:8]}), "
            f"than it is judged by, {book.version} ({book.digest[:8]})"
        )
