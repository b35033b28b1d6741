"""A model as a subject: the model itself or its recorded predictions, joined with the images it is judged on."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from ferspec import spec
from ferspec.errors import SubjectError
from ferspec.progress import StepProgress
from ferspec.reference.evaluation import evaluate
from ferspec.reference.figures import Evaluation
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
    """A model (or its recorded predictions) and a dataset; predictions over the whole dataset are made once.

    ``capabilities`` are ``run`` (the model can be run anew) and ``probabilities``. A crash inside the model raises
    ``SubjectError``; nothing here judges what comes out.
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

    def run(
        self,
        indices: Sequence[int] | np.ndarray | None = None,
        batch_size: int | None = None,
        prepared_as: Input | None = None,
        progress: StepProgress | None = None,
    ) -> np.ndarray:
        """Return what the model itself says of the images at ``indices``: (n, k) float32, columns as it gives them.

        ``prepared_as`` replaces the contract's input, which only diagnoses do.
        """
        chosen = np.arange(len(self.dataset)) if indices is None else np.asarray(indices)
        outputs = []
        done = 0
        size = batch_size or spec.load().integer("FER-B-06", "batch_size")
        for batch in batches(self.dataset, chosen, prepared_as or self.contract.input, size):
            outputs.append(self._run_batch(batch))
            done += len(batch)
            if progress is not None:
                progress(done, len(chosen))
        return np.concatenate(outputs)

    def _run_batch(self, batch: np.ndarray) -> np.ndarray:
        output = np.asarray(self.model.predict(batch))
        if output.ndim != 2 or len(output) != len(batch):
            raise SubjectError(f"the model answered {len(batch)} images with an output of shape {output.shape}")
        return output

    @cached_property
    def outputs(self) -> np.ndarray:
        """What the model says of every image, in the dataset's order, in the batches that FER-B-06 has as usual."""
        return self.run(progress=self._progress)

    @cached_property
    def probabilities(self) -> np.ndarray | None:
        """Probabilities (n, 7) float32 in the order of the classes, or None where only classes were recorded."""
        if self.model is not None:
            return output_to_classes(self.outputs, self.contract).astype(np.float32)
        recorded = self.recorded.probabilities
        return None if recorded is None else recorded.astype(np.float32)

    @cached_property
    def predicted(self) -> np.ndarray:
        """The predicted class (n,) of every image: the recorded one, or the most probable."""
        return self.recorded.predicted if self.recorded is not None else self.probabilities.argmax(axis=1)

    @property
    def labels(self) -> np.ndarray:
        """The true class (n,) of every image."""
        return self.dataset.labels

    @cached_property
    def evaluation(self) -> Evaluation:
        """The figures that labels and predictions determine."""
        return evaluate(self.labels, self.predicted, self.probabilities, self.dataset.groups)

    def spread(self, count: int) -> np.ndarray:
        """Return the indices of ``count`` images that take turns through the classes, or of all images."""
        ranks = np.zeros(len(self.labels), dtype=int)
        for index in range(len(spec.load().classes)):
            members = np.flatnonzero(self.labels == index)
            ranks[members] = np.arange(len(members))
        return np.sort(np.lexsort((self.labels, ranks))[:count])
