"""Inspects a dataset: copies, leakage, labels, files, identifiers and balance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from pydantic import PrivateAttr

from ferspec.api.dataset.answered import answered, require_answers
from ferspec.api.requests import NOTHING_TO_DEIDENTIFY, InspectRequest
from ferspec.api.results.judged import Judged, counted
from ferspec.checks.dataset.report import report_on
from ferspec.checks.generator import checks_for_dataset
from ferspec.engine import Check, run_checks, selected
from ferspec.errors import UserError
from ferspec.files import write_whole
from ferspec.progress import Progress, silent, tell
from ferspec.spec import load
from ferspec.spec.names import plain_name
from ferspec.subjects.datasets.decided import described, indented
from ferspec.subjects.datasets.inspection.document import InspectionReport
from ferspec.subjects.datasets.inspection.reading import read_set
from ferspec.subjects.datasets.inspection.search import twins_between, twins_within
from ferspec.subjects.datasets.inspection.subject import Inspection
from ferspec.subjects.time_limit import OF_MODELS

if TYPE_CHECKING:
    import pandas as pd

FINDINGS, CLUSTERS = "findings.csv", "clusters.csv"


class DatasetInspection(Judged, InspectionReport):
    """What an inspection found, as a table and a page. The page shows pictures only if that was asked."""

    stem: ClassVar[str] = "inspection"

    _subject: Inspection | None = PrivateAttr(default=None)
    _images: bool = PrivateAttr(default=False)
    _deidentified: bool = PrivateAttr(default=False)

    @classmethod
    def found_on(
        cls, subject: Inspection, report: InspectionReport, images: bool, deidentified: bool
    ) -> DatasetInspection:
        """Return a report with the subject it is about."""
        result = cls.model_construct(**dict(report))
        result._subject, result._images, result._deidentified = subject, images, deidentified
        return result

    def summary(self) -> str:
        """Return the name, the verdict, and the numbers of outcomes and findings."""
        verdict = self.verdict.replace("_", " ")
        return f"inspection of {self.name}: {verdict}, {counted(self.counts)}; {len(self.findings):,} findings"

    def to_frame(self) -> pd.DataFrame:
        """Return a row per finding: its check, the image, and for a pair the other image."""
        import pandas as pd

        from ferspec.subjects.datasets.inspection.findings import Finding

        return pd.DataFrame([one.model_dump() for one in self.findings], columns=[*Finding.model_fields])

    @property
    def clusters(self) -> pd.DataFrame:
        """A row per image that has copies in the set: the image, and a number for its picture."""
        import numpy as np
        import pandas as pd

        if self._subject is None:
            raise ValueError("the clusters belong to the images: inspect them again")
        numbers = self._subject.clusters
        paths = np.array([entry.path for entry in self._subject.images.entries], object)
        several = np.bincount(numbers, minlength=1)[numbers] > 1
        frame = pd.DataFrame({"image": paths, "picture": [str(number) for number in numbers]})
        # an empty cell is a cluster of its own
        frame.loc[~several, "picture"] = ""
        return frame

    def to_json(self) -> str:
        """Return the document that ``ferspec dataset inspect --json`` prints."""
        return self.model_dump_json(indent=2)

    def page(self) -> str:
        """Return the page, with pictures side by side if that was asked."""
        from ferspec.report.inspection.page import render_inspection
        from ferspec.report.inspection.thumbnails import thumbnails

        if not self._images or self._subject is None:
            return render_inspection(self, {})
        suspects = (self.answered and self.answered.suspects) or ()
        shown = thumbnails(self.findings, suspects, self._subject, self._deidentified)
        return render_inspection(self, shown, self._deidentified)

    def _write(self, folder: Path) -> None:
        texts = {
            f"{self.stem}.json": self.to_json() + "\n",
            f"{self.stem}.html": self.page(),
            FINDINGS: self.to_frame().to_csv(index=False, lineterminator="\n"),
            CLUSTERS: self.clusters.to_csv(index=False, lineterminator="\n"),
        }
        for name, text in texts.items():
            write_whole(folder / name, text.encode("utf-8", "replace"))


def inspect(
    dataset: str | Path,
    against: str | Path | Iterable[str | Path] = (),
    as_: str | None = None,
    groups: str | Path | None = None,
    model: str | Path | None = None,
    contract: str | Path | None = None,
    predictions: str | Path | None = None,
    clusters: bool = False,
    images: bool = False,
    deidentify: bool = False,
    trust_code: bool = False,
    time_limit: float = OF_MODELS,
    select: str = "",
    progress: Progress = silent,
) -> DatasetInspection:
    """Inspect a dataset, and return what is wrong with it.

    ``dataset`` is a path of any form, read in all its splits. ``against`` are other sets, such as the one a model was
    trained on: pictures that occur in both are listed. ``as_`` is the set of Table 1 that it is said to be: ``btfer``,
    ``rafdb``, ``fer2013`` or ``affectnet``. ``groups`` is a CSV of group columns. With a ``model`` (and ``contract``),
    or ``predictions`` (a table, or a certificate), the accuracy is given with and without the leak, and with
    ``clusters`` with the copies of a picture counted once. With ``images``, the page shows the pictures of pairs side
    by side, with ``deidentify`` as blocks that hide the face. With ``select`` only the checks run whose id contains it.

    ``UserError`` for a set that cannot be opened; an unreadable image is a finding.
    """
    request = InspectRequest(
        dataset=dataset,
        against=(against,) if isinstance(against, str | Path) else tuple(against),
        as_=as_,  # type: ignore[arg-type]  # the request refuses other words
        groups=groups,
        model=model,
        contract=contract,
        predictions=predictions,
        clusters=clusters,
        trust_code=trust_code,
        time_limit=time_limit,
        select=select,
    )
    return inspect_request(request, images, deidentify, progress)


def inspect_request(
    request: InspectRequest, images: bool = False, deidentify: bool = False, progress: Progress = silent
) -> DatasetInspection:
    """Inspect the dataset of a request; the page shows pictures with ``images``."""
    if deidentify and not images:
        raise UserError(NOTHING_TO_DEIDENTIFY)
    checks = selected(checks_for_dataset(), request.select)
    require_answers(request)
    _require_different(request)
    subject = _opened(request, _needs_changed_copies(request, checks), progress)
    tell(progress, _decided(subject))
    judgement = run_checks(checks, subject, (), request.reproduce, progress)
    found = answered(subject, request, progress)
    return DatasetInspection.found_on(subject, report_on(subject, judgement, found), images, deidentify)


def _needs_changed_copies(request: InspectRequest, checks: Iterable[Check]) -> bool:
    """Return whether changed copies are searched: for a check, or for the accuracy without the leak."""
    asks = request.model is not None or request.predictions is not None
    return asks or any("changed" in check.given for check in checks)


def _opened(request: InspectRequest, changed: bool, progress: Progress) -> Inspection:
    dataset = None if request.as_ is None else _named(request.as_)
    asks = request.model is not None or request.predictions is not None
    ours = read_set(request.dataset, dataset, partial(progress, "reading images"), keep=asks)
    if request.groups is not None:
        ours = ours.with_groups(request.groups)
    others = tuple(read_set(path, progress=partial(progress, f"reading {Path(path).name}")) for path in request.against)
    names = Counter(one.name for one in (ours, *others))
    others = tuple(
        one if names[one.name] == 1 else one.renamed(str(path))
        for one, path in zip(others, request.against, strict=True)
    )
    return Inspection(
        ours,
        others,
        dataset,
        twins_within(ours, progress, changed),
        tuple(twins_between(ours, other, progress, changed) for other in others),
    )


def _named(word: str) -> str:
    return next(name for name in load().datasets if plain_name(name) == word)


def _require_different(request: InspectRequest) -> None:
    """Raise ``UserError`` for a set that is compared with itself, its part, or twice."""
    own = Path(request.dataset).resolve()
    seen: dict[Path, str] = {own: "the inspected set itself"}
    for path in request.against:
        place = Path(path).resolve()
        if place in seen:
            raise UserError(f"--against {path}: this is {seen[place]}: give another set")
        if place.is_relative_to(own) or own.is_relative_to(place):
            raise UserError(
                f"--against {path}: one of it and {request.dataset} lies in the other, and would share its pictures: "
                "splits of one set are compared without --against"
            )
        seen[place] = "given twice"


def _decided(subject: Inspection) -> Iterator[str]:
    for one in (subject.images, *subject.others):
        yield described("images", one.name, one.images.form, one.counts)
        yield from indented(one.images.listing.notes)
        if absent := [label for label, count in one.counts.items() if not count]:
            yield from indented([f"no images of {', '.join(absent)}"])
