"""Every check on a model's behaviour passes a right miniature and kills the wrong ones it is there for."""

import numpy as np
import pytest
from miniatures import CLASSES, colour_patches, named, nearest_centre, right, right_with_some_noise, softmax, subject

from ferspec import api
from ferspec.checks import checks_for_model
from ferspec.checks.claims import parse_claim
from ferspec.engine import Status, outcome_of
from ferspec.errors import UserError
from ferspec.subjects.model import ModelSubject
from ferspec.subjects.predictions import RecordedPredictions


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


def keeps_state():
    seen = np.zeros(1)

    def run(batch):
        seen[0] += len(batch)
        return right(batch * (1 + seen[0] / 1000))

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
        (mixes_neighbours, "FER-B-07"),
        (named(keeps_state()), "FER-B-07"),
    ],
)
def test_a_wrong_model_fails_the_check_that_is_there_for_it(patches, wrong, clause):
    judged = subject(patches, wrong)
    (check,) = [check for check in checks_for_model() if check.clause == clause]
    assert outcome_of(check, judged).status is Status.FAIL


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
        api.require_evaluable(subject(patches, wrong))
    assert "\n" not in str(error.value)


def recorded(patches, probabilities):
    predicted = patches.labels if probabilities is None else probabilities.argmax(axis=1)
    return ModelSubject(patches, recorded=RecordedPredictions("p.csv", "0", patches.ids, probabilities, predicted))


def test_recorded_predictions_cannot_be_run_again(patches):
    probabilities = softmax(np.random.default_rng(0).normal(size=(len(patches), len(CLASSES))))
    judged = statuses(recorded(patches, probabilities))
    unevaluated = {id for id, status in judged.items() if status is Status.NOT_EVALUATED}
    assert unevaluated == {"FER-B-01", "FER-B-02", "FER-B-05", "FER-B-06", "FER-B-07"}
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
