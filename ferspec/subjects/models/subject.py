"""Present a model or its recorded predictions, with a dataset, as a subject."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from ferspec import spec
from ferspec.errors import NotEvaluable, SubjectError
from ferspec.progress import StepProgress
from ferspec.reference.evaluation import evaluate, evaluate_known
from ferspec.reference.measured import Evaluation
from ferspec.subjects.datasets.subject import Dataset
from ferspec.subjects.models.base import Model
from ferspec.subjects.models.contracts.contract import Contract, Input
from ferspec.subjects.models.contracts.files import output_to_classes
from ferspec.subjects.models.predictions import RecordedPredictions
from ferspec.subjects.models.preprocess import batches

WHY_MISSING = {
    "run": "only recorded predictions were given, so the model itself cannot be run",
    "probabilities": "the predictions are classes without probabilities",
}


class ModelSubject:
    """Join a model or its recorded predictions with a dataset.

    The dataset is predicted once. The capabilities are ``run`` (the model can be run again) and ``probabilities``.
    Raise ``SubjectError`` if the model crashes.
    """

    def __init__(
        self,
        dataset: Dataset,
        model: Model | None = None,
        contract: Contract | None = None,
        recorded: RecordedPredictions | None = None,
        progress: StepProgress | None = None,
    ) -> None:
        self.dataset = dataset
        self.model = model
        self.contract = contract
        self.recorded = recorded
        self._progress = progress

    @property
    def capabilities(self) -> frozenset[str]:
        able = {"run"} if self.model is not None else set()
        if self.recorded is None or self.recorded.probabilities is not None:
            able.add("probabilities")
        return frozenset(able)

    def why_missing(self, capability: str) -> str:
        return WHY_MISSING[capability]

    @property
    def source(self) -> Model | RecordedPredictions:
        """The model, or the recorded predictions if there is no model."""
        source = self.recorded if self.model is None else self.model
        if source is None:
            raise ValueError("a model or recorded predictions are needed")
        return source

    @property
    def _runnable(self) -> tuple[Model, Contract]:
        if self.model is None or self.contract is None:
            raise NotEvaluable(WHY_MISSING["run"])
        return self.model, self.contract

    def run(
        self,
        indices: Sequence[int] | np.ndarray | None = None,
        batch_size: int | None = None,
        prepared_as: Input | None = None,
        progress: StepProgress | None = None,
    ) -> np.ndarray:
        """Run the model on the images at ``indices`` and return outputs (n, k) float32.

        By default, run it on all images. ``prepared_as`` replaces the contract's input for a diagnosis. Raise
        ``SubjectError`` if the model crashes or returns an output of the wrong shape.
        """
        model, contract = self._runnable
        chosen = np.arange(len(self.dataset)) if indices is None else np.asarray(indices)
        outputs = []
        done = 0
        size = batch_size or spec.load().integer("FER-B-06", "batch_size")
        for batch in batches(self.dataset, chosen, prepared_as or contract.input, size):
            output = np.asarray(model.predict(batch))
            if output.ndim != 2 or len(output) != len(batch):
                raise SubjectError(f"the model answered {len(batch)} images with an output of shape {output.shape}")
            outputs.append(output)
            done += len(batch)
            if progress is not None:
                progress(done, len(chosen))
        return np.concatenate(outputs)

    @cached_property
    def outputs(self) -> np.ndarray:
        """The model's outputs for all images, in the dataset's order and in batches of FER-B-06."""
        return self.run(progress=self._progress)

    @cached_property
    def probabilities(self) -> np.ndarray | None:
        """The probabilities (n, 7) float32, or None if only classes were recorded."""
        if self.model is None and self.recorded is not None:
            recorded = self.recorded.probabilities
            return None if recorded is None else recorded.astype(np.float32)
        return output_to_classes(self.outputs, self._runnable[1]).astype(np.float32)

    @cached_property
    def predicted(self) -> np.ndarray:
        """The predicted class (n,) of every image: the recorded class, or the most probable one."""
        if self.recorded is not None:
            return self.recorded.predicted
        if self.probabilities is None:
            raise NotEvaluable(WHY_MISSING["probabilities"])
        return self.probabilities.argmax(axis=1)

    @property
    def labels(self) -> np.ndarray:
        """The true class (n,) of every image."""
        return self.dataset.labels

    @cached_property
    def evaluation(self) -> Evaluation:
        """The metrics of the predictions."""
        return evaluate(self.labels, self.predicted, self.probabilities, self.dataset.groups)

    @cached_property
    def known(self) -> Evaluation | None:
        """The metrics on the known pictures of BTFER, or None for other datasets."""
        found = self.dataset.found
        if found is None or not found.recognition.recognised:
            return None
        return evaluate_known(
            found.known, self.evaluation, self.labels, self.predicted, self.probabilities, self.dataset.groups
        )

    def spread(self, count: int) -> np.ndarray:
        """Return the sorted indices of ``count`` images, spread evenly over the classes."""
        ranks = np.zeros(len(self.labels), dtype=int)
        for index in range(len(spec.load().classes)):
            members = np.flatnonzero(self.labels == index)
            ranks[members] = np.arange(len(members))
        return np.sort(np.lexsort((self.labels, ranks))[:count])
