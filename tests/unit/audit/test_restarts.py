"""Phases whose epochs continue the numbers of the phase before, and logs that show almost nothing."""

from dataclasses import replace

import pytest

import ferspec
from ferspec.checks.run.schedule.notes import schedule_notes
from ferspec.checks.run.schedule.restarts import with_restarts
from ferspec.subjects.runs.logs.phases import LoggedPhase
from helpers.made.logs import FALLING, HEAD, trained, write_log
from helpers.made.trainers import METRICS, numbered_on
from mutants.runs import cut, head, run, whole


def joined(*phases: LoggedPhase) -> LoggedPhase:
    """Return phases as one whose epochs are numbered throughout."""
    figures = {name: sum((getattr(phase, name) for phase in phases), ()) for name in METRICS.values()}
    return LoggedPhase(tuple(range(sum(map(len, phases)))), **figures)


def audited(tmp_path, *phases: LoggedPhase, weights="imagenet"):
    (tmp_path / "log.csv").write_text(numbered_on(phases))
    (found,) = ferspec.audit(tmp_path / "log.csv", weights=weights).runs
    return found, {outcome.clause: outcome for outcome in found.judgement.outcomes}


def test_a_second_phase_at_a_lower_rate_is_found_by_replay(tmp_path):
    found, outcomes = audited(tmp_path, head(20), trained(rate=1e-5))
    assert (found.judgement.verdict, [len(phase) for phase in found.run.phases]) == ("pass", [20, 67])
    assert outcomes["FER-S-07"].observed == "2 phases"
    assert outcomes["FER-S-08"].observed == "20 epochs"


def test_a_second_phase_at_the_same_rate_fails_nothing_and_is_named(tmp_path):
    """Its losses rise to those of the untrained network, so that one phase would have reduced the rate."""
    found, _ = audited(tmp_path, trained(HEAD[:20]), trained([3.0, *FALLING, *[1.4] * 40]))
    assert found.judgement.verdict in ("pass", "inconclusive")
    assert found.judgement.verdict == "pass" or "20" in found.reason


def test_where_one_phase_and_two_replay_both_are_named(tmp_path):
    """The losses fall throughout, so that nothing shows whether the counters began again."""
    found, outcomes = audited(tmp_path, head(20), trained([1.9 - 0.01 * epoch for epoch in range(30)] + [1.7] * 40))
    assert found.judgement.verdict == "inconclusive"
    assert outcomes["FER-S-07"].message.startswith("1 phase, or a second one begins with epoch ")
    assert "20" in outcomes["FER-S-07"].message


def test_a_network_from_scratch_is_read_as_one_phase_where_that_replays(tmp_path):
    found, outcomes = audited(tmp_path, whole(), weights="scratch")
    assert (found.judgement.verdict, outcomes["FER-S-07"].status) == ("pass", "pass")


def test_two_phases_from_scratch_fail_although_they_are_numbered_throughout(tmp_path):
    _, outcomes = audited(tmp_path, whole(), trained(rate=1e-5), weights="scratch")
    assert (outcomes["FER-S-03"].status, outcomes["FER-S-07"].status) == ("pass", "fail")
    assert "it begins with epoch 67" in outcomes["FER-S-07"].likely


@pytest.mark.parametrize("rule", [{"patience": 9}, {"patience": 11}, {"factor": 0.1}, {"cooldown": 3}], ids=str)
def test_a_wrong_rule_is_not_excused_by_a_second_phase(tmp_path, rule):
    _, outcomes = audited(tmp_path, trained(plateau=rule))
    assert outcomes["FER-S-03"].status == "fail"


def test_a_rate_that_is_never_reduced_is_not_divided_into_phases():
    never = replace(joined(cut(whole(), 0, 60)), rate=(1e-4,) * 60, val_loss=(1.5,) * 60)
    assert with_restarts(run(never, weights="imagenet")).phases == (never,)


@pytest.mark.parametrize("weights", [None, "imagenet"])
def test_a_log_that_numbers_its_phases_is_not_searched(weights):
    named = run(joined(head(20), trained(rate=1e-5)), weights=weights, phases_named=True)
    assert with_restarts(named) is named


def test_a_single_phase_of_the_length_of_a_first_one_names_that_reason(tmp_path):
    _, outcomes = audited(tmp_path, head(20))
    reason = "the only phase has 20 epochs, the length of a first phase: the second is not logged"
    assert outcomes["FER-S-07"].message == reason
    assert reason in outcomes["FER-S-05"].message
    assert "interrupted in its first phase" in audited(tmp_path, head(12))[1]["FER-S-07"].message


# Almost nothing to judge


@pytest.mark.parametrize(
    "phase", [replace(whole(), val_loss=None), cut(whole(), 0, 2)], ids=["no losses", "two epochs"]
)
def test_a_log_that_shows_nothing_of_the_schedule_does_not_pass(tmp_path, phase):
    log = write_log(tmp_path / "log.csv", [phase]) if phase.val_loss else tmp_path / "log.csv"
    if not phase.val_loss:
        rows = (f"{epoch},0.5,1e-4,1.5" for epoch in phase.epochs)
        log.write_text("\n".join(["epoch,accuracy,lr,loss", *rows, ""]))
    audit = ferspec.audit(log, weights="scratch")
    assert (audit.verdict, audit.runs[0].judgement.verdict) == ("not_evaluated", "not_evaluated")
    assert {outcome.clause for outcome in audit.outcomes if outcome.status == "pass"} >= {"FER-S-02", "FER-S-07"}
    assert audit.runs[0].reason.startswith("nothing of the schedule was seen: ")


def test_a_run_that_shows_nothing_does_not_decide_for_others(tmp_path):
    logs = [write_log(tmp_path / "a.csv", [whole()]), write_log(tmp_path / "b.csv", [cut(whole(), 0, 2)])]
    audit = ferspec.audit(logs, weights="scratch")
    assert (audit.verdict, [one.judgement.verdict for one in audit.runs]) == ("pass", ["pass", "not_evaluated"])


# Made-up curves


@pytest.mark.parametrize(("noise", "noted"), [(0.0, True), (0.01, False)])
def test_validation_losses_that_are_a_multiple_of_those_of_training_are_noted(noise, noted):
    phase = whole()
    losses = tuple(1.0752 * loss + noise * (place % 3) for place, loss in enumerate(phase.loss))
    notes = [
        note for note in schedule_notes(run(replace(phase, val_loss=losses))) if "times the training losses" in note
    ]
    assert bool(notes) == noted
    assert not noted or "are 1.075 times the training losses in every epoch" in notes[0]
