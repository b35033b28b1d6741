"""Likely mistakes in a model's contract: named, with what they cost, and never used to rescore the model."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np

from ferspec import spec
from ferspec.checks.model.alternatives import Alternative, alternatives
from ferspec.checks.model.class_order import likely_class_order
from ferspec.checks.model.paired import Gain, gain_of
from ferspec.errors import SubjectError
from ferspec.subjects.certificates.document import Diagnosis
from ferspec.subjects.models.contracts.contract import Input
from ferspec.subjects.models.contracts.files import output_to_classes
from ferspec.subjects.models.subject import ModelSubject


@dataclass(frozen=True)
class Interpretation:
    """How a model is fed and read: the input, and for each class as the contract calls it the class it stands for."""

    prepared_as: Input | None
    columns: np.ndarray


def diagnose(subject: ModelSubject) -> tuple[Diagnosis, ...]:
    """Return the likely mistakes in the contract, at most one of each kind, in the order in which they explain most.

    The mistake that costs most is named first, and the others are looked for as if it were mended, so that a wrong
    input is not taken for a wrong class order or the reverse. The class order is found by optimal assignment over the
    confusion matrix; value range, colour and resize filter by McNemar's exact test on the same images, with Holm's
    correction over all alternatives tried. Where the input is large, alternatives are tried on a few images first, and
    only what is promising there on all (clause FER-Z-05). An alternative at which the model crashes is given up.
    """
    declared = None if subject.contract is None else subject.contract.input
    search = _Search(subject)
    reading = Interpretation(declared, np.arange(len(spec.load().classes)))
    found: list[Diagnosis] = []
    while candidates := search.mistakes(reading, {diagnosis.kind for diagnosis in found}):
        diagnosis, reading = max(candidates, key=lambda candidate: candidate[0].gain.value)
        found.append(diagnosis)
    return tuple(found)


@dataclass
class _Search:
    """Runs the model under other inputs, each at most once."""

    subject: ModelSubject
    _predicted: dict[Input | None, np.ndarray] = field(default_factory=dict)

    def mistakes(self, reading: Interpretation, known: set[str]) -> list[tuple[Diagnosis, Interpretation]]:
        """Return every mistake of a kind not known yet that is significant, with the reading that mends it."""
        found = [] if "class order" in known else self._class_order(reading)
        if "run" not in self.subject.capabilities:
            return found
        listed = [a for a in alternatives(reading.prepared_as, self.subject.dataset) if a.kind not in known]
        return found + self._inputs(reading, listed)

    def _class_order(self, reading: Interpretation) -> list[tuple[Diagnosis, Interpretation]]:
        contract = self.subject.contract
        names = spec.load().classes if contract is None else contract.output.classes
        order = likely_class_order(self.subject.labels, self.predicted(reading.prepared_as), names)
        if order is None:
            return []
        return [(Diagnosis(kind="class order", **order.described()), replace(reading, columns=order.columns))]

    def _inputs(self, reading: Interpretation, listed: list[Alternative]) -> list[tuple[Diagnosis, Interpretation]]:
        tried = ((a, self._gain(reading, a)) for a in self._promising(reading, listed))
        trials = [(alternative, gain) for alternative, gain in tried if gain is not None]
        alpha, least_gain = (spec.load().number("FER-Z-05", name) for name in ("alpha", "least_gain"))
        p_values = holm([gain.p_value for _, gain in trials], len(listed))
        return [
            (_named(alternative, gain, p_value), replace(reading, prepared_as=alternative.prepared_as))
            for (alternative, gain), p_value in zip(trials, p_values, strict=True)
            if p_value <= alpha and gain.figure.value >= least_gain
        ]

    def _gain(self, reading: Interpretation, alternative: Alternative) -> Gain | None:
        """Return what an alternative gains, or None where the model does not answer images prepared so."""
        try:
            likely = reading.columns[self.predicted(alternative.prepared_as)]
        except SubjectError:
            return None
        return gain_of(self.subject.labels, likely, reading.columns[self.predicted(reading.prepared_as)])

    def predicted(self, prepared_as: Input | None) -> np.ndarray:
        """Return the class (n,) of every image, as the contract calls it, when images are prepared in this way."""
        if self.subject.contract is None or prepared_as == self.subject.contract.input:
            return self.subject.predicted
        if prepared_as not in self._predicted:
            self._predicted[prepared_as] = self._probabilities(prepared_as).argmax(axis=1)
        return self._predicted[prepared_as]

    def _promising(self, reading: Interpretation, listed: list[Alternative]) -> list[Alternative]:
        """Return the alternatives worth running on every image: all of them for small inputs, which cost little."""
        book = spec.load()
        if max(reading.prepared_as.size) <= book.integer("FER-Z-05", "screened_above"):
            return listed
        screens = book.integers("FER-Z-05", "screen_images"), book.numbers("FER-Z-05", "screen_t")
        for count, least_t in zip(*screens, strict=True):
            chosen = self.subject.spread(count)
            listed = [a for a in listed if self._advantage(reading, a, chosen) >= least_t]
        return listed

    def _advantage(self, reading: Interpretation, alternative: Alternative, chosen: np.ndarray) -> float:
        """Return the paired t statistic of the gain in log-likelihood, which tells more of few images than accuracy.

        Fewer than two images tell nothing (0), and an alternative that the model does not answer is hopeless.
        """
        if len(chosen) < 2:
            return 0.0
        true = np.argsort(reading.columns)[self.subject.labels[chosen]]
        try:
            likely = _log_likelihood(self._probabilities(alternative.prepared_as, chosen), true)
        except SubjectError:
            return -math.inf
        gain = likely - _log_likelihood(self._probabilities(reading.prepared_as, chosen), true)
        return float(gain.mean() / max(gain.std(ddof=1) / np.sqrt(len(gain)), np.finfo(np.float32).eps))

    def _probabilities(self, prepared_as: Input, chosen: np.ndarray | None = None) -> np.ndarray:
        if prepared_as == self.subject.contract.input:
            return self.subject.probabilities[slice(None) if chosen is None else chosen]
        outputs = self.subject.run(chosen, prepared_as=prepared_as)
        if not np.isfinite(outputs).all():
            raise SubjectError("the output holds NaN or infinite numbers")
        return output_to_classes(outputs, self.subject.contract)


def holm(p_values: list[float], tried: int) -> list[float]:
    """Return p values corrected by Holm's method for ``tried`` alternatives, those not in the list being hopeless."""
    from statsmodels.stats.multitest import multipletests

    if not p_values:
        return []
    return multipletests(p_values + [1.0] * (tried - len(p_values)), method="holm")[1][: len(p_values)].tolist()


def _log_likelihood(probabilities: np.ndarray, true: np.ndarray) -> np.ndarray:
    floor = spec.load().number("FER-Z-07", "floor")
    return np.log(np.maximum(probabilities[np.arange(len(true)), true], floor))


def _named(alternative: Alternative, gain: Gain, p_value: float) -> Diagnosis:
    return Diagnosis(
        kind=alternative.kind,
        message=f"the {alternative.kind} looks like {alternative.likely}, not {alternative.declared}: as declared it "
        f"costs {100 * gain.figure.value:.1f} points of accuracy. Correct [input] in the contract.",
        declared=alternative.declared,
        likely=alternative.likely,
        gain=gain.figure,
        p_value=p_value,
        n=gain.n,
    )
