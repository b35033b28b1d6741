"""Compares two models on the same images, or ranks more of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from ferspec import spec
from ferspec.api.certify import require_evaluable, require_unchanged
from ferspec.api.requests import CompareRequest
from ferspec.api.results.base import Result
from ferspec.api.results.drawing import intervals
from ferspec.api.results.measured import with_interval
from ferspec.errors import UserError
from ferspec.outcomes import Verdict
from ferspec.progress import Progress, silent, tell
from ferspec.reference.comparison import Comparison
from ferspec.reference.comparison import compare as compare_predictions
from ferspec.reference.measured import Metric
from ferspec.reference.ranking import Ranking
from ferspec.reference.ranking import rank as rank_predictions
from ferspec.required import required
from ferspec.subjects.certificates.build import dataset_info, subject_info
from ferspec.subjects.certificates.document import DatasetInfo, SubjectInfo
from ferspec.subjects.certificates.recorded import is_certificate, open_certificate, predictions_on
from ferspec.subjects.datasets.clusters import read_clusters
from ferspec.subjects.datasets.decided import decided, described, indented
from ferspec.subjects.datasets.manifest import Entry, noteworthy, without_names
from ferspec.subjects.datasets.subject import Dataset
from ferspec.subjects.models.from_names import open_images, open_subject, require_names
from ferspec.subjects.runs.data.decided import trained_on
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

    @property
    def decision(self) -> Verdict:
        """``pass`` if B is better, or as good within the margin; ``fail`` if it is worse; else ``inconclusive``."""
        verdict = self.verdict if self.margin is None else self.margin.verdict
        if verdict in ("tie", "undecided"):
            return "inconclusive"
        return "fail" if verdict == "A is better" or "by more than the margin" in verdict else "pass"

    def summary(self) -> str:
        """Return both models with their accuracies, and the verdict."""
        models = ((self.model_a, self.accuracy_a), (self.model_b, self.accuracy_b))
        named = (f"{model.name} {with_interval(accuracy)}" for model, accuracy in models)
        verdict = self.verdict if self.margin is None else self.margin.verdict
        return f"comparison of {' and '.join(named)}: {verdict}, n = {self.n:,}"

    def to_frame(self) -> pd.DataFrame:
        """Return a row per metric with its interval; differences are A's metric minus B's."""
        import pandas as pd

        metrics = {name: value for name, value in self if isinstance(value, Metric)}
        rows = [metric.model_dump() for metric in metrics.values()]
        return pd.DataFrame(rows, pd.Index(metrics, name="metric")).dropna(axis=1, how="all")

    @property
    def per_class(self) -> pd.DataFrame:
        """The decision within the margin for each class, a row each; empty without a margin."""
        import pandas as pd

        rows = () if self.margin is None else self.margin.classes
        return pd.DataFrame([row.model_dump() for row in rows]).set_index("name" if rows else [])

    def to_json(self) -> str:
        """Return the document that ``ferspec compare --json`` prints."""
        return self.model_dump_json(indent=2)

    def page(self) -> str:
        """Return the comparison as a page."""
        from ferspec.report.comparison import comparison_tables
        from ferspec.report.result_page import render_result

        title = f"A: {self.model_a.name}; B: {self.model_b.name}"
        images = f"on {self.n:,} images of {self.dataset.name}"
        found = self if self.margin is None else self.margin
        names = (self.model_a.name, self.model_b.name)
        texts = tuple(comparison_tables(self, names, self.dataset))
        return render_result("compare", title, found.verdict, (found.sentence, images), texts=texts)

    def plot_accuracy(self, ax: Axes | None = None) -> Axes:
        """Draw both accuracies with their intervals with Matplotlib; return the axes."""
        points = [required(accuracy.known) for accuracy in (self.accuracy_a, self.accuracy_b)]
        axes = intervals([f"A  {self.model_a.name}", f"B  {self.model_b.name}"], points, ax)
        axes.set(xlabel="accuracy")
        return axes


class ModelRanking(Result, Ranking):
    """A ranking of models by their predictions; ``names`` and ``subjects`` are in the order given."""

    stem: ClassVar[str] = "ranking"

    names: tuple[str, ...]
    subjects: tuple[SubjectInfo, ...]
    dataset: DatasetInfo

    @property
    def sentence(self) -> str:
        """Which models are in the first group, and how that was found."""
        first = [self.names[one.model] for one in self.models if one.group == 1]
        more = f" and {len(first) - 3} more" if len(first) > 4 else ""
        listed = ", ".join(first[:3]) if more else " or ".join(first)
        clusters = "" if self.clusters is None else f" in {self.clusters:,} clusters"
        return (
            f"No model is significantly better than {listed}{more}: {len(self.pairs):,} pairs of {len(self.names)} "
            f"models on {self.n:,} images{clusters}, corrected by Holm's method."
        )

    def summary(self) -> str:
        """Return the number of models and groups, and the best model."""
        best, groups = self.models[0], max(one.group for one in self.models)
        first = sum(one.group == 1 for one in self.models)
        return (
            f"ranking of {len(self.models)} models in {groups} groups: {first} in the first, the most accurate "
            f"{self.names[best.model]} {with_interval(best.accuracy)}, n = {self.n:,}"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return a row per model: its group, the range of its rank, and its accuracy with the interval."""
        import pandas as pd

        rows = [
            {
                "model": self.names[one.model],
                "group": one.group,
                "best_rank": one.best_rank,
                "worst_rank": one.worst_rank,
                "accuracy": one.accuracy.value,
                "low": one.accuracy.low,
                "high": one.accuracy.high,
            }
            for one in self.models
        ]
        return pd.DataFrame(rows).set_index("model")

    def to_json(self) -> str:
        """Return the document that ``ferspec compare --json`` prints."""
        return self.model_dump_json(indent=2)

    def page(self) -> str:
        """Return the ranking as a page."""
        from ferspec.report.comparison import ranking_table
        from ferspec.report.result_page import render_result

        title = f"{len(self.models)} models on {self.dataset.name}"
        texts = (ranking_table(self, self.names, self.dataset),)
        return render_result("compare", title, "ranking", (self.sentence,), texts=texts)

    def plot_accuracy(self, ax: Axes | None = None) -> Axes:
        """Draw all accuracies with their intervals with Matplotlib, the best first; return the axes."""
        axes = intervals(
            [f"{one.group}  {self.names[one.model]}" for one in self.models],
            [required(one.accuracy.known) for one in self.models],
            ax,
        )
        axes.set(xlabel="accuracy", ylabel="group and model")
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
    margin: float | None = None,
    equivalence: bool = False,
) -> ModelComparison:
    """Compare two models on the same images: McNemar's exact test for accuracy, a paired bootstrap for the rest.

    A model may also be the ``certificate.json`` of one. With a ``margin``, such as 0.01 for a point, it is decided
    whether B is as good as A within it; for an ``equivalence``, each as the other.
    """
    request = CompareRequest(
        models=(model_a, model_b),
        dataset=dataset,
        split=split,
        contract_a=contract_a,
        contract_b=contract_b,
        margin=margin,
        equivalence=equivalence,
        trust_code=trust_code,
        time_limit=time_limit,
    )
    return compare_request(request, progress)


def rank(
    models: Iterable[str | Path],
    dataset: str | Path | None = None,
    clusters: str | Path | None = None,
    trust_code: bool = False,
    time_limit: float = OF_MODELS,
    progress: Progress = silent,
    split: str | None = None,
) -> ModelRanking:
    """Rank models on the same images in groups of ties.

    All pairs are tested, and corrected by Holm's method. Each model is given as one, or as its ``certificate.json``.
    ``clusters`` is a CSV with a column for the image and one for its cluster, such as a pair of twins.
    """
    request = CompareRequest(
        models=tuple(models),
        dataset=dataset,
        split=split,
        clusters=clusters,
        trust_code=trust_code,
        time_limit=time_limit,
    )
    return rank_request(request, progress)


def compare_request(request: CompareRequest, progress: Progress = silent) -> ModelComparison:
    """Compare the two models of a request."""
    found = _answered(request, progress)
    first, second = found.predicted
    return ModelComparison(
        **dict(compare_predictions(found.labels, first, second, request.margin, request.equivalence)),
        model_a=found.subjects[0],
        model_b=found.subjects[1],
        dataset=found.dataset,
    )


def rank_request(request: CompareRequest, progress: Progress = silent) -> ModelRanking:
    """Rank the models of a request."""
    found = _answered(request, progress)
    names = [subject.name for subject in found.subjects]
    if len(set(names)) < len(names):
        names = list(map(str, request.models))
    return ModelRanking(
        **dict(rank_predictions(found.labels, found.predicted, found.clusters)),
        names=tuple(names),
        subjects=found.subjects,
        dataset=found.dataset,
    )


@dataclass(frozen=True)
class _Answered:
    """The models of a request, and their predictions of the same images."""

    dataset: DatasetInfo
    clusters: np.ndarray | None
    labels: np.ndarray
    subjects: tuple[SubjectInfo, ...]
    predicted: tuple[np.ndarray, ...]


def _answered(request: CompareRequest, progress: Progress) -> _Answered:
    """Return what the models of a request answer about the same images. They are run one after the other."""
    named = [*zip_longest(request.models, (request.contract_a, request.contract_b))]
    if repeated := [model for place, (model, _) in enumerate(named) if named[place] in named[:place]]:
        raise UserError(f"{repeated[0]} is given twice: give each model once")
    certificates = {model: open_certificate(model) for model in request.models if is_certificate(model)}
    runs = [(model, contract) for model, contract in named if model not in certificates]
    for model, contract in runs:
        require_names(model, contract)
    images = None
    if runs or request.dataset is not None:
        first = runs[0][0] if runs else request.models[0]
        images = open_images(first, request.dataset, progress=progress, split=request.split)
        manifest, dataset = images.manifest(), dataset_info(images, images.manifest())
    else:
        report = required(certificates[request.models[0]].report)
        manifest, dataset = report.manifest, report.dataset
    clusters = None if request.clusters is None else read_clusters(request.clusters, _names(images, manifest))
    if images is not None:
        tell(progress, (*decided(images), *chain.from_iterable(trained_on(model, manifest) for model, _ in runs)))
    else:
        about = described("images", dataset.name, dataset.form, dataset.support)
        tell(progress, (about, *indented(noteworthy(manifest))))
    subjects, predicted = [], []
    for model, contract in named:
        if model in certificates:
            subjects.append(required(certificates[model].report).subject)
            predicted.append(predictions_on(manifest, dataset.name, certificates[model]))
            continue
        hidden = (request.dataset, request.clusters)
        subject = open_subject(
            model, required(images), contract, request.trust_code, request.time_limit, progress, hidden
        )
        require_evaluable(subject)
        subjects.append(subject_info(subject))
        predicted.append(subject.predicted)
        require_unchanged(subject)
    _require_different(request.models, subjects)
    classes = spec.load().classes
    labels = np.array([classes.index(entry.label) for entry in manifest])
    return _Answered(dataset, clusters, labels, tuple(subjects), tuple(predicted))


def _require_different(models: Sequence[str | Path], subjects: Sequence[SubjectInfo]) -> None:
    """Raise ``UserError`` if two models are the same, under the same contract."""
    first: dict[object, str | Path] = {}
    for model, subject in zip(models, subjects, strict=True):
        contract = "" if subject.contract is None else subject.contract.model_dump_json()
        # one module may hold several callables
        key = (subject.digest, contract, subject.name if subject.coverage is not None else "")
        if key in first:
            raise UserError(f"{first[key]} and {model} are the same model: give each model once")
        first[key] = model


def _names(images: Dataset | None, manifest: Sequence[Entry]) -> Sequence[str]:
    """Return the names of images, which certificates of this version do not hold."""
    if images is not None:
        return images.ids
    if tuple(manifest) == without_names(manifest):
        raise UserError("clusters name files, and certificates do not: add --dataset")
    return [entry.path for entry in manifest]
