"""Certificates of a model that was asked until its claims were decided, and of a lineage, edited (FER-X)."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any

from ferspec.api.certify import report_on
from ferspec.api.verify import certify_again
from ferspec.checks.generator import checks_for_certificate
from ferspec.outcomes import CheckResult
from ferspec.progress import silent
from ferspec.subjects.certificates.document import digest_of
from ferspec.subjects.certificates.subject import Certificate
from ferspec.subjects.datasets.subject import Dataset
from ferspec.subjects.models.claims import parse_claim
from ferspec.subjects.models.lineage import Lineage
from helpers.miniatures import colour_patches, right_with_some_noise, subject
from mutants.kinds import Mutant, Right
from mutants.scratch import fresh

CLAIMS = tuple(map(parse_claim, ("accuracy>=0.4", "recall[Disgust]>=0.1")))
Document = dict[str, Any]


@cache
def patches() -> Dataset:
    return colour_patches(fresh("stopping"), per_class=80)


@cache
def certified() -> Document:
    """Return a certificate of the second model of a lineage, asked until its claims were decided."""
    judged = subject(patches(), right_with_some_noise)
    judged.lineage = Lineage(name="noisy", certifications=2)
    return json.loads(report_on(judged, CLAIMS, sequential=True).model_dump_json())


def findings_on(document: Document, clause: str, **at_hand: Any) -> tuple[CheckResult, ...]:
    certificate = Certificate(document, **at_hand)
    return tuple(check.run(certificate) for check in checks_for_certificate() if check.clause == clause)


def with_model() -> dict[str, Any]:
    judged = subject(patches(), right_with_some_noise)
    return {"dataset": patches(), "source": judged.model, "recertify": partial(certify_again, progress=silent)}


def unmutated(clause: str) -> tuple[CheckResult, ...]:
    return findings_on(certified(), clause, **with_model())


def forged(clause: str, name: str, edit: Callable[[Document], Any], **at_hand: Any) -> Mutant:
    def judged() -> Sequence[CheckResult]:
        document = copy.deepcopy(certified())
        edit(document)
        document["digest"] = digest_of(document)
        return findings_on(document, clause, **at_hand)

    return Mutant(clause, name, judged)


def put_the_mistakes_last(document: Document) -> None:
    """The same images, in an order that decides the claim at once."""
    wrong = {p["image"] for p in document["predictions"] if p["predicted"] != p["label"]}
    digests = [entry["pixels_sha256"] for entry in document["manifest"]]
    document["sequential"]["order"].sort(key=lambda place: digests[place] in wrong)


def ask_another(document: Document) -> None:
    order = document["sequential"]["order"]
    order[0] = next(place for place in range(len(document["manifest"])) if place not in order)


MUTANTS = (
    forged("FER-X-01", "an image asked twice", lambda d: d["sequential"]["order"].append(d["sequential"]["order"][0])),
    forged("FER-X-01", "an image outside the manifest", lambda d: d["sequential"]["order"].append(len(d["manifest"]))),
    forged("FER-X-05", "the predictions of one image for another", ask_another),
    forged("FER-X-09", "an order with the mistakes last", put_the_mistakes_last),
    forged(
        "FER-X-09", "a fiftieth certification, judged like the second", lambda d: d["lineage"].update(certifications=50)
    ),
    forged("FER-X-09", "another reason to stop", lambda d: d["sequential"].update(stopped="all images were asked")),
    *(
        Right(clause, "asked until its claims were decided", partial(unmutated, clause))
        for clause in ("FER-X-05", "FER-X-08", "FER-X-09", "FER-X-12")
    ),
)
