"""What is said first of a model: what makes its contract doubtful, and a summary."""

import io
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from rich.console import Console

from ferspec.report import badge, terminal
from ferspec.report.badge import render_badge
from ferspec.report.summary import summary

SVG = "{http://www.w3.org/2000/svg}"


def printed(function, *args):
    file = io.StringIO()
    function(*args, console=Console(file=file, width=terminal.WIDTH, highlight=False))
    return file.getvalue()


def of_assumed(make_report, **fields):
    """A passing certificate whose contract has two entries that nobody confirmed."""
    report = make_report()
    contract = report.subject.contract.model_copy(update={"assumed": ("input.range", "output.classes")})
    return make_report(verdict="pass", subject=report.subject.model_copy(update={"contract": contract}), **fields)


def test_a_likely_mistake_is_below_the_verdict_and_on_the_badge_and_never_green(make_report):
    first = make_report().diagnoses[0]
    report = make_report(verdict="pass", diagnoses=(first, first.model_copy(update={"kind": "colour"})))
    lines = printed(terminal.print_report, report).splitlines()
    assert "2 likely mistakes in the contract: value range, colour" in lines[:3]
    assert badge.texts(report)[1].endswith(" · 2 likely mistakes in the contract")
    assert badge.COLOURS["pass"] not in render_badge(report)
    subject = report.subject.model_copy(update={"contract": None})
    lines = printed(terminal.print_report, make_report(subject=subject)).splitlines()
    assert "1 likely mistake in the predictions: value range" in lines[:3]


def test_what_is_wrong_with_predictions_is_named_by_what_they_are(make_report):
    shuffled = {"kind": "predictions", "likely": "rows in another order"}
    report = make_report(diagnoses=(make_report().diagnoses[0].model_copy(update=shuffled),))
    text = printed(terminal.print_report, report)
    assert "1 likely mistake in the predictions: rows in another order" in text.splitlines()[:3]
    assert "\nlikely mistake: rows in another order\n" in text
    assert badge.texts(report)[1].endswith(" · 1 likely mistake in the predictions")


def test_checks_that_one_reason_prevents_are_listed_together(make_report):
    (prevented,) = (found for found in make_report().outcomes if found.status == "not_evaluated")
    others = [prevented.model_copy(update={"clause": clause, "check": clause}) for clause in ("FER-B-09", "FER-B-10")]
    text = printed(terminal.print_report, make_report(outcomes=(prevented, *others)))
    assert text.count("NOT EVALUATED") == text.count(prevented.message) == 1
    assert f"{prevented.message}: {prevented.clause}, FER-B-09, FER-B-10" in " ".join(text.split())


def test_entries_that_nobody_confirmed_are_below_the_verdict_and_on_the_badge(make_report):
    report = of_assumed(make_report, diagnoses=())
    lines = printed(terminal.print_report, report).splitlines()
    assert "assumed in the contract, not confirmed: input.range, output.classes" in lines[:3]
    assert badge.texts(report)[1].endswith(" · 2 entries assumed")
    assert "input.range, output.classes" in ElementTree.fromstring(render_badge(report)).find(f"{SVG}title").text
    contract = report.subject.contract.model_copy(update={"assumed": ("input.range",)})
    one = make_report(subject=report.subject.model_copy(update={"contract": contract}), diagnoses=())
    assert badge.texts(one)[1].endswith(" · 1 entry assumed")
    confirmed = printed(terminal.print_report, make_report(verdict="pass", diagnoses=())).splitlines()
    assert any(line.startswith("assurance: ") for line in confirmed[:3])


# The summary


@pytest.mark.parametrize(
    ("predicted", "sentences"),
    [
        (np.arange(7), "Recognises every class well. Misses no image."),
        ([5] * 7, "Recognises no class well; Sad is the best. Misses 100 % of Angry, most often taken for Sad."),
        (
            [0, 0, 2, 2, 4, 5, 6],
            "Recognises Neutral, Sad and Surprise well. Misses 100 % of Disgust, most often taken for Angry.",
        ),
    ],
)
def test_a_model_is_summarised_in_two_sentences(make_evaluation, predicted, sentences):
    assert summary(make_evaluation(np.arange(7), np.asarray(predicted))) == sentences


def test_a_class_without_images_is_not_summarised(make_evaluation):
    said = summary(make_evaluation(np.array([3, 3, 4, 4, 4]), np.array([3, 3, 3, 3, 4])))
    assert said == "Recognises no class well; Happy is the best. Misses 67 % of Neutral, most often taken for Happy."


def test_a_class_with_many_misses_is_not_recognised_well(make_evaluation):
    """Sad has precision 1 and recall 0.6, and so an F1 of 0.75."""
    said = summary(make_evaluation(np.array([3] * 10 + [5] * 10), np.array([3] * 14 + [5] * 6)))
    assert said == "Recognises Happy well. Misses 40 % of Sad, most often taken for Happy."
