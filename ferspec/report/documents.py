"""The JSON documents of results, as the commands print them with ``--json``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from ferspec import spec
from ferspec.causes import Departures
from ferspec.checks.certificate.finding import Finding
from ferspec.grid.bands.bands import Band
from ferspec.grid.judging.judge import GridJudgement
from ferspec.grid.judging.reading import ReadResults
from ferspec.outcomes import Judgement
from ferspec.report.claimed import claimed
from ferspec.spec.records import Erratum, Profile
from ferspec.subjects.certificates.document import Report
from ferspec.subjects.certificates.signing.assurance import Assurance

# fields of the document that a verification repeats; names are claims
SAYS: dict[str, Any] = {
    "kind": True,
    "verdict": True,
    "subject": {"format", "digest"},
    "dataset": {"form", "n", "manifest_digest"},
}


def judgement_document(judgement: Judgement) -> str:
    """Return verdict, counts and outcomes."""
    return _text(_judged(judgement))


def conformance_document(judgement: Judgement, implementation: str, profile: Profile, departures: Departures) -> str:
    """Return the judgement of an implementation, and its failures by cause."""
    about = {"implementation": implementation, "profile": profile} | departures.model_dump(mode="json")
    return _text(about | _judged(judgement))


def verification_document(judgement: Judgement, report: Report | None, finding: Finding, assurance: Assurance) -> str:
    """Return what a verification found, what the verified document says, and what it claims."""
    says = None if report is None else report.model_dump(include=SAYS) | {"accuracy": report.metrics.accuracy.value}
    return _text(
        {
            "finding": finding.word,
            "sentence": finding.sentence,
            "compared": list(finding.compared),
            "assurance": assurance.model_dump(mode="json"),
            "says": says,
            "claimed": None if report is None else claimed(report),
        }
        | _judged(judgement)
    )


def grid_document(judgement: GridJudgement, read: ReadResults) -> str:
    """Return the judgement of cells, with the counts of artifact checks and the notes."""
    checks = read.checks.model_dump(by_alias=True)
    return _text(judgement.model_dump(mode="json") | {"artifact_checks": checks, "notes": list(read.notes)})


def bands_document(bands: Sequence[Band]) -> str:
    """Return bands, and the errata that name their cell."""
    errata = [erratum.model_dump(mode="json", exclude={"cells"}) for erratum in errata_of(bands)]
    return _text({"bands": [band.model_dump(mode="json") for band in bands], "errata": errata})


def errata_of(bands: Sequence[Band]) -> list[Erratum]:
    """Return the errata that name the cell of bands, each once."""
    return [spec.load().erratum(id) for id in dict.fromkeys(id for band in bands for id in band.errata)]


def _judged(judgement: Judgement) -> dict[str, Any]:
    outcomes = [outcome.model_dump(mode="json") for outcome in judgement.outcomes]
    document = {"verdict": judgement.verdict, "counts": judgement.counts.model_dump(by_alias=True)}
    return document | {"outcomes": outcomes}


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2)
