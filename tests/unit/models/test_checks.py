"""Every check of a model's behaviour passes a right miniature and kills the wrong ones."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from ferspec.api.certify import require_evaluable
from ferspec.checks.generator import checks_for_model
from ferspec.checks.model.behaviour import ignores_order
from ferspec.engine import outcome_of
from ferspec.errors import UserError
from ferspec.outcomes import CheckResult, Status
from ferspec.subjects.models.claims import Claim, parse_claim
from ferspec.subjects.models.predictions import RecordedPredictions
from ferspec.subjects.models.subject import ModelSubject
from helpers.miniatures import (
    CLASSES,
    SIZE,
    colour_patches,
    named,
    nearest_centre,
    right,
    right_with_some_noise,
    save_and_open,
    softmax,
    subject,
)

PROBE = 16


@pytest.fixture(scope="module")
def patches(tmp_path_factory):
    return colour_patches(tmp_path_factory.mktemp("patches"))


def statuses(judged, claims=()):
    """Return the status of every check, by id."""
    return {check.id: outcome_of(check, judged).status for check in checks_for_model(claims)}


def failing(judged):
    return {id for id, status in statuses(judged).items() if status is Status.FAIL}


def crashes(batch):
    raise ValueError("boom")


def gives_eight_columns(batch):
    return np.hstack([right(batch), np.zeros((len(batch), 1), np.float32)])


def answers_one_row_too_many(batch):
    return np.vstack([right(batch), right(batch[:1])])


def gives_nan(batch):
    output = right(batch)
    output[0, 0] = np.nan
    return output


def gives_infinity(batch):
    output = right(batch)
    output[-1, 3] = np.inf
    return output


def gives_logits(batch):
    return nearest_centre(batch)


def cuts_to_tenths(batch):
    return np.floor(10 * softmax(nearest_centre(batch) / 10)) / 10


def leaves_dropout_on():
    rng = np.random.default_rng(1)
    return lambda batch: right(batch * (rng.random(batch.shape) > 0.2))


def normalises_by_batch(batch):
    return right((batch - batch.mean(axis=0)) / (batch.std(axis=0) + 1e-3))


def mixes_neighbours(batch):
    return right((batch + np.roll(batch, 1, axis=0)) / 2)


def gives_nan_when_alone(batch):
    return right(batch) * (np.nan if len(batch) == 1 else 1)


def keeps_state():
    seen = np.zeros(1)

    def run(batch):
        seen[0] += len(batch)
        return right(batch * (1 + seen[0] / 100))

    return run


def test_a_right_model_passes_every_check(patches):
    assert set(statuses(subject(patches)).values()) == {Status.PASS}


@pytest.mark.parametrize(
    ("wrong", "clause"),
    [
        (crashes, "FER-B-01"),
        (answers_one_row_too_many, "FER-B-01"),
        (gives_eight_columns, "FER-B-02"),
        (gives_nan, "FER-B-03"),
        (gives_infinity, "FER-B-03"),
        (gives_logits, "FER-B-04"),
        (cuts_to_tenths, "FER-B-04"),
        (named(leaves_dropout_on()), "FER-B-05"),
        (normalises_by_batch, "FER-B-06"),
        (gives_nan_when_alone, "FER-B-06"),
        (mixes_neighbours, "FER-B-07"),
        (named(keeps_state()), "FER-B-07"),
    ],
)
def test_a_wrong_model_fails_the_check_of_its_mistake(patches, wrong, clause):
    judged = subject(patches, wrong)
    (check,) = [check for check in checks_for_model() if check.clause == clause]
    assert outcome_of(check, judged).status is Status.FAIL


@pytest.mark.parametrize(
    ("wrong", "clause"), [(gives_nan_when_alone, "FER-B-06"), (gives_infinity, "FER-B-04"), (gives_nan, "FER-B-05")]
)
def test_numbers_that_are_not_finite_are_reported_and_never_written(patches, wrong, clause):
    (check,) = [check for check in checks_for_model() if check.clause == clause]
    found = outcome_of(check, subject(patches, wrong))
    assert (found.status, found.difference) == (Status.FAIL, None)
    assert "NaN or infinite" in found.observed
    json.dumps(found.model_dump(mode="json"), allow_nan=False)


@pytest.mark.parametrize("difference", [np.nan, np.inf, -np.inf])
def test_a_finding_holds_no_difference_that_json_cannot(difference):
    with pytest.raises(ValidationError):
        CheckResult(status=Status.FAIL, difference=difference)


@pytest.mark.parametrize("images", [2, 3, 24, 140])
def test_no_image_keeps_its_place_when_the_order_is_probed(tmp_path, images):
    few = save_and_open(
        tmp_path, np.random.default_rng(0).uniform(0, 255, (images, SIZE, SIZE, 3)), np.zeros(images, int)
    )
    batches = []

    def watched(batch):
        batches.append(batch)
        return right(batch)

    judged = subject(few, watched)
    assert len(judged.outputs) == images
    assert len(judged.probe.indices) == min(images, PROBE)
    first = batches[-1]
    assert ignores_order(judged).status is Status.PASS
    assert not (batches[-1] == first).all(axis=(1, 2, 3)).any()
    assert np.array_equal(np.sort(batches[-1].sum(axis=(1, 2, 3))), np.sort(first.sum(axis=(1, 2, 3))))


@pytest.mark.parametrize(
    ("run", "changes"),
    [
        (lambda batch: right(batch).astype(np.float16), {}),
        (lambda batch: right(batch).astype(np.float64), {}),
        (lambda batch: right(batch / 255), {"range": (0.0, 255.0)}),
        (lambda batch: right(batch[..., ::-1]), {"colour": "bgr"}),
        (lambda batch: right((batch + 1) / 2), {"range": (-1.0, 1.0)}),
    ],
    ids=["float16", "float64", "fed 0 to 255", "fed BGR", "fed -1 to 1"],
)
def test_a_right_model_of_another_make_is_not_failed(patches, run, changes):
    assert not failing(subject(patches, named(run), **changes))


def test_a_model_of_logits_passes_when_its_contract_says_so(patches):
    judged = subject(patches, gives_logits)
    output = judged.contract.output.model_copy(update={"kind": "logits"})
    declared = judged.contract.model_copy(update={"output": output})
    assert not failing(ModelSubject(patches, judged.model, declared))


@pytest.mark.parametrize(
    ("wrong", "says"),
    [(crashes, "boom"), (gives_eight_columns, "140 × 8, expected 140 × 7"), (gives_nan, "NaN")],
)
def test_a_model_that_gives_no_figures_is_one_line_for_the_user(patches, wrong, says):
    with pytest.raises(UserError, match=says) as error:
        require_evaluable(subject(patches, wrong))
    assert "\n" not in str(error.value)


def recorded(patches, probabilities):
    predicted = patches.labels if probabilities is None else probabilities.argmax(axis=1)
    return ModelSubject(patches, recorded=RecordedPredictions("p.csv", "0", patches.ids, probabilities, predicted))


def test_recorded_predictions_cannot_be_run_again(patches):
    probabilities = softmax(np.random.default_rng(0).normal(size=(len(patches), len(CLASSES))))
    judged = statuses(recorded(patches, probabilities))
    unevaluated = {id for id, status in judged.items() if status is Status.NOT_EVALUATED}
    assert unevaluated == {f"FER-B-{number}" for number in ("01", "02", "05", "06", "07", "09", "10")}
    assert judged["FER-B-04"] is Status.PASS


def test_recorded_classes_have_no_probabilities_to_check(patches):
    assert set(statuses(recorded(patches, None)).values()) == {Status.NOT_EVALUATED}


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("accuracy>=0.5", Status.PASS),
        ("accuracy>=0.999", Status.FAIL),
        ("ece<=0.5", Status.PASS),
        ("ece<0.000001", Status.FAIL),
        ("recall[happiness]>=0.5", Status.PASS),
    ],
)
def test_a_claim_is_judged_by_its_interval(patches, text, status):
    noisy = subject(patches, right_with_some_noise)
    claim = parse_claim(text)
    assert statuses(noisy, [claim])[f"FER-B-08[{claim}]"] is status


def test_a_claim_near_the_figure_is_inconclusive_and_says_how_many_images_would_decide(patches):
    noisy = subject(patches, right_with_some_noise)
    claim = parse_claim(f"accuracy>={noisy.evaluation.accuracy.value - 0.01:.3f}")
    judged = outcome_of(checks_for_model([claim])[-1], noisy)
    assert judged.status is Status.INCONCLUSIVE
    assert "would decide" in judged.message


@pytest.mark.parametrize("text", ["accuracy", "accuracy=0.5", ">=0.5", "accuracy>=high", "accuracy >= 0.5 or so", ""])
def test_a_claim_that_cannot_be_parsed_says_how_to_write_one(text):
    with pytest.raises(UserError, match=r"write it like accuracy>=0\.60"):
        parse_claim(text)


@given(st.floats(0, 1), st.sampled_from([">=", ">", "<=", "<"]))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_a_claim_as_text_is_the_same_claim(threshold, operator):
    claim = Claim(figure="accuracy", operator=operator, threshold=threshold)
    assert parse_claim(str(claim)) == claim


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("accuracy >= 0.60", "accuracy>=0.6"),
        ("accuracy>=0.123456789", "accuracy>=0.123456789"),
        ("recall[Disgust]>=.3", "recall[Disgust]>=0.3"),
        ("accuracy<=1", "accuracy<=1"),
        ("nll<=1e+16", "nll<=1e+16"),
        ("ece<1e-7", "ece<1e-07"),
    ],
)
def test_a_claim_is_as_short_as_it_can_be(text, short):
    assert str(parse_claim(text)) == short


def test_a_claim_is_judged_by_the_threshold_that_its_text_states(patches):
    claim = parse_claim("accuracy>=0.123456789")
    assert outcome_of(checks_for_model([claim])[-1], subject(patches)).expected == ">= 0.123456789"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("accuracy>=60", "accuracy ranges from 0 to 1, did you mean accuracy>=0.6?"),
        ("Macro_F1 >= 57", "Macro_F1 ranges from 0 to 1, did you mean Macro_F1>=0.57?"),
        ("recall[Disgust]>30", "did you mean recall[Disgust]>0.3?"),
        ("gap[age]<=5", "did you mean gap[age]<=0.05?"),
        ("ece<=5", "did you mean ece<=0.05?"),
        ("precision>=101", "precision ranges from 0 to 1"),
        ("brier<=3", "brier ranges from 0 to 2"),
        (f"nll<={'9' * 400}", "nll ranges from 0 to"),
    ],
)
def test_a_threshold_that_a_figure_never_reaches_is_one_clear_line(text, says):
    with pytest.raises(UserError) as caught:
        parse_claim(text)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["accuracy>=1", "macro_recall>=0", "brier<=2", "nll<=25", "gap[age]<=1"])
def test_a_threshold_that_a_figure_can_reach_is_a_claim(text):
    assert parse_claim(text).threshold >= 0
