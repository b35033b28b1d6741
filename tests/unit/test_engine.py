"""The judge: four outcomes, capabilities, declared deviations, counts, verdict."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferspec.engine import Check, charged, count, judge, outcome_of, verdict_of
from ferspec.errors import NotEvaluable, SubjectError
from ferspec.outcomes import LONGEST_TEXT, CheckResult, Deviation, Outcome, Status


class Able:
    """A subject with the given capabilities."""

    def __init__(self, *capabilities):
        self.capabilities = frozenset(capabilities)

    def why_missing(self, capability):
        return f"it cannot {capability}"


def outcome(status, clause="FER-B-01", declared=None):
    return Outcome(check=clause, clause=clause, title="", place="", status=status, declared=declared)


def passing(subject):
    return CheckResult(status=Status.PASS)


def crashing(subject):
    raise SubjectError("the model crashed: boom")


def without_answer(subject):
    raise NotEvaluable("there are no images of Disgust")


def defective(subject):
    raise ZeroDivisionError


def test_an_outcome_carries_the_title_and_the_place_of_its_clause():
    judged = outcome_of(Check("FER-W-02", passing), Able())
    assert judged.title == "conservative weights are capped at 3"
    assert "3.4" in judged.place


def test_a_missing_capability_is_not_evaluated_with_the_reason():
    judged = outcome_of(Check("FER-B-01", passing, needs=("run",)), Able())
    assert (judged.status, judged.message) == (Status.NOT_EVALUATED, "it cannot run")


def test_an_offered_capability_lets_the_check_run():
    assert outcome_of(Check("FER-B-01", passing, needs=("run",)), Able("run")).status is Status.PASS


def test_a_crash_of_the_subject_is_a_failure():
    judged = outcome_of(Check("FER-B-01", crashing), Able())
    assert (judged.status, judged.message) == (Status.FAIL, "the model crashed: boom")


def test_a_check_that_cannot_decide_is_not_evaluated():
    assert outcome_of(Check("FER-B-01", without_answer), Able()).status is Status.NOT_EVALUATED


def test_a_defect_of_the_judge_is_not_hidden():
    with pytest.raises(ZeroDivisionError):
        outcome_of(Check("FER-B-01", defective), Able())


def test_only_outcomes_that_did_not_pass_say_how_to_reproduce_them():
    command = "ferspec certify demo"
    assert outcome_of(Check("FER-B-01", passing), Able(), command).reproduce is None
    assert outcome_of(Check("FER-B-01", crashing), Able(), command).reproduce == f"{command} -k FER-B-01"


@pytest.mark.parametrize("name", ["message", "observed", "expected", "likely"])
def test_quoted_text_is_printable_and_bounded(name):
    half = CheckResult(status=Status.FAIL, **{name: "a\ud800b"})
    assert getattr(CheckResult.model_validate_json(half.model_dump_json()), name) == "a?b"
    long = getattr(CheckResult(status=Status.FAIL, **{name: "a" * 100_000}), name)
    assert long == "a" * (LONGEST_TEXT - 1) + "…"


def test_figures_are_left_as_they_are():
    assert CheckResult(status=Status.FAIL, observed=0.1).observed == 0.1


@pytest.mark.parametrize(
    ("planned", "collected"),
    [(["a", "b"], ["a"]), (["a"], ["a", "b"]), (["a"], ["a", "a"]), (["a"], [])],
    ids=["one is missing", "one was not planned", "one comes twice", "there is none"],
)
def test_planned_checks_and_outcomes_must_agree(planned, collected):
    outcomes = [outcome(Status.PASS).model_copy(update={"check": name}) for name in collected]
    with pytest.raises(RuntimeError, match="planned"):
        judge(planned, outcomes)


@pytest.mark.parametrize(
    ("statuses", "verdict"),
    [
        ([Status.PASS, Status.PASS], "pass"),
        ([Status.PASS, Status.NOT_EVALUATED], "pass"),
        ([Status.PASS, Status.INCONCLUSIVE], "inconclusive"),
        ([Status.PASS, Status.INCONCLUSIVE, Status.FAIL], "fail"),
        ([Status.NOT_EVALUATED], "not_evaluated"),
        ([], "not_evaluated"),
    ],
)
def test_the_verdict_follows_from_the_outcomes(statuses, verdict):
    assert verdict_of(outcome(status) for status in statuses) == verdict


@given(st.lists(st.sampled_from(Status)))
def test_every_planned_check_is_counted_once(statuses):
    counts = count(outcome(status) for status in statuses)
    assert counts.passed + counts.fail + counts.inconclusive + counts.not_evaluated == counts.planned == len(statuses)


def test_a_fault_outside_every_check_fails_a_judgement_once():
    judgement = judge(["FER-B-01"], [outcome(Status.PASS)])
    assert charged(judgement, []) == judgement
    failing = charged(judgement, ["wrote one", "wrote two"])
    assert (failing.verdict, failing.counts.planned, failing.counts.fail) == ("fail", 2, 1)
    assert failing.outcomes[-1].message == "wrote one | wrote two"


DEVIATION = Deviation(clause="FER-B-05", category="unsupported", reason="dropout stays on by design")


def test_a_declared_failure_does_not_fail_the_subject_and_stays_visible():
    judgement = judge(["FER-B-05", "FER-B-01"], [outcome(Status.FAIL, "FER-B-05"), outcome(Status.PASS)], [DEVIATION])
    assert judgement.verdict == "pass"
    assert (judgement.counts.fail, judgement.counts.declared) == (1, 1)


def test_an_undeclared_failure_beside_a_declared_one_fails():
    outcomes = [outcome(Status.FAIL, "FER-B-05"), outcome(Status.FAIL, "FER-B-06")]
    assert judge(["FER-B-05", "FER-B-06"], outcomes, [DEVIATION]).verdict == "fail"


@pytest.mark.parametrize("status", [Status.PASS, Status.INCONCLUSIVE, Status.NOT_EVALUATED])
def test_a_deviation_whose_clause_does_not_fail_is_a_failure(status):
    judgement = judge(["FER-B-05"], [outcome(status, "FER-B-05")], [DEVIATION])
    assert judgement.verdict == "fail"
    assert judgement.outcomes[-1].check == "deviations[FER-B-05]"


@pytest.mark.parametrize("clause", ["FER-B-09", "FER-B-10"])
def test_a_model_that_fails_these_proves_nothing_whatever_is_declared(clause):
    declared = Deviation(clause=clause, category="unsupported", reason="it looks pictures up")
    judgement = judge([clause], [outcome(Status.FAIL, clause)], [declared])
    assert (judgement.verdict, judgement.counts.declared) == ("fail", 0)


def test_a_deviation_that_matches_nothing_is_a_failure():
    assert judge(["FER-B-01"], [outcome(Status.PASS)], [DEVIATION]).verdict == "fail"
