"""The pages of a report: their content, no loaded resource, and escaped hostile text."""

import base64
import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from ferspec.outcomes import Deviation
from ferspec.report import words
from ferspec.report.html import render_html, worst_predictions
from ferspec.report.summary import summary
from ferspec.report.templating import TEMPLATES
from ferspec.subjects.models.predictions import RecordedPredictions
from helpers.html_pages import HOSTILE, Page

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
)


@pytest.fixture(scope="module")
def report(make_report):
    return make_report()


@pytest.fixture(scope="module")
def html(report):
    return render_html(report)


@pytest.fixture(scope="module")
def page(html):
    return Page(html)


# What it says


def test_the_header_names_subject_dataset_verdict_doubts_and_a_summary(page, make_report):
    assert page.text("h1") == "emotion_model.keras"
    assert "judged on 2,100 images of BTFER, 2025-03-04" in page.text("header")
    assert page.text("div", **{"class": "verdict fail"}) == (
        "fail 1 of 9 checks fails, 1 more as declared 1 likely mistake in the contract: value range"
    )
    assert page.text("p", **{"class": "summary"}) == summary(make_report().metrics)


def test_accuracy_stands_with_its_interval(page, report):
    right = sum(p.label == p.predicted for p in report.predictions)
    n, z = 2100, 1.959964
    centre = (right + z * z / 2) / (n + z * z)
    reach = z / (n + z * z) * np.sqrt(right * (n - right) / n + z * z / 4)
    lead = page.text("div", **{"class": "card lead"})
    assert f"{100 * right / n:.1f} %" in lead
    assert f"{100 * (centre - reach):.1f}–{100 * (centre + reach):.1f} %" in lead


def test_the_confusion_matrix_holds_every_count_and_its_share_of_the_row(page, report):
    counts = np.zeros((7, 7), dtype=int)
    classes = [entry.name for entry in report.metrics.per_class]
    for prediction in report.predictions:
        counts[classes.index(prediction.label), classes.index(prediction.predicted)] += 1
    cells = ["".join(e[2]) for e in page.elements if e[0] == "td" and re.match(r"h\d", e[1].get("class", ""))]
    assert cells == [f"{100 * count / 300:.0f}\u00a0%{count}" for count in counts.ravel()]


def test_all_four_statuses_are_counted_and_every_check_is_listed_failures_first(page, report):
    assert (
        page.text("ul", **{"class": "counts"}) == "4 pass 2 fail (1 declared) 2 inconclusive 1 not evaluated 9 planned"
    )
    listed = page.text("table", **{"class": "checks"})
    for outcome in report.outcomes:
        assert outcome.check in listed
        assert outcome.title in listed
    order = [listed.index(id) for id in ("FER-B-05", "FER-B-06", "FER-B-08[recall", "FER-B-07", "FER-B-01")]
    assert order == sorted(order)


def test_a_failure_shows_observed_expected_difference_place_cause_and_command(page):
    found = page.text("article", **{"class": "finding fail"})
    for said in (
        "FER-B-05",
        "outputs differ by up to 0.314",
        "at most 1e-05 (+0.314)",
        "certification, models",
        "dropout or another random layer",
        "ferspec certify emotion_model.keras --dataset BTFER -k 'FER-B-05'",
    ):
        assert said in found


def test_a_diagnosis_names_mistake_and_cost_and_changes_no_metric(page):
    found = page.text("article", **{"class": "finding diagnosis"})
    assert "the value range looks like [0, 1]" in found
    assert "6.2 points of accuracy (4.8 to 7.6)" in found
    assert "a diagnosis never changes them" in found


def test_claims_slices_deviations_contract_and_digests_are_all_there(page, report):
    assert all(claim in page.text("section", id="claims") for claim in report.claims)
    assert {group.value for group in report.metrics.slices[0].groups} == {"child", "adult", "older than 60"}
    assert all(group.value in page.text("section", id="slices") for group in report.metrics.slices[0].groups)
    assert "batch norm is frozen in 2.1" in page.text("section", id="deviations")
    assert "64, 64" in page.text("section", id="contract")
    digests = (report.digest, report.subject.digest, report.dataset.manifest_digest, report.spec.digest)
    assert all(digest in page.text("section", id="verify") for digest in digests)
    assert "ferspec verify certificate.json" in page.text("section", id="verify")


def test_the_published_accuracies_are_drawn_one_dot_each(page, report):
    assert len(page.all("circle", **{"class": "published"})) == report.metrics.rank.of
    assert words.place(report.known.rank) in page.text("desc", id="strip-text")


def test_the_place_is_that_of_the_known_pictures_with_its_ties(page, report):
    rank = report.known.rank
    assert f"Place {rank.position} to {rank.last} of {rank.of}: {rank.ties} published models print {rank.printed}" in (
        page.text("section", id="published")
    )
    assert f"{rank.position} to {rank.last} of {rank.of}" in page.text("section", id="figures")


def test_metrics_on_known_pictures_stand_beside_those_on_all(page, report):
    section = page.text("section", id="known")
    assert "1,995 of 2,100 images are known pictures of BTFER (48 × 48 reductions); 105 are unknown." in section
    assert f"{report.metrics.accuracy.value:.3f}" in section
    assert f"{report.known.f1.macro.value:.3f}" in section


def test_how_the_images_were_recognised_is_listed(page):
    section = page.text("section", id="dataset")
    assert "Recognised by 48 × 48 reductions: 1,995 different known pictures, at least 1,900 are needed." in section
    assert "resemble known pictures but differ in their pixels, as decoded by Pillow 12.0.0: 3." in section


@pytest.mark.parametrize("kind", ["demonstration", "evaluation"])
@pytest.mark.parametrize("name", ["BTFER", "my btfer copy", "B-T-F-E-R", "ＢＴＦＥＲ"])
def test_images_that_are_not_recognised_are_never_called_btfer(make_report, kind, name):
    dataset = make_report(kind=kind).dataset.model_copy(update={"name": name})
    # a command that repeats a check names the folder as it was given
    outcomes = [outcome.model_copy(update={"reproduce": None}) for outcome in make_report().outcomes]
    page = render_html(make_report(kind=kind, dataset=dataset, outcomes=tuple(outcomes)))
    assert "btfer" not in page.casefold()
    assert name not in page


@pytest.mark.parametrize("kind", ["demonstration", "evaluation"])
def test_other_images_have_no_place_among_the_published(make_report, kind):
    page = Page(render_html(make_report(kind=kind)))
    assert not page.all("section", id="published")
    assert not page.all("circle", **{"class": "published"})
    assert str(make_report().metrics.rank.of) not in page.text("section", id="figures")


@pytest.mark.parametrize(("right", "above"), [(0.55, 7), (0.64, 1), (0.9, 0)])
def test_a_model_stands_among_the_best_published_by_its_accuracy(make_report, make_evaluation, right, above):
    labels = np.arange(700) % 7
    metrics = make_evaluation(labels, (labels + (np.arange(700) // 7 >= round(100 * right))) % 7)
    page = Page(render_html(make_report(metrics=metrics)))
    shares = re.findall(r"(\d+(?:\.\d)?)\s%", page.text("table", **{"class": "top"}))
    assert sorted(map(float, shares), reverse=True) == [float(share) for share in shares]
    assert shares.index(f"{100 * right:.1f}") == above


@pytest.mark.parametrize(("claims", "said"), [((), True), (("accuracy>=0.5",), False)])
def test_a_pass_without_a_claim_about_accuracy_says_so(make_report, claims, said):
    page = Page(render_html(make_report(verdict="pass", claims=claims, diagnoses=())))
    assert ("without claims" in page.text("div", **{"class": "verdict pass"})) == said


@pytest.mark.parametrize("kind", ["demonstration", "evaluation"])
def test_an_evaluation_says_so_on_top_in_every_section_and_on_every_printed_page(make_report, kind):
    html = render_html(make_report(kind=kind))
    page = Page(html)
    assert page.text("p", role="note") == words.NOTICES[kind]
    headings = [e for e in page.all("h2") if e[1].get("id", "").endswith("-title")]
    assert len(headings) >= 10
    said = {"demonstration": "synthetic faces certify nothing about people", "evaluation": "not a certificate"}[kind]
    assert all(said in "".join(texts) for _, _, texts in headings)
    assert f'@bottom-left {{ content: "{words.NOTICES[kind]}"' in html


def test_a_certificate_carries_no_such_notice(html, page):
    assert not page.all("p", role="note")
    assert not page.all("span", **{"class": "tag"})
    assert "@bottom-left" not in html


@pytest.mark.parametrize("kind", ["certificate", "evaluation"])
def test_predictions_from_a_file_say_so_on_top_and_a_pass_is_not_green(make_report, kind):
    subject = make_report().subject.model_copy(update={"format": RecordedPredictions.format, "contract": None})
    html = render_html(make_report(kind=kind, subject=subject, verdict="pass"))
    page = Page(html)
    assert page.text("p", **{"class": "kind"}) == f"ferspec {kind} (predictions only)"
    assert words.OF_PREDICTIONS in page.text("p", role="note")
    assert page.text("div", **{"class": "verdict pass uncertified"}).startswith("pass")
    assert page.all("span", **{"class": "tag"})


def test_only_a_certificate_of_a_model_passes_in_green(make_report):
    given = [("certificate", ()), ("evaluation", ()), ("certificate", make_report().diagnoses)]
    pages = [Page(render_html(make_report(kind=kind, verdict="pass", diagnoses=found))) for kind, found in given]
    assert [bool(page.all("div", **{"class": "verdict pass"})) for page in pages] == [True, False, False]


def test_a_model_worse_than_all_published_is_below_them(make_report, make_evaluation):
    metrics = make_evaluation(np.arange(700) % 7, (np.arange(700) + 1) % 7)
    page = Page(render_html(make_report(metrics=metrics)))
    assert f"is below all {metrics.rank.of}." in page.text("desc", id="strip-text")
    assert f"below all {metrics.rank.of}" in page.text("section", id="figures")
    assert str(metrics.rank.of + 1) not in page.text("section", id="figures")


def test_the_level_of_the_intervals_comes_from_the_specification():
    sources = [*TEMPLATES.rglob("*.html"), *TEMPLATES.parent.glob("*.py")]
    assert len(sources) > 20
    stating = [path.name for path in sources if re.search(r"\b95\b", path.read_text())]
    assert stating == ["words.py"], "words.level() says what FER-Z-01 states; its docstring alone gives an example"


def test_every_interval_of_the_page_names_its_level(page):
    assert "95 % interval" in page.text("div", **{"class": "card lead"})
    assert "95 % interval" in page.text("section", id="slices")
    assert "95 % intervals" in page.text("section", id="classes")
    assert "95 % intervals" in page.text("section", id="calibration")
    assert "95 % interval" in page.text("section", id="published")


# What is undefined


def test_an_undefined_figure_says_so_with_its_reason(make_report, make_evaluation):
    metrics = make_evaluation([0, 1, 2, 3, 4, 5, 6], [0, 1, 2, 3, 4, 5, 5])
    page = Page(render_html(make_report(metrics=metrics)))
    assert "undefined" in page.text("table", **{"class": "classes"})
    reasons = page.text("ul", **{"class": "undefined-reasons"})
    assert "Precision of Surprise: no image is predicted as Surprise." in reasons
    assert "Macro precision: precision is undefined for Surprise and counted as 0." in page.text()
    assert "undefined" in page.text("span", **{"class": "undefined"})
    assert not re.search(r"\b(nan|none)\b", page.text("section", id="classes"), re.IGNORECASE)


def test_predictions_without_probabilities_leave_calibration_undefined_and_show_no_faces(make_report, make_evaluation):
    report = make_report(
        metrics=make_evaluation([0, 1, 2], [0, 2, 2]),
        predictions=tuple(p.model_copy(update={"probabilities": None}) for p in make_report().predictions),
        subject=make_report().subject.model_copy(update={"contract": None}),
    )
    page = Page(render_html(report, {p.image: PNG for p in report.predictions}))
    assert "the predictions hold classes without probabilities" in page.text("section", id="calibration")
    assert "the figures come from recorded predictions" in page.text("section", id="contract")
    assert not page.all("img")


def test_absent_content_has_no_section(make_report):
    bare = make_report(claims=(), deviations=(), diagnoses=(), outcomes=make_report().outcomes[:3])
    page = Page(render_html(bare))
    ids = {e[1].get("id") for e in page.all("section")}
    assert ids.isdisjoint({"claims", "deviations", "attention", "worst"})
    assert {"confusion", "classes", "calibration", "checks", "verify"} <= ids


# Faces


def test_the_worst_mistakes_have_the_highest_confidence(report):
    wrong = [p for p in report.predictions if p.predicted != p.label]
    worst = worst_predictions(report, 5)
    assert len(worst) == 5
    assert min(max(p.probabilities) for p in worst) >= sorted((max(p.probabilities) for p in wrong), reverse=True)[4]
    assert all(p.predicted != p.label for p in worst)


def test_faces_are_shown_only_where_thumbnails_are_given(html, page, report):
    worst = worst_predictions(report)
    shown = Page(render_html(report, {p.image: PNG for p in worst[:3]}))
    assert not page.all("img")
    assert len(shown.all("img")) == 3
    first = shown.all("img")[0][1]
    assert first["alt"] == f"Image labelled {worst[0].label}, taken for {worst[0].predicted}"
    assert first["src"].startswith("data:image/png;base64,")
    assert first["width"] == first["height"] == "96"


def test_a_thumbnail_must_be_an_image(report):
    with pytest.raises(ValueError, match="neither PNG nor JPEG"):
        render_html(report, {worst_predictions(report)[0].image: b"<svg onload=alert(1)>"})


# The page as such


def test_the_page_loads_nothing_and_runs_nothing(html, page):
    assert not page.all("script")
    assert not page.all("link")
    assert not page.all("iframe")
    assert "default-src 'none'" in html
    assert not re.search(r"url\(|@import", html)
    assert all(e[1]["src"].startswith("data:") for e in page.elements if "src" in e[1])
    targets = {e[1]["href"] for e in page.elements if "href" in e[1] and not e[1]["href"].startswith("data:text/csv")}
    assert targets
    assert targets == {f"#{e[1]['id']}" for e in page.all("section") if e[1]["id"] != "figures"}


def test_ids_are_unique_and_every_reference_leads_somewhere(page):
    ids = [e[1]["id"] for e in page.elements if "id" in e[1]]
    assert len(ids) == len(set(ids))
    referred = {id for e in page.elements for id in e[1].get("aria-labelledby", "").split()}
    assert referred
    assert referred <= set(ids)


def test_pictures_have_a_role_and_a_title_and_header_cells_a_scope(page):
    pictures = page.all("svg")
    assert len(pictures) > 25
    assert all(e[1].get("role") == "img" for e in pictures)
    assert len(page.all("title")) > len(pictures)
    assert all(e[1].get("scope") in {"row", "col", "colgroup"} for e in page.all("th"))
    assert len(page.all("table")) == len(page.all("caption"))
    assert len(page.all("h1")) == 1


def test_a_report_of_2100_images_makes_a_small_page(html):
    assert len(html.encode()) < 200_000


def test_many_groups_are_cut_to_the_best_and_the_worst_and_the_rest_is_counted(make_report, make_evaluation):
    labels = np.tile(np.arange(7), 50)
    groups = [f"person {index // 7:02}" for index in range(350)]
    predicted = np.where(np.arange(350) % 7 < np.arange(350) // 7 % 8, labels, (labels + 1) % 7)
    page = Page(render_html(make_report(metrics=make_evaluation(labels, predicted, None, {"person": groups}))))
    assert len(re.findall(r"person \d\d", page.text("table", **{"class": "groups"}))) >= 24
    assert "26 groups between them" in page.text("table", **{"class": "groups"})


def fields_with(text, report):
    """Return every kind of text that comes from outside, replaced by one hostile text."""
    outcome = report.outcomes[3].model_copy(
        update={"message": text, "observed": text, "expected": text, "likely": text, "reproduce": text}
    )
    first = report.metrics.slices[0]
    groups = (first.groups[0].model_copy(update={"value": text}), *first.groups[1:])
    hostile = first.model_copy(update={"column": text, "groups": groups, "best": text, "worst": text})
    output = report.subject.contract.output.model_copy(update={"classes": (text,) * 7})
    return {
        "subject": report.subject.model_copy(
            update={
                "name": text,
                "format": text,
                "contract": report.subject.contract.model_copy(update={"output": output}),
            }
        ),
        "dataset": report.dataset.model_copy(update={"name": text, "notes": (text,), "support": {text: 1}}),
        "outcomes": (outcome, *report.outcomes[4:]),
        "metrics": report.metrics.model_copy(update={"slices": (hostile,)}),
        "diagnoses": (report.diagnoses[0].model_copy(update={"message": text, "declared": text, "likely": text}),),
        "deviations": (Deviation(clause="FER-B-06", category="future", reason=text),),
        "environment": report.environment.model_copy(update={"packages": {text: text}, "processor": text}),
    }


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_stays_text_on_the_page(make_report, page, text):
    html = render_html(make_report(**fields_with(text, make_report())))
    hostile = Page(html)
    assert not hostile.all("script")
    assert {name for e in hostile.elements for name in e[1]} == {name for e in page.elements for name in e[1]}
    assert not set(html) & (words.REVERSING | {"\x1b", "\r"})
    shown = "".join(hostile.all("h1")[0][2])
    assert len(shown) <= 80
    assert shown == words.shorten(text, 80)


def test_the_svg_of_the_page_is_well_formed(html):
    pictures = re.findall(r"<svg.*?</svg>", html, re.DOTALL)
    assert pictures
    for picture in pictures:
        ElementTree.fromstring(picture)
