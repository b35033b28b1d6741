"""Traceability: the checks and mutants of each clause, and the output of the command."""

import json
import re

import pytest

from ferspec import spec
from ferspec.checks.generator import (
    checks_for_artifacts,
    checks_for_certificate,
    checks_for_implementation,
    checks_for_log,
    checks_for_model,
)
from ferspec.report.coverage import coverage
from ferspec.report.coverage.mutants import Mutation, mutations
from ferspec.report.coverage.page import page, summary

SPEC = spec.load()


def covered(id):
    return next(each for each in coverage.coverage().clauses if each.clause == id)


@pytest.fixture
def without(monkeypatch):
    """A function that takes the mutants of a clause away."""

    def take(clause):
        left = tuple(each for each in mutations() if each.clause != clause)
        monkeypatch.setattr(coverage, "mutations", lambda: left)

    return take


def test_every_clause_is_listed_once_and_counted():
    found = coverage.coverage()
    assert [each.clause for each in found.clauses] == [clause.id for clause in SPEC.clauses]
    assert found.covered + found.untestable + found.missing == len(SPEC.clauses)


def test_no_check_is_left_out():
    checks = [
        *checks_for_implementation(),
        *checks_for_model(),
        *checks_for_log(),
        *checks_for_artifacts(),
        *checks_for_certificate(),
    ]
    assert {check.clause for check in checks} <= coverage.checks_by_clause().keys()


@pytest.mark.parametrize(
    ("clause", "subjects"),
    [
        ("FER-W-02", {"implementation"}),
        ("FER-S-03", {"implementation", "training run"}),
        ("FER-B-06", {"model"}),
        ("FER-B-08", {"model"}),
        ("FER-R-08", {"artifacts"}),
        ("FER-R-14", {"result row"}),
        ("FER-X-03", {"certificate"}),
        ("FER-F-01", {"implementation"}),
        ("FER-F-31", {"grid"}),
        ("FER-F-06", set()),
    ],
)
def test_a_clause_is_judged_on_the_subjects_it_is_about(clause, subjects):
    assert {check.subject for check in covered(clause).checks} == subjects


def test_a_band_is_judged_on_the_grid():
    assert "grid" in {check.subject for check in covered("FER-G-07").checks}


def test_an_untestable_clause_says_why_and_needs_nothing():
    assert (covered("FER-D-09").state, covered("FER-D-09").reason) == (
        "untestable",
        SPEC.clause("FER-D-09").reason,
    )


def test_a_clause_without_mutants_is_missing(without):
    assert covered("FER-B-03").state == "covered"
    without("FER-B-03")
    assert covered("FER-B-03").state == "missing"


def test_a_clause_needs_more_than_right_variations(monkeypatch):
    right = Mutation(clause="FER-B-03", kind="right", name="float16")
    monkeypatch.setattr(coverage, "mutations", lambda: (right,))
    assert (covered("FER-B-03").state, covered("FER-B-03").right) == ("missing", ("float16",))


def test_a_clause_without_a_check_is_missing(monkeypatch):
    monkeypatch.setattr(coverage, "checks_for_certificate", lambda: checks_for_certificate()[1:])
    assert (covered("FER-X-01").state, covered("FER-X-02").state) == ("missing", "covered")


def test_the_list_of_mutants_names_existing_clauses():
    assert {each.clause for each in mutations()} <= {clause.id for clause in SPEC.clauses}


def test_the_list_of_mutants_is_not_part_of_the_specification():
    """Another mutant must not make every certificate one of another specification (FER-X-10)."""
    from ferspec.report.coverage import mutants
    from ferspec.spec import loader

    assert loader.DATA not in mutants.PATH.parents


def test_the_page_has_every_clause_and_count():
    found = coverage.coverage()
    text = page(found)
    assert [each.clause for each in found.clauses if f"| {each.clause} {each.title} |" not in text] == []
    assert summary(found) in text


def test_the_page_links_checks_and_counts_mutants():
    [row] = [line for line in page(coverage.coverage()).splitlines() if line.startswith("| FER-X-03 ")]
    title, checks, mutants, right = [cell.strip() for cell in row.strip("|").split("|")]
    assert title == f"FER-X-03 {SPEC.clause('FER-X-03').title}"
    assert checks == "[certificate: 1](../ferspec/checks/certificate/metrics.py)"
    assert (int(mutants), int(right)) == (len(covered("FER-X-03").mutants), len(covered("FER-X-03").right))


def test_no_cell_of_the_page_is_long():
    shown = re.sub(r"\]\([^)]*\)", "]", page(coverage.coverage()))
    assert [cell for line in shown.splitlines() for cell in line.split("|") if len(cell) > 120] == []


# ---- the command


def test_the_command_lists_a_family_with_its_counts(ferspec):
    status, out, _ = ferspec("spec", "coverage", "--family", "X")
    assert status == 0
    assert "FER-X-03" in out
    assert "the accuracy edited" in out
    assert "15 clauses: 15 covered, 0 untestable, 0 missing" in out
    assert "FER-B-01" not in out


def test_the_command_fails_where_a_testable_clause_lacks_a_mutant(ferspec, without):
    without("FER-X-03")
    status, out, _ = ferspec("spec", "coverage", "-f", "x")
    assert status == 1
    assert "14 covered, 0 untestable, 1 missing" in out


def test_the_command_gives_json(ferspec):
    status, out, _ = ferspec("spec", "coverage", "--family", "B", "--json")
    document = json.loads(out)
    [softmax] = [each for each in document["clauses"] if each["clause"] == "FER-B-04"]
    assert (status, document["missing"], softmax["state"]) == (0, 0, "covered")
    assert softmax["checks"] == [
        {"subject": "model", "check": "gives probabilities", "module": "ferspec.checks.model.behaviour"}
    ]
    assert "logits as probabilities" in softmax["mutants"]


def test_an_unknown_family_is_one_line(ferspec):
    status, out, err = ferspec("spec", "coverage", "--family", "Q")
    assert (status, out) == (2, "")
    assert "unknown family 'Q': known are FER-A" in err
    assert err.count("\n") == 1
