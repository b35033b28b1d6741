"""The metrics of a report as the ``model-index`` of a Hugging Face model card."""

from collections.abc import Iterator
from typing import Any

import yaml

from ferspec import spec
from ferspec.reference.measured import Metric
from ferspec.report.words import images_name, level, notice, percent_range, plain, shorten
from ferspec.subjects.certificates.document import Report
from ferspec.subjects.certificates.signing.assurance import SELF_ASSERTED, Assurance

LONGEST_NAME = 120
DATASETS = {"certificate": "btfer", "demonstration": "synthetic-faces", "evaluation": "other"}


def render_model_index(report: Report, assurance: Assurance = SELF_ASSERTED) -> str:
    """Return YAML for the metadata of a model card, without undefined metrics."""
    index = {
        "model-index": [{"name": shorten(report.subject.name, LONGEST_NAME), "results": [_result(report, assurance)]}]
    }
    return yaml.safe_dump(index, sort_keys=False, allow_unicode=True, width=120)


def _result(report: Report, assurance: Assurance) -> dict[str, Any]:
    return {
        "task": {"type": "image-classification", "name": "Facial expression recognition"},
        "dataset": {
            "type": DATASETS[report.kind],
            "name": _dataset_name(report),
            "split": "test",
            "args": {"images": report.metrics.n, "manifest_sha256": plain(report.dataset.manifest_digest)},
        },
        "metrics": list(_metrics(report)),
        "source": {
            "name": f"ferspec {report.kind} {plain(report.digest)[:12]}, {plain(assurance.sentence)}, judged by the "
            "protocol at this address",
            "url": f"https://doi.org/{spec.load().doi}",
        },
    }


def _dataset_name(report: Report) -> str:
    name, said = images_name(report.dataset, LONGEST_NAME), notice(report)
    return f"{name} ({said.rstrip('.')})" if said else name


def _metrics(report: Report) -> Iterator[dict[str, Any]]:
    measured = report.metrics
    averaged = {"precision": measured.precision, "recall": measured.recall, "f1": measured.f1}
    named: list[tuple[str, str | None, Metric]] = [("accuracy", None, measured.accuracy)]
    for type, averages in averaged.items():
        named += [(type, "weighted", averages.weighted), (type, "macro", averages.macro)]
    for type, average, figure in named:
        if figure.value is not None:
            yield _metric(type, average, figure, figure.value)
    if report.known is not None and report.known.accuracy.value is not None:
        known = _metric("accuracy", None, report.known.accuracy, report.known.accuracy.value)
        yield known | {"name": f"{known['name']}, on known pictures", "args": {"images": report.known.n}}


def _metric(type: str, average: str | None, figure: Metric, value: float) -> dict[str, Any]:
    title = {"f1": "F1"}.get(type, type.capitalize())
    name = f"{title} ({average} average)" if average else title
    metric = {
        "type": type,
        "value": round(value, 4),
        "name": f"{name}, {level()} interval {percent_range(figure)}",
    }
    return metric | ({"args": {"average": average}} if average else {})
