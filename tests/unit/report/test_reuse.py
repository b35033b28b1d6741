"""What a page says of a model's cost and contract, and what can be copied from it."""

import csv
import re
from urllib.parse import unquote

import numpy as np
import pytest

from ferspec.reference.evaluation import evaluate
from ferspec.report import words
from ferspec.report.html import render_html
from ferspec.report.reuse import badge_snippets, bibtex, confusion_csv
from ferspec.subjects.models.cost import UNKNOWN
from helpers.html_pages import Page

FAILED = {"class": "verdict fail"}


@pytest.fixture(scope="module")
def report(make_report):
    return make_report()


@pytest.fixture(scope="module")
def page(report):
    return Page(render_html(report))


# What the model costs


def test_size_and_cost_of_the_model_are_shown_and_the_time_as_of_one_machine(page):
    shown = page.text("section", id="model")
    for said in ("11.4 MB", "2,840,775", "61,300,000 for one image", "2.38 on a processor", "no verification compares"):
        assert said in shown


def test_a_cost_that_the_format_does_not_tell_is_unknown(make_report):
    report = make_report()
    subject = report.subject.model_copy(update={"cost": UNKNOWN, "file_bytes": None})
    bare = make_report(subject=subject, environment=report.environment.model_copy(update={"milliseconds": None}))
    assert Page(render_html(bare)).text("section", id="model").count("unknown") == 4


@pytest.mark.parametrize(("count", "shown"), [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (2**32, "4.3 GB")])
def test_a_file_size_has_the_unit_that_fits(count, shown):
    assert words.file_size(count) == shown


# What can be copied


def test_the_contract_says_which_entries_are_declared_and_which_assumed(make_report):
    contract = make_report().subject.contract.model_copy(update={"assumed": ("input.mean", "output.classes")})
    page = Page(render_html(make_report(subject=make_report().subject.model_copy(update={"contract": contract}))))
    rows = [" ".join(" ".join(e[2]).split()) for e in page.all("tr") if "put." in "".join(e[2])]
    assert [row.split()[0] for row in rows if row.endswith("assumed")] == ["input.mean", "output.classes"]
    assert rows[:4] == [
        "input.size 64, 64 declared",
        "input.colour gray declared",
        "input.channels 1 declared",
        "input.range -1, 1 declared",
    ]
    assert "assumed in the contract, not confirmed: input.mean, output.classes" in page.text("div", **FAILED)


def test_the_confusion_matrix_can_be_saved_and_read_as_csv(page, report):
    (link,) = page.all("a", download="confusion_matrix.csv")
    _, _, text = link[1]["href"].partition(",")
    header, *rows = csv.reader(unquote(text).splitlines())
    assert header == ["label", *report.dataset.support]
    assert [[int(count) for count in row[1:]] for row in rows] == [list(r) for r in report.metrics.confusion_matrix]
    assert [row[0] for row in rows] == header[1:]


def test_the_csv_has_a_column_for_answers_outside_the_seven():
    header, *rows = csv.reader(confusion_csv(evaluate(np.arange(7), np.full(7, 7), None)).splitlines())
    assert {len(row) for row in rows} == {len(header)} == {9}
    assert header[-1] not in [row[0] for row in rows]


def test_bibtex_has_balanced_braces_and_escapes_the_name_of_the_model(make_report):
    name = r"a_b & 50% of $x$ \input{y} ~^#"
    entry = bibtex(make_report(subject=make_report().subject.model_copy(update={"name": name})))
    assert r"a\_b \& 50\% of \$x\$ \textbackslash{}input\{y\} \textasciitilde{}\textasciicircum{}\#" in entry
    unescaped = re.sub(r"\\[{}]", "", entry)
    assert unescaped.count("{") == unescaped.count("}")
    assert "year = {2025}" in entry
    assert "doi = {10.1016/j.engappai.2024.108983}" in entry


def test_the_badge_is_embedded_by_markdown_and_html_with_its_text(report):
    snippets = badge_snippets(report)
    (image,) = Page(snippets["HTML"]).all("img")
    said = "FER · BTFER: fail · 1 likely mistake in the contract"
    assert image[1] == {"src": "badge.svg", "alt": said}
    assert snippets["Markdown"] == f"[![{said}](badge.svg)](report.html)"
