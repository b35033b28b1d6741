"""Draws the site of published and measured results."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from ferspec.api.requests import ReportRequest, VerifyRequest
from ferspec.api.results.base import Result
from ferspec.api.verify import verify_request
from ferspec.errors import UserError
from ferspec.grid.judging.reading import read
from ferspec.grid.judging.trainings import with_details
from ferspec.progress import Progress, silent
from ferspec.report.pages import CERTIFICATE
from ferspec.report.site.contact_sheet import sheet_of
from ferspec.report.site.inputs import Certified, Inputs
from ferspec.report.site.pages import site_files
from ferspec.report.site.writing import write_site
from ferspec.subjects.runs.artifacts.record import RUN

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
    """Draw the site of a request.

    ``UserError`` without anything to draw, for an input of another kind, and for a certificate that
    does not verify.
    """
    require_subject(request)
    command = f"{request.reproduce} --out site/"
    return Site(site_files(command, _inputs(request, progress), progress))


def require_subject(request: ReportRequest) -> None:
    """Raise ``UserError`` where there is nothing to draw, or two different things."""
    if not request.published and not request.inputs:
        raise UserError("nothing to draw: give runs, tables or certificates, or --published")
    if request.published and request.inputs:
        raise UserError("--published draws the published results alone: leave it out, or the inputs")


def _inputs(request: ReportRequest, progress: Progress) -> Inputs:
    found = {Path(path): _certificate_at(Path(path)) for path in request.inputs}
    certificates = tuple(_verified(path) for path in found.values() if path is not None)
    others = [path for path, certificate in found.items() if certificate is None]
    held = read(others, progress) if others else None
    return Inputs(
        trainings=with_details(held.results) if held else (),
        certificates=certificates,
        notes=held.notes if held else (),
        sheets=tuple(map(sheet_of, request.contact_sheet)),
    )


def _certificate_at(path: Path) -> Path | None:
    """Return the file of a certificate, given itself or its folder; None for another input."""
    if path.is_dir():
        path = path / CERTIFICATE
        return path if path.is_file() else None
    return path if path.suffix == ".json" and path.name != RUN else None


def _verified(path: Path) -> Certified:
    found = verify_request(VerifyRequest(certificate=path))
    if found.verdict != "pass" or found.report is None:
        raise UserError(f"{path} does not verify ({found.finding}): 'ferspec verify {path}' says why")
    return Certified(found.report, found.assurance, found.finding.word, found.finding.sentence)
