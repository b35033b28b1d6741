"""Small pictures of the images of findings, read again from their sets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

from ferspec.report.shown import data_address, small_picture
from ferspec.subjects.datasets.inspection.document import SuspectLabel
from ferspec.subjects.datasets.inspection.findings import Finding
from ferspec.subjects.datasets.inspection.reading import InspectedSet
from ferspec.subjects.datasets.inspection.subject import Inspection

# the findings of a check that a page shows, and the suspected labels
ROWS, SUSPECTS = 40, 24

# the name of another set, or nothing for the inspected one, and the path of an image
Shown = tuple[str, str]


def by_check(findings: Iterable[Finding]) -> Iterator[tuple[str, list[Finding]]]:
    """Yield the findings of each check, in their order."""
    for check, found in groupby(findings, key=lambda finding: finding.check):
        yield check, list(found)


def key_of(finding: Finding, is_other: bool = False) -> Shown:
    """Return the key of the image of a finding, or of its other image."""
    if not is_other:
        return "", finding.image
    return finding.other_set if "another set" in finding.what else "", finding.other_image


def thumbnails(
    findings: Iterable[Finding], suspects: Iterable[SuspectLabel], subject: Inspection, deidentified: bool = False
) -> Mapping[Shown, str]:
    """Return the addresses of small pictures: of the pairs that a page shows, and of suspected labels.

    They are pictures of blocks if they are ``deidentified``.
    """
    wanted = {("", one.image) for one in [*suspects][:SUSPECTS]}
    for _, found in by_check(findings):
        for finding in found[:ROWS]:
            if finding.is_pair:
                wanted |= {key_of(finding), key_of(finding, True)}
    sets = {"": subject.images, **{other.name: other for other in subject.others}}
    shown: dict[Shown, str] = {}
    for name, images in sets.items():
        paths = {path for owner, path in wanted if owner == name}
        for path, place in _places(images).items():
            if path in paths:
                shown[name, path] = data_address(small_picture(images.small.get(place), deidentified))
    return shown


def _places(images: InspectedSet) -> dict[str, int]:
    return {entry.path: place for place, entry in enumerate(images.entries)}
