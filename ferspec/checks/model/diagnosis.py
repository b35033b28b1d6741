"""Finds likely mistakes in a model's contract and their cost. A model is never rescored with a correction."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import factorial

import numpy as np

from ferspec import spec
from ferspec.checks.model.alternatives import Alternative, alternatives
from ferspec.checks.model.class_order import ClassOrder, likely_class_order, published_columns
from ferspec.checks.model.paired import Gain, gain_of
from ferspec.checks.model.plan import Mode, default_mode, plan_of
from ferspec.checks.model.race import Race
from ferspec.checks.model.symptoms import of_outputs, symptom_of
from ferspec.errors import SubjectError
from ferspec.reference.significance import holm
from ferspec.required import required
from ferspec.subjects.certificates.document import Diagnosis, Search
from ferspec.subjects.models.contracts.answers import predicted_classes
from ferspec.subjects.models.contracts.contract import Input
from ferspec.subjects.models.subject import ModelSubject


@dataclass(frozen=True)
class Interpretation:
    """How images are prepared and columns are read.

    ``columns[i]`` is the class that the contract calls class i; the last stands for none of the seven, and stays.
    """

    prepared_as: Input | None
    columns: np.ndarray


@dataclass(frozen=True)
class Candidate:
    """Likely mistakes that belong together, the gain of correcting them all, and the corrected interpretation."""

    diagnoses: tuple[Diagnosis, ...]
    gain: Gain
    corrected: Interpretation


@dataclass(frozen=True)
class Found:
    """The likely mistakes of a contract, and how they were searched for; None if the model cannot be run."""

    diagnoses: tuple[Diagnosis, ...]
    search: Search | None


def diagnose(subject: ModelSubject, mode: Mode | None = None) -> Found:
    """Find the likely mistakes in the contract, at most one of each kind.

    The costliest comes first. Each further mistake is searched for with the earlier ones corrected, so that a wrong
    input is not mistaken for a wrong class order, or the reverse. The class order comes from the optimal assignment
    over the confusion matrix. Value range, colour, resize filter and size come from a race of all alternatives, and
    from McNemar's exact test on all images, with Holm's correction over all of them. An input that is wrong together
    with the class order, or with another part of the input, is found as well. Source: FER-Z-05.
    """
    contract, declared = subject.contract, None if subject.contract is None else subject.contract.input
    if declared is not None:
        mode = mode or default_mode(declared.size)
    search = _Search(subject, mode or "full")
    interpretation = Interpretation(declared, np.arange(len(spec.load().classes) + 1))
    diagnoses: list[Diagnosis] = []
    while candidates := search.candidates(interpretation, {diagnosis.kind for diagnosis in diagnoses}):
        best = max(candidates, key=lambda candidate: candidate.gain.accuracy)
        diagnoses += best.diagnoses
        interpretation = best.corrected
    if not diagnoses:
        symptom = symptom_of(subject.labels, subject.predicted, subject.probabilities, contract)
        diagnoses += filter(None, [symptom])
    if contract is None or "run" not in subject.capabilities:
        return Found(tuple(diagnoses), None)
    diagnoses += filter(None, [of_outputs(subject.outputs, contract)])
    return Found(tuple(diagnoses), Search(mode=search.mode, alternatives=search.tried, asked=round(search.asked)))


@dataclass
class _Search:
    """Runs the model with alternative inputs."""

    subject: ModelSubject
    mode: Mode
    tried: int = 0
    asked: float = 0
    _predicted: dict[Input, np.ndarray] = field(default_factory=dict)

    def candidates(self, interpretation: Interpretation, known: set[str]) -> list[Candidate]:
        """Return the significant mistakes of kinds not ``known``."""
        declared = self._declared(interpretation)
        order = None if "class order" in known else self._order(declared)
        found = [] if order is None else [_of_order(order, interpretation)]
        if "run" not in self.subject.capabilities:
            return found
        race = self._race(interpretation, "class order" not in known)
        singles = [[a] for a in self._alternatives(required(interpretation.prepared_as)) if a.kind not in known]
        found += self._inputs(interpretation, singles, race, None if "class order" in known else order, known)
        if not found and self.mode == "full":
            found += self._inputs(interpretation, self._pairs(singles, known), race, None, known | {"class order"})
        self.asked += race.spent
        return found

    def _inputs(
        self,
        interpretation: Interpretation,
        changes: list[list[Alternative]],
        race: Race[list[Alternative]],
        order: ClassOrder | None,
        known: set[str],
    ) -> list[Candidate]:
        """Return the changes of the input that gain significantly, alone or with a class order."""
        self.tried += len(changes)
        plan = plan_of(self.mode, len(self.subject.labels))
        plan = replace(plan, most=plan.most - round(race.spent))
        if self.mode == "full" and sum(map(race.cost, changes)) * len(self.subject.labels) <= plan.most:
            # all of them can be asked about every image
            plan = replace(plan, first=len(self.subject.labels))
        labels, declared = self.subject.labels, self._declared(interpretation)
        answers = race.finalists(changes, plan)
        for place, answer in answers.items():
            self._predicted[changes[place][-1].prepared_as] = answer
        likely = {place: interpretation.columns[answer] for place, answer in answers.items()}
        gains = {place: gain_of(labels, answer, declared) for place, answer in likely.items()}
        p_values = holm([*(gain.p_value for gain in gains.values()), *race.dropped], len(changes))
        found = []
        for (place, gain), p_value in zip(gains.items(), p_values, strict=False):
            corrected = replace(interpretation, prepared_as=changes[place][-1].prepared_as)
            if _is_found(gain, p_value):
                found.append(Candidate(_of_inputs(changes[place], gain, p_value), gain, corrected))
            if "class order" not in known:
                found += self._together(changes[place], likely[place], declared, order, corrected, len(changes))
        return found

    def _together(
        self,
        change: list[Alternative],
        likely: np.ndarray,
        declared: np.ndarray,
        alone: ClassOrder | None,
        corrected: Interpretation,
        tried: int,
    ) -> list[Candidate]:
        """Return a wrong input under a wrong class order, if both are needed."""
        labels, order = self.subject.labels, self._order(likely)
        if order is None:
            return []
        columns = _with_none(order.columns)
        both = columns[likely]
        # the order was chosen from at most all of them
        chosen_from = tried * factorial(len(order.columns))
        of_input = gain_of(labels, both, columns[declared])
        others = [declared] if alone is None else [declared, _with_none(alone.columns)[declared]]
        gains = [gain_of(labels, both, other) for other in others]
        if not all(_is_found(gain, min(1.0, gain.p_value * chosen_from)) for gain in (of_input, *gains)):
            return []
        p_value = min(1.0, of_input.p_value * chosen_from)
        diagnoses = *_of_inputs(change, of_input, p_value), Diagnosis(kind="class order", **order.described())
        return [Candidate(diagnoses, gains[0], replace(corrected, columns=columns[corrected.columns]))]

    def _order(self, predicted: np.ndarray) -> ClassOrder | None:
        return likely_class_order(self.subject.labels, predicted, self.subject.class_set.classes)

    def _alternatives(self, prepared_as: Input) -> tuple[Alternative, ...]:
        signature = required(self.subject.model).signature
        # a file that states its channels and no size; a callable that states nothing might end at another size
        any_size = signature.channels is not None and signature.height is None
        return alternatives(prepared_as, self.subject.dataset, any_size)

    def _pairs(self, singles: list[list[Alternative]], known: set[str]) -> list[list[Alternative]]:
        """Return two changes of the input at once, each pair of kinds in one order."""
        kinds = sorted({first.kind for (first,) in singles})
        return [
            [first, second]
            for (first,) in singles
            for second in self._alternatives(first.prepared_as)
            if second.kind in kinds and kinds.index(second.kind) > kinds.index(first.kind)
        ]

    def _race(self, interpretation: Interpretation, any_order: bool) -> Race[list[Alternative]]:
        height, width = required(interpretation.prepared_as).size
        readings = [interpretation.columns]
        if any_order:
            published = published_columns(self.subject.class_set.classes)
            readings += [_with_none(columns)[interpretation.columns] for columns in published]
        return Race(
            labels=self.subject.labels,
            declared=self._declared(interpretation) == self.subject.labels,
            readings=np.stack(readings),
            order=self.subject.mixed,
            ask=lambda change, chosen: self._ask(change[-1].prepared_as, chosen),
            cost=lambda change: change[-1].weight / (height * width),
        )

    def _ask(self, prepared_as: Input, chosen: np.ndarray) -> np.ndarray | None:
        """Return the classes of images, or None if the model fails on them."""
        # batches of a size that the model has seen, so that few other images have to fill the last one
        few = spec.load().integer("FER-B-06", "probe")
        size = few if len(chosen) <= few else spec.load().integer("FER-B-06", "batch_size")
        try:
            outputs = self.subject.run(chosen, batch_size=size, prepared_as=prepared_as)
        except SubjectError:
            return None
        if not self.subject.usable(outputs):
            return None
        return predicted_classes(outputs, required(self.subject.contract))

    def _declared(self, interpretation: Interpretation) -> np.ndarray:
        """Return the predicted class (n,) of every image under an interpretation that was asked before."""
        contract, prepared_as = self.subject.contract, interpretation.prepared_as
        if contract is None or prepared_as is None or prepared_as == contract.input:
            return np.asarray(interpretation.columns[self.subject.predicted])
        return np.asarray(interpretation.columns[self._predicted[prepared_as]])


def _with_none(columns: np.ndarray) -> np.ndarray:
    """Add none of the seven, which no order changes."""
    return np.append(columns, len(columns))


def _is_found(gain: Gain, p_value: float) -> bool:
    alpha, least_gain = (spec.load().number("FER-Z-05", name) for name in ("alpha", "least_gain"))
    return p_value <= alpha and gain.accuracy >= least_gain


def _of_order(order: ClassOrder, interpretation: Interpretation) -> Candidate:
    corrected = replace(interpretation, columns=_with_none(order.columns)[interpretation.columns])
    return Candidate((Diagnosis(kind="class order", **order.described()),), order.gain, corrected)


def _of_inputs(change: list[Alternative], gain: Gain, p_value: float) -> tuple[Diagnosis, ...]:
    """Return a diagnosis of each change of the input; two changes have the gain of both."""
    kinds = [alternative.kind for alternative in change]
    found = []
    for alternative in change:
        others = [kind for kind in kinds if kind != alternative.kind]
        together = f", together with the {others[0]}" if others else ""
        message = (
            f"the {alternative.kind} looks like {alternative.likely}, not {alternative.declared}: as declared it costs "
            f"{100 * gain.accuracy:.1f} points of accuracy{together}. Correct [input] in the contract."
        )
        found.append(
            Diagnosis(
                kind=alternative.kind,
                message=message,
                declared=alternative.declared,
                likely=alternative.likely,
                gain=gain.figure,
                p_value=p_value,
                n=gain.n,
            )
        )
    return tuple(found)
