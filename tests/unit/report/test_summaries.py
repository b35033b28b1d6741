"""Summaries of a report: the badge, the model card and the lines on the terminal."""

import io
import json
import re
import xml.etree.ElementTree as ElementTree

import jsonschema
import numpy as np
import pytest
import yaml
from rich.console import Console

from ferspec import spec
from ferspec.outcomes import Counts, Judgement
from ferspec.reference.comparison import compare
from ferspec.reference.measured import Rank
from ferspec.report import badge, terminal, words
from ferspec.report.badge import render_badge
from ferspec.report.model_card import render_model_index
from ferspec.subjects.models.predictions import RecordedPredictions

SVG = "{http://www.w3.org/2000/svg}"
VERDICTS = ["pass", "fail", "inconclusive", "not_evaluated"]
HOSTILE = ["a: b\n- c", "'\"{}[]&*!|>%@`#", "\u202egnp.ledom", "\x1b[31mred\x1b[2J", "x" * 300, "null", "1.0", "---"]
# The fields that Hugging Face's description of model cards names, required as it says.
MODEL_INDEX = {
    "type": "object",
    "required": ["model-index"],
    "additionalProperties": False,
    "properties": {
        "model-index": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["name", "results"],
                "additionalProperties": False,
                "properties": {
                    "name": {"type": "string"},
                    "results": {"type": "array", "items": {"$ref": "#/$defs/result"}},
                },
            },
        }
    },
    "$defs": {
        "result": {
            "type": "object",
            "required": ["task", "dataset", "metrics"],
            "additionalProperties": False,
            "properties": {
                "task": {
                    "required": ["type"],
                    "additionalProperties": False,
                    "properties": {"type": {"const": "image-classification"}, "name": {"type": "string"}},
                },
                "dataset": {
                    "required": ["type", "name"],
                    "additionalProperties": False,
                    "properties": {
                        "type": {"type": "string"},
                        "name": {"type": "string"},
                        "config": {"type": "string"},
                        "split": {"type": "string"},
                        "revision": {"type": "string"},
                        "args": {"type": "object"},
                    },
                },
                "metrics": {
                    "type": "array",
                    "minItems": 1,
                    "items": {
                        "required": ["type", "value"],
                        "additionalProperties": False,
                        "properties": {
                            "type": {"enum": ["accuracy", "precision", "recall", "f1"]},
                            "value": {"type": "number", "minimum": 0, "maximum": 1},
                            "name": {"type": "string"},
                            "config": {"type": "string"},
                            "args": {"type": "object"},
                        },
                    },
                },
                "source": {
                    "required": ["name", "url"],
                    "additionalProperties": False,
                    "properties": {"name": {"type": "string"}, "url": {"type": "string", "pattern": "^https://"}},
                },
            },
        }
    },
}


def printed(function, *args, **options):
    """Return what a function prints to a console that is not a terminal."""
    file = io.StringIO()
    function(*args, console=Console(file=file, width=terminal.WIDTH, highlight=False, **options))
    return file.getvalue()


# The badge


@pytest.mark.parametrize("verdict", VERDICTS)
@pytest.mark.parametrize("kind", ["certificate", "evaluation", "demonstration"])
def test_a_badge_says_kind_and_verdict_and_every_text_has_its_room(make_report, kind, verdict):
    svg = ElementTree.fromstring(render_badge(make_report(kind=kind, verdict=verdict)))
    left, right = (float(rect.get("width")) for rect in svg.findall(f"{SVG}g/{SVG}rect"))
    label, message = svg.findall(f"{SVG}g/{SVG}text")
    assert float(svg.get("width")) == left + right
    for text, start, width in ((label, 0, left), (message, left, right)):
        length, centre = float(text.get("textLength")), float(text.get("x"))
        assert (centre - length / 2 - start, start + width - centre - length / 2) == (badge.PADDING, badge.PADDING)
        assert 4 < length / len(text.text) < 9
    said = f"{label.text} {message.text}"
    assert (kind in said) == (kind != "certificate")
    assert (words.VERDICTS[verdict] in said) == (verdict != "pass")
    assert svg.get("role") == "img"
    assert message.text in svg.find(f"{SVG}title").text


def test_a_passing_certificate_shows_its_accuracy_with_half_the_interval(make_report):
    report = make_report(verdict="pass", diagnoses=())
    accuracy = report.known.accuracy
    half = 100 * (accuracy.high - accuracy.low) / 2
    assert badge.texts(report) == ("FER · BTFER", f"accuracy {100 * accuracy.value:.1f} % ± {half:.1f}")
    assert f"<title>FER · BTFER: accuracy {100 * accuracy.value:.1f} %" in render_badge(report)


@pytest.mark.parametrize("kind", ["evaluation", "demonstration"])
def test_an_evaluation_shows_no_metric_and_is_not_green(make_report, kind):
    svg = render_badge(make_report(kind=kind, verdict="pass"))
    assert "%" not in svg
    assert badge.COLOURS["pass"] not in svg


def of_predictions(make_report, **fields):
    """A report on predictions read from a CSV."""
    subject = make_report().subject.model_copy(update={"format": RecordedPredictions.format, "contract": None})
    return make_report(subject=subject, **fields)


@pytest.mark.parametrize("verdict", VERDICTS)
@pytest.mark.parametrize("kind", ["certificate", "evaluation", "demonstration"])
def test_predictions_from_a_file_are_labelled_and_never_green(make_report, kind, verdict):
    report = of_predictions(make_report, kind=kind, verdict=verdict)
    svg = render_badge(report)
    assert badge.COLOURS["pass"] not in svg
    assert "predictions only" in badge.texts(report)[1]
    assert (words.VERDICTS[verdict] in badge.texts(report)[1]) == (verdict != "pass")
    assert "%" not in svg
    options = {"force_terminal": True, "color_system": "standard"}
    first = printed(terminal.print_report, report, None, **options).splitlines()[0]
    assert f"{kind} (predictions only) of emotion_model.keras" in first
    assert "\x1b[1;32m" not in first
    assert words.OF_PREDICTIONS in " ".join(printed(terminal.print_report, report).split())
    (model,) = yaml.safe_load(render_model_index(report))["model-index"]
    assert words.OF_PREDICTIONS.rstrip(".") in model["results"][0]["dataset"]["name"]


def test_a_passing_certificate_of_an_executed_model_is_green(make_report):
    report = make_report(verdict="pass", diagnoses=())
    assert badge.COLOURS["pass"] in render_badge(report)
    assert words.headline(report) == "certificate"
    options = {"force_terminal": True, "color_system": "standard"}
    assert printed(terminal.print_report, report, None, **options).startswith("\x1b[1;32mPASS")


def test_a_choice_of_columns_is_said_in_headline_and_badge(make_report):
    report = make_report(verdict="pass", diagnoses=())
    contract = report.subject.contract
    chosen = contract.model_copy(update={"output": contract.output.model_copy(update={"columns": (1, 8)})})
    report = make_report(verdict="pass", diagnoses=(), subject=report.subject.model_copy(update={"contract": chosen}))
    assert words.headline(report) == "certificate (only columns 1 to 7 of the output)"
    assert "only columns 1 to 7 of the output" in badge.texts(report)[1]


@pytest.mark.parametrize("colour", [*badge.COLOURS.values(), badge.UNCERTIFIED])
def test_white_text_contrasts_with_every_colour_of_the_badge(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    assert 1.05 / (0.05 + 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]) >= 4.5


# The model card


@pytest.mark.parametrize("kind", ["certificate", "evaluation", "demonstration"])
def test_the_model_index_has_the_form_that_hugging_face_defines(make_report, kind):
    index = yaml.safe_load(render_model_index(make_report(kind=kind)))
    jsonschema.validate(index, MODEL_INDEX)


def test_the_model_index_states_the_figures(make_report):
    report = make_report()
    (result,) = yaml.safe_load(render_model_index(report))["model-index"][0]["results"]
    right = sum(p.label == p.predicted for p in report.predictions)
    *on_all, on_known = result["metrics"]
    values = {(m["type"], m.get("args", {}).get("average")): m["value"] for m in on_all}
    assert on_known["args"] == {"images": 1995}
    assert on_known["value"] == pytest.approx(report.known.accuracy.value, abs=5e-5)
    assert values["accuracy", None] == pytest.approx(right / 2100, abs=5e-5)
    assert values["recall", "weighted"] == values["accuracy", None]
    assert values["f1", "macro"] == pytest.approx(
        sum(entry.f1.value for entry in report.metrics.per_class) / 7, abs=5e-5
    )
    assert result["dataset"]["args"]["manifest_sha256"] == report.dataset.manifest_digest


@pytest.mark.parametrize("kind", ["evaluation", "demonstration"])
def test_the_model_index_marks_evaluations(make_report, kind):
    (result,) = yaml.safe_load(render_model_index(make_report(kind=kind)))["model-index"][0]["results"]
    assert words.NOTICES[kind].rstrip(".") in result["dataset"]["name"]
    assert result["dataset"]["type"] != "btfer"


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_stays_one_text_in_the_model_index(make_report, name):
    report = make_report()
    subject = report.subject.model_copy(update={"name": name})
    dataset = report.dataset.model_copy(update={"name": name})
    index = yaml.safe_load(render_model_index(make_report(subject=subject, dataset=dataset)))
    jsonschema.validate(index, MODEL_INDEX)
    assert index["model-index"][0]["name"] == words.shorten(name, 120)
    assert index["model-index"][0]["results"][0]["dataset"]["name"] == words.shorten(name, 120)


# The terminal


def test_the_lines_fit_80_columns_and_carry_no_control_codes(make_report):
    text = printed(terminal.print_report, make_report(kind="demonstration"))
    assert all(len(line) <= 80 for line in text.splitlines() if not line.startswith("  reproduce: "))
    assert "\x1b" not in text
    text.encode("cp1252")


def test_the_report_prints_verdict_counts_and_figures(make_report):
    report = make_report()
    text = printed(terminal.print_report, report, None)
    first, doubt, second, third, *_ = text.splitlines()
    assert first == "FAIL  certificate of emotion_model.keras on BTFER (2,100 images)"
    assert doubt == "1 likely mistake in the contract: value range"
    assert second == "assurance: self-asserted"
    assert third == "9 checks: 4 pass, 2 fail (1 declared), 2 inconclusive, 1 not evaluated"
    right = sum(p.label == p.predicted for p in report.predictions)
    assert f"accuracy {100 * right / 2100:.1f} % (" in text
    known = sum(p.label == p.predicted for index, p in enumerate(report.predictions) if index % 20)
    assert f"on the 1,995 known pictures {100 * known / 1995:.1f} % (" in text
    happy = [str(count) for count in report.metrics.confusion_matrix[3]]
    assert ["Happy", *happy] in [line.split() for line in text.splitlines()]
    assert "age: inconclusive, gap" in text
    assert "calibration: ECE 0." in text
    assert "likely mistake: value range" in text


def test_a_failure_is_printed_as_the_design_says(make_report):
    text = printed(terminal.print_report, make_report())
    assert (
        "FER-B-05 the same images twice give the same output   FAIL\n"
        "  observed outputs differ by up to 0.314, expected at most 1e-05 (+0.314)\n"
        "  certification, models\n"
        "  likely: dropout or another random layer is active at inference\n"
        "  the clause: ferspec spec show FER-B-05\n"
        "  reproduce: ferspec certify emotion_model.keras --dataset BTFER -k 'FER-B-05'\n"
    ) in text
    assert text.index("FER-B-05") < text.index("FER-B-06") < text.index("FER-B-08[") < text.index("FER-B-07")
    assert "FER-B-01" not in text


def test_a_long_command_is_printed_on_one_line(make_report):
    command = f"ferspec certify {'m' * 120}.keras -k FER-B-05"
    report = make_report()
    outcome = report.outcomes[3].model_copy(update={"reproduce": command})
    assert f"  reproduce: {command}\n" in printed(terminal.print_report, make_report(outcomes=(outcome,)))


def test_a_place_is_printed_with_its_interval_and_synthetic_faces_have_none(make_report):
    rank = make_report().known.rank
    places = f"({words.rank_range(rank)} with the interval)"
    among = f"{words.place(rank)}, among the published BTFER accuracies {places}"
    assert among in " ".join(printed(terminal.print_report, make_report()).split())
    assert "published" not in printed(terminal.print_report, make_report(kind="demonstration"))


@pytest.mark.parametrize("kind", ["evaluation", "demonstration"])
def test_an_evaluation_says_so_on_the_terminal(make_report, kind):
    assert words.NOTICES[kind] in printed(terminal.print_report, make_report(kind=kind))


def test_an_undefined_figure_is_printed_as_undefined_with_its_reason(make_report, make_evaluation):
    text = printed(terminal.print_report, make_report(metrics=make_evaluation([0, 1, 6], [0, 1, 1])))
    surprise = next(line.split() for line in text.splitlines() if line.startswith("Surprise"))
    assert surprise[2] == "undefined"
    assert "Precision of Surprise: no image is predicted as Surprise." in text
    assert "calibration undefined: the predictions hold no probabilities" in text
    assert "nan" not in text.lower()


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_controls_no_terminal(make_report, name):
    report = make_report()
    subject, outcome = report.subject.model_copy(update={"name": name}), report.outcomes[3]
    outcome = outcome.model_copy(update={"message": name, "likely": name, "observed": name})
    text = printed(terminal.print_report, make_report(subject=subject, outcomes=(outcome,)))
    assert not set(text) & (words.REVERSING | {"\x1b", "\r"})
    assert len(text.splitlines()[0]) <= 160


def test_a_terminal_gets_colours(make_report):
    text = printed(terminal.print_report, make_report(), None, force_terminal=True, color_system="standard")
    assert re.match(r"\x1b\[1;31mFAIL\x1b\[0m", text)


@pytest.mark.parametrize(
    ("verdict", "passed", "said"),
    [("pass", 2, "PASS (2 of 766 evaluated)  766"), ("pass", 766, "PASS  766"), ("fail", 2, "FAIL  766")],
)
def test_a_pass_of_only_some_checks_says_of_how_many(verdict, passed, said):
    counts = Counts(planned=766, passed=passed, fail=0, inconclusive=0, not_evaluated=766 - passed)
    assert printed(terminal.print_judgement, Judgement((), counts, verdict), False).startswith(said)


def test_a_judgement_prints_its_verdict_and_all_outcomes_but_passes(make_report):
    report = make_report()
    text = printed(terminal.print_judgement, Judgement(report.outcomes, report.counts, report.verdict), False)
    assert text.startswith("FAIL  9 checks: 4 pass,")
    assert "FER-B-05" in text
    assert "FER-B-01" not in text


def test_a_judgement_as_json_has_verdict_counts_and_outcomes(make_report, capsys):
    report = make_report()
    terminal.print_judgement(Judgement(report.outcomes, report.counts, report.verdict), as_json=True)
    document = json.loads(capsys.readouterr().out)
    assert document["verdict"] == "fail"
    assert document["counts"]["pass"] == 4
    assert [outcome["check"] for outcome in document["outcomes"]] == [outcome.check for outcome in report.outcomes]


def test_a_comparison_prints_both_accuracies_and_the_difference(make_report):
    comparison = compare([0, 1, 2, 3], [0, 1, 2, 4], [0, 1, 3, 4])
    report = make_report()
    models = (report.subject.model_copy(update={"name": name}) for name in ("old.keras", "new.onnx"))
    text = printed(terminal.print_comparison, comparison, *models, report.dataset)
    assert "accuracy on BTFER" in text
    assert re.search(r"A +old.keras +75.0 %", text)
    assert re.search(r"B +new.onnx +50.0 %", text)
    assert re.search(r"A minus B +25.0 points", text)
    assert " ".join(comparison.sentence.split()) in " ".join(text.split())


# Words


def test_a_model_worse_than_all_published_is_below_them_and_has_no_place_among_them(make_report, make_evaluation):
    metrics = make_evaluation(np.arange(700) % 7, (np.arange(700) + 1) % 7)
    text = printed(terminal.print_report, make_report(metrics=metrics))
    assert f"below all {metrics.rank.of}, among the published BTFER accuracies\n" in text
    assert str(metrics.rank.of + 1) not in text


@pytest.mark.parametrize(
    ("position", "ties", "best", "worst", "place", "places"),
    [
        (61, 0, 40, 98, "place 61 of 255", "40 to 98"),
        (80, 18, 61, 115, "place 80 to 98 of 255: 18 published models print 0.54", "61 to 115"),
        (80, 1, 61, 115, "place 80 to 81 of 255: 1 published model prints 0.54", "61 to 115"),
        (254, 2, 250, 256, "place 254 to below all of 255: 2 published models print 0.54", "250 to below all"),
        (256, 0, 250, 256, "below all 255", "250 to below all"),
        (1, 0, 1, 1, "place 1 of 255", ""),
    ],
)
def test_a_place_in_words(position, ties, best, worst, place, places):
    rank = Rank(position=position, ties=ties, printed=0.54, of=255, best_position=best, worst_position=worst)
    assert (words.place(rank), words.rank_range(rank)) == (place, places)


def test_the_level_of_the_intervals_is_that_of_the_specification(make_report, monkeypatch):
    monkeypatch.setattr("ferspec.report.model_card.level", lambda: "90 %")
    assert words.level() == f"{100 * spec.load().value('FER-Z-01', 'level'):.0f} %" == "95 %"
    assert "90 % interval" in render_model_index(make_report())
    assert "95 %" not in render_model_index(make_report())
