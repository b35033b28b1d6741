"""What a new run may change in a certificate, and what it may not."""

import json
from dataclasses import replace

import pytest

from ferspec import spec
from ferspec.api.certify import report_on
from ferspec.checks.certificate import metrics as limits
from ferspec.checks.certificate.differences import same_text
from ferspec.checks.certificate.metrics import Limit, limits_follow, within_error
from ferspec.checks.certificate.reproduction import compare_diagnoses, compare_outcomes, findings_are_reproduced
from ferspec.outcomes import Status
from ferspec.reference.bootstrap import protocol_resampling
from ferspec.reference.evaluation import evaluate
from ferspec.reference.measured import Metric
from ferspec.subjects.certificates.document import Diagnosis, Report
from ferspec.subjects.certificates.subject import Certificate
from ferspec.subjects.models.claims import parse_claim
from ferspec.subjects.models.contracts.class_set import ClassSet
from helpers.miniatures import colour_patches, right_with_some_noise, subject

GAIN = Metric(value=0.2, low=0.1, high=0.3, method="Bonett-Price")
COLOUR = Diagnosis(
    kind="colour",
    message="the colour looks like rgb, not bgr: as declared it costs 20.0 points of accuracy.",
    declared="bgr",
    likely="rgb",
    gain=GAIN,
    p_value=1e-20,
    n=100,
)


def changed(**gain):
    return COLOUR.model_copy(update={"gain": GAIN.model_copy(update=gain)})


def diagnoses(stated, reproduced, make_report):
    return compare_diagnoses(make_report(diagnoses=stated), make_report(diagnoses=reproduced))


@pytest.mark.parametrize(
    ("stated", "status"),
    [
        (COLOUR, Status.PASS),
        (changed(low=0.11), Status.PASS),
        (changed(low=0.13), Status.FAIL),
        (changed(value=0.21), Status.FAIL),
        (COLOUR.model_copy(update={"p_value": 1e-19}), Status.PASS),
        (COLOUR.model_copy(update={"p_value": 1e-3}), Status.FAIL),
        (COLOUR.model_copy(update={"likely": "gray"}), Status.FAIL),
        (COLOUR.model_copy(update={"message": COLOUR.message.replace("rgb", "gray")}), Status.FAIL),
        (COLOUR.model_copy(update={"n": 101}), Status.FAIL),
    ],
    ids=[
        "equal",
        "a limit one image away",
        "a limit three images away",
        "a gain that the message does not name",
        "a p value ten times as large",
        "a p value of another size",
        "another cause",
        "other words",
        "other images",
    ],
)
def test_a_diagnosis_is_compared_whole(stated, status, make_report):
    assert diagnoses((stated,), (COLOUR,), make_report).status is status


def test_a_clear_diagnosis_that_is_missing_fails(make_report):
    assert diagnoses((), (COLOUR,), make_report).status is Status.FAIL


def test_a_diagnosis_that_is_barely_made_and_missing_concludes_nothing(make_report):
    barely = COLOUR.model_copy(update={"p_value": 5e-3})
    assert diagnoses((), (barely,), make_report).status is Status.INCONCLUSIVE
    assert diagnoses((barely,), (), make_report).status is Status.INCONCLUSIVE


def test_a_diagnosis_that_stands_twice_fails(make_report):
    assert diagnoses((COLOUR, COLOUR), (COLOUR,), make_report).status is Status.FAIL


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ("differ by up to 3e-07", "differ by up to 1e-07", True),
        ("differ by up to 3e-07", "differ by up to 5", False),
        ("3e-07", "3e-07 at most", False),
        (0.5, 0.6, True),
        (None, "x", False),
    ],
)
def test_texts_are_equal_except_for_numbers(left, right, same):
    assert same_text(left, right, lambda one, other: abs(one - other) < 1) is same


def outcomes(make_report, **changes):
    (failed,) = [outcome for outcome in make_report().outcomes if outcome.check == "FER-B-05"]
    stated = make_report(outcomes=(failed,))
    return compare_outcomes(stated, make_report(outcomes=(failed.model_copy(update=changes),))).status


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, Status.PASS),
        ({"observed": "outputs differ by up to 0.2", "difference": 0.19999}, Status.PASS),
        ({"observed": "outputs differ by up to 0.2"}, Status.FAIL),
        ({"observed": "outputs differ by up to 0.01", "difference": 0.00999}, Status.FAIL),
        ({"likely": "nothing"}, Status.FAIL),
        ({"expected": "at most 1e-04"}, Status.FAIL),
        ({"status": Status.PASS}, Status.FAIL),
    ],
    ids=["equal", "drawn otherwise", "a difference that does not follow", "far", "cause", "limit", "status"],
)
def test_the_largest_difference_among_drawn_images_may_vary(changes, status, make_report):
    assert outcomes(make_report, **changes) is status


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    dataset = colour_patches(tmp_path_factory.mktemp("patches"))
    return report_on(subject(dataset, right_with_some_noise), [parse_claim("f1>=0.5")])


def recorded(report, reproduced=None):
    document = json.loads(report.model_dump_json())
    return Certificate(document, dataset=object(), recertify=lambda _: reproduced)


def test_another_kind_concludes_nothing(judged, monkeypatch):
    other = judged.model_copy(update={"kind": "certificate"})
    monkeypatch.setattr(Certificate, "recertified", other)
    found = findings_are_reproduced(recorded(judged))
    assert (found.status, found.expected) == (Status.INCONCLUSIVE, "kind = certificate")


def of_another_stream(report, **changes):
    certificate = recorded(report)
    resampling = replace(protocol_resampling(), seed=1)
    drawn = evaluate(certificate.labels, certificate.predicted, certificate.probabilities, None, resampling)
    return report.model_copy(update={"metrics": drawn, **changes})


def test_limits_of_another_stream_are_within_their_error(judged):
    found = limits_follow(recorded(of_another_stream(judged)))
    assert (found.status, "another random stream" in found.observed) == (Status.PASS, True)


def test_a_claim_that_the_stream_decides_concludes_nothing(judged):
    other: Report = of_another_stream(judged)
    ends = sorted(report.metrics.f1.weighted.low for report in (judged, other))
    claim = f"f1>={sum(ends) / 2!r}"
    assert ends[0] < ends[1]
    found = limits_follow(recorded(other.model_copy(update={"claims": (claim,)})))
    assert (found.status, claim in str(found.observed)) == (Status.INCONCLUSIVE, True)


def test_one_limit_may_not_differ_where_the_others_agree_exactly(judged):
    f1 = judged.metrics.f1
    weighted = f1.weighted.model_copy(update={"low": f1.weighted.low + 1e-6})
    nearly = judged.metrics.model_copy(update={"f1": f1.model_copy(update={"weighted": weighted})})
    found = limits_follow(recorded(judged.model_copy(update={"metrics": nearly})))
    assert (found.status, found.observed.startswith("f1.weighted.low = ")) == (Status.FAIL, True)


@pytest.mark.parametrize(("moved", "same"), [(0.005, True), (0.01, False)])
def test_the_error_of_a_limit_is_a_share_of_its_width(moved, same):
    assert within_error(Limit(0.5, 0.1, "bootstrap"), Limit(0.5 + moved, 0.1, "bootstrap"), 10**6) is same


def test_the_largest_distance_between_streams_is_within_the_error_of_the_clause(judged):
    one, other = (limits.limits(report.metrics) for report in (judged, of_another_stream(judged)))
    assert all(within_error(other[path], one[path], 140) for path in one)


def test_a_document_whose_every_answer_is_dropped_is_broken(make_report):
    report, names = make_report(), spec.load().classes
    dropped = [one.model_copy(update={"columns": (0.0,) * len(names) + (1.0,)}) for one in report.predictions]
    columns = ClassSet(classes=(*names, "contempt"), extra="drop")
    subject = report.subject.model_copy(update={"contract": None, "columns": columns})
    document = make_report(subject=subject, predictions=tuple(dropped)).model_dump(mode="json")
    assert Certificate(document).defect == "predictions: no image has an answer that counts"
    document["predictions"][0]["columns"] = [1.0] + [0.0] * len(names)
    assert Certificate(document).defect is None
