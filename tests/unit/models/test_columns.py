"""A cause is tested on the data before it is named: what outputs are that are not probabilities, and what they say."""

import numpy as np
import pytest

from ferspec.api.certify import report_on
from ferspec.checks.certificate.verification import outcomes_follow
from ferspec.checks.generator import checks_for_model
from ferspec.checks.model.diagnosis import diagnose as find
from ferspec.engine import outcome_of
from ferspec.outcomes import Status
from ferspec.reference.distributions import allowed, step_of
from ferspec.subjects.certificates.subject import Certificate
from ferspec.subjects.models.contracts.contract import Contract, Output
from ferspec.subjects.models.predictions import RecordedPredictions
from ferspec.subjects.models.subject import ModelSubject
from helpers.miniatures import CLASSES, colour_patches, contract, model, named, nearest_centre, softmax, subject


def diagnose(subject):
    return find(subject).diagnoses


@pytest.fixture(scope="module")
def patches(tmp_path_factory):
    return colour_patches(tmp_path_factory.mktemp("patches"))


def unsure(batch):
    return softmax(nearest_centre(batch) / 8)


def judged(subject, clause="FER-B-04"):
    return outcome_of(next(check for check in checks_for_model() if check.clause == clause), subject)


def rng():
    return np.random.default_rng(0)


def to_8_bits(batch):
    return np.rint(unsure(batch) * 256) / 256


def to_bfloat16(batch):
    bits = unsure(batch).astype(np.float32).view(np.uint32) + np.uint32(0x8000) & np.uint32(0xFFFF0000)
    return bits.view(np.float32)


@pytest.mark.parametrize("run", [to_8_bits, to_bfloat16])
def test_the_rounding_of_a_coarse_number_format_passes(patches, run):
    coarse = subject(patches, run)
    assert np.abs(coarse.probabilities.sum(axis=1) - 1).max() > 1e-3
    assert judged(coarse).status is Status.PASS
    assert coarse.evaluation.calibration.ece.value is not None


@pytest.mark.parametrize("step", [1 / 256, 1 / 255, 0.0037])
def test_the_step_of_values_is_found_from_few_rows(step):
    rows = step * rng().integers(0, 80, (10, 7))
    assert step_of(rows) == pytest.approx(step)
    assert allowed(rows) == pytest.approx(3.5 * step)


def test_values_in_steps_that_miss_by_more_than_their_rounding_fail(patches):
    assert judged(subject(patches, lambda batch: to_8_bits(batch) + np.eye(7)[0] * 4 / 256)).status is Status.FAIL


@pytest.mark.parametrize(
    ("outputs", "likely"),
    [
        (lambda logits: logits, "logits"),
        (lambda logits: np.log(softmax(logits)), "logarithms"),
        (lambda logits: 100 * softmax(logits), "sums to about 100"),
        (lambda logits: 1 / (1 + np.exp(-logits - 2)), "sigmoid"),
        (lambda logits: softmax(np.hstack([logits, logits[:, :1] - 1]))[:, :7], "a column was left out"),
        (lambda logits: softmax(np.hstack([logits / 8, logits[:, :1] * 0 - 1]))[:, :7], "a column was left out"),
        (lambda logits: np.round(softmax(logits / 4), 1), "rounded to multiples of 0.1"),
        (lambda logits: 40 * logits + 300 * rng().normal(size=logits.shape), None),
        (lambda logits: np.rint(255 * softmax(logits)), "sums to about 255"),
        (lambda logits: 0 * logits, None),
    ],
    ids=[
        "logits",
        "log probabilities",
        "percentages",
        "sigmoids",
        "an eighth column dropped",
        "an eighth column dropped that no row is without",
        "one digit",
        "scores of another scale",
        "bytes",
        "nothing",
    ],
)
def test_outputs_that_are_not_distributions_are_called_what_they_are(patches, outputs, likely):
    def scores(batch):
        logits = nearest_centre(batch) / 2
        return outputs(logits - logits.mean(axis=1, keepdims=True))

    found = judged(subject(patches, scores))
    assert found.status is Status.FAIL
    assert found.likely is None if likely is None else likely in found.likely
    assert found.likely is None or (likely == "logarithms") or ("declare" in found.likely) == (likely == "logits")


def test_logits_are_named_in_a_wrong_class_order_as_well(patches):
    found = judged(subject(patches, lambda batch: nearest_centre(batch)[:, ::-1]))
    assert "the model gives logits" in found.likely


def random_at_every_call():
    rng = np.random.default_rng(0)
    return lambda batch: unsure(batch + rng.normal(0, 0.1, batch.shape))


@pytest.mark.parametrize("clause", ["FER-B-06", "FER-B-07", "FER-B-09"])
def test_where_outputs_are_random_other_checks_refer_to_that(patches, clause):
    assert "see FER-B-05" in judged(subject(patches, named(random_at_every_call())), clause).likely


def test_a_model_that_mixes_a_batch_keeps_its_own_cause(patches):
    def mixed(batch):
        return unsure((batch + np.roll(batch, 1, axis=0)) / 2)

    assert "mixes the images" in judged(subject(patches, mixed), "FER-B-07").likely


def declaring_logits(patches, run):
    declared = Contract(input=contract().input, output=Output(classes=CLASSES, kind="logits"))
    return ModelSubject(patches, model(run), declared)


def test_probabilities_declared_as_logits_are_a_diagnosis_that_verification_keeps(patches):
    report = report_on(declaring_logits(patches, unsure))
    (found,) = report.diagnoses
    assert (found.kind, found.declared, found.likely) == ("output kind", "logits", "probabilities")
    assert found.gain.value is None
    certificate = Certificate(report.model_dump(mode="json"))
    assert outcomes_follow(certificate).status is Status.PASS


def test_logits_declared_as_such_have_no_diagnosis(patches):
    assert diagnose(declaring_logits(patches, lambda batch: nearest_centre(batch) / 8)) == ()


@pytest.fixture(scope="module")
def many_patches(tmp_path_factory):
    return colour_patches(tmp_path_factory.mktemp("many"), 60)


def recorded(patches, rows):
    return ModelSubject(patches, recorded=RecordedPredictions("p.csv", "0", patches.ids, rows, rows.argmax(axis=1)))


@pytest.mark.parametrize(
    ("change", "likely"),
    [
        (lambda rows, rng: rng.permutation(rows), "rows in another order"),
        (lambda rows, rng: np.tile(rows[:1], (len(rows), 1)), "always Angry"),
        (lambda rows, rng: np.eye(7)[np.where(rng.random(len(rows)) < 0.5, rows.argmax(axis=1), 3)], "one class each"),
        (lambda rows, rng: softmax(rows), "two softmaxes"),
        (lambda rows, rng: rows, None),
    ],
    ids=["shuffled", "constant", "saturated", "softmax twice", "right"],
)
def test_predictions_that_say_little_are_named_as_such(many_patches, change, likely):
    rows = change(subject(many_patches, unsure).probabilities.astype(np.float64), rng())
    assert [found.likely for found in diagnose(recorded(many_patches, rows))] == ([] if likely is None else [likely])


def test_a_symptom_that_was_left_out_is_found(many_patches):
    rows = rng().permutation(subject(many_patches, unsure).probabilities.astype(np.float64))
    document = report_on(recorded(many_patches, rows)).model_dump(mode="json")
    assert outcomes_follow(Certificate(document)).status is Status.PASS
    assert outcomes_follow(Certificate(document | {"diagnoses": []})).status is Status.FAIL
