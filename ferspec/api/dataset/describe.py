"""Describes a dataset: its class distributions, and the class weights before and after balancing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from ferspec.api.results.base import Result
from ferspec.files import write_whole
from ferspec.subjects.datasets import description
from ferspec.subjects.datasets.description import Description

if TYPE_CHECKING:
    import pandas as pd


class DatasetDescription(Result, Description):
    """Class distributions and class weights of a dataset."""

    stem: ClassVar[str] = "description"

    def summary(self) -> str:
        """Return the number of images, and the largest weights."""
        known = f", the counts of {self.known}" if self.known else ""
        return f"description of {self.name}: {self.total:,} images{known}; {self._largest()}"

    def _largest(self) -> str:
        simple = [one.simple.weight for one in self.classes if one.simple]
        conservative = [one.conservative.weight for one in self.classes if one.conservative]
        if not simple:
            return "no class weights"
        return f"weights up to {max(simple):.2f} (simple) and {max(conservative):.2f} (conservative)"

    def to_frame(self) -> pd.DataFrame:
        """Return a row per class: images of each split, both weights, and the images times these."""
        import pandas as pd

        from ferspec.report.description.rows import columns, rows

        return pd.DataFrame(rows(self), columns=columns(self)).set_index("class")

    def to_json(self) -> str:
        """Return the document that ``ferspec dataset describe --json`` prints."""
        return self.model_dump_json(indent=2)

    def page(self) -> str:
        """Return distributions and weights as a page."""
        from ferspec.report.description.page import render_description

        return render_description(self)

    def svg(self) -> str:
        """Return the bars of Figs. 9, 10 and 12 as the text of an SVG."""
        from ferspec.report.description.drawing import draw

        return draw(self)

    def csv(self) -> str:
        """Return the table of ``to_frame`` as CSV."""
        from ferspec.report.description.rows import as_csv

        return as_csv(self)

    def _write(self, folder: Path) -> None:
        # rendered before the first is written, so that a folder never holds a document without its page
        texts = {".json": self.to_json() + "\n", ".html": self.page(), ".svg": self.svg(), ".csv": self.csv()}
        for suffix, text in texts.items():
            write_whole(folder / f"{self.stem}{suffix}", text)


def describe(dataset: str | Path) -> DatasetDescription:
    """Describe a dataset: images of each class and split, and class weights before and after balancing.

    ``dataset`` is in any form that is read; its images are not decoded. ``UserError`` for another form.
    """
    return DatasetDescription(**dict(description.describe(dataset)))
