"""The result of a certification."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import PrivateAttr

from ferspec.api.results.judged import Judged
from ferspec.api.results.measured import Measured, with_interval
from ferspec.subjects.certificates.document import Report
from ferspec.subjects.datasets.subject import Dataset

if TYPE_CHECKING:
    import pandas as pd


class Certification(Measured, Judged, Report):
    """The report on a model, with its metrics as tables and plots. In a notebook it shows its page."""

    _images: Dataset | None = PrivateAttr(default=None)
    _ids: tuple[str, ...] | None = PrivateAttr(default=None)

    @classmethod
    def of(cls, report: Report, images: Dataset | None, ids: tuple[str, ...] | None = None) -> Certification:
        """Return a report with the images that its page shows, if any.

        ``ids`` are the names of all images, which the report does not hold.
        """
        result = cls.model_construct(**dict(report))
        result._images, result._ids = images, ids
        return result

    def to_frame(self) -> pd.DataFrame:
        """Return a row per image: its name, class, predicted class, probabilities and groups.

        Without the images at hand, the name is that of the manifest: class and digest of the file.
        """
        import pandas as pd

        names = [row.name for row in self.metrics.per_class]
        rows = []
        ids = self._ids or tuple(entry.path for entry in self.manifest)
        asked = range(len(ids)) if self.sequential is None else sorted(self.sequential.order)
        for place, prediction in zip(asked, self.predictions, strict=True):
            probabilities = zip(names, prediction.probabilities or (), strict=False)
            row: dict[str, object] = {
                "image": ids[place],
                "label": prediction.label,
                "predicted": prediction.answer,
                **{f"p_{name}": probability for name, probability in probabilities},
                **prediction.groups,
            }
            rows.append(row)
        return pd.DataFrame(rows)

    def to_json(self) -> str:
        """Return the report as ``certificate.json`` holds it."""
        return self.model_dump_json(indent=1)

    def page(self) -> str:
        """Return the page of the report, with thumbnails where the images may be shown."""
        from ferspec.report.html import render_html
        from ferspec.report.pages import thumbnails

        return render_html(self, {} if self._images is None else thumbnails(self, self._images))

    def _write(self, folder: Path) -> None:
        from ferspec.report.pages import write_pages

        write_pages(self, folder, self._images)

    def summary(self) -> str:
        """Return kind, model, verdict, accuracy and number of images."""
        from ferspec.report.words import headline

        verdict = self.verdict.replace("_", " ")
        accuracy = with_interval(self.accuracy)
        return f"{headline(self)} of {self.subject.name}: {verdict}, accuracy {accuracy}, n = {self.metrics.n:,}"
