"""A certificate is recomputed, and every edit of it is detected."""

import copy
import json
from dataclasses import replace

import pytest

from ferspec.api.certify import report_on
from ferspec.checks.certificate import metrics
from ferspec.checks.generator import checks_for_certificate
from ferspec.engine import outcome_of
from ferspec.errors import UserError
from ferspec.outcomes import Status
from ferspec.reference.bootstrap import protocol_resampling
from ferspec.reference.evaluation import evaluate
from ferspec.subjects.certificates import subject as subject_module
from ferspec.subjects.certificates.document import digest_of
from ferspec.subjects.certificates.subject import Certificate, read_certificate
from ferspec.subjects.models.claims import parse_claim
from helpers.miniatures import colour_patches, named, right_with_some_noise, subject

CLAIMS = [parse_claim("accuracy>=0.5"), parse_claim("recall[Disgust]>=0.99")]


@pytest.fixture(scope="module")
def patches(tmp_path_factory):
    folder = tmp_path_factory.mktemp("patches")
    groups = folder / "groups.csv"
    dataset = colour_patches(folder)
    rows = [f"{image},{'odd' if index % 2 else 'even'}" for index, image in enumerate(dataset.ids)]
    groups.write_text("\n".join(["image,parity", *rows]))
    return dataset.with_groups(groups)


@pytest.fixture(scope="module")
def document(patches):
    """A certificate as it is written and read again."""
    report = report_on(subject(patches, right_with_some_noise), CLAIMS)
    return json.loads(report.model_dump_json())


def outcomes(document, **at_hand):
    certificate = Certificate(document, **at_hand)
    return {check.clause: outcome_of(check, certificate) for check in checks_for_certificate()}


def failing(document, **at_hand):
    return {clause for clause, outcome in outcomes(document, **at_hand).items() if outcome.status is Status.FAIL}


def edited(document, edit, forged=True):
    """Return a copy after an edit; a forger updates the digest."""
    document = copy.deepcopy(document)
    edit(document)
    if forged:
        document["digest"] = digest_of(document)
    return document


def leaves(node, path=()):
    """Yield the path of every number and text in a document."""
    if isinstance(node, dict | list):
        for key, child in node.items() if isinstance(node, dict) else enumerate(node):
            yield from leaves(child, (*path, key))
    elif isinstance(node, int | float | str):
        yield path


def change(document, path):
    *parents, last = path
    for key in parents:
        document = document[key]
    value = document[last]
    document[last] = f"{value}!" if isinstance(value, str) else value + (1 if isinstance(value, int) else 1e-4)


def test_an_untouched_certificate_fails_nothing(document):
    judged = outcomes(document)
    assert not failing(document)
    unevaluated = {clause for clause, outcome in judged.items() if outcome.status is Status.NOT_EVALUATED}
    assert unevaluated == {"FER-X-06", "FER-X-07", "FER-X-08", "FER-X-12", "FER-X-13"}


def test_an_edit_without_a_new_digest_is_found_wherever_it_is(document):
    for path in leaves(
        {key: value for key, value in document.items() if key not in ("digest", "predictions", "manifest")}
    ):
        assert "FER-X-02" in failing_digest(edited(document, lambda d, path=path: change(d, path), forged=False)), path


def failing_digest(document):
    (check,) = [check for check in checks_for_certificate() if check.clause == "FER-X-02"]
    return {check.clause} if outcome_of(check, Certificate(document)).status is Status.FAIL else set()


def test_every_edited_metric_is_found_under_a_recomputed_digest(document, monkeypatch):
    computed, others = Certificate(document).evaluation, limits_of_another_stream(document)
    monkeypatch.setattr(subject_module, "evaluate", lambda *inputs: computed)
    monkeypatch.setattr(metrics, "evaluate", lambda *inputs: others)
    checks = [check for check in checks_for_certificate() if check.clause in ("FER-X-03", "FER-X-11")]
    paths = list(leaves(document["metrics"]))
    assert len(paths) > 200
    for path in paths:
        forged = Certificate(edited(document, lambda d, path=path: change(d["metrics"], path)))
        assert forged.defect or any(outcome_of(check, forged).status is Status.FAIL for check in checks), path


def limits_of_another_stream(document):
    resampling, certificate = protocol_resampling(), Certificate(document)
    known = certificate.labels, certificate.predicted, certificate.probabilities, certificate.groups
    return evaluate(*known, replace(resampling, seed=resampling.seed + 1))


def call_every_prediction_right(document):
    for prediction in document["predictions"]:
        prediction["predicted"] = prediction["label"]
    computed = Certificate(document)
    metrics = evaluate(computed.labels, computed.predicted, computed.probabilities, computed.groups)
    document["metrics"] = metrics.model_dump(mode="json")


def call_the_failure_declared(document):
    for outcome in document["outcomes"]:
        if outcome["status"] == "fail":
            outcome["declared"] = {"clause": outcome["clause"], "category": "future", "reason": "later"}
            document["counts"]["declared"] += 1
    document["verdict"] = "pass"


def add_an_idle_deviation(document):
    document["deviations"] = [{"clause": "FER-B-05", "category": "future", "reason": "later"}]


def certify_an_evaluation(document):
    document["kind"] = "certificate"
    document["dataset"]["form"] = "btfer"


def invent_a_diagnosis(document):
    gain = {"value": 0.5, "low": None, "high": None, "method": None, "undefined": None}
    document["diagnoses"] = [
        {"kind": "class order", "message": "", "declared": "", "likely": "", "gain": gain, "p_value": 0.0, "n": 140}
    ]


def set_to(value, *path):
    def edit(document):
        node = document
        for key in path[:-1]:
            node = node[key]
        node[path[-1]] = value

    return edit


def relabel(document):
    first = document["predictions"][0]
    first["label"] = "Sad" if first["label"] != "Sad" else "Fear"


def drop_a_check(document):
    document["outcomes"] = [outcome for outcome in document["outcomes"] if outcome["check"] != "FER-B-05"]
    document["counts"]["planned"] -= 1
    document["counts"]["pass"] -= 1


def pass_the_failed_claim(document):
    for outcome in document["outcomes"]:
        if outcome["check"].startswith("FER-B-08[recall"):
            outcome["status"] = "pass"
    document["counts"]["pass"] += 1
    document["counts"]["fail"] -= 1
    document["verdict"] = "pass"


@pytest.mark.parametrize(
    ("edit", "clause"),
    [
        (set_to("pass", "verdict"), "FER-X-04"),
        (set_to(99, "counts", "pass"), "FER-X-04"),
        (drop_a_check, "FER-X-04"),
        (pass_the_failed_claim, "FER-X-09"),
        (relabel, "FER-X-05"),
        (set_to("0" * 64, "dataset", "manifest_digest"), "FER-X-05"),
        (set_to("0" * 64, "manifest", 3, "pixels_sha256"), "FER-X-05"),
        (set_to(3000, "dataset", "n"), "FER-X-05"),
        (set_to(0.9, "metrics", "accuracy", "value"), "FER-X-03"),
        (set_to("3", "schema_version"), "FER-X-01"),
        (set_to([0.5, 0.5], "predictions", 0, "probabilities"), "FER-X-01"),
        (set_to("Contempt", "predictions", 0, "label"), "FER-X-01"),
        (call_every_prediction_right, "FER-X-03"),
        (call_the_failure_declared, "FER-X-04"),
        (add_an_idle_deviation, "FER-X-04"),
        (set_to("FER-B-01", "outcomes", 4, "clause"), "FER-X-04"),
        (set_to("certified by everybody", "outcomes", 0, "title"), "FER-X-04"),
        (set_to("paper 99", "outcomes", 0, "place"), "FER-X-04"),
        (set_to("ferspec certify something-else", "outcomes", 0, "reproduce"), "FER-X-04"),
        (certify_an_evaluation, "FER-X-05"),
        (set_to("certificate", "kind"), "FER-X-05"),
        (set_to(True, "dataset", "synthetic"), "FER-X-05"),
        (set_to([], "dataset", "notes"), "FER-X-05"),
        (invent_a_diagnosis, "FER-X-09"),
        (set_to(["good"], "claims"), "FER-X-01"),
        (set_to([0, 0], "subject", "contract", "input", "size"), "FER-X-01"),
        (lambda document: document.pop("metrics"), "FER-X-01"),
        (lambda document: document.update(extra=1), "FER-X-01"),
        (lambda document: document.update(predictions=[]), "FER-X-01"),
    ],
    ids=[
        "the verdict",
        "a count",
        "a check left out",
        "a failed claim called passed",
        "a label",
        "the digest of the manifest",
        "an image of the manifest",
        "the number of images",
        "the accuracy",
        "another version of the schema",
        "two probabilities",
        "a class that there is not",
        "every prediction called right",
        "a failure called declared",
        "a deviation that covers nothing",
        "the clause of an outcome",
        "the title of an outcome",
        "the place of an outcome",
        "a command beside a check that passed",
        "an evaluation called a certificate",
        "the kind",
        "real faces called synthetic",
        "notes left out",
        "a diagnosis that was not made",
        "a claim that cannot be read",
        "an impossible contract",
        "no metrics",
        "an unknown key",
        "no predictions",
    ],
)
def test_a_forgery_with_a_recomputed_digest_is_found(document, edit, clause):
    assert clause in failing(edited(document, edit))


def test_a_certificate_by_another_specification_is_inconclusive(document):
    judged = outcomes(edited(document, set_to("0" * 64, "spec", "digest")))
    assert judged["FER-X-10"].status is Status.INCONCLUSIVE
    assert (judged["FER-X-03"].status, "FER-X-10" in judged["FER-X-03"].message) == (Status.NOT_EVALUATED, True)


def test_a_specification_of_the_same_digest_has_no_other_version(document):
    assert "FER-X-10" in failing(edited(document, set_to("9.9", "spec", "version")))


def test_a_diagnosis_that_was_left_out_is_found(patches):
    places = list(reversed(range(7)))
    wrong = named(lambda batch: right_with_some_noise(batch)[:, places])
    honest = json.loads(report_on(subject(patches, wrong)).model_dump_json())
    assert not failing(honest)
    assert "FER-X-09" in failing(edited(honest, set_to([], "diagnoses")))


def test_values_missing_from_half_a_document_are_not_evaluated(document):
    judged = outcomes(edited(document, lambda d: d.pop("metrics")))
    assert judged["FER-X-03"].status is Status.NOT_EVALUATED
    assert "FER-X-01" in judged["FER-X-03"].message


def test_the_same_images_are_recognised(document, patches):
    assert not failing(document, dataset=patches)


def test_other_images_are_found(document, tmp_path):
    assert "FER-X-06" in failing(document, dataset=colour_patches(tmp_path, per_class=3))


def again(run, patches):
    judged = subject(patches, run)

    def certify(certificate):
        return report_on(subject(patches, run), [parse_claim(text) for text in certificate.report.claims])

    return {"dataset": patches, "source": judged.model, "recertify": certify}


def test_the_same_model_on_the_same_images_gives_the_same_certificate(document, patches):
    judged = outcomes(document, **again(right_with_some_noise, patches))
    assert {clause for clause, outcome in judged.items() if outcome.status is not Status.PASS} == {"FER-X-13"}


def test_another_model_is_found_by_its_predictions(document, patches):
    other = named(lambda batch: right_with_some_noise(batch[..., ::-1]))
    assert "FER-X-08" in failing(document, **again(other, patches))


def test_a_model_is_not_run_on_other_images_than_those_certified(document, patches, tmp_path):
    at_hand = again(right_with_some_noise, patches) | {"dataset": colour_patches(tmp_path, per_class=3)}
    assert outcomes(document, **at_hand)["FER-X-08"].status is Status.NOT_EVALUATED


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "1", "\x00\x01", '{"digest": NaN}', "[" * 100_000, '{"digest": ' + "9" * 5000 + "}"]
)
def test_a_file_that_is_not_a_certificate_is_one_line(tmp_path, text):
    path = tmp_path / "certificate.json"
    path.write_text(text)
    with pytest.raises(UserError, match=r"certificate\.json") as error:
        read_certificate(path)
    assert "\n" not in str(error.value)
