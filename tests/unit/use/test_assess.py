"""What the data on law say of a use, against a table made by hand from the articles."""

import datetime

import pytest

from ferspec.errors import UserError
from ferspec.use.assess import assess, declare
from ferspec.use.data import law

# use, place, day, what the articles say. Regulation (EU) 2024/1689 prohibits emotion inference at work and in education
# since 2 February 2025, except for medical or safety reasons; people are informed of it since 2 August 2026; it
# is a high-risk use from 2 December 2027, by the amendment of 2026. GDPR applies since 25 May 2018; to authorities that
# prosecute crime, the directive applies instead, since 6 May 2018. California: notice since 2020, limits since 2023,
# risk assessments since 2026; medical information and authorities have other law. Illinois: written release since
# 3 October 2008; patients and authorities are outside.
CASES = [
    ("education", "EU", "2026-12-01", "prohibited", {"5(1)(f)", "50(3)", "9", "22"}),
    ("education", "EU", "2025-02-02", "prohibited", {"5(1)(f)", "9", "22"}),
    ("education", "EU", "2025-02-01", "conditions", {"9", "22"}),
    ("work", "Finland", "2026-12-01", "prohibited", {"5(1)(f)", "50(3)", "9", "22"}),
    ("work", "EU", "2028-01-01", "prohibited", {"5(1)(f)", "50(3)", "9", "22"}),
    ("work-safety", "EU", "2026-12-01", "conditions", {"50(3)", "9", "22"}),
    ("education-medical", "EU", "2027-12-02", "conditions", {"50(3)", "III 1(c)", "9", "22"}),
    ("marketing", "EU", "2026-08-01", "conditions", {"9", "22"}),
    ("marketing", "EU", "2026-08-02", "conditions", {"50(3)", "9", "22"}),
    ("entertainment", "Germany", "2027-12-01", "conditions", {"50(3)", "9", "22"}),
    ("healthcare", "EU", "2027-12-02", "conditions", {"50(3)", "III 1(c)", "9", "22"}),
    ("law-enforcement", "EU", "2026-12-01", "conditions", {"50(3)", "LED"}),
    ("healthcare", "EU", "2018-05-24", "unknown", set()),
    ("marketing", "California", "2026-12-01", "conditions", {"notice", "limit", "risk"}),
    ("work", "California", "2022-12-31", "conditions", {"notice"}),
    ("healthcare", "California", "2026-12-01", "unknown", set()),
    ("education", "Illinois", "2026-12-01", "conditions", {"release"}),
    ("healthcare", "Illinois", "2026-12-01", "unknown", set()),
    ("law-enforcement", "Illinois", "2026-12-01", "unknown", set()),
    ("marketing", "other", "2026-12-01", "unknown", set()),
]
SHORT = {
    "AIA-5-1-f": "5(1)(f)",
    "AIA-50-3": "50(3)",
    "AIA-III-1-c": "III 1(c)",
    "GDPR-9": "9",
    "GDPR-22": "22",
    "LED-10-11": "LED",
    "CCPA-1798.100": "notice",
    "CPRA-1798.121": "limit",
    "CCPA-REG-7150": "risk",
    "BIPA-15": "release",
}


@pytest.mark.parametrize(("use", "place", "day", "outcome", "articles"), CASES)
def test_a_case_is_decided_as_the_articles_say(use, place, day, outcome, articles):
    found = assess(use, place, day)
    assert (found.outcome, {SHORT[rule.id] for rule in found.rules}) == (outcome, articles)


def test_there_are_twenty_cases():
    assert len({case[:3] for case in CASES}) == 20


def test_a_prohibition_comes_first_and_later_rules_are_announced():
    assert assess("work", "EU", "2026-12-01").rules[0].id == "AIA-5-1-f"
    (coming,) = assess("healthcare", "EU", "2026-12-01").coming
    assert (coming.id, coming.since) == ("AIA-III-1-c", datetime.date(2027, 12, 2))


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("Education", "education"),
        ("law enforcement", "law-enforcement"),
        ("workplace", "work"),
        ("police", "law-enforcement"),
    ],
)
def test_case_spaces_and_aliases_name_a_use(given, name):
    assert declare(given, "EU").use == name


@pytest.mark.parametrize(("given", "name"), [("fi", "EU"), ("European Union", "EU"), ("us-ca", "California")])
def test_member_states_and_codes_name_a_place(given, name):
    assert declare("work", given).place == name


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("warfare", "EU", None), "unknown use 'warfare': known are marketing, education,"),
        (("work", "Atlantis", None), "unknown place 'Atlantis': known are EU, California, Illinois, other"),
        (("work", "EU", "tomorrow"), "date 'tomorrow': expected a day such as 2026-12-01"),
        (("work", "EU", "2026-02-30"), "expected a day such as"),
    ],
)
def test_an_unknown_name_or_day_is_one_line_that_lists_the_known(words, said):
    with pytest.raises(UserError) as refusal:
        assess(*words)
    assert said in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(("days", "stale"), [(-400, False), (0, False), (180, False), (181, True)])
def test_data_older_than_180_days_are_stale(days, stale):
    oldest = min(rule.as_of for rule in law().rules if "EU" in rule.places)
    found = assess("marketing", "EU", oldest + datetime.timedelta(days))
    assert (found.is_stale, found.age) == (stale, days)


def test_a_use_without_a_rule_is_not_stale():
    assert not assess("marketing", "other", "2040-01-01").is_stale


def test_without_a_day_it_is_today():
    today = datetime.datetime.now(datetime.UTC).date()
    assert declare("work", "EU").date in (today, today - datetime.timedelta(1))
