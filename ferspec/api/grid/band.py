"""Shows the bands of a cell of the grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ferspec.api.results.base import Result
from ferspec.api.results.drawing import ranges
from ferspec.grid.bands.bands import Band, bands_of
from ferspec.grid.cells import find_cell
from ferspec.required import required
from ferspec.spec.records import DEFAULT_PROFILE, Profile

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


@dataclass(frozen=True, repr=False)
class CellBands(Result):
    """The bands in which the metrics of a further training of one cell are expected."""

    stem: ClassVar[str] = "bands"

    bands: tuple[Band, ...]

    def summary(self) -> str:
        """Return the cell, and the band of each metric."""
        named = (f"{band.figure} {band.low:.3f} to {band.high:.3f}" for band in self._known)
        return f"bands of {self.bands[0].cell}: {', '.join(named) or self.bands[0].missing}"

    def to_frame(self) -> pd.DataFrame:
        """Return a row per metric: what is expected, and the ends of its band."""
        import pandas as pd

        columns = ("expected", "low", "high", "source", "printed", "released", "runs")
        rows = {band.figure: {name: getattr(band, name) for name in columns} for band in self.bands}
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("metric")

    def to_json(self) -> str:
        """Return the document that ``ferspec grid band --json`` prints."""
        from ferspec.report.documents import bands_document

        return bands_document(self.bands)

    def page(self) -> str:
        """Return the bands as a page."""
        from ferspec.report.result_page import render_result
        from ferspec.report.words import cell_name, level

        cell, trainings = self.bands[0].cell, self.bands[0].runs
        counted = "one further training" if trainings == 1 else f"the mean of {trainings} further trainings"
        sentences = (cell_name(find_cell(cell)), f"{level()} prediction interval of {counted}")
        return render_result(
            "grid band", cell, f"profile {self.bands[0].profile}", sentences, self.to_frame().reset_index()
        )

    def plot_bands(self, ax: Axes | None = None) -> Axes:
        """Draw the band of each metric, and what is expected, with Matplotlib; return the axes."""
        known = self._known
        return ranges([band.figure for band in known], list(map(ends_of, known)), [band.expected for band in known], ax)

    @property
    def _known(self) -> tuple[Band, ...]:
        return tuple(band for band in self.bands if band.expected is not None)


def band(cell: str, profile: Profile = DEFAULT_PROFILE, runs: int = 1) -> CellBands:
    """Return the bands in which the metrics of further trainings are expected.

    They hold for the mean of ``runs`` trainings of the cell. ``UserError`` for an unknown cell, an unknown profile, and
    fewer than one run.
    """
    return CellBands(bands_of(find_cell(cell), profile, runs))


def ends_of(band: Band) -> tuple[float, float]:
    """Return the ends of a band that exists."""
    return required(band.low), required(band.high)
