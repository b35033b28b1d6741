"""What is published with a set: a datasheet, and a Croissant file that MLCommons' own reader accepts."""

import json

import pytest

from ferspec.collection.licences import licence_of, published, require_known
from ferspec.collection.manifest import PUBLIC, Row
from ferspec.collection.publication import croissant, datasheet, facts_of, public_table
from ferspec.collection.publication.croissant import ABOUT
from ferspec.errors import UserError

DIGESTS = {"digest": "a" * 64, "pixels": "b" * 64, "crop_digest": "c" * 64, "crop_pixels": "d" * 64}


def row(**fields):
    return Row(
        **{**DIGESTS, "label": "Happy", "query": "Jane Doe happy", "source": "https://example.org/jane", **fields}
    )


@pytest.fixture(scope="module")
def stages():
    first = row(path="Happy/1.png", ethnicity="asian", licence="CC0-1.0", consent="yes", tools="ferspec 1, mtcnn 1")
    second = row(path="Sad/2.png", label="Sad", licence="photograph by Jane Doe", tools="ferspec 1, mtcnn 1")
    dropped = row(decision="drop", reason="too small: the face has 30 pixels, at least 48 are needed")
    reviewed = row(decision="drop", reason="2 faces; decided by a reviewer, who changed Sad to Happy")
    kept = [first, second]
    return {"collect": [*kept, dropped], "clean": [*kept, dropped, reviewed], "crop": kept, "sample": kept}


@pytest.fixture
def written(stages, tmp_path):
    facts = facts_of("faces", 7, stages)
    manifest = public_table(stages["sample"])
    (tmp_path / "manifest.csv").write_text(manifest)
    (tmp_path / "croissant.json").write_text(croissant(facts, manifest))
    (tmp_path / "datasheet.md").write_text(datasheet(facts))
    return tmp_path


def test_mlcroissant_accepts_the_file_and_reads_the_manifest_through_it(written):
    mlcroissant = pytest.importorskip("mlcroissant", reason="mlcroissant is not installed")
    dataset = mlcroissant.Dataset(jsonld=str(written / "croissant.json"))
    issues = dataset.metadata.ctx.issues
    assert not issues.errors
    # the date is left to the publisher of the set
    assert [warning for warning in issues.warnings if "datePublished" not in str(warning)] == []
    records = list(dataset.records("pictures-and-labels"))
    assert [record["pictures-and-labels/path"] for record in records] == [b"Happy/1.png", b"Sad/2.png"]


def test_the_file_conforms_to_croissant_1_1_and_has_the_fields_for_responsible_ai(written):
    document = json.loads((written / "croissant.json").read_text())
    assert document["conformsTo"][0] == "http://mlcommons.org/croissant/1.1"
    needed = ("dataCollection", "dataBiases", "dataLimitations", "personalSensitiveInformation", "dataUseCases")
    assert all(document[f"rai:{name}"] for name in needed)


def test_a_wrong_digest_of_the_manifest_is_found_by_mlcroissant(written):
    mlcroissant = pytest.importorskip("mlcroissant", reason="mlcroissant is not installed")
    with open(written / "manifest.csv", "a") as file:
        file.write("one more line\n")
    dataset = mlcroissant.Dataset(jsonld=str(written / "croissant.json"))
    with pytest.raises(Exception, match=r"Download\(manifest.csv\)"):
        list(dataset.records("pictures-and-labels"))


def test_every_column_is_described():
    assert set(ABOUT) == set(PUBLIC)


def test_nothing_that_is_published_names_a_person(written):
    published_text = "".join(path.read_text() for path in written.iterdir())
    assert "Jane" not in published_text
    assert "example.org" not in published_text


def test_the_datasheet_counts_classes_terms_licences_consent_and_what_was_dropped(written):
    text = (written / "datasheet.md").read_text()
    lines = ("| Happy | 1 |", "| asian | 1 |", "| CC0-1.0 | 1 |", "| other | 1 |", "| yes | 1 |", "| too small | 2 |")
    assert [line for line in lines if line not in text] == []
    assert "Pictures that a reviewer decided: 1. Labels changed: 1." in text


@pytest.mark.parametrize(
    ("text", "identifier"),
    [
        ("cc0", "CC0-1.0"),
        ("CC_BY 4.0", "CC-BY-4.0"),
        ("http://creativecommons.org/licenses/by-sa/4.0/", "CC-BY-SA-4.0"),
        ("", "unknown"),
        ("© Jane Doe", "© Jane Doe"),
    ],
)
def test_licences_are_recognised_in_usual_spellings(text, identifier):
    assert licence_of(text) == identifier


def test_only_known_licences_are_published_and_asked_for():
    assert [published(text) for text in ("CC0-1.0", "unknown", "© Jane Doe")] == ["CC0-1.0", "unknown", "other"]
    with pytest.raises(UserError, match="known are CC0"):
        require_known("© Jane Doe")
