"""Certificates of a model with other classes that does not answer every image, and edits of its other readings."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

from ferspec.api.certify import report_on
from ferspec.checks.generator import checks_for_certificate
from ferspec.outcomes import CheckResult
from ferspec.subjects.certificates.document import digest_of
from ferspec.subjects.certificates.subject import Certificate
from ferspec.subjects.models.contracts.contract import Contract, Input, Output
from ferspec.subjects.models.subject import ModelSubject
from helpers.miniatures import CLASSES, SIZE, colour_patches, model, right_with_some_noise
from mutants.kinds import Mutant, Right
from mutants.scratch import fresh

Document = dict[str, Any]
DARK = 0.6
WITHOUT_SAD = tuple(name for name in CLASSES if name != "Sad")


def eight_columns(batch: np.ndarray) -> np.ndarray:
    """Return the answers of the right model with contempt for Sad, and no answer to the darkest images."""
    seven, darkness = right_with_some_noise(batch), 1 - batch.mean(axis=(1, 2, 3))
    contempt = seven[:, CLASSES.index("Sad")] + 0.2 * seven[:, 0]
    kept = [CLASSES.index(name) for name in WITHOUT_SAD]
    rows = np.column_stack([seven[:, kept] - 0.2 * (np.array(kept) == 0) * seven[:, :1], contempt])
    rows[darkness > DARK] = np.nan
    return rows


@cache
def certified() -> Document:
    """Return the certificate as it is written and read again; not to be changed."""
    contract = Contract(input=Input(size=(SIZE, SIZE)), output=Output(classes=(*WITHOUT_SAD, "contempt")))
    judged = ModelSubject(colour_patches(fresh("readings")), model(eight_columns), contract)
    return json.loads(report_on(judged).model_dump_json())


def findings_on(document: Document, clause: str) -> tuple[CheckResult, ...]:
    return tuple(check.run(Certificate(document)) for check in checks_for_certificate() if check.clause == clause)


def unmutated(clause: str) -> tuple[CheckResult, ...]:
    """Return what the check of a clause finds on the certificate as it was made."""
    return findings_on(certified(), clause)


def without(name: str, field: str) -> Mutant:
    """Return the mutant without a field of the document, and the digest made again."""

    def judged() -> Sequence[CheckResult]:
        document = {key: value for key, value in certified().items() if key != field}
        return findings_on(document | {"digest": digest_of(document)}, "FER-X-14")

    return Mutant("FER-X-14", name, judged)


def edited(name: str, *path: str | int, by: Callable[[Any], Any], clause: str = "FER-X-14") -> Mutant:
    """Return the mutant with the value at a path replaced by ``by`` of it, and the digest made again."""

    def judged() -> Sequence[CheckResult]:
        document = copy.deepcopy(certified())
        place: Any = document
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = by(place[path[-1]])
        document["digest"] = digest_of(document)
        return findings_on(document, clause)

    return Mutant(clause, name, judged)


def raised(value: float) -> float:
    return value + 0.01


FIRST, SECOND = ("other_classes", "policies", 0), ("other_classes", "policies", 1)
MUTANTS: tuple[Mutant | Right, ...] = (
    edited("the accuracy under the other policy raised", *SECOND, "figures", "accuracy", "value", by=raised),
    edited("the F1 under the declared policy raised", *FIRST, "figures", "f1", "value", by=raised),
    edited("a limit of F1 under a policy narrowed", *FIRST, "figures", "f1", "low", by=lambda low: low + 0.05),
    edited("a policy left out", "other_classes", "policies", by=lambda policies: policies[:1]),
    edited("two policies exchanged", "other_classes", "policies", by=lambda policies: policies[::-1]),
    edited("a policy renamed", *SECOND, "extra", by=lambda _: {"contempt": "Sad"}),
    edited("the column outside the seven not named", "other_classes", "outside", by=lambda _: []),
    edited("the class that is missing not named", "other_classes", "missing", by=lambda _: []),
    edited("the images that the model can name left out", "other_classes", "nameable", by=lambda _: None),
    edited(
        "the accuracy on what it can name raised",
        "other_classes",
        "nameable",
        "accuracy",
        "value",
        by=raised,
    ),
    without("other readings of the classes left out", "other_classes"),
    edited("the rate of missing answers lowered", "abstention", "rate", "value", by=lambda rate: rate / 2),
    edited("a missing answer not counted", "abstention", "missing", by=lambda missing: missing - 1),
    edited("the accuracy without missing answers raised", "abstention", "answered", "accuracy", "value", by=raised),
    edited("the best case lowered", "abstention", "best", "value", by=lambda best: best - 0.01),
    without("missing answers left out", "abstention"),
    edited("the value of a column edited", "predictions", 5, "columns", by=lambda row: row[::-1], clause="FER-X-03"),
    edited(
        "an answer outside the seven renamed to one of them",
        "predictions",
        by=lambda rows: [row | ({"predicted": "Sad"} if row.pop("outside", None) else {}) for row in rows],
        clause="FER-X-03",
    ),
    edited("other classes called the protocol's", "kind", by=lambda _: "certificate", clause="FER-X-05"),
)
