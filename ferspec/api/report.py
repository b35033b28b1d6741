"""Draws the site of the published results."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from ferspec.api.requests import ReportRequest
from ferspec.api.results.base import Result
from ferspec.progress import Progress, silent
from ferspec.report.site.pages import site_files
from ferspec.report.site.writing import write_site

if TYPE_CHECKING:
    import pandas as pd

INDEX = "index.html"


@dataclass(frozen=True, repr=False)
class Site(Result):
    """The files of a site, by their paths in its folder."""

    stem: ClassVar[str] = "site"

    files: Mapping[str, str]

    def summary(self) -> str:
        """Return the number of pages and tables."""
        pages = sum(name.endswith(".html") for name in self.files)
        return f"site of {pages:,} pages and {len(self.files) - pages:,} tables"

    def to_frame(self) -> pd.DataFrame:
        """Return a row per file: its path, and its size in bytes."""
        import pandas as pd

        return pd.DataFrame([{"file": name, "bytes": len(text.encode())} for name, text in self.files.items()])

    def to_json(self) -> str:
        """Return the document that ``ferspec report --json`` prints."""
        return json.dumps({"summary": self.summary(), "files": sorted(self.files)}, indent=1)

    def page(self) -> str:
        """Return the first page; its links need the written site."""
        return self.files[INDEX]

    def _write(self, folder: Path) -> None:
        write_site(self.files, folder)


def report_request(request: ReportRequest, progress: Progress = silent) -> Site:
    """Draw the site of a request. ``UserError`` without anything to draw."""
    request.require_subject()
    return Site(site_files(f"{request.reproduce} --out site/", {}, progress))
