"""Gets a dataset of the protocol: says where it is published, and takes its download."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from ferspec.api.results.base import Result
from ferspec.errors import UserError
from ferspec.progress import Progress, silent
from ferspec.subjects.datasets.receiving import kaggle as client
from ferspec.subjects.datasets.receiving.placing import parents_made, require_new
from ferspec.subjects.datasets.receiving.receive import Received, check_download, put_into_folders
from ferspec.subjects.datasets.sources import Source, source_of

if TYPE_CHECKING:
    import pandas as pd


class ReceivedDataset(Result, Received):
    """A download that was put into folders, or checked."""

    stem: ClassVar[str] = "received"

    def summary(self) -> str:
        """Return what the download holds, and what is wrong with it."""
        known = "" if self.recognition is None else f", {self.recognition.pictures:,} known pictures"
        wrong = "; ".join(self.problems) or "as in Table 1"
        return f"{self.dataset} in {self.place}: {self.total:,} images{known}: {wrong}"

    def to_frame(self) -> pd.DataFrame:
        """Return a row per class: its images."""
        import pandas as pd

        return pd.DataFrame({"images": self.counts}).rename_axis("class")

    def to_json(self) -> str:
        """Return the document that ``ferspec dataset get --json`` prints."""
        return self.model_dump_json(indent=2)

    def page(self) -> str:
        """Return counts, recognition and problems as a page."""
        from ferspec.report.result_page import render_result

        word = "received" if self.accepted else "not as in Table 1"
        return render_result(
            "dataset get", self.dataset, word, (self.summary(), *self.notes), self.to_frame().reset_index()
        )


def get(
    name: str,
    archive: str | Path | None = None,
    kaggle: str | None = None,
    out: str | Path | None = None,
    progress: Progress = silent,
) -> ReceivedDataset:
    """Take the download of a dataset of the protocol.

    BTFER is put into a folder for each class below ``out`` (by default ``BTFER``), and its pictures are recognised;
    the others are checked where they are. ``archive`` is the downloaded file, or the folder that it was unpacked to;
    ``kaggle`` is the name of BTFER on Kaggle (OWNER/NAME), which the user's own client downloads. ``UserError``
    without either, and for a download of another dataset; nothing is written then.
    """
    source = source_of(name)
    if (archive is None) == (kaggle is None):
        raise UserError(f"{source.name}: give either the downloaded archive or the name on Kaggle")
    if not source.in_folders:
        if archive is None or out is not None:
            raise UserError(
                f"{source.name} is read as it is distributed: give its download with --archive, and no --out"
            )
        return ReceivedDataset(**dict(check_download(source, Path(archive))))
    target = Path(source.name if out is None else out)
    require_new(target)
    if archive is not None:
        return _put(source, Path(archive), target, progress)
    try:
        with (
            parents_made(target),
            tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as folder,
        ):
            return _put(source, client.download(str(kaggle), Path(folder)), target, progress)
    except OSError as error:
        raise UserError(f"{target} cannot be written: {error.strerror}") from None


def _put(source: Source, archive: Path, target: Path, progress: Progress) -> ReceivedDataset:
    return ReceivedDataset(**dict(put_into_folders(source, archive, target, progress)))
