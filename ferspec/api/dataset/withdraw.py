"""Withdraws a picture of a person from a set, so that it does not return."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from ferspec.api.results.base import Result
from ferspec.collection.tombstones import DIGEST
from ferspec.collection.withdrawal.folders import withdraw_from_folders
from ferspec.collection.withdrawal.record import Withdrawal
from ferspec.collection.withdrawal.stages import is_collection, withdraw_from_stages
from ferspec.progress import Progress, silent
from ferspec.subjects.certificates.uses import certificates_with, require_certificates
from ferspec.subjects.datasets.files import read_picture

if TYPE_CHECKING:
    import pandas as pd


class WithdrawnPicture(Result, Withdrawal):
    """What a withdrawal removed, and which certificates used the picture."""

    stem: ClassVar[str] = "withdrawal"

    def summary(self) -> str:
        """Return the number of removed files and lines, and of certificates that used the picture."""
        used = "" if self.certificates is None else f"; {len(self.certificates):,} certificates used it"
        return f"withdrawn from {self.folder}: {len(self.files):,} files, {self.lines:,} lines{used}"

    def to_frame(self) -> pd.DataFrame:
        """Return a row per certificate that used the picture."""
        import pandas as pd

        rows = [use.model_dump() for use in self.certificates or ()]
        return pd.DataFrame(rows, columns=["path", "model", "created", "digest"])

    def to_json(self) -> str:
        """Return the document that ``ferspec dataset withdraw --json`` prints."""
        return self.model_dump_json(indent=2)

    def page(self) -> str:
        """Return the removed files and the certificates as a page."""
        from ferspec.report.result_page import render_result

        sentences = (self.summary(), f"replacement: {self.replacement}")
        return render_result("dataset withdraw", self.folder, "withdrawn", sentences, self.to_frame())


def withdraw(
    picture: str | Path,
    folder: str | Path,
    certificates: str | Path | None = None,
    progress: Progress = silent,
) -> WithdrawnPicture:
    """Remove a picture from a set, and keep it from returning.

    ``picture`` is a file, or the sha256 of a file or of its pixels. From what ``build`` wrote it is removed at every
    stage, with its copies; from class folders, under every name. ``certificates`` is a folder: those that used the
    picture are listed. ``UserError`` where the set does not have the picture; nothing is removed then.
    """
    place = Path(folder)
    if certificates is not None:
        require_certificates(Path(certificates))
    if DIGEST.fullmatch(str(picture).lower()):
        given = {str(picture).lower()}
    else:
        shown, _ = read_picture(Path(picture))
        given = {shown.file, shown.pixels}
    taken = (
        withdraw_from_stages(place, given) if is_collection(place) else withdraw_from_folders(place, given, progress)
    )
    if certificates is not None:
        used = certificates_with(Path(certificates), taken.digests, progress)
        taken = taken.model_copy(update={"certificates": used})
    return WithdrawnPicture(**dict(taken))
