"""A certificate as a subject of its own: the document, and the dataset and the model if they are at hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from ferspec import spec
from ferspec.errors import NotEvaluable, UserError
from ferspec.subjects.certificates.document import Report
from ferspec.subjects.datasets.manifest import digest
from ferspec.subjects.datasets.subject import Dataset
from ferspec.subjects.models.base import Model
from ferspec.subjects.models.claims import parse_claim
from ferspec.subjects.models.contracts.files import require_sound
from ferspec.subjects.models.predictions import RecordedPredictions
from ferspec.subjects.runs.artifacts.record import is_run

WHY_MISSING = {
    "whole": "the document is not whole (see FER-X-01)",
    "dataset": "no dataset was given: add --dataset",
    "model": "no model was given: add --model",
    "model and dataset": "the model and the dataset are both needed: add --model and --dataset",
}


@dataclass(frozen=True)
class Certificate:
    """A certificate's raw document, as read; ``again`` certifies anew what it was given for."""

    document: dict[str, Any]
    dataset: Dataset | None = None
    source: Model | RecordedPredictions | None = None
    again: Callable[[Certificate], Report] | None = None

    @property
    def capabilities(self) -> frozenset[str]:
        able = {"dataset": self.dataset, "model": self.source, "whole": self.report}
        given = {name for name, part in able.items() if part is not None}
        return frozenset(given | {"model and dataset"} if {"model", "dataset"} <= given else given)

    def why_missing(self, capability: str) -> str:
        return WHY_MISSING[capability]

    @cached_property
    def defect(self) -> str | None:
        """What is not whole in the document, in one line, or None."""
        try:
            report = self._validated
            for claim in report.claims:
                parse_claim(claim)
            if report.subject.contract is not None:
                require_sound(report.subject.contract, "subject.contract")
        except ValidationError as error:
            first = error.errors()[0]
            return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
        except UserError as error:
            return str(error)
        return None

    @cached_property
    def report(self) -> Report | None:
        """The document as a record, or None where it is not whole."""
        return None if self.defect else self._validated

    @cached_property
    def _validated(self) -> Report:
        return Report.model_validate_json(json.dumps(self.document))

    @cached_property
    def labels(self) -> np.ndarray:
        """The true class (n,) of every recorded image."""
        return self._indices("label")

    @cached_property
    def predicted(self) -> np.ndarray:
        """The recorded class (n,) of every image."""
        return self._indices("predicted")

    @cached_property
    def probabilities(self) -> np.ndarray | None:
        """The recorded probabilities (n, 7), or None where only classes were recorded."""
        rows = [prediction.probabilities for prediction in self.report.predictions]
        return None if rows[0] is None else np.asarray(rows, dtype=np.float32)

    @cached_property
    def groups(self) -> dict[str, tuple[str, ...]] | None:
        """The recorded columns for slices."""
        columns = self.report.predictions[0].groups
        return {name: tuple(p.groups[name] for p in self.report.predictions) for name in columns} or None

    @cached_property
    def certified_again(self) -> Report:
        """The report of a fresh judgement of the same model on the same images."""
        if digest(self.dataset.manifest()) != self.report.dataset.manifest_digest:
            raise NotEvaluable("the dataset given is another one (see FER-X-06)")
        if isinstance(self.source, Model) and self.report.subject.contract is None:
            raise NotEvaluable("the certificate is of recorded predictions, not of a model that can be run")
        return self.again(self)

    def _indices(self, field: str) -> np.ndarray:
        classes = spec.load().classes
        return np.array([classes.index(getattr(prediction, field)) for prediction in self.report.predictions])


def read_certificate(path: str | Path) -> dict[str, Any]:
    """Return the document in a file, or raise ``UserError`` when it is no JSON object."""
    if is_run(path):
        raise UserError(f"{path} is the folder of a training, not a certificate: 'ferspec evaluate {path}' verifies it")
    if Path(path).is_dir():
        raise UserError(f"{path} is a folder: give the certificate.json in it")
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"), parse_constant=_refuse_constant)
    except OSError as error:
        raise UserError(f"cannot read the certificate {path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} is not a certificate, which is JSON as 'ferspec certify' writes it: {error}") from None
    if not isinstance(document, dict):
        raise UserError(f"{path} is not a certificate: it holds no JSON object")
    return document


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
