"""Certificates that break FER-X, and rewritten ones that keep it. Forgers update the digest unless stated otherwise."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from ferspec.api.certify import report_on
from ferspec.checks.generator import checks_for_certificate
from ferspec.outcomes import CheckResult, Status
from ferspec.reference.bootstrap import protocol_resampling
from ferspec.reference.evaluation import CALIBRATED, evaluate
from ferspec.subjects.certificates.document import Report, digest_of
from ferspec.subjects.certificates.signing.envelopes import sign
from ferspec.subjects.certificates.subject import Certificate
from ferspec.subjects.datasets.subject import Dataset
from ferspec.subjects.models.claims import parse_claim
from ferspec.subjects.models.subject import ModelSubject
from helpers import keys
from helpers.miniatures import PER_CLASS, colour_patches, named, right_with_some_noise, save_and_open, subject
from mutants.kinds import Mutant, Right
from mutants.scratch import fresh

Document = dict[str, Any]
Edit = Callable[[Document], Any]
Run = Callable[[np.ndarray], np.ndarray]

CLAIMS = tuple(map(parse_claim, ("accuracy>=0.5", "recall[Disgust]>=0.99")))
FAILED_CLAIM = "FER-B-08[recall[Disgust]>=0.99]"


@cache
def patches() -> Dataset:
    return colour_patches(fresh("certified"))


@cache
def certified() -> Document:
    """Return a certificate as it is written and read again; not to be changed."""
    return json.loads(report(right_with_some_noise).model_dump_json())


def report(run: Run) -> Report:
    return report_on(subject(patches(), run), CLAIMS)


def findings_on(document: Document, clause: str | None = None, **at_hand: Any) -> tuple[CheckResult, ...]:
    certificate = Certificate(document, **at_hand)
    return tuple(check.run(certificate) for check in checks_for_certificate() if clause in (None, check.clause))


def with_model(run: Run = right_with_some_noise, **changes: str) -> dict[str, Any]:
    """Return what verification needs to run a model again."""
    judged = subject(patches(), run)
    source = replace(judged.model, **changes)
    return {
        "dataset": patches(),
        "source": source,
        "recertify": lambda _: report_on(ModelSubject(patches(), source, judged.contract), CLAIMS),
    }


def unmutated(clause: str) -> tuple[CheckResult, ...]:
    """Return what the check of a clause finds on the certificate as it was made, with all that it can use."""
    return findings_on(certified(), clause, **with_model(), **signed_by_its_issuer()[1])


def edited(edit: Edit, mended: bool = True) -> Document:
    document = copy.deepcopy(certified())
    edit(document)
    if mended:
        document["digest"] = digest_of(document)
    return document


def forged(clause: str, name: str, edit: Edit, mended: bool = True) -> Mutant:
    return Mutant(clause, name, lambda: findings_on(edited(edit, mended), clause))


def forged_with_model(clause: str, name: str, edit: Edit) -> Mutant:
    return Mutant(clause, name, lambda: findings_on(edited(edit), clause, **with_model()))


def signed_otherwise(clause: str, name: str, edit: Edit | None) -> Mutant:
    """Return a certificate signed before an edit, or by another key."""

    def judged() -> Sequence[CheckResult]:
        envelopes = sign((), certified(), "issued", keys.key())
        known = keys.key() if edit is not None else keys.key("another")
        document = certified() if edit is None else edited(edit)
        return findings_on(document, clause, envelopes=envelopes, public_keys=(known.public,))

    return Mutant(clause, name, judged)


def unsure_when_alone(batch: np.ndarray) -> np.ndarray:
    probabilities = right_with_some_noise(batch)
    return probabilities if len(batch) > 1 else 0.5 * probabilities + 0.5 / 7


def with_other_images(clause: str, name: str, images: Callable[[], Dataset]) -> Mutant:
    return Mutant(clause, name, lambda: findings_on(certified(), clause, dataset=images()))


def with_other_model(clause: str, name: str, run: Run = right_with_some_noise, **changes: str) -> Mutant:
    return Mutant(clause, name, lambda: findings_on(certified(), clause, **with_model(named(run), **changes)))


def by_another_specification(name: str, edit: Edit) -> Mutant:
    """Return a certificate of which FER-X-10 concludes nothing, the strongest result for another specification."""

    def judged() -> Sequence[CheckResult]:
        found = findings_on(edited(edit), "FER-X-10")
        refused = {"status": Status.FAIL, "message": "nothing is concluded"}
        return [each.model_copy(update=refused) if each.status is Status.INCONCLUSIVE else each for each in found]

    return Mutant("FER-X-10", name, judged)


def kept(clause: str, name: str, rewrite: Callable[[], tuple[Document, dict[str, Any]]]) -> Right:
    """Return a right variation that all checks on certificates judge."""

    def judged() -> Sequence[CheckResult]:
        document, at_hand = rewrite()
        return findings_on(document, **at_hand)

    return Right(clause, name, judged)


# ---- edits


def put(value: Any, *path: str | int) -> Edit:
    def edit(document: Document) -> None:
        node: Any = document
        for key in path[:-1]:
            node = node[key]
        node[path[-1]] = value

    return edit


def raise_the_accuracy(document: Document) -> None:
    document["metrics"]["accuracy"]["value"] += 0.05


def narrow_the_interval(document: Document) -> None:
    document["metrics"]["accuracy"]["low"] += 0.01


def macro_for_weighted(document: Document) -> None:
    metrics = document["metrics"]
    per_class = [each["f1"]["value"] for each in metrics["per_class"]]
    metrics["f1"]["weighted"]["value"] = sum(per_class) / len(per_class) + 1e-6


def call_every_prediction_right(document: Document) -> None:
    for prediction in document["predictions"]:
        prediction["predicted"] = prediction["label"]


def shuffle_predictions(document: Document) -> None:
    """Every image keeps its name and label, but has the probabilities of another."""
    rows = [(each["predicted"], each["probabilities"]) for each in document["predictions"]]
    for each, row in zip(document["predictions"], np.random.default_rng(0).permutation(len(rows)), strict=True):
        each["predicted"], each["probabilities"] = rows[row]


def shuffle_ids(document: Document) -> None:
    images = [each["image"] for each in document["predictions"]]
    for each, image in zip(document["predictions"], [*images[1:], images[0]], strict=True):
        each["image"] = image


def drop_a_check(document: Document) -> None:
    document["outcomes"] = [each for each in document["outcomes"] if each["check"] != "FER-B-05"]
    document["counts"]["planned"] -= 1
    document["counts"]["pass"] -= 1


def declare_the_failure(document: Document) -> None:
    for outcome in document["outcomes"]:
        if outcome["status"] == "fail":
            outcome["declared"] = {"clause": outcome["clause"], "category": "future", "reason": "later"}
            document["counts"]["declared"] += 1
    document["verdict"] = "pass"


def relabel(document: Document) -> None:
    first = document["predictions"][0]
    first["label"] = "Sad" if first["label"] != "Sad" else "Fear"


def drop_an_image(document: Document) -> None:
    """The one that was most wrong, say; its prediction goes, and the manifest keeps it."""
    document["predictions"] = document["predictions"][1:]


def call_it_btfer(document: Document) -> None:
    document["kind"] = "certificate"
    document["dataset"]["form"] = "btfer"


def pass_the_failed_claim(document: Document) -> None:
    next(each for each in document["outcomes"] if each["check"] == FAILED_CLAIM)["status"] = "pass"
    document["counts"]["pass"] += 1
    document["counts"]["fail"] -= 1
    document["verdict"] = "pass"


def praise_the_accuracy(document: Document) -> None:
    next(each for each in document["outcomes"] if each["clause"] == "FER-B-08")["observed"] = "accuracy 0.999"


def narrow_f1(document: Document) -> None:
    document["metrics"]["f1"]["macro"]["low"] += 1e-4


def narrow_every_limit(document: Document) -> None:
    """Each limit that resampling gives moves by a fifth of its interval."""
    metrics = document["metrics"]
    averages = [metrics[name][kind] for name in ("precision", "f1") for kind in ("weighted", "macro")]
    for each in [*averages, metrics["recall"]["macro"], *(metrics["calibration"][name] for name in CALIBRATED)]:
        fifth = (each["high"] - each["low"]) / 5
        each["low"] += fifth
        each["high"] -= fifth


def invent_a_diagnosis(document: Document) -> None:
    gain = {"value": 0.5, "low": None, "high": None, "method": None, "undefined": None}
    fields = {"message": "", "declared": "", "likely": "", "p_value": 0.0, "n": len(document["predictions"])}
    document["diagnoses"] = [{"kind": "class order", "gain": gain, **fields}]


# ---- other images


def fewer_images() -> Dataset:
    return colour_patches(fresh("fewer"), per_class=PER_CLASS - 1)


def an_image_twice() -> Dataset:
    return saved(lambda pixels, _: pixels.__setitem__(1, pixels[0]))


def a_label_corrected() -> Dataset:
    return saved(lambda _, labels: labels.__setitem__(0, 3))


def one_pixel_brighter() -> Dataset:
    return saved(lambda pixels, _: pixels.__setitem__((0, 0, 0, 0), 255 - pixels[0, 0, 0, 0]))


def saved(change: Callable[[np.ndarray, np.ndarray], None]) -> Dataset:
    """Return the images written again after a change of pixels and labels in place."""
    certified_on = patches()
    pixels = np.stack([certified_on.image(index) for index in range(len(certified_on))])
    labels = certified_on.labels.copy()
    change(pixels, labels)
    return save_and_open(fresh("other"), pixels, labels)


# ---- right


def keys_in_another_order() -> tuple[Document, dict[str, Any]]:
    return json.loads(json.dumps(turned(certified()), indent=4)), {}


def turned(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: turned(node[key]) for key in reversed(node)}
    return [turned(child) for child in node] if isinstance(node, list) else node


def escaped() -> tuple[Document, dict[str, Any]]:
    return json.loads(json.dumps(certified(), ensure_ascii=True, sort_keys=True)), {}


def figures_rounded_otherwise() -> tuple[Document, dict[str, Any]]:
    def nudge(document: Document) -> None:
        document["metrics"]["accuracy"]["low"] += 1e-12

    return edited(nudge), {}


def images_saved_again() -> tuple[Document, dict[str, Any]]:
    return certified(), {"dataset": saved(lambda pixels, labels: None)}


def another_random_stream() -> tuple[Document, dict[str, Any]]:
    """Every limit is drawn with another seed, as another version of NumPy may draw it."""
    report = Certificate(certified())
    resampling = replace(protocol_resampling(), seed=1)
    metrics = evaluate(report.labels, report.predicted, report.probabilities, None, resampling)
    return edited(put(metrics.model_dump(mode="json"), "metrics")), {}


def signed_by_its_issuer() -> tuple[Document, dict[str, Any]]:
    return certified(), {"envelopes": sign((), certified(), "issued", keys.key()), "public_keys": (keys.key().public,)}


def other_hardware() -> tuple[Document, dict[str, Any]]:
    def run(batch: np.ndarray) -> np.ndarray:
        nearly = right_with_some_noise(batch) + 1e-5
        return nearly / nearly.sum(axis=1, keepdims=True)

    return certified(), with_model(named(run))


MUTANTS: tuple[Mutant | Right, ...] = (
    forged("FER-X-01", "cut off before its figures", lambda document: document.pop("metrics")),
    forged("FER-X-01", "no predictions", put([], "predictions")),
    forged("FER-X-01", "a class that there is not", put("Contempt", "predictions", 0, "label")),
    forged("FER-X-01", "another version of the schema", put("3", "schema_version")),
    forged("FER-X-01", "a key that nobody knows", put("A", "grade")),
    forged("FER-X-02", "the accuracy edited, the digest not renewed", raise_the_accuracy, mended=False),
    forged("FER-X-02", "the verdict edited, the digest not renewed", put("pass", "verdict"), mended=False),
    forged(
        "FER-X-02", "the sha256 of another model, the digest not renewed", put("1" * 64, "subject", "digest"), False
    ),
    forged("FER-X-02", "no digest", lambda document: document.update(digest=""), mended=False),
    forged("FER-X-03", "the accuracy edited", raise_the_accuracy),
    forged("FER-X-03", "an interval narrowed", narrow_the_interval),
    forged("FER-X-03", "the macro F1 for the weighted one", macro_for_weighted),
    forged("FER-X-03", "every prediction called right", call_every_prediction_right),
    forged("FER-X-03", "predictions shuffled among images", shuffle_predictions),
    forged("FER-X-04", "the verdict edited", put("pass", "verdict")),
    forged("FER-X-04", "a count edited", put(99, "counts", "pass")),
    forged("FER-X-04", "a check left out", drop_a_check),
    forged("FER-X-04", "a failure called declared", declare_the_failure),
    forged("FER-X-05", "a label corrected", relabel),
    forged("FER-X-05", "an image left out", drop_an_image),
    forged("FER-X-05", "ids of images shuffled", shuffle_ids),
    forged("FER-X-05", "another image in the manifest", put("0" * 64, "manifest", 3, "pixels_sha256")),
    forged("FER-X-05", "the number of images edited", put(3000, "dataset", "n")),
    forged("FER-X-05", "an evaluation called a certificate on BTFER", call_it_btfer),
    with_other_images("FER-X-06", "a dataset of fewer images", fewer_images),
    with_other_images("FER-X-06", "an image twice, another missing", an_image_twice),
    with_other_images("FER-X-06", "a label corrected in the dataset", a_label_corrected),
    with_other_images("FER-X-06", "one pixel changed", one_pixel_brighter),
    with_other_model("FER-X-07", "a model of another sha256", digest="1" * 64),
    with_other_model("FER-X-07", "another format", format="ONNX"),
    with_other_model("FER-X-08", "a model of other predictions", lambda batch: right_with_some_noise(batch[..., ::-1])),
    forged_with_model(
        "FER-X-12", "what a check observed rewritten", put("the model answers", "outcomes", 0, "observed")
    ),
    forged_with_model("FER-X-12", "a cause invented", put("dropout", "outcomes", 4, "likely")),
    with_other_model("FER-X-12", "a model that is unsure of a single image", unsure_when_alone),
    forged("FER-X-11", "a limit of F1 narrowed", narrow_f1),
    forged("FER-X-11", "every limit drawn narrower", narrow_every_limit),
    signed_otherwise("FER-X-13", "signed, then edited", raise_the_accuracy),
    signed_otherwise("FER-X-13", "signed by another key than the one named", None),
    with_other_model(
        "FER-X-08", "one per cent less sure", lambda batch: 0.99 * right_with_some_noise(batch) + 0.01 / 7
    ),
    forged("FER-X-09", "a missed claim called held", pass_the_failed_claim),
    forged("FER-X-09", "what was observed of a claim edited", praise_the_accuracy),
    forged("FER-X-09", "a diagnosis that was not made", invent_a_diagnosis),
    by_another_specification("another version of the specification", put("9.9", "spec", "version")),
    by_another_specification("another digest of the specification", put("0" * 64, "spec", "digest")),
    kept("FER-X-02", "indented, keys in another order", keys_in_another_order),
    kept("FER-X-02", "keys sorted, characters escaped", escaped),
    kept("FER-X-03", "figures rounded in the twelfth digit", figures_rounded_otherwise),
    kept("FER-X-11", "limits of another random stream", another_random_stream),
    kept("FER-X-13", "signed by its issuer", signed_by_its_issuer),
    kept("FER-X-06", "the same images in another file", images_saved_again),
    kept("FER-X-08", "other hardware, probabilities apart by 1e-5", other_hardware),
    kept("FER-X-12", "other hardware, judged again", other_hardware),
)
