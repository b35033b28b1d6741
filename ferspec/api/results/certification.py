"""The result of a certification."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import PrivateAttr

from ferspec.api.results.drawing import intervals
from ferspec.api.results.judged import Judged
from ferspec.api.results.measured import Measured, with_interval
from ferspec.report.shown import Shown
from ferspec.required import required
from ferspec.subjects.certificates.document import Report

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

NOT_MEASURED = "no loss was measured: certify with robustness=True"


class Certification(Measured, Judged, Report):
    """The report on a model, with its metrics as tables and plots. In a notebook it shows its page."""

    _images: Shown | None = PrivateAttr(default=None)
    _ids: tuple[str, ...] | None = PrivateAttr(default=None)

    @classmethod
    def of(cls, report: Report, images: Shown | None, ids: tuple[str, ...] | None = None) -> Certification:
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

    @property
    def losses(self) -> pd.DataFrame:
        """The loss of accuracy at every level of every condition, with simultaneous intervals.

        ``ValueError`` unless robustness was measured. Without a loss, ``undefined`` says why.
        """
        import pandas as pd

        if self.robustness is None:
            raise ValueError(NOT_MEASURED)
        rows = [
            {
                "condition": one.title,
                "kind": one.kind,
                "level": level.name,
                "loss": level.loss.value,
                "low": level.loss.low,
                "high": level.loss.high,
                "undefined": level.loss.undefined,
            }
            for one in self.robustness.conditions
            for level in one.levels
        ]
        return pd.DataFrame(rows)

    def plot_losses(self, ax: Axes | None = None) -> Axes:
        """Draw the largest loss of every condition with Matplotlib, the worst at the top; return the axes.

        ``ValueError`` unless robustness was measured, or where no change could be measured.
        """
        from ferspec.report.robustness.rows import ordered

        measured = () if self.robustness is None else ordered(self.robustness, "condition")
        if not measured:
            raise ValueError(NOT_MEASURED)
        names = [f"{one.title}, {level.name}" for one, level in measured]
        axes = intervals(names, [required(level.loss.known) for _, level in measured], ax)
        axes.axvline(0, color="grey")
        axes.set(xlabel="loss of accuracy", title="the most costly level of each condition")
        return axes

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
