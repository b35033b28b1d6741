"""Evaluates a finished training again: are its artifacts reproduced?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from ferspec.api.results.base import Result
from ferspec.grid.training.evaluate import Reevaluation, evaluate_run
from ferspec.progress import Progress, silent

if TYPE_CHECKING:
    import pandas as pd


class RunEvaluation(Result, Reevaluation):
    """The new evaluation of a finished training, beside the recorded one."""

    stem: ClassVar[str] = "evaluation"

    def summary(self) -> str:
        """Return the cell, and whether its artifacts are reproduced."""
        return f"evaluation of {self.cell}: {self.verdict}"

    def to_frame(self) -> pd.DataFrame:
        """Return a row per split: the recorded and the new metrics, and how far the predictions differ."""
        import pandas as pd

        rows = {
            part.part: {
                "images": part.n,
                "recorded_accuracy": part.recorded.metrics.accuracy.value,
                "accuracy": part.measured.metrics.accuracy.value,
                "recorded_f1": part.recorded.metrics.f1.weighted.value,
                "f1": part.measured.metrics.f1.weighted.value,
                "largest_difference": part.largest_difference,
                "changed": part.changed,
            }
            for part in self.parts
        }
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("split")

    def to_json(self) -> str:
        """Return the document that ``ferspec evaluate --json`` prints."""
        return self.model_dump_json(indent=2)

    def page(self) -> str:
        """Return the recorded and the new metrics as a page."""
        from ferspec.report.result_page import render_result

        missing = (f"missing in run.json: {entry.clause} {entry.option}: {entry.effect}" for entry in self.undeclared)
        contradicts = () if self.report_matches else ("report.json contradicts predictions.csv",)
        table = self.to_frame().reset_index()
        return render_result("evaluate", self.cell, self.verdict, (*contradicts, *missing), table)


def evaluate(run: str | Path, data_root: str | Path | None = None, progress: Progress = silent) -> RunEvaluation:
    """Predict the images of a finished training again, and compare with its artifacts; nothing is written.

    ``data_root`` holds the datasets that it was trained on. ``UserError`` for an unfinished or incomplete run, and for
    other images than those of the run.
    """
    root = None if data_root is None else Path(data_root)
    return RunEvaluation(**dict(evaluate_run(run, root, progress)))
