"""Audits of training runs: deviating, interrupted and incomplete ones."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ferspec
from ferspec.checks.generator import checks_for_log
from ferspec.checks.run.schedule.alternatives import with_cooldown
from ferspec.errors import UserError
from ferspec.outcomes import CheckResult
from ferspec.reference.schedule import PlateauRule
from ferspec.report.audit_page import draw
from ferspec.subjects.runs.logs.phases import LoggedPhase
from helpers.made.logs import FALLING, HEAD, LOSSES, trained, write_log
from mutants.runs import cut, head, run, whole


def finding(clause: str, subject) -> CheckResult:
    (check,) = (check for check in checks_for_log() if check.clause == clause)
    return check.run(subject)


def statuses(subject) -> dict[str, str]:
    return {check.clause: check.run(subject).status for check in checks_for_log()}


def without(phase: LoggedPhase, *figures: str) -> LoggedPhase:
    return replace(phase, **dict.fromkeys(figures))


def in_two_pieces(phase: LoggedPhase, lost: int) -> tuple[LoggedPhase, LoggedPhase]:
    """The phase as it is read where the line of one epoch is lost."""
    return cut(phase, 0, lost), cut(phase, lost + 1, None)


def test_a_run_by_the_protocol_passes_every_check_of_its_logged_values():
    audited = run(head(20), whole(), weights="imagenet")
    found = statuses(audited)
    assert found.pop("FER-S-06") == "not_evaluated"
    assert set(found.values()) == {"pass"}


def test_a_value_that_is_not_logged_is_not_evaluated_with_the_reason():
    phase = without(whole(), "rate", "val_accuracy")
    subject = run(phase)
    found = {clause: finding(clause, subject) for clause in statuses(subject)}
    assert {clause for clause, outcome in found.items() if outcome.status != "not_evaluated"} == {"FER-S-05"}
    assert found["FER-S-02"].message == found["FER-S-03"].message == "no learning rate is logged"
    assert found["FER-S-06"].message == "no validation accuracy is logged"
    assert "--weights" in found["FER-S-07"].message


@pytest.mark.parametrize("lost", [5, 20, 24, 25, 30, 46, 60])
def test_a_line_lost_in_the_middle_fails_nothing(lost):
    subject = run(head(20), *in_two_pieces(whole(), lost), weights="imagenet", finished=True)
    assert "fail" not in statuses(subject).values()
    assert finding("FER-S-05", subject).status == finding("FER-S-08", subject).status == "not_evaluated"


def test_a_departure_before_a_lost_line_is_found():
    phase = trained(plateau={"patience": 9})
    assert finding("FER-S-03", run(*in_two_pieces(phase, 40))).status == "fail"


@pytest.mark.parametrize("epochs", [1, 5, 24, 45, 60])
def test_an_interrupted_run_fails_nothing(epochs):
    found = statuses(run(head(20), cut(whole(), 0, epochs), weights="imagenet"))
    assert "fail" not in found.values()
    assert found["FER-S-05"] == "not_evaluated"


@pytest.mark.parametrize(("finished", "status"), [(None, "inconclusive"), (True, "fail")])
def test_an_end_one_epoch_early_is_a_failure_only_of_a_run_known_to_be_finished(finished, status):
    subject = run(cut(whole(), 0, len(whole()) - 1), finished=finished)
    assert finding("FER-S-05", subject).status == status


def test_an_end_where_another_rule_ends_it_is_inconclusive_for_it_may_be_an_interruption():
    found = finding("FER-S-05", run(trained(stopping={"monitor": "val_accuracy", "mode": "max"})))
    assert found.status == "inconclusive"
    assert "val_accuracy monitored instead of val_loss" in found.message


@pytest.mark.parametrize("patience", [10, 15, 19])
def test_an_end_after_another_known_patience_is_inconclusive(patience):
    stopped = trained([*FALLING, *[1.4] * 40], stopping={"patience": patience})
    for phases in ([stopped], [head(20), stopped], [stopped, stopped]):
        found = finding("FER-S-05", run(*phases))
        assert found.status == "inconclusive"
        assert f"interrupted, or stopped by a patience of {patience}" in found.message


def test_phases_that_end_after_different_waits_show_no_other_patience():
    ends = [trained([*FALLING, *[1.4] * 40], stopping={"patience": patience}) for patience in (10, 15)]
    assert finding("FER-S-05", run(*ends)).status == "not_evaluated"


@pytest.mark.parametrize("rule", [{}, {"plateau": {"patience": 9}}, {"stopping": {"patience": 25}}], ids=str)
def test_epochs_without_validation_count_for_no_rule(rule):
    """Keras calls both callbacks in every epoch; without a validation loss they leave all as it is."""
    phase = trained(LOSSES, every=2, **rule)
    assert len(phase.unvalidated) == pytest.approx(len(phase) / 2, abs=1)
    found = statuses(run(phase, finished=True))
    assert found["FER-S-03"] == ("fail" if "plateau" in rule else "pass")
    assert found["FER-S-05"] == ("fail" if "stopping" in rule else "pass")
    if "plateau" in rule:
        assert "a patience of 9" in finding("FER-S-03", run(phase)).likely


def test_too_few_epochs_for_a_reduction_show_no_rule():
    found = finding("FER-S-03", run(head(30)))
    assert (found.status, found.message) == (
        "not_evaluated",
        "1 phase without any reduction: too few epochs to show the rule",
    )


def test_a_reduction_that_no_loss_explains_is_a_departure_however_short_the_run():
    phase = head(8)
    falls = replace(phase, rate=(*phase.rate[:5], *(rate / 2 for rate in phase.rate[5:])))
    found = finding("FER-S-03", run(falls))
    assert (found.status, found.message) == ("fail", "phase 1, epoch 5")


def test_rates_that_are_not_numbers_are_not_replayed():
    phase = replace(whole(), rate=(math.nan, *whole().rate[1:]))
    assert finding("FER-S-03", run(phase)).status == "not_evaluated"
    assert finding("FER-S-02", run(phase)).status == "not_evaluated"


def test_a_departure_that_rounded_losses_may_explain_is_inconclusive():
    """An improvement of 0.00013 in the ninth epoch of waiting counts; rounded to three decimals it does not."""
    losses = [*FALLING, *[1.302] * 8, 1.3 - 0.00013, *[1.302] * 11]
    phase = trained(losses)
    assert [rate for rate in phase.rate if rate < 6e-5] == [phase.rate[-1]]
    shown = replace(phase, val_loss=tuple(round(loss, 3) for loss in phase.val_loss))
    assert finding("FER-S-03", run(phase)).status == "pass"
    assert finding("FER-S-03", run(shown)).status == "inconclusive"


def noisy(rng: np.random.Generator) -> list[float]:
    """Validation losses that fall, rise again, and vary about that by chance."""
    epochs = np.arange(150)
    course = 1 + rng.uniform(0.2, 1.5) * np.exp(-epochs / rng.uniform(3, 25)) + 0.002 * np.maximum(epochs - 30, 0)
    return (course + rng.normal(0, 10 ** rng.uniform(-4, -1.5), 150)).tolist()


def rounded(phase: LoggedPhase, decimals: int) -> LoggedPhase:
    return replace(phase, val_loss=tuple(round(loss, decimals) for loss in phase.val_loss))


@pytest.mark.parametrize("decimals", [2, 3, 4])
def test_rounded_losses_fail_no_right_training(decimals):
    rng = np.random.default_rng(3)
    found = [statuses(run(rounded(trained(noisy(rng)), decimals), finished=True)) for _ in range(12)]
    assert not [clauses for clauses in found if "fail" in clauses.values()]
    assert decimals < 4 or sum(clauses["FER-S-03"] == clauses["FER-S-05"] == "pass" for clauses in found) > 6


@pytest.mark.parametrize(
    ("clause", "rule"),
    [
        ("FER-S-03", {"plateau": {"patience": 9}}),
        ("FER-S-03", {"plateau": {"patience": 11}}),
        ("FER-S-03", {"plateau": {"factor": 0.25}}),
        ("FER-S-05", {"stopping": {"patience": 15}}),
        ("FER-S-05", {"stopping": {"patience": 30}}),
    ],
    ids=str,
)
def test_a_wrong_rule_is_seen_in_losses_of_four_decimals(clause, rule):
    rng = np.random.default_rng(4)
    phases = [rounded(trained(noisy(rng), **rule), 4) for _ in range(6)]
    assert [finding(clause, run(phase, finished=True)).status for phase in phases] == ["fail"] * 6


def test_a_departure_that_rounding_explains_does_not_hide_another():
    """The first phase may depart by rounding, the second is reduced after seven epochs."""
    unclear = trained([*FALLING, *[1.302] * 8, 1.3 - 0.00013, *[1.302] * 11])
    definite = trained([*FALLING, *[1.302] * 40], plateau={"patience": 7})
    found = finding("FER-S-03", run(rounded(unclear, 3), definite))
    assert (found.status, found.message) == ("fail", "phase 2, epoch 22")


def test_an_overlong_phase_that_rounding_explains_does_not_hide_another():
    """In the first phase, the last epoch of waiting improves by what rounding takes away."""
    unclear = trained([*FALLING, *[1.302] * 19, 1.3 - 0.0001, *[1.302] * 20])
    definite = trained([*FALLING, *[1.302] * 40], stopping={"patience": 25})
    assert finding("FER-S-05", run(unclear)).status == "pass"
    assert finding("FER-S-05", run(rounded(unclear, 3))).status == "inconclusive"
    found = finding("FER-S-05", run(rounded(unclear, 3), definite))
    assert (found.status, found.observed) == ("fail", "phase 2 continues to epoch 39")


def test_rounded_losses_do_not_excuse_everything():
    losses = [*FALLING, *[1.302] * 40]
    assert finding("FER-S-03", run(trained(losses, plateau={"patience": 7}))).status == "fail"


@pytest.mark.parametrize(
    ("rule", "likely"),
    [
        ({"patience": 9}, "a patience of 9"),
        ({"patience": 12}, "a patience of 12"),
        ({"factor": 0.2}, "a factor of 0.2"),
        ({"factor": 0.6}, "a factor of 0.6"),
        ({"cooldown": 3}, "a cooldown of 3 epochs"),
        ({"monitor": "val_accuracy", "mode": "max"}, "val_accuracy monitored instead of val_loss"),
        ({"patience": 1000}, "the rate is never reduced"),
        ({"patience": 8, "min_delta": 0.0}, "a patience of 8 and a min_delta of 0"),
    ],
)
def test_the_likely_cause_is_the_rule_that_was_set(rule, likely):
    assert likely in finding("FER-S-03", run(trained(plateau=rule))).likely


def test_another_min_delta_fails_only_its_own_clause():
    subject = run(trained(plateau={"min_delta": 0.0}))
    assert (finding("FER-S-03", subject).status, finding("FER-S-04", subject).status) == ("pass", "fail")
    assert finding("FER-S-04", subject).likely == "a min_delta of 0"


def test_a_wrong_patience_does_not_fail_the_min_delta_clause():
    assert finding("FER-S-04", run(trained(plateau={"patience": 9}))).status == "not_evaluated"


def test_min_delta_is_not_evaluated_where_rates_would_be_the_same_without_it():
    steps = [*FALLING, *(1.4 + 0.01 * epoch for epoch in range(20))]
    found = finding("FER-S-04", run(trained(steps)))
    assert (found.status, "do not show the rule" in found.message) == ("not_evaluated", True)


@pytest.mark.parametrize("cooldown", [0, 1, 2, 3, 5, 10])
def test_the_rule_with_a_cooldown_is_that_of_keras(cooldown):
    phase = trained(plateau={"cooldown": cooldown})
    assert with_cooldown(PlateauRule.of(), cooldown, phase.val_loss, 1e-4) == pytest.approx(phase.rate, rel=1e-6)


def test_a_second_phase_at_the_last_rate_of_the_first_is_explained():
    second = trained(rate=2.5e-5)
    first = trained(LOSSES, stopping={"patience": 19})
    assert first.rate[-1] == pytest.approx(1.25e-5)
    found = finding("FER-S-02", run(cut(first, 0, 45), second))
    assert found.observed == "phase 2 starts at 2.5e-05"
    assert "not reset" in found.likely


def test_a_second_phase_at_a_rate_lowered_in_the_last_epoch_was_not_reset():
    """The rate falls for the next epoch in the very last one, so that the phase itself does not log it."""
    first = cut(trained(), 0, 25)
    assert set(first.rate) == {first.rate[0]}
    assert "not reset" in finding("FER-S-02", run(first, trained(rate=5e-5))).likely


def test_a_declared_cap_does_not_fail():
    found = statuses(run(head(5), head(5), weights="imagenet", finished=True, capped=True))
    assert (found["FER-S-05"], found["FER-S-08"]) == ("not_evaluated", "not_evaluated")


def test_a_first_phase_may_end_by_early_stopping():
    stopped = trained([*HEAD[:5], *([3.0] * 30)])
    assert len(stopped) == 25
    assert finding("FER-S-08", run(stopped, whole(), weights="vggface")).status == "pass"


def test_an_unfinished_run_from_imagenet_may_still_be_in_its_first_phase():
    subject = run(head(12), weights="imagenet")
    assert finding("FER-S-07", subject).status == "not_evaluated"
    assert finding("FER-S-07", replace(subject, finished=True)).status == "fail"


WEIRD = st.sampled_from(["nan", "NA", "inf", "-inf", "1e308", "-1", "0", "1e-320", "0.5", "1e-04", "5e-05", "2.0", ""])


@given(rows=st.lists(st.tuples(st.integers(0, 3), *[WEIRD] * 5), min_size=1, max_size=30))
@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_values_crash_the_audit(tmp_path, rows):
    path = tmp_path / "weird.csv"
    lines = ["epoch,accuracy,loss,lr,val_accuracy,val_loss", "0,0.5,2.0,1e-04,0.5,1.5"]
    lines += [",".join([str(place + jump), *figures]) for place, (jump, *figures) in enumerate(rows, start=1)]
    path.write_text("\n".join([*lines, ""]))
    audit = ferspec.audit(path, weights="imagenet", reported=0.5)
    assert audit.counts.planned == 7
    assert json.dumps(audit.document(), allow_nan=False)
    assert draw(audit.runs[0]) is not None


# The Python interface


@pytest.fixture
def log(tmp_path):
    return write_log(tmp_path / "training.csv", [head(20), whole()])


def test_the_interface_judges_files_and_counts(log):
    audit = ferspec.audit(log, weights="imagenet")
    assert (audit.verdict, audit.phases, audit.rated, audit.replayed) == ("pass", 2, 2, 2)
    assert audit.counts.planned == len(audit.outcomes) == 7
    assert audit.runs[0].first_failure == ""


def test_a_file_by_two_paths_is_audited_once(log):
    (log.parent / "sub").mkdir()
    other_path = log.parent / "sub" / ".." / log.name
    assert [audited.run.path for audited in ferspec.audit([log, other_path]).runs] == [log]


@pytest.mark.parametrize(
    ("reported", "status"),
    [
        ("0.60", "pass"),
        (0.6, "pass"),
        ("0.6", "pass"),
        (0.564, "fail"),
        ("0.58", "fail"),
        ("0.83", "inconclusive"),
        ("1", "inconclusive"),
        ("8e-1", "inconclusive"),
        ("6e-1", "pass"),
    ],
)
def test_the_reported_accuracy_is_compared_with_the_logged_epochs(log, reported, status):
    audit = ferspec.audit(log, reported=reported, select="FER-S-06")
    assert [outcome.status for outcome in audit.outcomes] == [status]
    unreached = any("no logged epoch reached" in note for note in audit.runs[0].notes)
    assert unreached == (status == "inconclusive")


@pytest.mark.parametrize("reported", ["83", "-0.1", "much", "nan", "1e-99999999999999999999"])
def test_an_invalid_accuracy_is_refused(log, reported):
    with pytest.raises(UserError, match="a number from 0 to 1"):
        ferspec.audit(log, reported=reported)


def test_a_deviation_may_cover_failures_of_only_some_runs(tmp_path, log):
    other = write_log(tmp_path / "other.csv", [head(100), whole()])
    declared = tmp_path / "deviations.toml"
    declared.write_text('[[deviation]]\nclause = "FER-S-08"\ncategory = "future"\nreason = "longer"\n')
    audit = ferspec.audit([log, other], weights="imagenet", deviations=declared)
    assert (audit.verdict, audit.counts.declared, audit.outside) == ("pass", 1, ())
    assert ferspec.audit(other, weights="imagenet").verdict == "fail"


def test_a_deviation_that_covers_nothing_is_a_failure(tmp_path, log):
    declared = tmp_path / "deviations.toml"
    declared.write_text('[[deviation]]\nclause = "FER-S-03"\ncategory = "future"\nreason = "none"\n')
    audit = ferspec.audit(log, deviations=declared)
    assert audit.verdict == "fail"
    assert [outcome.check for outcome in audit.outside] == ["deviations[FER-S-03]"]


def test_a_selection_of_nothing_is_refused(log):
    with pytest.raises(UserError, match="no check's id contains 'FER-W'"):
        ferspec.audit(log, select="FER-W")
