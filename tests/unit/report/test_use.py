"""A declared use on the page, the badge, the terminal and in the documents."""

import re

import pytest
from rich.console import Console

from ferspec.report.badge import COLOURS, render_badge, texts
from ferspec.report.documentation import OPEN, render_documentation
from ferspec.report.evidence import NO_GROUPS
from ferspec.report.html import render_html
from ferspec.report.terminal import print_report
from ferspec.report.words import is_green
from ferspec.use.assess import declare
from ferspec.use.data import documents, law
from helpers.html_pages import HOSTILE, Page

DAY = "2026-12-01"
PROHIBITED, UNKNOWN = declare("education", "EU", DAY), declare("healthcare", "Illinois", DAY)
CONDITIONS, STALE = declare("marketing", "EU", DAY), declare("marketing", "EU", "2027-12-01")


@pytest.fixture(scope="module")
def passing(make_report):
    """A certificate that passes, as far as its page shows."""
    report = make_report()
    counts = report.counts.model_copy(update={"fail": 0, "inconclusive": 0})
    return lambda use: make_report(verdict="pass", counts=counts, diagnoses=(), use=use)


def printed(report):
    console = Console(width=80, record=True, file=None, quiet=False)
    with console.capture() as captured:
        print_report(report, console=console)
    return captured.get().splitlines()


def test_a_prohibited_use_is_red_on_page_and_badge_whatever_the_verdict(passing):
    report = passing(PROHIBITED)
    page = Page(render_html(report))
    assert "PROHIBITED" in page.text("p", **{"class": "prohibited"})
    assert "Article 5(1)(f)" in page.text("section", id="use")
    assert COLOURS["fail"] in render_badge(report)
    assert "use prohibited" in texts(report)[1]
    assert (is_green(report), is_green(passing(None)), is_green(passing(CONDITIONS))) == (False, True, True)


@pytest.mark.parametrize(
    ("use", "badge", "section"),
    [(UNKNOWN, "use unknown", "does not mean that none exists"), (CONDITIONS, None, "No rule of the data prohibits")],
)
def test_another_use_is_named_without_red(passing, use, badge, section):
    report = passing(use)
    html = render_html(report)
    assert 'class="prohibited"' not in html
    assert section in Page(html).text("section", id="use")
    assert ("use" in texts(report)[1]) is (badge is not None)
    assert COLOURS["pass"] in render_badge(report)


def test_without_a_declared_use_nothing_is_said_of_law(passing):
    html = render_html(passing(None))
    assert 'id="use"' not in html
    assert "legal advice" not in html + render_badge(passing(None)) + "\n".join(printed(passing(None)))


def test_the_second_line_of_the_terminal_says_what_applies(passing):
    first, second = printed(passing(PROHIBITED))[:2]
    assert first.startswith("PASS")
    assert second.startswith("use: PROHIBITED for education (EU) on 2026-12-01: EU AI Act, Article 5(1)(f): inferring")
    assert second.endswith("(not legal advice)")
    assert printed(passing(UNKNOWN))[1].startswith("use: UNKNOWN for healthcare (Illinois)")
    assert "and from 2027-12-02 EU AI Act, Annex III" in printed(passing(CONDITIONS))[1]


def test_data_that_are_too_old_warn_on_the_terminal_and_the_page(passing):
    assert "check whether it has changed" in " ".join(printed(passing(STALE))[2:5])
    assert "days before that day" in Page(render_html(passing(STALE))).text("section", id="use")
    assert "days before that day" not in render_html(passing(CONDITIONS))


@pytest.mark.parametrize("domain", law().domains, ids=lambda domain: domain.name)
def test_the_papers_requirements_stand_beside_what_the_certificate_knows(passing, domain):
    section = Page(render_html(passing(declare(domain.name, "EU", DAY)))).text("section", id="use")
    assert all(one.text in section for one in domain.requirements)
    if any(one.evidence == "accuracy" for one in domain.requirements):
        assert "Accuracy 54.1 %" in section.replace("\u00a0", " ")


def test_groups_are_shown_where_declared_and_their_absence_is_said(make_report):
    with_groups, without = make_report(use=PROHIBITED), make_report(use=PROHIBITED)
    metrics = without.metrics.model_copy(update={"slices": ()})
    without = make_report(use=PROHIBITED, metrics=metrics)
    assert NO_GROUPS in Page(render_html(without)).text("section", id="slices")
    assert NO_GROUPS not in render_html(with_groups)
    assert "older than 60" in render_documentation(with_groups)
    assert NO_GROUPS in render_documentation(without)


def test_the_documents_hold_every_field_filled_or_open(make_report):
    text = render_documentation(make_report(use=PROHIBITED))
    fields = [entry for document in documents() for entry in document.fields]
    assert text.count("\n### ") == len(fields)
    assert text.count(OPEN) == sum(entry.known is None for entry in fields)
    assert all(f"{entry.place}: {entry.title}" in text for entry in fields)
    assert "Annex IV" in text
    assert "Accuracy 54.1 %" in text
    assert "9372c470eeadd5ec" in text


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE.keys())
def test_an_untrusted_name_is_not_markup_in_the_documents(make_report, name):
    subject = make_report().subject.model_copy(update={"name": f"{name} [x](y) `z`"})
    text = render_documentation(make_report(subject=subject))
    assert "<script" not in text
    assert "[x](y)" not in text
    assert not re.search(r"[\x00-\x09\x0b-\x1f\u202e]", text)
