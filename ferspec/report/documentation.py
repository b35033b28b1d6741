"""The documents that accompany a model, filled from its certificate."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from ferspec import spec
from ferspec.report import evidence
from ferspec.report.use import CAVEAT, assessment, cited, said, stale
from ferspec.report.words import (
    LONGEST_NAME,
    doubts,
    entries,
    headline,
    images_name,
    lineage,
    notice,
    plain,
    share,
    shorten,
    stated,
)
from ferspec.subjects.certificates.document import Report
from ferspec.subjects.certificates.signing.assurance import SELF_ASSERTED, Assurance
from ferspec.use.data import documents
from ferspec.use.records import Document, Entry

OPEN = "**Open.** To be written by the provider: the certificate does not know it."
# what Markdown or HTML reads as a mark
MARKS = re.compile(r"([\\`*_\[\]<>#|~&$])")


def render_documentation(report: Report, assurance: Assurance = SELF_ASSERTED) -> str:
    """Return the documents as Markdown; fields that the certificate does not know are marked as open."""
    filled, fields = sum(map(_filled, documents())), sum(len(document.fields) for document in documents())
    head = [
        f"# Documentation of {_text(report.subject.name)}",
        f"From the {_text(headline(report))} `{plain(report.digest)[:12]}`, {_text(assurance.sentence)}: "
        f"{filled} of {fields} fields hold what it knows; all others, and what is marked as open, must come from the "
        f"provider. It is {CAVEAT}.",
    ]
    if said_first := notice(report):
        head.append(f"**{_text(said_first)}**")
    parts = [*head, *(line for document in documents() for line in _document(document, report))]
    return "\n\n".join(parts) + "\n"


def _document(document: Document, report: Report) -> Iterator[str]:
    yield f"## {document.name}"
    yield f"After {document.source}."
    for entry in document.fields:
        yield f"### {entry.place}: {entry.title}"
        yield _entry(entry, report)


def _entry(entry: Entry, report: Report) -> str:
    if entry.known is None:
        return OPEN
    lines = [f"- {_text(line)}" for line in KNOWN[entry.known](report)]
    return "\n".join([*lines, f"- **Open:** {entry.open}."] if entry.open else lines)


def _filled(document: Document) -> int:
    return sum(entry.known is not None for entry in document.fields)


def _text(text: str) -> str:
    """Return a line in which no character is a mark of Markdown or HTML."""
    return MARKS.sub(r"\\\1", plain(text)).replace("\\<", "&lt;").replace("\\>", "&gt;").replace("\\&", "&amp;")


def _model(report: Report) -> Iterator[str]:
    yield f"{shorten(report.subject.name, LONGEST_NAME)}, format {report.subject.format}"
    yield f"version: the files with SHA-256 {report.subject.digest}"


def _use(report: Report) -> Iterator[str]:
    found = assessment(report)
    if found is None:
        yield "No use was declared (--use, --place): its purpose is open, and no law was looked at."
        return
    yield f"declared by the owner: {found.use}, in {found.place}, on {found.declared.date}"
    yield said(found)
    for rule in found.coming:
        yield f"from {rule.since}: {cited(rule)}, {rule.title}"
    if warning := stale(found):
        yield warning


def _metrics(report: Report) -> Iterator[str]:
    measured = report.metrics
    yield evidence.accuracy(report)
    for name, averages in (("precision", measured.precision), ("recall", measured.recall), ("F1", measured.f1)):
        yield f"{name}: support-weighted {share(averages.weighted)}, macro {share(averages.macro)}"


def _classes(report: Report) -> Iterator[str]:
    for row in report.metrics.per_class:
        yield f"{row.name}, {row.support:,} images: recall {share(row.recall)}, precision {share(row.precision)}"


def _images(report: Report) -> Iterator[str]:
    found = report.dataset
    yield f"{images_name(found, LONGEST_NAME)}: {found.n:,} images, manifest with SHA-256 {found.manifest_digest}"
    yield ", ".join(f"{name} {count:,}" for name, count in found.support.items())
    if found.synthetic:
        yield "the faces are synthetic"


def _group_counts(report: Report) -> Iterator[str]:
    columns = [one for one in report.metrics.slices if one.columns == 1]
    for one in columns:
        counts = ", ".join(f"{shorten(group.value, LONGEST_NAME)} {group.n:,}" for group in one.groups)
        yield f"{shorten(one.column, LONGEST_NAME)}: {counts}"
    if not columns:
        yield evidence.NO_GROUPS


def _groups(report: Report) -> Iterator[str]:
    yield from evidence.groups(report)
    for one in (one for one in report.metrics.slices if one.columns == 1):
        for group in one.groups:
            name = f"{shorten(one.column, LONGEST_NAME)} {shorten(group.value, LONGEST_NAME)}"
            yield f"{name}: accuracy {share(group.accuracy)} on {group.n:,} images"


def _image_notes(report: Report) -> Iterator[str]:
    yield from (shorten(note, 400) for note in report.dataset.notes)
    if not report.dataset.notes:
        yield "nothing was noted"


def _limits(report: Report) -> Iterator[str]:
    yield from filter(None, (notice(report), *doubts(report)))
    yield "an expression is not an emotion: the labels are what people saw in a face"
    yield f"only the {len(spec.load().classes)} classes {', '.join(spec.load().classes)} are judged"


def _environment(report: Report) -> Iterator[str]:
    found = report.environment
    yield f"judged with Python {found.python} on {found.platform}"
    yield ", ".join(f"{shorten(name, LONGEST_NAME)} {version}" for name, version in found.packages.items())


def _testing(report: Report) -> Iterator[str]:
    counts = report.counts
    yield f"{counts.planned} checks: {counts.passed} pass, {counts.fail} fail, {counts.inconclusive} inconclusive"
    for claim in report.claims:
        yield f"claim {claim}"
    yield from _images(report)
    yield f"made {report.environment.created}; 'ferspec verify' recomputes it"


def _input(report: Report) -> Iterator[str]:
    yield from _contract(report, "input")


def _output(report: Report) -> Iterator[str]:
    yield from _contract(report, "output")


def _contract(report: Report, table: str) -> Iterator[str]:
    contract = report.subject.contract
    if contract is None:
        yield "recorded predictions, without a contract"
        return
    for name, value in entries(contract):
        if name.startswith(f"{table}."):
            assumed = " (assumed, not confirmed)" if name in contract.assumed else ""
            yield f"{name.partition('.')[2].replace('_', ' ')}: {stated(value)}{assumed}"


def _why(report: Report) -> Iterator[str]:
    yield "metrics and averages are those of the published protocol (FER-M); intervals are of FER-Z-01"
    yield f"the protocol: https://doi.org/{spec.load().doi}"


def _lineage(report: Report) -> Iterator[str]:
    yield lineage(report) or "No lineage was declared (--lineage): earlier certifications are not counted."


KNOWN: dict[str, Callable[[Report], Iterator[str]]] = {
    "model": _model,
    "use": _use,
    "use and model": lambda report: (line for lines in (_use(report), _model(report)) for line in lines),
    "format": lambda report: iter((f"a file of the format {report.subject.format}",)),
    "metrics": _metrics,
    "classes": _classes,
    "test images": _images,
    "group counts": _group_counts,
    "groups": _groups,
    "image notes": _image_notes,
    "limits": _limits,
    "environment": _environment,
    "cost": lambda report: iter((evidence.cost(report),)),
    "robustness": lambda report: iter((evidence.robustness(report),)),
    "testing": _testing,
    "input": _input,
    "output": _output,
    "why these metrics": _why,
    "lineage": _lineage,
}
