"""Robustness on the page and on the terminal: the worst first, and nothing unless it was asked for."""

import re

import pytest
from rich.console import Console

from ferspec.checks.model.robustness.losses import Counts, Step, robustness_of
from ferspec.checks.model.robustness.measure import GRAY_INPUT
from ferspec.report.evidence import evidence
from ferspec.report.html import render_html
from ferspec.report.robustness.plot import drawing
from ferspec.report.robustness.rows import ordered, points_lost, unmeasured
from ferspec.report.terminal import print_report
from ferspec.spec.conditions import conditions
from helpers.html_pages import HOSTILE, Page

N = 1000
# lost images at each level; of the others 10
LOST = {"blur": (20, 60, 150, 300), "noise": (0, 10, 90, 400), "bgr": (35,)}


@pytest.fixture(scope="module")
def robustness():
    found = {}
    for one in conditions():
        for amount, lost in zip(one.levels, LOST.get(one.id, (10,) * len(one.levels)), strict=True):
            found[Step(one.change, amount)] = Counts(lost, 0)
    found[Step("nothing", 0)] = Counts(0, 0)
    found[Step("gray", 1)] = GRAY_INPUT
    return robustness_of(found, N)


@pytest.fixture(scope="module")
def html(make_report, robustness):
    return render_html(make_report(robustness=robustness))


def section(html):
    return html[html.index('<section id="robustness"') : html.index('<section id="claims"')]


def printed(report):
    console = Console(width=80, record=True)
    with console.capture() as captured:
        print_report(report, console=console)
    return captured.get()


def test_the_conditions_are_ordered_by_their_worst_level(robustness):
    first, second = ordered(robustness, "condition")[:2]
    assert (first[0].id, first[1].name, points_lost(first[1].loss)) == ("noise", "σ 40", "40.0")
    assert (second[0].id, second[1].name, points_lost(second[1].loss)) == ("blur", "σ 8 px", "30.0")


def test_the_section_has_a_plot_of_every_condition_and_a_row_of_every_preparation(html, robustness):
    page = Page(section(html))
    titles = ["".join(element[2]).split("at")[0] for element in page.all("figcaption")]
    assert len(titles) == sum(one.kind == "condition" for one in conditions())
    assert titles[:2] == ["noise", "blur"]
    rows = page.text("table", **{"class": "groups losses"})
    assert re.search(r"red and blue exchanged BGR for RGB; paper 2, stage 3 3.5 1\.\d to 5\.\d", rows)
    assert "gray in place of colour" not in rows
    assert "asked again about unchanged images, the model loses 0.0 points" in page.text("p")


def test_every_level_is_listed_with_its_place_and_its_loss_or_reason(html, robustness):
    table = Page(section(html)).text("table", **{"class": "levels"})
    for one in robustness.conditions:
        assert f"{one.title}{one.place}: {one.why}" in table.replace(f"{one.title} {one.place}", one.title + one.place)
        assert all(level.name in table for level in one.levels)
    assert table.count(GRAY_INPUT) == 1
    assert unmeasured(robustness) == [f"gray in place of colour: {GRAY_INPUT}"]


def test_marks_lie_where_their_losses_are(robustness):
    drawn = drawing(robustness)
    noise = drawn.panels[0]
    (zero, _), (ten, _) = (next(line for line in drawn.grid if line[1] == tick) for tick in (0, 10))
    for mark, lost in zip(noise.marks, LOST["noise"], strict=True):
        assert mark.y == pytest.approx(zero + (ten - zero) * lost / 100, abs=0.11)
        assert mark.high < mark.y < mark.low
    assert [mark.x for mark in noise.marks] == sorted(mark.x for mark in noise.marks)
    row = drawn.rows[0]
    left, right = (next(x for x, tick in drawn.ticks if tick == at) for at in (0, 10))
    assert row.x == pytest.approx(left + (right - left) * 0.35, abs=0.02)
    assert row.low < row.x < row.high


def test_nothing_is_drawn_of_a_model_that_fails_on_every_change():
    found = {
        Step(one.change, amount): "the model fails on these images" for one in conditions() for amount in one.levels
    }
    failed = robustness_of(found, N)
    assert (drawing(failed), failed.statements) == (None, 0)
    assert len(unmeasured(failed)) == len(conditions())


def test_the_terminal_has_a_short_table_of_the_worst_levels(make_report, robustness):
    out = printed(make_report(robustness=robustness))
    assert re.search(r"noise +σ 40 +40\.0 +3\d\.\d to 4\d\.\d", out)
    assert re.search(r"red and blue exchanged +BGR for RGB +3\.5", out)
    assert f"not measured: gray in place of colour: {GRAY_INPUT}" in out
    assert max(map(len, out.splitlines())) <= 80


def test_without_robustness_neither_page_nor_terminal_speaks_of_it(make_report):
    report = make_report()
    assert 'id="robustness"' not in render_html(report)
    assert "robustness" not in printed(report)
    assert "robustness" not in report.model_dump(mode="json")
    assert "Other changes were not tried" in evidence(report, "robustness")


def test_the_documents_name_the_largest_losses(make_report, robustness):
    said = evidence(make_report(robustness=robustness), "robustness")
    assert "The largest losses: noise (σ 40) costs 40.0 points" in said
    assert "Other changes were not tried" not in said


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE.keys())
def test_words_of_an_untrusted_document_are_not_markup(make_report, robustness, name):
    level = robustness.conditions[2].levels[0].model_copy(update={"name": name})
    one = robustness.conditions[2].model_copy(
        update={"title": name, "place": name, "why": name, "levels": (level, *robustness.conditions[2].levels[1:])}
    )
    edited = robustness.model_copy(update={"conditions": (*robustness.conditions[:2], one, *robustness.conditions[3:])})
    text = section(render_html(make_report(robustness=edited)))
    Page(text)
    assert "<script" not in text
    assert not re.search(r"[\x00-\x09\x0b-\x1f\u202e]", text)
    assert not re.search(r"[\x00-\x09\x0b-\x1a\x1c-\x1f\u202e]", printed(make_report(robustness=edited)))
