"""A certificate with everything in it, what is available to verify it, and forgeries of it."""

from __future__ import annotations

import copy
import json
import shlex
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from ferspec.api.certify import report_on
from ferspec.api.verify import certify_again
from ferspec.checks.certificate.metrics import Recorded
from ferspec.checks.generator import checks_for_certificate
from ferspec.checks.model.checks import model_checks
from ferspec.engine import judge, outcome_of
from ferspec.outcomes import Deviation, Outcome, Status
from ferspec.progress import silent
from ferspec.reference.evaluation import evaluate
from ferspec.subjects.certificates.document import Report, digest_of
from ferspec.subjects.certificates.subject import Certificate
from ferspec.subjects.datasets.manifest import Entry
from ferspec.subjects.datasets.manifest import digest as manifest_digest
from ferspec.subjects.datasets.subject import Dataset
from ferspec.subjects.models.claims import parse_claim
from helpers.miniatures import CLASSES, colour_patches, model, right_with_some_noise, subject
from mutants.scratch import fresh

Document = dict[str, Any]
Path = tuple[str | int, ...]

CLAIMS = ("accuracy>=0.3", "recall[Disgust]>=0.99", "f1>=0.6", "gap[parity]<=0.9")
COMMAND = shlex.join(["ferspec", "certify", "m.keras", *(word for claim in CLAIMS for word in ("--claim", claim))])
# names and environment are claims that nothing can verify, each search asks another number of images, and a model that
# is not a file of weights has no architecture to declare
CLAIMED = (
    ("environment",),
    ("subject", "name"),
    ("subject", "contract", "architecture"),
    ("dataset", "name"),
    ("search", "asked"),
    ("digest",),
)
# of a model that takes RGB: a diagnosis says so; smaller than the images, so that the resize filter matters
DECLARED = {"colour": "bgr", "size": (6, 6)}


def noisy_when_alone(batch: np.ndarray) -> np.ndarray:
    """Return probabilities that are flatter for an image alone: FER-B-06 fails."""
    probabilities = right_with_some_noise(batch)
    return probabilities if len(batch) > 1 else 0.5 * probabilities + 0.5 / 7


@cache
def images() -> Dataset:
    folder = fresh("forged")
    dataset = colour_patches(folder)
    rows = [f"{image},{'odd' if index % 3 else 'even'}" for index, image in enumerate(dataset.ids)]
    (folder / "groups.csv").write_text("\n".join(["image,parity", *rows]))
    return dataset.with_groups(folder / "groups.csv")


@cache
def certified(run: Callable[[np.ndarray], np.ndarray] = noisy_when_alone, **declared: Any) -> Document:
    """Return a certificate as it is written and read again; not to be changed."""
    judged = subject(images(), run, **(DECLARED | declared))
    deviations = [Deviation(clause="FER-B-08", category="future", reason="it will learn disgust")]
    report = report_on(judged, [parse_claim(claim) for claim in CLAIMS], deviations, COMMAND)
    return json.loads(report.model_dump_json())


@cache
def _again(judged: str) -> Report:
    """Judge again as ``certify_again`` does, once for each contract, claims, deviations and groups."""
    document = json.loads(judged)
    return certify_again(Certificate(document, images(), model(noisy_when_alone)), silent)


def certify_once(certificate: Certificate) -> Report:
    """Judge the model and the images available as a document says; whatever else it says has no influence."""
    template = copy.deepcopy(certified())
    template["subject"]["contract"] = certificate.document["subject"]["contract"]
    template |= {name: certificate.document[name] for name in ("claims", "deviations")}
    for row, prediction in zip(template["predictions"], certificate.document["predictions"], strict=True):
        row["groups"] = prediction["groups"]
    return _again(json.dumps(template))


def with_everything(document: Document, **changes: Any) -> Certificate:
    """Return a certificate with its images, groups and model available."""
    source = replace(model(noisy_when_alone), **changes)
    return Certificate(document, images(), source, certify_once)


def found(certificate: Certificate) -> Iterator[Outcome]:
    """Yield every outcome that is neither a pass nor, for want of something, not evaluated."""
    for check in checks_for_certificate():
        outcome = outcome_of(check, certificate)
        if outcome.status in (Status.FAIL, Status.INCONCLUSIVE):
            yield outcome


def signed_again(document: Document) -> Document:
    """Recompute the digest, as a forger does."""
    document["digest"] = digest_of(document)
    return document


def settled(document: Document) -> Document:
    """Recompute all that follows from predictions and manifest, as a careful forger does."""
    entries = [Entry.model_validate(entry) for entry in document["manifest"]]
    document["dataset"]["manifest_digest"] = manifest_digest(entries)
    certificate = Certificate(document)
    metrics = evaluate(certificate.labels, certificate.predicted, certificate.probabilities, certificate.groups)
    document["metrics"] = metrics.model_dump(mode="json")
    report = Report.model_validate_json(json.dumps(document))
    recorded = Recorded(Certificate(document), metrics)
    planned = model_checks(map(parse_claim, report.claims))
    stated = {outcome.check: outcome.model_copy(update={"declared": None}) for outcome in report.outcomes}
    outcomes = [
        outcome_of(check, recorded, COMMAND)
        if check.clause in ("FER-B-03", "FER-B-04", "FER-B-08")
        else stated[check.id]
        for check in planned
    ]
    judgement = judge([check.id for check in planned], outcomes, report.deviations)
    document["outcomes"] = [outcome.model_dump(mode="json") for outcome in judgement.outcomes]
    document |= {"counts": judgement.counts.model_dump(mode="json"), "verdict": judgement.verdict}
    return signed_again(document)


# ---- single edits


def edited(number: int, count: int) -> tuple[str, Document]:
    """Return one of ``count`` edits, spread over all: words that say where and how, and the edited document."""
    edits = list(_edits(certified()))
    words, path, change = edits[number * len(edits) // count]
    document = copy.deepcopy(certified())
    change(_at(document, path[:-1]), path[-1])
    return words, signed_again(document)


def _edits(document: Document) -> Iterator[tuple[str, Path, Callable[[Any, Any], None]]]:
    """Yield, for the first and a middle place of every kind of node, each way to change it."""
    places: dict[tuple[str, ...], list[Path]] = {}
    for path in _nodes(document):
        if not any(path[: len(claimed)] == claimed for claimed in CLAIMED):
            places.setdefault(tuple("*" if isinstance(key, int) else key for key in path), []).append(path)
    for paths in places.values():
        for path in dict.fromkeys((paths[0], paths[len(paths) // 2])):
            for name, change in _changes(_at(document, path)):
                yield f"{_shown(path)} {name}", path, change


def _nodes(node: Any, path: Path = ()) -> Iterator[Path]:
    if path:
        yield path
    if isinstance(node, dict | list):
        for key, child in node.items() if isinstance(node, dict) else enumerate(node):
            yield from _nodes(child, (*path, key))


def _changes(value: Any) -> Iterator[tuple[str, Callable[[Any, Any], None]]]:
    def put(new: Any) -> Callable[[Any, Any], None]:
        return lambda parent, key: parent.__setitem__(key, new)

    if isinstance(value, bool):
        yield "negated", put(not value)
    elif isinstance(value, int):
        yield "one more", put(value + 1)
    elif isinstance(value, float):
        yield "larger", put(value + 0.05 * max(1.0, abs(value)))
    elif isinstance(value, str):
        yield "longer", put(f"{value}!")
    elif value is None:
        yield "filled", put("x")
    elif isinstance(value, list) and value:
        yield "without its last", put(value[:-1])
        if value[0] != value[-1]:
            yield "reversed", put(value[::-1])
    elif isinstance(value, dict):
        yield "with a key added", put(value | {"grade": "A"})
    yield "removed", lambda parent, key: parent.pop(key)


def _at(document: Document, path: Path) -> Any:
    node: Any = document
    for key in path:
        node = node[key]
    return node


def _shown(path: Path) -> str:
    return ".".join(map(str, path))


# ---- forgeries


def rewrite_the_figures_of_a_diagnosis(document: Document) -> Document:
    diagnosis = document["diagnoses"][0]
    old, gain = diagnosis["gain"]["value"], 0.021
    diagnosis["gain"] |= {"value": gain, "low": 0.001, "high": 0.041}
    diagnosis["message"] = diagnosis["message"].replace(f"{100 * old:.1f} points", f"{100 * gain:.1f} points")
    return signed_again(document)


def leave_the_diagnoses_out(document: Document) -> Document:
    document["diagnoses"] = []
    return settled(document)


def answer_perfectly(document: Document) -> Document:
    for prediction in document["predictions"]:
        index = CLASSES.index(prediction["label"])
        prediction["predicted"] = prediction["label"]
        prediction["probabilities"] = [0.94 if place == index else 0.01 for place in range(len(CLASSES))]
    document["diagnoses"] = []
    return settled(document)


def pass_what_failed(document: Document) -> Document:
    passed = next(outcome for outcome in document["outcomes"] if outcome["check"] == "FER-B-05")
    for outcome in document["outcomes"]:
        if outcome["check"] == "FER-B-06":
            kept = {name: passed[name] for name in ("status", "observed", "difference", "likely", "reproduce")}
            outcome |= kept
    return settled(document)


def soften_what_failed(document: Document) -> Document:
    for outcome in document["outcomes"]:
        if outcome["check"] == "FER-B-06":
            outcome |= {"observed": "outputs differ by up to 0.00101", "difference": 0.00001}
    return signed_again(document)


def take_the_predictions_of_a_better_model(document: Document) -> Document:
    better = certified(right_with_some_noise, colour="rgb")
    for name in ("predictions", "metrics", "diagnoses"):
        document[name] = copy.deepcopy(better[name])
    return settled(document)


def invent_images(document: Document) -> Document:
    for index, (entry, prediction) in enumerate(zip(document["manifest"], document["predictions"], strict=True)):
        entry["pixels_sha256"] = prediction["image"] = f"{index:064x}"
    return settled(document)


def correct_labels(document: Document) -> Document:
    for entry, prediction in zip(document["manifest"], document["predictions"], strict=True):
        entry["label"] = prediction["label"] = prediction["predicted"]
    document["dataset"]["support"] = {
        name: sum(entry["label"] == name for entry in document["manifest"]) for name in CLASSES
    }
    document["diagnoses"] = []
    return settled(document)


def correct_the_contract(document: Document) -> Document:
    document["subject"]["contract"]["input"]["colour"] = "rgb"
    return leave_the_diagnoses_out(document)


def declare_what_the_model_cannot_take(document: Document) -> Document:
    document["subject"]["contract"]["input"] |= {"channels": 1, "colour": "gray"}
    return signed_again(document)


def close_the_gap(document: Document) -> Document:
    right = [prediction["predicted"] == prediction["label"] for prediction in document["predictions"]]
    turns = {True: 0, False: 0}
    for prediction, is_right in zip(document["predictions"], right, strict=True):
        prediction["groups"]["parity"] = "odd" if turns[is_right] % 2 else "even"
        turns[is_right] += 1
    return settled(document)


def narrow_every_interval(document: Document) -> Document:
    averages = [document["metrics"][name][kind] for name in ("precision", "f1") for kind in ("weighted", "macro")]
    calibration = [document["metrics"]["calibration"][name] for name in ("ece", "brier", "nll")]
    for metric in [*averages, document["metrics"]["recall"]["macro"], *calibration]:
        quarter = (metric["high"] - metric["low"]) / 4
        metric |= {"low": metric["low"] + quarter, "high": metric["high"] - quarter}
    return signed_again(document)


FORGERIES = (
    rewrite_the_figures_of_a_diagnosis,
    leave_the_diagnoses_out,
    answer_perfectly,
    pass_what_failed,
    soften_what_failed,
    take_the_predictions_of_a_better_model,
    invent_images,
    correct_labels,
    correct_the_contract,
    declare_what_the_model_cannot_take,
    close_the_gap,
    narrow_every_interval,
)
