"""Results of a certification for notebooks: numbers, tables, plots and the page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import PrivateAttr

from ferspec.outcomes import Outcome, Status
from ferspec.reference.measured import Metric
from ferspec.required import required
from ferspec.subjects.certificates.document import Report
from ferspec.subjects.datasets.subject import Dataset

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

# the share of a class above which its cell is too dark for black text
DARK = 0.5


class Certification(Report):
    """The report on a model, with its metrics as tables and plots. In a notebook it shows its page."""

    _images: Dataset | None = PrivateAttr(default=None)

    @classmethod
    def of(cls, report: Report, images: Dataset) -> Certification:
        """Return a report with the images that its page shows."""
        result = cls.model_construct(**dict(report))
        result._images = images
        return result

    @property
    def accuracy(self) -> Metric:
        """The accuracy, 0 to 1, with its interval."""
        return self.metrics.accuracy

    @property
    def failures(self) -> tuple[Outcome, ...]:
        """The outcomes that failed, declared deviations left out."""
        return tuple(o for o in self.outcomes if o.status is Status.FAIL and o.declared is None)

    @property
    def confusion_matrix(self) -> pd.DataFrame:
        """The number of images of each class (rows) by predicted class (columns)."""
        import pandas as pd

        names = [row.name for row in self.metrics.per_class]
        return pd.DataFrame(self.metrics.confusion_matrix, pd.Index(names, name="class"), names)

    @property
    def per_class(self) -> pd.DataFrame:
        """Precision, recall and F1 of each class with their intervals, and its number of images."""
        import pandas as pd

        table: dict[str, dict[str, float | None]] = {}
        for row in self.metrics.per_class:
            cells: dict[str, float | None] = {"images": row.support, "predicted": row.predicted}
            for name, metric in (("precision", row.precision), ("recall", row.recall), ("f1", row.f1)):
                cells |= {name: metric.value, f"{name}_low": metric.low, f"{name}_high": metric.high}
            table[row.name] = cells
        return pd.DataFrame.from_dict(table, orient="index").rename_axis("class")

    def to_frame(self) -> pd.DataFrame:
        """Return a row per image: its path, class, predicted class, probabilities and groups."""
        import pandas as pd

        names = [row.name for row in self.metrics.per_class]
        rows = []
        for entry, prediction in zip(self.manifest, self.predictions, strict=True):
            probabilities = zip(names, prediction.probabilities or (), strict=False)
            row: dict[str, object] = {
                "image": entry.path,
                "label": prediction.label,
                "predicted": prediction.predicted,
                **{f"p_{name}": probability for name, probability in probabilities},
                **prediction.groups,
            }
            rows.append(row)
        return pd.DataFrame(rows)

    def to_json(self) -> str:
        """Return the report as ``certificate.json`` holds it."""
        return self.model_dump_json(indent=1)

    def write(self, folder: str | Path) -> Path:
        """Write certificate, page, badge and model card, as ``ferspec certify --out`` does; return the folder.

        ``UserError`` where the folder cannot be written to.
        """
        from ferspec.report.pages import require_folder, write_pages

        require_folder(Path(folder))
        write_pages(self, Path(folder), self._images)
        return Path(folder)

    def plot_confusion_matrix(self, ax: Axes | None = None) -> Axes:
        """Draw the confusion matrix with Matplotlib, each row in shares of its class; return the axes."""
        axes = ax or _new_axes()
        names = [row.name for row in self.metrics.per_class]
        counts = np.array(self.metrics.confusion_matrix)
        shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        axes.set_xticks(range(len(names)), names, rotation=45, ha="right")
        axes.set_yticks(range(len(names)), names)
        for (row, column), count in np.ndenumerate(counts):
            colour = "white" if shares[row, column] > DARK else "black"
            axes.text(column, row, str(count), ha="center", va="center", color=colour)
        axes.set(xlabel="predicted", ylabel="class", title=f"{self.subject.name}: accuracy {self.accuracy.value:.3f}")
        return axes

    def plot_reliability(self, ax: Axes | None = None) -> Axes:
        """Draw accuracy over confidence with Matplotlib; return the axes.

        ``ValueError`` for predictions without probabilities, which have no confidence.
        """
        if self.metrics.calibration is None:
            raise ValueError("the predictions are classes without probabilities, so that they have no confidence")
        axes = ax or _new_axes()
        bins = [(required(b.confidence), required(b.accuracy)) for b in self.metrics.calibration.bins if b.n]
        axes.plot((0, 1), (0, 1), linestyle="--", color="grey")
        axes.plot(*zip(*bins, strict=True), marker="o")
        axes.set(xlabel="confidence", ylabel="accuracy", xlim=(0, 1), ylim=(0, 1))
        return axes

    def __repr__(self) -> str:
        metric = self.accuracy
        interval = f" ({metric.low:.3f} to {metric.high:.3f})" if metric.known else ""
        kind = self.kind if self.isolated else f"{self.kind} (not isolated)"
        return (
            f"<{kind} of {self.subject.name}: {self.verdict.replace('_', ' ')}, "
            f"accuracy {metric.value:.3f}{interval}, n = {self.metrics.n:,}>"
        )

    __str__ = __repr__

    def _repr_html_(self) -> str:
        """Return the page in a frame. Its style does not change the notebook."""
        from html import escape

        from ferspec.report.html import render_html
        from ferspec.report.pages import thumbnails

        shown = {} if self._images is None else thumbnails(self, self._images)
        page = escape(render_html(self, shown), quote=True)
        return f'<iframe srcdoc="{page}" sandbox style="width: 100%; height: 40em; border: 0"></iframe>'


def _new_axes() -> Any:
    try:
        from matplotlib import pyplot
    except ModuleNotFoundError:
        raise ModuleNotFoundError("plots need Matplotlib: pip install matplotlib", name="matplotlib") from None
    return pyplot.subplots()[1]
