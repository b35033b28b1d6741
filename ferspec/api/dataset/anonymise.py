"""Copies a dataset without metadata and file names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from ferspec.api.results.base import Result
from ferspec.progress import Progress, silent
from ferspec.subjects.datasets import anonymising
from ferspec.subjects.datasets.anonymising import Anonymised

if TYPE_CHECKING:
    import pandas as pd


class AnonymisedDataset(Result, Anonymised):
    """A copy of a dataset without metadata and file names."""

    stem: ClassVar[str] = "anonymised"

    def summary(self) -> str:
        """Return the folder of the copy, and its number of images."""
        return f"anonymised copy in {self.folder}: {self.total:,} images, named for their pixels, without metadata"

    def to_frame(self) -> pd.DataFrame:
        """Return a row per split: the images of each class."""
        import pandas as pd

        return pd.DataFrame.from_dict(self.splits, orient="index").rename_axis("split")

    def to_json(self) -> str:
        """Return the document that ``ferspec dataset anonymise --json`` prints."""
        return self.model_dump_json(indent=2)

    def page(self) -> str:
        """Return the numbers of images as a page."""
        from ferspec.report.result_page import render_result

        table = self.to_frame().reset_index()
        return render_result("dataset anonymise", self.folder, "written", (self.summary(),), table)


def anonymise(dataset: str | Path, out: str | Path, progress: Progress = silent) -> AnonymisedDataset:
    """Copy a dataset into a new folder, with its pixels and labels and nothing else.

    Each image becomes a PNG of its upright pixels, named for these; metadata, names and their order are left out. A
    manifest has columns for licence and consent, which are unknown. ``UserError`` for an existing folder, and for
    images that cannot be read; nothing is written then.
    """
    return AnonymisedDataset(**dict(anonymising.anonymise(dataset, Path(out), progress)))
