"""Present a model or its recorded predictions, with a dataset, as a subject."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from random import Random, SystemRandom
from statistics import median
from time import perf_counter

import numpy as np

from ferspec import spec
from ferspec.errors import NotEvaluable, SubjectError, UserError
from ferspec.progress import StepProgress
from ferspec.reference.evaluation import evaluate, evaluate_known
from ferspec.reference.measured import Evaluation
from ferspec.required import required
from ferspec.subjects.datasets.manifest import digest
from ferspec.subjects.datasets.subject import Dataset
from ferspec.subjects.models.base import Model, abstains
from ferspec.subjects.models.contracts.answers import Answers, answers_of, columns_of, distributions_of
from ferspec.subjects.models.contracts.class_set import ClassSet
from ferspec.subjects.models.contracts.contract import Contract, Input
from ferspec.subjects.models.cost import UNKNOWN, Cost
from ferspec.subjects.models.lineage import Lineage
from ferspec.subjects.models.predictions import RecordedPredictions
from ferspec.subjects.models.preprocess import Alter, batches, unaltered

WHY_MISSING = {
    "run": "only recorded predictions were given, so the model itself cannot be run",
    "probabilities": "the predictions are classes without probabilities",
}
IN_MEMORY = "the model is an object in memory, so no new process can open it"


@dataclass(frozen=True)
class Probe:
    """Hold the outputs (n, k) of one batch of images, in the order of ``indices``."""

    indices: np.ndarray
    outputs: np.ndarray


@dataclass(frozen=True)
class Asked:
    """The places of the images in the order asked, and their outputs if known."""

    whole: Dataset
    order: np.ndarray
    outputs: np.ndarray | None = None


class ModelSubject:
    """Join a model or its recorded predictions with a dataset.

    The dataset is predicted once. The capabilities are ``run`` (the model can be run again) and ``probabilities``.
    The model gets images in an order drawn from ``chance``, by default the randomness of the operating system, so that
    order, position and count hold no information. Raise ``SubjectError`` if the model crashes. ``asked`` says which
    images of a larger dataset these are, in their order there, if a judgement stopped before all were asked.
    """

    def __init__(
        self,
        dataset: Dataset,
        model: Model | None = None,
        contract: Contract | None = None,
        recorded: RecordedPredictions | None = None,
        progress: StepProgress | None = None,
        chance: Random | None = None,
        asked: Asked | None = None,
    ) -> None:
        self.dataset = dataset
        self.model = model
        self.contract = contract
        self.recorded = recorded
        self.asked = asked
        self.lineage: Lineage | None = None
        self._progress = progress
        self.chance = SystemRandom() if chance is None else chance
        self._seconds: list[float] = []

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
        alter: Alter = unaltered,
    ) -> np.ndarray:
        """Run the model on the images at ``indices``, sent in a drawn order.

        The outputs (n, k) float32 are in the order of ``indices``, by default all images. Batches have ``batch_size``
        images, that of FER-B-06 by default, or the fixed size of the model; other images, drawn at random, fill the
        last one.
        ``prepared_as`` replaces the contract's input for a diagnosis; ``alter`` changes each image before it is
        prepared. Raise ``SubjectError`` if the model crashes or returns an output of the wrong shape.
        """
        chosen = np.arange(len(self.dataset)) if indices is None else np.asarray(indices)
        order = np.asarray(self.chance.sample(range(len(chosen)), len(chosen)))
        size = batch_size or spec.load().integer("FER-B-06", "batch_size")
        sent = self._send(chosen[order], size, prepared_as, progress, alter)
        outputs = np.empty_like(sent)
        outputs[order] = sent
        return outputs

    def in_one_batch(self, indices: np.ndarray) -> np.ndarray:
        """Run the model on images in exactly this order, and return outputs (n, k) float32.

        ``indices`` must be in a drawn order. They form one batch, unless the model has a fixed batch size.
        """
        return self._send(indices, len(indices))

    def _send(
        self,
        indices: np.ndarray,
        batch_size: int,
        prepared_as: Input | None = None,
        progress: StepProgress | None = None,
        alter: Alter = unaltered,
    ) -> np.ndarray:
        model, contract = self._runnable
        size = model.signature.batch or min(batch_size, len(self.dataset))
        outputs = []
        done = 0
        for batch in batches(self.dataset, self._filled(indices, size), prepared_as or contract.input, size, alter):
            began = perf_counter()
            output = np.asarray(model.predict(batch))
            if batch_size == spec.load().integer("FER-B-06", "batch_size"):
                self._seconds.append((perf_counter() - began) / len(batch))
            if output.shape == (len(batch), 0) and self.may_abstain:
                output = np.full((len(batch), len(contract.output.classes)), np.nan, np.float32)
            if output.ndim != 2 or len(output) != len(batch):
                raise SubjectError(f"the model answered {len(batch)} images with an output of shape {output.shape}")
            outputs.append(output)
            done = min(done + len(batch), len(indices))
            if progress is not None:
                progress(done, len(indices))
        return np.concatenate(outputs)[: len(indices)]

    def _filled(self, indices: np.ndarray, size: int) -> np.ndarray:
        """Add images to the last batch until it is full: others of the dataset, repeated only if it is too small."""
        places = -len(indices) % size
        last = indices[len(indices) // size * size :]
        others = np.setdiff1d(np.arange(len(self.dataset)), last).tolist() or last.tolist()
        if places > len(others):
            return np.concatenate([indices, self.chance.choices(others, k=places)])
        return np.concatenate([indices, np.asarray(self.chance.sample(others, places), dtype=indices.dtype)])

    def reopened(self) -> ModelSubject:
        """Return the same model on the same images, opened in a new process. Raise ``NotEvaluable`` without a file."""
        model, contract = self._runnable
        if model.reopened is None:
            raise NotEvaluable(IN_MEMORY)
        fresh = replace(model.reopened(), signature=model.signature)
        return ModelSubject(self.dataset, fresh, contract, chance=self.chance)

    @cached_property
    def first_output(self) -> np.ndarray:
        """The model's output (1, k) for one image drawn at random."""
        return self.run(self.draw(1), batch_size=1)

    @cached_property
    def outputs(self) -> np.ndarray:
        """The model's outputs (n, k) for all images, in the dataset's order."""
        if self.asked is not None and self.asked.outputs is not None:
            return self.asked.outputs
        return self.run(progress=self._progress)

    def only(self, order: np.ndarray, outputs: np.ndarray | None = None) -> ModelSubject:
        """Return the same model on the images at ``order`` alone, asked in this order.

        ``outputs`` are theirs, in the same order, where they are known.
        """
        places = np.sort(order)
        if outputs is not None:
            outputs = outputs[np.argsort(order)]
        asked = Asked(self.dataset, order, outputs)
        fresh = ModelSubject(
            self.dataset.take(places), self.model, self.contract, None, self._progress, self.chance, asked
        )
        fresh._seconds, fresh.lineage = self._seconds, self.lineage
        return fresh

    @property
    def share_of_error(self) -> float:
        """The part of the error that the claims may use: less for a lineage's certifications."""
        return 1.0 if self.lineage is None else self.lineage.share

    @property
    def groups(self) -> Mapping[str, Sequence[str]]:
        """The group columns of the images."""
        return self.dataset.groups

    @property
    def clusters(self) -> np.ndarray | None:
        """The cluster (n,) of every image; None if none were named."""
        return self.dataset.clusters

    @property
    def whole(self) -> Dataset:
        """All images, also those that were not asked."""
        return self.dataset if self.asked is None else self.asked.whole

    @property
    def order(self) -> np.ndarray | None:
        """The places of the images in the order asked; None unless it was sequential."""
        return None if self.asked is None else np.argsort(np.argsort(self.asked.order))

    @cached_property
    def is_known(self) -> np.ndarray | None:
        """Which images are known pictures of BTFER (n,), or None for other datasets."""
        found = self.whole.found
        if found is None or not found.recognition.recognised:
            return None
        return found.known if self.asked is None else found.known[np.sort(self.asked.order)]

    @cached_property
    def probe(self) -> Probe:
        """A few images drawn at random, and their outputs in one batch (FER-B-06)."""
        indices = self.draw(spec.load().integer("FER-B-06", "probe"))
        return Probe(indices, self.in_one_batch(indices))

    @cached_property
    def probe_again(self) -> np.ndarray:
        """The outputs for the probe, asked a second time in the same order (FER-B-05)."""
        return self.in_one_batch(self.probe.indices)

    @property
    def class_set(self) -> ClassSet:
        """The classes of the output's columns."""
        return self._runnable[1].output if self.recorded is None else self.recorded.classes

    @cached_property
    def columns(self) -> np.ndarray | None:
        """The columns (n, k) float64 of the class set, after softmax of logits; None if only classes were recorded."""
        return columns_of(self.outputs, self._runnable[1]) if self.recorded is None else self.recorded.columns

    @property
    def distributions(self) -> np.ndarray | None:
        """The rows (n, k) that must be distributions, as a certificate records them."""
        if self.columns is None or self.class_set.is_the_protocols:
            return self.probabilities
        return distributions_of(self.columns, self.class_set)

    @property
    def may_abstain(self) -> bool:
        """Whether a row of NaN is a missing answer, and not a defect."""
        return abstains(self.source.format)

    def usable(self, outputs: np.ndarray) -> bool:
        """Return whether every output is finite, or no answer where the model may abstain."""
        missing = np.isnan(outputs).all(axis=1) & self.may_abstain
        return bool(np.isfinite(outputs[~missing]).all())

    @cached_property
    def answers(self) -> Answers:
        """What the model answers, read as its class set declares. Raise ``UserError`` if no image has an answer."""
        recorded = self.recorded
        answers = answers_of(required(self.columns), self.class_set) if recorded is None else recorded.answers
        if answers.missing.all():
            raise UserError(
                f"{self.source.name} gives no answer that counts to any image: check classes and extra in the contract"
            )
        return answers

    @property
    def probabilities(self) -> np.ndarray | None:
        """The probabilities (n, 7 + k) float32 of ``Answers``; None for classes alone."""
        return self.answers.probabilities

    @property
    def predicted(self) -> np.ndarray:
        """The predicted class (n,) of every image: the recorded class, or the most probable one; 7 for none."""
        return self.answers.predicted

    @property
    def labels(self) -> np.ndarray:
        """The true class (n,) of every image."""
        return self.dataset.labels

    @cached_property
    def evaluation(self) -> Evaluation:
        """The metrics of the predictions."""
        return evaluate(self.labels, self.predicted, self.probabilities, self.dataset.groups, clusters=self.clusters)

    @cached_property
    def cost(self) -> Cost:
        """What one image costs the model, counted from its file."""
        if self.model is None or self.contract is None or self.model.count_cost is None:
            return UNKNOWN
        (height, width), channels = self.contract.input.size, self.contract.input.channels
        first = self.model.signature.layout == "channels_first"
        return self.model.count_cost((channels, height, width) if first else (height, width, channels))

    @property
    def milliseconds(self) -> float | None:
        """The median time of an image in a batch of the usual size (FER-B-06)."""
        return round(1000 * median(self._seconds), 3) if self._seconds else None

    def draw(self, count: int) -> np.ndarray:
        """Draw the indices of ``count`` different images, at most all, in random order."""
        return np.asarray(self.chance.sample(range(len(self.labels)), min(count, len(self.labels))))

    @cached_property
    def known(self) -> Evaluation | None:
        """The metrics on the known pictures of BTFER, or None for other datasets."""
        if self.is_known is None:
            return None
        return evaluate_known(
            self.is_known,
            self.evaluation,
            self.labels,
            self.predicted,
            self.probabilities,
            self.dataset.groups,
            clusters=self.clusters,
        )

    @cached_property
    def mixed(self) -> np.ndarray:
        """The indices of all images in a random order that alternates between the classes.

        It is drawn from the digest of the dataset, so that a diagnosis of the same images is the same.
        """
        return alternating(self.labels, Random(digest(self.dataset.manifest())))


def alternating(labels: np.ndarray, chance: Random) -> np.ndarray:
    """Return the places of labels (n,) in a random order that alternates between classes."""
    members = np.asarray(chance.sample(range(len(labels)), len(labels)))
    ranks = np.zeros(len(labels), dtype=int)
    for index in range(len(spec.load().classes)):
        of_class = members[labels[members] == index]
        ranks[of_class] = np.arange(len(of_class))
    return members[np.argsort(ranks[members], kind="stable")]
