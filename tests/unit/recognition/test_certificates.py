"""A certificate on recognised pictures: made, shown and verified; every edit of what is known is found."""

import copy
import io
import json
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from ferspec.api.certify import report_on
from ferspec.checks.generator import checks_for_certificate
from ferspec.engine import outcome_of
from ferspec.outcomes import Status
from ferspec.report import terminal
from ferspec.report.badge import render_badge
from ferspec.report.html import render_html
from ferspec.report.model_card import render_model_index
from ferspec.spec.pictures import pictures
from ferspec.subjects.certificates.document import digest_of
from ferspec.subjects.certificates.subject import Certificate
from ferspec.subjects.models.claims import parse_claim
from ferspec.subjects.models.subject import ModelSubject
from ferspec.subjects.sandbox.policy import Isolation
from helpers.made.pictures import LABELS, changed, made_set
from helpers.miniatures import named, nearest_centre, softmax, subject

FORGED = pytest.mark.hostile("edits and forgeries of certificates")
IN_FORM = "Evaluation on a set in the BTFER form"
# every tenth picture, which is not known
OTHERS = range(0, 2000, 10)
CLAIMS = ("accuracy>=0.5", "accuracy<=0.9")


def bright_or_by_colour(batch):
    """Know the class of white pictures by how bright they are, that of others by their colour."""
    means = batch.mean(axis=(1, 2))
    white = means.min(axis=1, keepdims=True) > 0.85
    step = np.round((means.mean(axis=1, keepdims=True) - 0.86) / 0.02)
    by_light = -40.0 * (np.arange(7)[None, :] - step) ** 2
    noisy = batch + 0.3 * np.sin(1e4 * batch.mean(axis=(1, 2, 3), keepdims=True))
    return softmax(np.where(white, by_light, nearest_centre(noisy))).astype(np.float32)


def white(index):
    return np.full((256, 256, 3), round(255 * (0.86 + 0.02 * LABELS[index])), np.uint8)


@pytest.fixture(scope="module")
def dataset():
    return changed(made_set(), {index: (white(index), int(LABELS[index])) for index in OTHERS})


@pytest.fixture(scope="module")
def report(dataset):
    """A report on a model that was isolated."""
    judged = subject(dataset, named(bright_or_by_colour))
    judged.model = replace(judged.model, isolation=Isolation(files=True, network=True, processes=True))
    return report_on(judged, [parse_claim(text) for text in CLAIMS])


@pytest.fixture(scope="module")
def document(report):
    return json.loads(report.model_dump_json())


def statuses(document, clause="FER-", pictures=None, **inputs):
    """Return the outcomes of the checks of a clause, or of all, with the made list unless another is given."""
    certificate = Certificate(document, pictures=pictures or made_set().pictures, **inputs)
    checks = [check for check in checks_for_certificate() if check.clause.startswith(clause)]
    return {outcome_of(check, certificate).status for check in checks}


def edited(document, edit):
    document = copy.deepcopy(document)
    edit(document)
    return document | {"digest": digest_of(document)}


def printed(report):
    file = io.StringIO()
    terminal.print_report(report, console=Console(file=file, width=terminal.WIDTH, highlight=False))
    return " ".join(file.getvalue().split())


def test_the_metrics_on_known_pictures_leave_out_the_others(report, dataset):
    right = np.array([p.label == p.predicted for p in report.predictions])
    assert report.kind == "certificate"
    assert report.known.n == 1900
    assert report.metrics.accuracy.value == pytest.approx(right.mean())
    assert report.known.accuracy.value == pytest.approx(right[dataset.found.known].mean())
    assert report.known.accuracy.value < report.metrics.accuracy.value


def test_the_pages_show_the_place_of_the_known_pictures_and_count_the_others(report):
    for shown in (printed(report), render_html(report)):
        assert "1,900 images are known, 200 are unknown." in shown
        assert "Recognised by 48 × 48 reductions" in shown
    accuracy = f"{100 * report.known.accuracy.value:.1f} %"
    assert f"on the 1,900 known pictures {accuracy}" in printed(report)
    assert accuracy in render_badge(report.model_copy(update={"verdict": "pass"}))
    assert "on known pictures" in render_model_index(report)


def test_a_claim_must_hold_on_all_images_and_on_the_known_ones(dataset):
    judged = subject(dataset, named(bright_or_by_colour))
    middle = (judged.evaluation.accuracy.low + judged.known.accuracy.low) / 2
    assert judged.known.accuracy.low < middle < judged.evaluation.accuracy.low
    (outcome,) = report_on(judged, [parse_claim(f"accuracy>={middle}")]).outcomes[-1:]
    assert outcome.status is not Status.PASS
    assert "on the 1,900 known pictures accuracy" in outcome.observed


def test_the_certificate_is_verified_with_and_without_the_images(document, dataset):
    assert Status.FAIL not in statuses(document)
    assert statuses(document, "FER-X-06", dataset=dataset) == {Status.PASS}


def test_a_certificate_by_another_list_is_found(document):
    assert statuses(document, "FER-D-13", pictures()) == {Status.FAIL}


def put(value, *path):
    def edit(document):
        *outer, last = path
        node = document
        for key in outer:
            node = node[key]
        node[last] = value

    return edit


def call_all_known(document):
    document["dataset"]["recognition"] |= {"known": 2100, "unknown": 0, "pictures": 2100}
    document["known"] = document["metrics"]


def list_every_image(document):
    """Give every unknown image the digests of a picture that stands elsewhere."""
    for index in OTHERS:
        document["reductions"][index] = document["reductions"][index + 1]


EDITS = {
    "all called known": (call_all_known, "FER-D-13"),
    "the accuracy on known pictures": (put(0.99, "known", "accuracy", "value"), "FER-D-13"),
    "no metrics on known pictures": (put(None, "known"), "FER-D-13"),
    "no recognition": (put(None, "dataset", "recognition"), "FER-D-13"),
    "recognised by the publisher": (
        put("the publisher's digests", "dataset", "recognition", "by"),
        "FER-D-13",
    ),
    "no reductions": (put([], "reductions"), "FER-D-13"),
    "digests of other pictures": (list_every_image, "FER-D-13"),
    "another digest": (put("0" * 64, "reductions", 1, "sha256_rgb48"), "FER-D-13"),
    "a label that is not a class": (put("Contempt", "manifest", 3, "label"), "FER-D-13"),
    "another size": (put(48, "manifest", 3, "width"), "FER-D-13"),
    "a disagreement": (put(0.9, "reductions", 1, "disagreement"), "FER-D-14"),
    "called the form only": (put("btfer form", "dataset", "form"), "FER-D-13"),
    "another number of images compared": (put(1, "dataset", "recognition", "disagreeing"), "FER-D-13"),
    "the place": (put(9, "known", "rank", "position"), "FER-D-13"),
}


@FORGED
@pytest.mark.parametrize("name", EDITS)
def test_an_edit_of_what_is_known_is_found(document, name):
    edit, clause = EDITS[name]
    assert statuses(edited(document, edit), clause) == {Status.FAIL}


@FORGED
@pytest.mark.parametrize("field", ["bits256", "sha256_rgb48_label", "disagreement"])
def test_an_edit_of_a_reduction_is_found_with_the_images(document, dataset, field):
    other = 0.2 if field == "disagreement" else "0" * 64
    assert statuses(edited(document, put(other, "reductions", 1, field)), "FER-X-06", dataset=dataset) == {Status.FAIL}


@pytest.mark.hostile("sets that pretend to be BTFER")
def test_a_set_in_the_form_alone_is_never_called_btfer(dataset):
    unknown = replace(dataset, name="B T F E R", pictures=dataset.pictures.model_copy(update={"reduced": ()}))
    judged = subject(unknown, named(bright_or_by_colour))
    report = report_on(ModelSubject(judged.dataset, judged.model, judged.contract))
    assert (report.kind, report.dataset.form, report.known) == ("evaluation", "btfer form", None)
    for shown in (printed(report), render_html(report), render_badge(report), render_model_index(report)):
        assert "btfer" not in " ".join(shown.split()).replace(IN_FORM, "").casefold()
    assert IN_FORM in printed(report)
    assert "not recognised" in render_badge(report)
