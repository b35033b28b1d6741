"""The files of a report in one folder: the certificate, and the pages rendered from it."""

import os
import re
from pathlib import Path

from ferspec.errors import UserError
from ferspec.files import write_whole
from ferspec.report.badge import render_badge
from ferspec.report.documentation import render_documentation
from ferspec.report.html import render_html, worst_predictions
from ferspec.report.model_card import render_model_index
from ferspec.report.shown import JPEG, Shown, small_picture
from ferspec.required import required
from ferspec.subjects.certificates.document import Report
from ferspec.subjects.certificates.signing.assurance import SELF_ASSERTED, Assurance
from ferspec.subjects.certificates.signing.envelopes import envelopes_path
from ferspec.subjects.certificates.subject import Certificate, read_certificate
from ferspec.subjects.datasets.manifest import digest
from ferspec.subjects.datasets.subject import Dataset
from ferspec.subjects.models.subject import ModelSubject

CERTIFICATE, PAGE, BADGE, MODEL_INDEX = "certificate.json", "report.html", "badge.svg", "model-index.yml"
DOCUMENTATION = "documentation.md"


def write_pages(report: Report, folder: Path, shown: Shown | None, assurance: Assurance = SELF_ASSERTED) -> None:
    """Write certificate, page, badge, model card and documentation into a folder, each atomically.

    Without ``shown`` the page shows no images. Signatures of an earlier certificate are removed. ``UserError`` where
    the folder cannot be written to.
    """
    # all are rendered before the first is written, so that a folder never holds a page without its certificate
    texts = {CERTIFICATE: report.model_dump_json(indent=1), **_pages(report, shown, assurance)}
    envelopes_path(folder / CERTIFICATE).unlink(missing_ok=True)
    for name, text in texts.items():
        write_whole(folder / name, text)


def rewrite_pages(certificate: Certificate, folder: Path, assurance: Assurance) -> None:
    """Write the pages of a verified certificate again, with its new assurance.

    Only pages that the folder holds are written. The page shows images where it did before, deidentified if they were.
    """
    pages = _pages(required(certificate.report), _shown_before(folder / PAGE, certificate.dataset), assurance)
    for name, text in pages.items():
        if (folder / name).is_file():
            write_whole(folder / name, text)


def _shown_before(page: Path, images: Dataset | None) -> Shown | None:
    """Return the images as a page shows them; None if it shows none, or they are not available."""
    content = page.read_bytes() if page.is_file() else b""
    if images is None or b"data:image/" not in content:
        return None
    return Shown(images, deidentified=f"data:{JPEG}".encode() not in content)


def _pages(report: Report, shown: Shown | None, assurance: Assurance) -> dict[str, str]:
    return {
        PAGE: render_html(report, {} if shown is None else thumbnails(report, shown), assurance),
        BADGE: render_badge(report, assurance),
        MODEL_INDEX: render_model_index(report, assurance),
        DOCUMENTATION: render_documentation(report, assurance),
    }


def default_folder(model: str) -> Path:
    """Return the default folder of a model's files: ``ferspec-`` and the model's name."""
    name = Path(model).name or Path(model).resolve().name
    return Path("ferspec-" + re.sub(r"[^\w.-]+", "-", name))


def require_folder(folder: Path) -> None:
    """Raise ``UserError`` if files cannot be written into a folder; create nothing."""
    if folder.exists() and not folder.is_dir():
        raise UserError(f"{folder} is a file: choose another --out")
    nearest = next(parent for parent in (folder, *folder.absolute().parents) if parent.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        raise UserError(f"{folder} cannot be created or written to ({nearest}): choose another --out")


def require_replaceable(folder: Path, subject: ModelSubject) -> None:
    """Raise ``UserError`` if a folder holds the certificate of another model or other images."""
    path = folder / CERTIFICATE
    if not path.exists():
        return
    source = subject.model or subject.recorded
    assert source is not None, "a subject has a model or recorded predictions"
    try:
        document = read_certificate(path)
        model = document["subject"]
        held = model["name"], model["digest"], document["dataset"]["manifest_digest"]
    except (UserError, KeyError, TypeError):
        held = None
    # functions of one module share a digest: the name distinguishes them
    # a certificate of an earlier version has the names of files in its manifest
    known = [digest(entries) for entries in (subject.dataset.manifest(), subject.dataset.entries)]
    if held not in [(source.name, source.digest, one) for one in known]:
        raise UserError(f"{path} is of another model or other images: choose another --out, or replace it with --force")


def thumbnails(report: Report, shown: Shown) -> dict[str, bytes]:
    """Return small pictures of the worst images, by the digest of their pixels."""
    images = shown.images
    place = {entry.pixels_sha256: index for index, entry in enumerate(images.manifest())}
    worst = worst_predictions(report)
    return {p.image: small_picture(images.image(place[p.image]), shown.deidentified) for p in worst}
