"""The document of ``ferspec edge``: the original, every format with what was measured, and the verdict."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import computed_field

from ferspec.edge.calibration import Calibration
from ferspec.edge.devices import Fit
from ferspec.edge.measurement.answers import Answers
from ferspec.edge.measurement.speed import Speed
from ferspec.environment import Environment
from ferspec.grid.advising.measured import Measurement
from ferspec.outcomes import Verdict
from ferspec.records import Count, Record
from ferspec.reference.measured import Metric
from ferspec.subjects.certificates.document import DatasetInfo, SubjectInfo
from ferspec.subjects.models.content import Content


class Original(Record):
    """The model before it is converted."""

    model: SubjectInfo
    accuracy: Metric
    speed: Speed | None


class EdgeFile(Record):
    """One format: a converted file with what was measured of it, or the ``reason`` why there is none.

    A file that cannot be run or crashes has ``failed``, in words, and then neither answers nor speed.
    """

    format: str
    title: str
    converter: str
    reason: str | None = None
    name: str | None = None
    bytes: Count | None = None
    digest: str | None = None
    content: Content | None = None
    answers: Answers | None = None
    speed: Speed | None = None
    failed: str | None = None
    crashed: bool = False
    fits: tuple[Fit, ...] = ()

    @property
    def verdict(self) -> Verdict | None:
        """The decision as a verdict; None without a file."""
        if self.reason is not None:
            return None
        if self.answers is None:
            return "fail" if self.crashed else "inconclusive"
        words: dict[str, Verdict] = {"not inferior": "pass", "inferior": "fail", "undecided": "inconclusive"}
        return words[self.answers.decision.verdict]


class EdgeReport(Record):
    """What conversions of a model change, on this machine. It is a document of measurements too (docs/recommend.md)."""

    kind: Literal["ferspec measurements"] = "ferspec measurements"
    version: Literal["1"] = "1"
    device: str
    max_drop: float
    original: Original
    dataset: DatasetInfo
    calibration: Calibration
    files: tuple[EdgeFile, ...]
    cell: str | None
    environment: Environment

    @computed_field  # type: ignore[prop-decorator]
    @property
    def measurements(self) -> tuple[Measurement, ...]:
        """The median time of every file, for each number of threads."""
        return tuple(self._measured())

    @computed_field  # type: ignore[prop-decorator]
    @property
    def verdict(self) -> Verdict:
        """``fail`` if a file is inferior, else ``inconclusive`` if one is undecided, else ``pass``."""
        verdicts = [file.verdict for file in self.files]
        if "fail" in verdicts:
            return "fail"
        return "inconclusive" if "inconclusive" in verdicts else "pass"

    @property
    def converted(self) -> tuple[EdgeFile, ...]:
        """The formats of which there is a file."""
        return tuple(file for file in self.files if file.reason is None)

    def _measured(self) -> Iterator[Measurement]:
        for file in self.converted:
            for timing in () if file.speed is None else file.speed.timings:
                yield Measurement(
                    model=file.name or "",
                    cell=self.cell,
                    format=file.title,
                    milliseconds=timing.median,
                    bytes=file.bytes or 0,
                    device=f"{self.device}, {threads(timing.threads)}",
                )


def threads(count: int) -> str:
    """Return a number of threads in words."""
    return f"{count} thread{'' if count == 1 else 's'}"
