"""Read the predictions that certificates record, in the order of other images."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ferspec.errors import UserError
from ferspec.required import required
from ferspec.subjects.certificates.document import digest_of
from ferspec.subjects.certificates.subject import Certificate, read_certificate
from ferspec.subjects.datasets.manifest import Entry
from ferspec.subjects.models.predictions import is_predictions_file


def is_certificate(name: str | Path) -> bool:
    """Return whether a path names a certificate rather than a model or predictions."""
    return Path(name).suffix.lower() == ".json" and not is_predictions_file(name)


def open_certificate(path: str | Path) -> Certificate:
    """Read a certificate. Raise ``UserError`` for a document that is not valid, or was changed."""
    certificate = Certificate(read_certificate(path))
    if certificate.defect is not None:
        raise UserError(f"{path} is not a valid certificate: {certificate.defect}")
    if certificate.document["digest"] != digest_of(certificate.document):
        raise UserError(f"{path} was changed after it was made: its digest is not that of its content")
    return certificate


def predictions_on(manifest: Sequence[Entry], set_name: str, certificate: Certificate) -> np.ndarray:
    """Return the recorded classes (n,) in the order of a manifest.

    Images are matched by their pixels and labels. Raise ``UserError`` for a certificate of other images, or of
    only some of them.
    """
    report = required(certificate.report)
    if len(report.asked) < len(report.manifest):
        raise UserError(
            f"the certificate of {report.subject.name} has answers to {len(report.asked):,} of "
            f"{len(report.manifest):,} images: certify the model without --sequential"
        )
    keys, wanted = ([(entry.pixels_sha256, entry.label) for entry in one] for one in (report.manifest, manifest))
    own, asked = (sorted(range(len(names)), key=names.__getitem__) for names in (keys, wanted))
    if [keys[row] for row in own] != [wanted[row] for row in asked]:
        raise UserError(
            f"the certificate of {report.subject.name} is of {report.dataset.name} ({len(keys):,} images), which has "
            f"{len({*keys} & {*wanted}):,} of the {len(wanted):,} images of {set_name}: "
            "compare models on the same images"
        )
    predicted = np.empty(len(wanted), dtype=int)
    predicted[asked] = certificate.predicted[own]
    return predicted
