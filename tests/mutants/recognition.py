"""Certificates that break FER-D-13 or FER-D-14, and one that keeps them; forgers update the digest."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from ferspec.checks.certificate.recognition import RECOGNITION_CHECKS
from ferspec.outcomes import CheckResult
from ferspec.reference.evaluation import evaluate_known
from ferspec.spec.pictures import Pictures, ReducedPicture
from ferspec.subjects.certificates.document import digest_of
from ferspec.subjects.certificates.subject import Certificate
from helpers.example_report import UNKNOWN, example
from mutants.kinds import Mutant, Right

Document = dict[str, Any]
Edit = Callable[[Document], Any]


@cache
def certified() -> tuple[Document, Pictures]:
    """Return a certificate on pictures that are known, except a few, and the list of the known ones."""
    document = json.loads(example().model_dump_json())
    document["dataset"]["recognition"]["similar"] = 0
    rows = [row for index, row in enumerate(document["reductions"]) if index % UNKNOWN]
    for index in range(0, len(document["reductions"]), UNKNOWN):
        # far from every hash of the list
        document["reductions"][index]["bits256"] = "0" * 60 + f"{index:04x}"
    document["known"] = on_known(document, np.arange(2100) % UNKNOWN > 0)
    fields = ReducedPicture.model_fields
    listed = Pictures(reduced=tuple(ReducedPicture(**{name: row[name] for name in fields}) for row in rows))
    return document, listed


def on_known(document: Document, known: np.ndarray) -> Document:
    """Return the metrics on known images (n,), computed from the recorded predictions."""
    certificate = Certificate(document)
    answers = (certificate.labels, certificate.predicted, certificate.probabilities, certificate.groups)
    return evaluate_known(known, example().metrics, *answers).model_dump(mode="json")


def findings_on(document: Document, clause: str) -> tuple[CheckResult, ...]:
    certificate = Certificate(document, pictures=certified()[1])
    return tuple(check.run(certificate) for check in RECOGNITION_CHECKS if check.clause == clause)


def unmutated(clause: str) -> tuple[CheckResult, ...]:
    return findings_on(certified()[0], clause)


def forged(clause: str, name: str, edit: Edit) -> Mutant:
    return Mutant(clause, name, lambda: findings_on(edited(edit), clause))


def edited(edit: Edit) -> Document:
    document = copy.deepcopy(certified()[0])
    edit(document)
    return document | {"digest": digest_of(document)}


def call_every_picture_known(document: Document) -> None:
    recognition = document["dataset"]["recognition"]
    recognition |= {"pictures": 2100, "known": 2100, "unknown": 0}
    document["known"] = document["metrics"]


def forget_two_hundred(document: Document) -> None:
    """Certify a set of which fewer than 1,900 pictures are known."""
    for row in document["reductions"][:200]:
        row["sha256_rgb48"] = row["sha256_rgb48"][::-1]


def move_a_label(document: Document) -> None:
    document["reductions"][1]["sha256_rgb48_label"] = "0" * 64


def repeat_a_picture(document: Document) -> None:
    document["reductions"][2] = document["reductions"][1]


def only_in_form() -> Document:
    """Return the evaluation of a set of which fewer than 1,900 pictures are known."""

    def edit(document: Document) -> None:
        forget_two_hundred(document)
        found = Certificate(document, pictures=certified()[1]).found
        document["kind"], document["known"] = "evaluation", None
        document["dataset"] |= {"form": "btfer form", "recognition": found and found.recognition.model_dump()}

    return edited(edit)


def fewer_known() -> Document:
    """Return a certificate on a set in which one more picture is unknown."""

    def edit(document: Document) -> None:
        move_a_label(document)
        known = np.arange(2100) % UNKNOWN > 0
        known[1] = False
        counts = {"pictures": 1994, "known": 1994, "unknown": 106, "mislabelled": 1}
        document["dataset"]["recognition"] |= counts
        document["known"] = on_known(document, known)

    return edited(edit)


def put(value: Any, *path: str | int) -> Edit:
    def edit(document: Document) -> None:
        node: Any = document
        for key in path[:-1]:
            node = node[key]
        node[path[-1]] = value

    return edit


MUTANTS: tuple[Mutant | Right, ...] = (
    forged("FER-D-13", "every picture called known", call_every_picture_known),
    forged("FER-D-13", "fewer known pictures than are needed", forget_two_hundred),
    forged("FER-D-13", "a known picture under another label", move_a_label),
    forged("FER-D-13", "a known picture twice", repeat_a_picture),
    forged("FER-D-13", "no digests of the pictures", put([], "reductions")),
    forged("FER-D-13", "no metrics on known pictures", put(None, "known")),
    forged("FER-D-13", "the accuracy on known pictures edited", put(0.99, "known", "accuracy", "value")),
    forged("FER-D-14", "most pixels of a picture replaced", put(2.1, "reductions", 7, "disagreement")),
    Right("FER-D-13", "one picture fewer known", lambda: findings_on(fewer_known(), "FER-D-13")),
    Right("FER-D-13", "an evaluation in the form alone", lambda: findings_on(only_in_form(), "FER-D-13")),
    Right(
        "FER-D-14",
        "a picture of much detail",
        lambda: findings_on(edited(put(0.6, "reductions", 7, "disagreement")), "FER-D-14"),
    ),
)
