"""The dated data on law: every row is complete, and data that contradict themselves are refused."""

import datetime
import shutil

import pytest

from ferspec.report.documentation import KNOWN
from ferspec.spec import loader
from ferspec.spec.reading import SpecError
from ferspec.use.data import documents, law

OFFICIAL = (
    "https://eur-lex.europa.eu/eli/",
    "https://leginfo.legislature.ca.gov/",
    "https://cppa.ca.gov/",
    "https://www.ilga.gov/",
)


@pytest.mark.parametrize("rule", law().rules, ids=lambda rule: rule.id)
def test_every_rule_has_article_date_source_and_what_it_was_compared_with(rule):
    assert rule.article
    assert rule.url.startswith(OFFICIAL)
    assert datetime.date(2000, 1, 1) < rule.since < datetime.date(2030, 1, 1)
    assert datetime.date(2025, 1, 1) < rule.as_of <= datetime.date(2026, 12, 1)
    assert len(rule.note) > 20
    assert any(number in rule.source for number in ("2024/1689", "2016/679", "2016/680", "1798", "7150", "740 ILCS"))


def test_the_papers_five_domains_have_requirements_and_uses():
    # Section 5.2
    expected = {"marketing", "education", "entertainment", "healthcare", "law-enforcement"}
    assert {domain.name for domain in law().domains} == expected
    assert {use.domain for use in law().uses} - {None} == expected
    assert all(len(domain.requirements) >= 2 for domain in law().domains)


def test_the_articles_that_matter_are_in_the_data():
    assert {rule.id for rule in law().rules} >= {"AIA-5-1-f", "AIA-50-3", "AIA-III-1-c", "GDPR-9", "GDPR-22", "BIPA-15"}
    assert {document.source.rpartition(", ")[2] for document in documents()} >= {
        "Annex IV",
        "Article 13(3)",
        "Article 15",
    }


def test_every_field_that_a_certificate_knows_has_a_text():
    named = {entry.known for document in documents() for entry in document.fields} - {None}
    assert named == set(KNOWN)


@pytest.fixture
def data(tmp_path):
    return shutil.copytree(loader.DATA, tmp_path / "data")


def test_newer_data_on_law_leave_the_digest_of_the_specification_as_it_is(data):
    before = loader.digest(data)
    (data / "use" / "rules.toml").write_text("")
    assert loader.digest(data) == before == loader.load().digest


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("rules.toml", 'places = ["EU"]', 'places = ["EV"]', "unknown use or place 'EV'"),
        ("rules.toml", 'uses = ["education", "work"]', 'uses = ["school"]', "unknown use or place 'school'"),
        ("rules.toml", "since = 2025-02-02", 'since = "soon"', "AIA-5-1-f: since"),
        ("rules.toml", 'checked = "secondary sources"', 'checked = "sure"', "checked"),
        ("rules.toml", 'id = "GDPR-9"', 'id = "GDPR-22"', "this id occurs twice"),
        ("uses.toml", 'domain = "marketing"', 'domain = "sales"', "unknown domain 'sales'"),
        ("places.toml", 'aliases = ["US-CA"]', 'aliases = ["Finland"]', "'Finland' has two meanings"),
    ],
)
def test_data_that_contradict_themselves_are_refused(data, file, old, new, said):
    path = data / "use" / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(SpecError, match=said.replace("(", r"\(")):
        law(data / "use")
