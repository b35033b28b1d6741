"""Compares two models on the same images."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from ferspec.api.certify import require_evaluable, require_unchanged
from ferspec.api.requests import CompareRequest
from ferspec.api.results.base import Result
from ferspec.api.results.drawing import intervals
from ferspec.api.results.measured import with_interval
from ferspec.progress import Progress, silent
from ferspec.reference.comparison import Comparison
from ferspec.reference.comparison import compare as compare_predictions
from ferspec.reference.measured import Metric
from ferspec.required import required
from ferspec.subjects.certificates.build import dataset_info, subject_info
from ferspec.subjects.certificates.document import DatasetInfo, SubjectInfo
from ferspec.subjects.models.from_names import open_images, open_subject, require_names
from ferspec.subjects.time_limit import OF_MODELS

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


class ModelComparison(Result, Comparison):
    """A comparison of predictions, with the two models and the images they were made on."""

    stem: ClassVar[str] = "comparison"

    model_a: SubjectInfo
    model_b: SubjectInfo
    dataset: DatasetInfo

    def summary(self) -> str:
        """Return both models with their accuracies, and the verdict."""
        models = ((self.model_a, self.accuracy_a), (self.model_b, self.accuracy_b))
        named = (f"{model.name} {with_interval(accuracy)}" for model, accuracy in models)
        return f"comparison of {' and '.join(named)}: {self.verdict}, n = {self.n:,}"

    def to_frame(self) -> pd.DataFrame:
        """Return a row per metric with its interval; differences are A's metric minus B's."""
        import pandas as pd

        metrics = {name: value for name, value in self if isinstance(value, Metric)}
        rows = [metric.model_dump() for metric in metrics.values()]
        return pd.DataFrame(rows, pd.Index(metrics, name="metric")).dropna(axis=1, how="all")

    def to_json(self) -> str:
        """Return the document that ``ferspec compare --json`` prints."""
        return self.model_dump_json(indent=2)

    def page(self) -> str:
        """Return the comparison as a page."""
        from ferspec.report.result_page import render_result

        title = f"A: {self.model_a.name}; B: {self.model_b.name}"
        images = f"on {self.n:,} images of {self.dataset.name}"
        return render_result("compare", title, self.verdict, (self.sentence, images), self.to_frame().reset_index())

    def plot_accuracy(self, ax: Axes | None = None) -> Axes:
        """Draw both accuracies with their intervals with Matplotlib; return the axes."""
        points = [required(accuracy.known) for accuracy in (self.accuracy_a, self.accuracy_b)]
        axes = intervals([f"A  {self.model_a.name}", f"B  {self.model_b.name}"], points, ax)
        axes.set(xlabel="accuracy")
        return axes


def compare(
    model_a: str | Path,
    model_b: str | Path,
    dataset: str | Path | None = None,
    contract_a: str | Path | None = None,
    contract_b: str | Path | None = None,
    trust_code: bool = False,
    time_limit: float = OF_MODELS,
    progress: Progress = silent,
    split: str | None = None,
) -> ModelComparison:
    """Compare two models on the same images: McNemar's exact test for accuracy, a paired bootstrap for the rest."""
    request = CompareRequest(
        model_a=model_a,
        model_b=model_b,
        dataset=dataset,
        split=split,
        contract_a=contract_a,
        contract_b=contract_b,
        trust_code=trust_code,
        time_limit=time_limit,
    )
    return compare_request(request, progress)


def compare_request(request: CompareRequest, progress: Progress = silent) -> ModelComparison:
    """Compare the two models of a request."""
    named = ((request.model_a, request.contract_a), (request.model_b, request.contract_b))
    for model, contract in named:
        require_names(model, contract)
    images = open_images(request.model_a, request.dataset, progress=progress, split=request.split)
    options = (request.trust_code, request.time_limit, progress, (request.dataset,))
    first, second = (open_subject(model, images, contract, *options) for model, contract in named)
    require_evaluable(first)
    require_evaluable(second)
    for subject in (first, second):
        require_unchanged(subject)
    return ModelComparison(
        **dict(compare_predictions(first.labels, first.predicted, second.predicted)),
        model_a=subject_info(first),
        model_b=subject_info(second),
        dataset=dataset_info(images, images.manifest()),
    )
