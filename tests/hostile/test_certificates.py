"""Edited and forged certificates, their digest recomputed: with model and images available, each is found."""

import copy

import pytest

from ferspec.checks.certificate.finding import finding_of
from ferspec.checks.generator import checks_for_certificate
from ferspec.engine import run_checks
from ferspec.subjects.certificates import subject
from ferspec.subjects.certificates.subject import Certificate
from helpers import forging

EDITS = 300
# what only the images or the model can contradict
UNSEEN = (
    forging.rewrite_the_figures_of_a_diagnosis,
    forging.answer_perfectly,
    forging.pass_what_failed,
    forging.soften_what_failed,
    forging.take_the_predictions_of_a_better_model,
    forging.invent_images,
    forging.declare_what_the_model_cannot_take,
    forging.close_the_gap,
)


@pytest.fixture(autouse=True)
def remembered(monkeypatch):
    """Compute the metrics of the same predictions once."""
    evaluate = subject.evaluate

    def remember(labels, predicted, probabilities, *others):
        rows = None if probabilities is None else probabilities.tobytes()
        key = labels.tobytes(), predicted.tobytes(), rows, repr(others)
        if key not in KNOWN:
            KNOWN[key] = evaluate(labels, predicted, probabilities, *others)
        return KNOWN[key]

    monkeypatch.setattr(subject, "evaluate", remember)


KNOWN = {}


def finding(certificate):
    judgement = run_checks(checks_for_certificate(), certificate)
    return judgement.verdict, finding_of(judgement, certificate)


def test_the_certificate_itself_is_reproduced():
    assert not list(forging.found(forging.with_everything(forging.certified())))
    verdict, found = finding(forging.with_everything(forging.certified()))
    assert (verdict, found.word, found.reproduced) == ("pass", "REPRODUCED", True)


@pytest.mark.hostile("edits and forgeries of certificates")
@pytest.mark.parametrize("number", range(EDITS))
def test_a_single_edit_is_found(number):
    where, document = forging.edited(number, EDITS)
    assert document != forging.certified(), where
    assert any(forging.found(forging.with_everything(document))), where


@pytest.mark.hostile("edits and forgeries of certificates")
@pytest.mark.parametrize("forge", forging.FORGERIES, ids=lambda forge: forge.__name__.replace("_", " "))
def test_a_forgery_is_not_reproduced(forge):
    forged = forge(copy.deepcopy(forging.certified()))
    verdict, found = finding(forging.with_everything(forged))
    assert (verdict, found.word, found.reproduced) == ("fail", "NOT REPRODUCED", False)


@pytest.mark.parametrize("forge", UNSEEN, ids=lambda forge: forge.__name__.replace("_", " "))
def test_a_forgery_that_agrees_with_itself_is_consistent_and_said_to_be_compared_with_nothing(forge):
    verdict, found = finding(Certificate(forge(copy.deepcopy(forging.certified()))))
    assert (verdict, found.word) == ("pass", "CONSISTENT")
    assert found.sentence.startswith("nothing outside the document was compared")


@pytest.mark.parametrize("name", ["subject", "dataset"])
def test_another_name_is_a_claim_and_changes_nothing(name):
    document = copy.deepcopy(forging.certified())
    document[name]["name"] = "the best model"
    verdict, found = finding(forging.with_everything(forging.signed_again(document)))
    assert (verdict, found.word, "the best model" in str(found)) == ("pass", "REPRODUCED", False)
