"""Finds likely mistakes in a model's contract and their cost. A model is never rescored with a correction."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np

from ferspec import spec
from ferspec.checks.model.alternatives import Alternative, alternatives
from ferspec.checks.model.class_order import likely_class_order
from ferspec.checks.model.paired import Gain, gain_of
from ferspec.checks.model.symptoms import of_outputs, symptom_of
from ferspec.errors import SubjectError
from ferspec.required import required
from ferspec.subjects.certificates.document import Diagnosis
from ferspec.subjects.models.contracts.answers import output_to_classes, predicted_classes
from ferspec.subjects.models.contracts.contract import Input
from ferspec.subjects.models.subject import ModelSubject


@dataclass(frozen=True)
class Interpretation:
    """How images are prepared and columns are read.

    ``columns[i]`` is the class that the contract calls class i; the last stands for none of the seven, and stays.
    """

    prepared_as: Input | None
    columns: np.ndarray


def diagnose(subject: ModelSubject) -> tuple[Diagnosis, ...]:
    """Return the likely mistakes in the contract, at most one of each kind.

    The costliest comes first. Each further mistake is searched for with the earlier ones corrected, so that a wrong
    input is not mistaken for a wrong class order, or the reverse. The class order comes from the optimal assignment
    over the confusion matrix. Value range, colour and resize filter come from McNemar's exact test on the same images,
    with Holm's correction over all alternatives. For large inputs, alternatives are screened on a few images, and only
    the promising ones run on all. An alternative on which the model crashes is skipped. Source: FER-Z-05.
    """
    declared = None if subject.contract is None else subject.contract.input
    search = _Search(subject)
    interpretation = Interpretation(declared, np.arange(len(spec.load().classes) + 1))
    diagnoses: list[Diagnosis] = []
    while candidates := search.mistakes(interpretation, {diagnosis.kind for diagnosis in diagnoses}):
        diagnosis, interpretation = max(candidates, key=lambda candidate: required(candidate[0].gain.value))
        diagnoses.append(diagnosis)
    if not diagnoses:
        symptom = symptom_of(subject.labels, subject.predicted, subject.probabilities, subject.contract)
        diagnoses += filter(None, [symptom])
    if subject.contract is not None and "run" in subject.capabilities:
        diagnoses += filter(None, [of_outputs(subject.outputs, subject.contract)])
    return tuple(diagnoses)


@dataclass
class _Search:
    """Runs the model with alternative inputs, each at most once."""

    subject: ModelSubject
    _predicted: dict[Input | None, np.ndarray] = field(default_factory=dict)

    def mistakes(self, interpretation: Interpretation, known: set[str]) -> list[tuple[Diagnosis, Interpretation]]:
        """Return the significant mistakes of kinds not ``known``, each with the corrected interpretation."""
        mistakes = [] if "class order" in known else self._class_order(interpretation)
        if "run" not in self.subject.capabilities:
            return mistakes
        prepared_as = required(interpretation.prepared_as)
        candidates = [a for a in alternatives(prepared_as, self.subject.dataset) if a.kind not in known]
        return mistakes + self._inputs(interpretation, candidates)

    def _class_order(self, interpretation: Interpretation) -> list[tuple[Diagnosis, Interpretation]]:
        predicted = self.predicted(interpretation.prepared_as)
        order = likely_class_order(self.subject.labels, predicted, self.subject.class_set.classes)
        if order is None:
            return []
        return [
            (
                Diagnosis(kind="class order", **order.described()),
                replace(interpretation, columns=np.append(order.columns, len(order.columns))),
            )
        ]

    def _inputs(
        self, interpretation: Interpretation, candidates: list[Alternative]
    ) -> list[tuple[Diagnosis, Interpretation]]:
        gains = ((a, self._gain(interpretation, a)) for a in self._promising(interpretation, candidates))
        trials = [(alternative, gain) for alternative, gain in gains if gain is not None]
        alpha, least_gain = (spec.load().number("FER-Z-05", name) for name in ("alpha", "least_gain"))
        p_values = holm([gain.p_value for _, gain in trials], len(candidates))
        return [
            (_diagnosis(alternative, gain, p_value), replace(interpretation, prepared_as=alternative.prepared_as))
            for (alternative, gain), p_value in zip(trials, p_values, strict=True)
            if p_value <= alpha and gain.accuracy >= least_gain
        ]

    def _gain(self, interpretation: Interpretation, alternative: Alternative) -> Gain | None:
        """Return the gain of an alternative, or None if the model fails on its images."""
        try:
            likely = interpretation.columns[self.predicted(alternative.prepared_as)]
        except SubjectError:
            return None
        declared = interpretation.columns[self.predicted(interpretation.prepared_as)]
        return gain_of(self.subject.labels, likely, declared)

    def predicted(self, prepared_as: Input | None) -> np.ndarray:
        """Return the class (n,) of every image in the contract's terms, for this preparation."""
        if self.subject.contract is None or prepared_as == self.subject.contract.input:
            return self.subject.predicted
        if prepared_as not in self._predicted:
            self._predicted[prepared_as] = predicted_classes(
                self._outputs(required(prepared_as)), self.subject.contract
            )
        return self._predicted[prepared_as]

    def _promising(self, interpretation: Interpretation, candidates: list[Alternative]) -> list[Alternative]:
        """Return the alternatives worth running on every image: all of them for small inputs."""
        book = spec.load()
        if max(required(interpretation.prepared_as).size) <= book.integer("FER-Z-05", "screened_above"):
            return candidates
        screens = book.integers("FER-Z-05", "screen_images"), book.numbers("FER-Z-05", "screen_t")
        for count, least_t in zip(*screens, strict=True):
            chosen = self.subject.spread(count)
            candidates = [a for a in candidates if self._advantage(interpretation, a, chosen) >= least_t]
        return candidates

    def _advantage(self, interpretation: Interpretation, alternative: Alternative, chosen: np.ndarray) -> float:
        """Return the paired t statistic of the gain in log-likelihood on chosen images.

        It needs fewer images than accuracy. 0 for fewer than two images, -inf if the model fails on the alternative.
        """
        if len(chosen) < 2:
            return 0.0
        true = np.argsort(interpretation.columns)[self.subject.labels[chosen]]
        try:
            likely = _log_likelihood(self._probabilities(alternative.prepared_as, chosen), true)
        except SubjectError:
            return -math.inf
        declared = self._probabilities(required(interpretation.prepared_as), chosen)
        gain = likely - _log_likelihood(declared, true)
        return float(gain.mean() / max(gain.std(ddof=1) / np.sqrt(len(gain)), np.finfo(np.float32).eps))

    def _probabilities(self, prepared_as: Input, chosen: np.ndarray | None = None) -> np.ndarray:
        contract = required(self.subject.contract)
        if prepared_as == contract.input:
            return required(self.subject.probabilities)[slice(None) if chosen is None else chosen]
        return output_to_classes(self._outputs(prepared_as, chosen), contract)

    def _outputs(self, prepared_as: Input, chosen: np.ndarray | None = None) -> np.ndarray:
        # small batches, so that few other images have to fill the last one
        size = None if chosen is None else spec.load().integer("FER-B-06", "probe")
        outputs = self.subject.run(chosen, batch_size=size, prepared_as=prepared_as)
        if not self.subject.usable(outputs):
            raise SubjectError("the output holds NaN or infinite numbers")
        return outputs


def holm(p_values: list[float], tried: int) -> list[float]:
    """Return p values corrected by Holm's method for ``tried`` alternatives. Those not listed count as p = 1."""
    order = np.argsort(p_values)
    stepped = np.asarray(p_values, float)[order] * (tried - np.arange(len(order)))
    corrected = np.empty(len(order))
    corrected[order] = np.minimum(np.maximum.accumulate(stepped), 1.0)
    return [float(p_value) for p_value in corrected]


def _log_likelihood(probabilities: np.ndarray, true: np.ndarray) -> np.ndarray:
    floor = spec.load().number("FER-Z-07", "floor")
    return np.asarray(np.log(np.fmax(probabilities[np.arange(len(true)), true], floor)))


def _diagnosis(alternative: Alternative, gain: Gain, p_value: float) -> Diagnosis:
    return Diagnosis(
        kind=alternative.kind,
        message=f"the {alternative.kind} looks like {alternative.likely}, not {alternative.declared}: as declared it "
        f"costs {100 * gain.accuracy:.1f} points of accuracy. Correct [input] in the contract.",
        declared=alternative.declared,
        likely=alternative.likely,
        gain=gain.figure,
        p_value=p_value,
        n=gain.n,
    )
