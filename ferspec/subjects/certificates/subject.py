"""Present a certificate as a subject, with its dataset and model if available."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import ValidationError

from ferspec import spec
from ferspec.errors import NotEvaluable, SubjectError, UserError
from ferspec.files import parse_json, read_bounded
from ferspec.leaves import differing_leaves
from ferspec.reference.evaluation import evaluate
from ferspec.reference.measured import Evaluation
from ferspec.spec.pictures import Pictures, pictures
from ferspec.subjects.certificates.build import spec_info
from ferspec.subjects.certificates.document import Report, canonical
from ferspec.subjects.certificates.shape import defect_of_answers
from ferspec.subjects.certificates.signing.assurance import Assurance, Examined, assurance_of, examine
from ferspec.subjects.certificates.signing.keys import PublicKey
from ferspec.subjects.datasets.manifest import digest
from ferspec.subjects.datasets.recognition.recognise import Found, recognise_under
from ferspec.subjects.datasets.subject import Dataset
from ferspec.subjects.models.base import Model
from ferspec.subjects.models.claims import parse_claim, require_known_metrics
from ferspec.subjects.models.contracts.answers import MISSING, Answers, answers_of, distributions_of
from ferspec.subjects.models.contracts.class_set import ClassSet
from ferspec.subjects.models.contracts.files import require_sound
from ferspec.subjects.models.predictions import RecordedPredictions
from ferspec.subjects.runs.artifacts.record import is_run

if TYPE_CHECKING:
    from securesystemslib.dsse import Envelope

# the predictions of 90,000 images, more than twice as many as FER2013 has
LARGEST = 64 << 20
WHY_MISSING = {
    "whole": "the document is not valid (see FER-X-01)",
    "specification": "it was made by another specification (see FER-X-10)",
    "signatures": "the certificate is not signed",
    "dataset": "no dataset was given: add --dataset",
    "model": "no model was given: add --model",
    "model and dataset": "the model and the dataset are both needed: add --model and --dataset",
}


@dataclass(frozen=True)
class Certificate:
    """Hold the raw document of a certificate, and what is available to compare it with.

    ``recertify`` judges the same model and images again. ``envelopes`` are the signatures stored beside the document.
    """

    document: dict[str, Any]
    dataset: Dataset | None = None
    source: Model | RecordedPredictions | None = None
    recertify: Callable[[Certificate], Report] | None = None
    pictures: Pictures = field(default_factory=pictures)
    envelopes: tuple[Envelope, ...] = ()
    public_keys: tuple[PublicKey, ...] = ()

    @property
    def capabilities(self) -> frozenset[str]:
        inputs = {"dataset": self.dataset, "model": self.source, "whole": self.report}
        available = {name for name, value in inputs.items() if value is not None}
        if self.report is not None and self.report.spec.digest == spec_info().digest:
            available.add("specification")
        if self.envelopes or self.public_keys:
            available.add("signatures")
        return frozenset(available | {"model and dataset"} if {"model", "dataset"} <= available else available)

    def why_missing(self, capability: str) -> str:
        return WHY_MISSING[capability]

    @cached_property
    def defect(self) -> str | None:
        """The first defect of the document, in one line, or None."""
        try:
            report = self._validated
            canonical(self.document)
            claims = [parse_claim(claim) for claim in report.claims]
            require_known_metrics(claims, self.groups, report.clusters is not None)
            if report.subject.contract is not None:
                require_sound(report.subject.contract, "subject.contract")
            if (problem := defect_of_answers(report)) is not None:
                return problem
            if self.answers.missing.all():
                return "predictions: no image has an answer that counts"
            written = report.model_copy(update={"claims": tuple(map(str, claims))}).model_dump(mode="json")
            for path, stated, _ in differing_leaves(self.document, written, 0):
                return f"{path}: {stated!r} is not written as 'ferspec certify' writes it"
            if self.document != written:
                return "some fields are missing"
        except ValidationError as error:
            first = error.errors()[0]
            return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
        except (UserError, ValueError) as error:
            return str(error)
        return None

    @cached_property
    def report(self) -> Report | None:
        """The document as a record, or None for an invalid document."""
        return None if self.defect else self._validated

    @cached_property
    def _validated(self) -> Report:
        return Report.model_validate_json(json.dumps(self.document))

    @cached_property
    def labels(self) -> np.ndarray:
        """The true class (n,) of every recorded image."""
        classes = spec.load().classes
        return np.array([classes.index(prediction.label) for prediction in self._validated.predictions])

    @property
    def class_set(self) -> ClassSet:
        """The classes of the output's columns."""
        return self._validated.subject.class_set

    @cached_property
    def columns(self) -> np.ndarray | None:
        """The recorded columns (n, k) float64 of other classes than the seven, or None."""
        return _table([prediction.columns for prediction in self._validated.predictions], np.float64)

    @cached_property
    def answers(self) -> Answers:
        """The recorded answers, read from the columns where these are recorded."""
        if self.columns is not None:
            return answers_of(self.columns, self.class_set)
        predictions = self._validated.predictions
        names = (*spec.load().classes, *self.class_set.unread)
        chosen = [MISSING if one.answer is None else names.index(one.answer) for one in predictions]
        return Answers(_table([one.probabilities for one in predictions], np.float32), np.array(chosen))

    @property
    def predicted(self) -> np.ndarray:
        """The recorded class (n,) of every image, 7 for none of the seven."""
        return self.answers.predicted

    @property
    def probabilities(self) -> np.ndarray | None:
        """The probabilities (n, 7 + k) float32 of ``Answers``; None for classes alone."""
        return self.answers.probabilities

    @property
    def distributions(self) -> np.ndarray | None:
        """The recorded rows (n, k) that must be distributions."""
        return self.probabilities if self.columns is None else distributions_of(self.columns, self.class_set)

    @cached_property
    def groups(self) -> dict[str, tuple[str, ...]] | None:
        """The recorded group columns, or None without groups."""
        predictions = self._validated.predictions
        return {name: tuple(p.groups[name] for p in predictions) for name in predictions[0].groups} or None

    @property
    def groups_of_all(self) -> dict[str, tuple[str, ...]]:
        """The recorded group columns for all images, empty for those that were not asked."""
        report, groups = self._validated, self.groups or {}
        places = range(len(report.manifest)) if report.sequential is None else sorted(report.sequential.order)
        values = {name: dict(zip(places, column, strict=True)) for name, column in groups.items()}
        return {
            name: tuple(known.get(place, "") for place in range(len(report.manifest))) for name, known in values.items()
        }

    @cached_property
    def found(self) -> Found | None:
        """The pictures of BTFER that the recorded digests show, or None without digests."""
        report = self._validated
        stated, reductions = report.dataset, report.reductions
        if stated.synthetic or stated.recognition is None or not 0 < len(reductions) == len(report.manifest):
            return None
        return recognise_under(stated.recognition.reading, report.manifest, reductions, self.pictures)

    @cached_property
    def is_known(self) -> np.ndarray | None:
        """Which predicted images (n,) are known pictures of BTFER; None for other datasets."""
        if self.found is None or not self.found.recognition.recognised:
            return None
        asked = self._validated.sequential
        return self.found.known if asked is None else self.found.known[sorted(asked.order)]

    @cached_property
    def clusters(self) -> np.ndarray | None:
        """The recorded cluster (n,) of every predicted image; None if none were named."""
        return None if self._validated.clusters is None else np.array(self._validated.clusters)

    @property
    def order(self) -> np.ndarray | None:
        """The places of the predictions in the order asked; None unless it was sequential."""
        asked = self._validated.sequential
        return None if asked is None else np.argsort(np.argsort(asked.order))

    @cached_property
    def evaluation(self) -> Evaluation:
        """The metrics recomputed from the recorded predictions."""
        return evaluate(self.labels, self.predicted, self.probabilities, self.groups, None, self.clusters)

    @property
    def unavailable_groups(self) -> tuple[str, ...]:
        """The recorded group columns that the dataset available does not have."""
        available: Mapping[str, tuple[str, ...]] = {} if self.dataset is None else self.dataset.groups
        return tuple(name for name in self.groups or {} if name not in available)

    @cached_property
    def examined(self) -> tuple[Examined, ...]:
        """The result of checking every signature."""
        return examine(self.envelopes, self.document, self.public_keys)

    @property
    def assurance(self) -> Assurance:
        """Who stands for the certificate, by the signatures that were checked."""
        return assurance_of(self.examined, self.public_keys)

    @property
    def is_of_predictions(self) -> bool:
        """Whether what is available in place of a model is a file of its predictions."""
        return isinstance(self.source, RecordedPredictions)

    @property
    def runs_a_model(self) -> bool:
        """Whether a model can be run again, rather than its predictions read again."""
        return "model and dataset" in self.capabilities and not self.is_of_predictions

    @property
    def recertified(self) -> Report:
        """The report of a new judgement of the same model on the same images.

        Raise ``SubjectError`` where the model cannot be judged as the document says.
        """
        if isinstance(self._recertified, SubjectError):
            raise self._recertified
        return self._recertified

    @cached_property
    def _recertified(self) -> Report | SubjectError:
        if self.dataset is None or self.recertify is None:
            raise NotEvaluable(WHY_MISSING["model and dataset"])
        if digest(self.dataset.manifest()) != self._validated.dataset.manifest_digest:
            raise NotEvaluable("the dataset is not the one of the certificate (see FER-X-06)")
        if isinstance(self.source, Model) and self._validated.subject.contract is None:
            raise NotEvaluable("the certificate is of recorded predictions, not of a model that can be run")
        try:
            return self.recertify(self)
        except SubjectError as failure:  # kept, so that a model that fails is run once
            return failure


def _table(rows: list[tuple[float, ...] | None], dtype: type[np.floating[Any]]) -> np.ndarray | None:
    """Return rows (n, k), NaN where one is missing; None where all are."""
    width = next((len(row) for row in rows if row is not None), None)
    if width is None:
        return None
    return np.array([(np.nan,) * width if row is None else row for row in rows], dtype=dtype)


def read_certificate(path: str | Path) -> dict[str, Any]:
    """Read the document of a certificate. Raise ``UserError`` for a file that is not a JSON object."""
    if is_run(path):
        raise UserError(f"{path} is the folder of a training, not a certificate: 'ferspec evaluate {path}' verifies it")
    if Path(path).is_dir():
        raise UserError(f"{path} is a folder: give its certificate.json")
    content = read_bounded(path, LARGEST, "a certificate")
    try:
        document = parse_json(content)
    except ValueError as error:
        raise UserError(f"{path} is not a certificate in JSON, as 'ferspec certify' writes it: {error}") from None
    if not isinstance(document, dict):
        raise UserError(f"{path} is not a certificate: it does not hold a JSON object")
    return document
