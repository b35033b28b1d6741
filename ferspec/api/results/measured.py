"""The part of a result that has metrics: numbers with intervals, tables of the classes, plots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from ferspec.api.results.base import Result
from ferspec.api.results.drawing import new_axes
from ferspec.reference.measured import Evaluation, Metric
from ferspec.required import required

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

# the share of a class above which its cell is too dark for black text
DARK = 0.5


class HasMetrics(Protocol):
    """Anything with the metrics of an evaluation."""

    @property
    def metrics(self) -> Evaluation: ...


class Measured(Result):
    """A result with the metrics of one evaluation."""

    @property
    def accuracy(self: HasMetrics) -> Metric:
        """The accuracy, 0 to 1, with its interval."""
        return self.metrics.accuracy

    @property
    def confusion_matrix(self: HasMetrics) -> pd.DataFrame:
        """The number of images of each class (rows) by predicted class (columns)."""
        import pandas as pd

        names = [row.name for row in self.metrics.per_class]
        return pd.DataFrame(self.metrics.confusion_matrix, pd.Index(names, name="class"), list(self.metrics.answers))

    @property
    def per_class(self: HasMetrics) -> pd.DataFrame:
        """Precision, recall and F1 of each class with their intervals, and its number of images."""
        import pandas as pd

        table: dict[str, dict[str, float | None]] = {}
        for row in self.metrics.per_class:
            cells: dict[str, float | None] = {"images": row.support, "predicted": row.predicted}
            for name, metric in (("precision", row.precision), ("recall", row.recall), ("f1", row.f1)):
                cells |= {name: metric.value, f"{name}_low": metric.low, f"{name}_high": metric.high}
            table[row.name] = cells
        return pd.DataFrame.from_dict(table, orient="index").rename_axis("class")

    @property
    def groups(self: HasMetrics) -> pd.DataFrame:
        """Errors of each group of images, with simultaneous intervals.

        ``relative`` is the error rate divided by that of all images. A group with too few images has no interval.
        """
        import pandas as pd

        overall = 1 - required(self.metrics.accuracy.value)
        rows = [
            {
                "column": column.column,
                "group": group.value,
                "images": group.n,
                "errors": group.errors,
                "error_rate": required(group.errors) / group.n,
                "low": None if (known := group.accuracy.known) is None else 1 - known.high,
                "high": None if known is None else 1 - known.low,
                "relative": required(group.errors) / group.n / overall if overall else None,
                "result": column.result,
            }
            for column in self.metrics.slices
            for group in column.groups
        ]
        names = ["column", "group", "images", "errors", "error_rate", "low", "high", "relative", "result"]
        return pd.DataFrame(rows, columns=names)

    def plot_confusion_matrix(self: HasMetrics, ax: Axes | None = None) -> Axes:
        """Draw the confusion matrix with Matplotlib, each row in shares of its class; return the axes."""
        axes = ax or new_axes()
        names = [row.name for row in self.metrics.per_class]
        counts = np.array(self.metrics.confusion_matrix)
        shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        axes.set_xticks(range(counts.shape[1]), self.metrics.answers, rotation=45, ha="right")
        axes.set_yticks(range(len(names)), names)
        for (row, column), count in np.ndenumerate(counts):
            colour = "white" if shares[row, column] > DARK else "black"
            axes.text(column, row, str(count), ha="center", va="center", color=colour)
        axes.set(xlabel="predicted", ylabel="class", title=f"accuracy {self.metrics.accuracy.value:.3f}")
        return axes

    def plot_reliability(self: HasMetrics, ax: Axes | None = None) -> Axes:
        """Draw accuracy over confidence with Matplotlib; return the axes.

        ``ValueError`` for predictions without probabilities, which have no confidence.
        """
        if self.metrics.calibration is None:
            raise ValueError("the predictions are classes without probabilities, so that they have no confidence")
        axes = ax or new_axes()
        bins = [(required(b.confidence), required(b.accuracy)) for b in self.metrics.calibration.bins if b.n]
        axes.plot((0, 1), (0, 1), linestyle="--", color="grey")
        axes.plot(*zip(*bins, strict=True), marker="o")
        axes.set(xlabel="confidence", ylabel="accuracy", xlim=(0, 1), ylim=(0, 1))
        return axes


def with_interval(metric: Metric) -> str:
    """Return a metric in words: ``0.812 (0.780 to 0.840)``; ``undefined`` without a value."""
    known = metric.known
    return "undefined" if known is None else f"{known.value:.3f} ({known.low:.3f} to {known.high:.3f})"
