"""Checks on the files and images of a set: readable, of one size, read alike, without identifiers."""

from __future__ import annotations

from ferspec.checks.dataset.absent import absent
from ferspec.engine import Check
from ferspec.outcomes import CheckResult
from ferspec.subjects.datasets.inspection import findings
from ferspec.subjects.datasets.inspection.subject import Inspection


def every_image_is_readable(subject: Inspection) -> CheckResult:
    """Every image is decoded within the limits on size, time and memory."""
    likely = "files were damaged or cut off in a download, or are not images"
    return absent(findings.unreadable(subject), "unreadable images", subject.images.total, likely)


def images_have_the_published_size(subject: Inspection) -> CheckResult:
    """Images have the size and colour of Table 1.

    BTFER is 256 × 256 and RAF-DB 100 × 100 in colour, FER2013 48 × 48 in grey.
    """
    likely = "images were resized or converted, or another version of the set was downloaded"
    return absent(findings.mis_sized(subject), "images of another size or colour", len(subject.images), likely)


def programs_agree_on_pixels(subject: Inspection) -> CheckResult:
    """Files are 8-bit grey, palette or RGB, with one frame and the usual orientation."""
    likely = "files were collected from the web and not converted"
    return absent(
        findings.read_in_several_ways(subject), "properties read in several ways", len(subject.images), likely
    )


def metadata_identifies_nobody(subject: Inspection) -> CheckResult:
    """Names and other personal identifiers are removed from metadata (2, stage 2)."""
    likely = "metadata was not removed when the pictures were collected"
    return absent(
        findings.identifying(subject), "files with metadata that may identify people", len(subject.images), likely
    )


def file_names_identify_nobody(subject: Inspection) -> CheckResult:
    """Names and other personal identifiers are removed from the names of files (2, stage 2).

    An address is a failure, words that look like a person's name are a suspicion.
    """
    likely = "files kept the names under which they were downloaded"
    return absent(findings.named(subject), "file names that may identify people", len(subject.images), likely)


IMAGE_CHECKS = (
    Check("FER-I-03", every_image_is_readable),
    Check("FER-D-06", images_have_the_published_size, ("btfer",)),
    Check("FER-I-04", images_have_the_published_size, ("table", "another", "sized")),
    Check("FER-I-05", programs_agree_on_pixels, ("files",)),
    Check("FER-D-12", metadata_identifies_nobody, ("files",), "metadata"),
    Check("FER-D-12", file_names_identify_nobody, ("named",), "file names"),
)
