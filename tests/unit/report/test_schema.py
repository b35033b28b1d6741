"""The published JSON Schema is current and valid, and refuses a mutilated report."""

import json

import jsonschema
import pytest

from ferspec.report import schema

TOP_LEVEL = {"verdict", "counts", "outcomes", "metrics", "diagnoses", "subject", "dataset", "spec"}


@pytest.fixture(scope="module")
def validator():
    jsonschema.Draft202012Validator.check_schema(schema.published())
    return jsonschema.Draft202012Validator(schema.published())


@pytest.fixture
def document(make_report):
    return json.loads(make_report().model_dump_json())


def test_the_published_schema_is_current():
    assert schema.published() == schema.generated(), "run: python -m ferspec.report.schema"


def test_the_schema_names_its_dialect_and_itself_without_a_host():
    assert schema.published()["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema.published()["$id"] == "urn:ferspec:report:2"


def test_writing_the_schema_publishes_the_generated_one(tmp_path, monkeypatch):
    monkeypatch.setattr(schema, "PATH", tmp_path / "schema.json")
    schema.write()
    assert schema.published() == schema.generated()


def test_a_report_has_the_documented_top_level_and_counts(document):
    assert set(document) >= TOP_LEVEL
    assert set(document["counts"]) >= {"planned", "pass", "fail", "inconclusive", "not_evaluated"}
    assert set(schema.published()["required"]) >= TOP_LEVEL


@pytest.mark.parametrize("kind", ["certificate", "evaluation", "demonstration"])
def test_a_report_of_each_kind_is_accepted(validator, make_report, kind):
    validator.validate(json.loads(make_report(kind=kind).model_dump_json()))


def test_a_report_with_undefined_figures_and_no_probabilities_is_accepted(validator, make_report, make_evaluation):
    metrics = make_evaluation([0, 1, 2, 2], [0, 0, 0, 2])
    bare = make_report(metrics=metrics, subject=make_report().subject.model_copy(update={"contract": None}))
    assert bare.metrics.per_class[1].precision.value is None
    validator.validate(json.loads(bare.model_dump_json()))


def without_verdict(document):
    del document["verdict"]


def with_an_unknown_verdict(document):
    document["verdict"] = "excellent"


def with_an_unknown_key(document):
    document["grade"] = "A"


def with_a_count_as_text(document):
    document["counts"]["pass"] = "4"


def without_the_count_of_passes(document):
    del document["counts"]["pass"]


def with_an_unknown_outcome(document):
    document["outcomes"][0]["status"] = "skipped"


def with_an_outcome_without_clause(document):
    del document["outcomes"][0]["clause"]


def with_a_figure_as_text(document):
    document["metrics"]["accuracy"]["value"] = "54 %"


def with_an_unknown_figure(document):
    document["metrics"]["top5"] = 1.0


def with_an_unknown_diagnosis(document):
    document["diagnoses"][0]["kind"] = "weather"


def with_an_unknown_kind(document):
    document["kind"] = "award"


def with_another_schema_version(document):
    document["schema_version"] = "3"


def without_manifest_digest(document):
    del document["dataset"]["manifest_digest"]


def with_a_size_of_three_numbers(document):
    document["subject"]["contract"]["input"]["size"] = [64, 64, 3]


def with_a_prediction_without_label(document):
    del document["predictions"][0]["label"]


@pytest.mark.parametrize(
    "mutilate",
    [
        without_verdict,
        with_an_unknown_verdict,
        with_an_unknown_key,
        with_a_count_as_text,
        without_the_count_of_passes,
        with_an_unknown_outcome,
        with_an_outcome_without_clause,
        with_a_figure_as_text,
        with_an_unknown_figure,
        with_an_unknown_diagnosis,
        with_an_unknown_kind,
        with_another_schema_version,
        without_manifest_digest,
        with_a_size_of_three_numbers,
        with_a_prediction_without_label,
    ],
    ids=lambda function: function.__name__,
)
def test_a_mutilated_report_is_refused(validator, document, mutilate):
    assert validator.is_valid(document)
    mutilate(document)
    assert not validator.is_valid(document)
