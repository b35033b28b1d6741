"""Ambiguous logs: the Keras version, the epoch of a logged rate, and the reason for a rising rate."""

import math
from dataclasses import replace

import numpy as np
import pytest

from ferspec.checks.generator import checks_for_log
from ferspec.checks.run.schedule.notes import schedule_notes
from ferspec.checks.run.schedule.rounded_losses import rounding_of
from ferspec.outcomes import CheckResult
from ferspec.subjects.runs.logs.phases import LoggedPhase
from helpers.made.logs import FALLING, LOSSES, trained, trained_by_keras_2
from mutants.runs import DIVERGED, cut, head, run, warmed_up, whole

NAN, INF = math.nan, math.inf
# an improvement of 1.00017e-4, which is one of min_delta in double precision alone
EDGE = [1.0] * 5 + [float(np.float32(0.99989998))] * 30
BEGINNINGS = {
    "no number throughout": [NAN] * 40,
    "infinite throughout": [INF] * 40,
    "no number in the first epoch": [NAN, *LOSSES],
    "no number in twelve epochs": [NAN] * 12 + LOSSES,
    "infinite, then no number, then losses": DIVERGED,
    "no number in the middle": [*FALLING, NAN, *LOSSES],
    "an improvement that float32 does not see": EDGE,
    "ordinary losses": LOSSES,
}


def finding(clause: str, subject) -> CheckResult:
    (check,) = (check for check in checks_for_log() if check.clause == clause)
    return check.run(subject)


# Keras 2 and Keras 3


@pytest.mark.parametrize("losses", BEGINNINGS.values(), ids=BEGINNINGS)
@pytest.mark.parametrize("keras", [trained, trained_by_keras_2], ids=["Keras 3", "Keras 2"])
def test_logs_of_both_keras_versions_follow_the_protocol(losses, keras):
    subject = run(keras(losses), finished=True)
    assert finding("FER-S-03", subject).status == "pass"
    assert finding("FER-S-05", subject).status == "pass"


@pytest.mark.parametrize("beginning", ["no number throughout", "no number in the first epoch"])
def test_keras_versions_differ_if_the_first_losses_are_nan(beginning):
    losses = BEGINNINGS[beginning]
    assert trained(losses).rate != trained_by_keras_2(losses).rate
    assert len(trained(losses)) != len(trained_by_keras_2(losses))


@pytest.mark.parametrize("beginning", [name for name in BEGINNINGS if "throughout" not in name])
@pytest.mark.parametrize("patience", [9, 11])
def test_a_wrong_patience_fits_neither_keras_version_and_is_named(beginning, patience):
    found = finding("FER-S-03", run(trained_by_keras_2(BEGINNINGS[beginning], patience=patience)))
    assert found.status == "fail"
    assert f"a patience of {patience}" in found.likely


@pytest.mark.parametrize("stopping", [18, 21])
def test_another_last_epoch_fits_neither_keras_version(stopping):
    subject = run(trained_by_keras_2(DIVERGED, stopping=stopping), finished=True)
    assert finding("FER-S-05", subject).status == "fail"


# Whose rate an epoch is logged with

# the loss is lowest in epoch 14, and sixteen epochs of waiting have one reduction
ONCE = [*FALLING, *(FALLING[-1] + 0.01 * epoch for epoch in range(1, 17))]


def on_tensorboard(losses=LOSSES, patience=10, rates_of_next=False):
    return run(trained(losses, plateau={"patience": patience}, rates_of_next=rates_of_next), rates_of_next=True)


@pytest.mark.parametrize(("patience", "rates_of_next"), [(9, False), (10, True), (10, False), (11, True)])
def test_one_reduction_does_not_determine_the_patience_if_the_rate_may_be_that_of_the_next_epoch(
    patience, rates_of_next
):
    found = finding("FER-S-03", on_tensorboard(ONCE, patience, rates_of_next))
    assert found.status == "inconclusive"
    other = 9 if (patience, rates_of_next) in ((9, False), (10, True)) else 11
    assert f"a patience of 10 if epochs are logged with {'the rate of the next' if other == 9 else 'their'}" in (
        found.message
    )
    assert f"or of {other} if epochs are logged with {'their' if other == 9 else 'the rate of the next'}" in (
        found.message
    )


@pytest.mark.parametrize(("patience", "rates_of_next"), [(8, False), (9, True), (11, False), (12, True)])
def test_a_patience_that_fits_neither_way_of_logging_fails(patience, rates_of_next):
    assert finding("FER-S-03", on_tensorboard(ONCE, patience, rates_of_next)).status == "fail"


@pytest.mark.parametrize(
    ("patience", "rates_of_next", "status"),
    [(9, False, "fail"), (10, True, "pass"), (10, False, "pass"), (11, True, "fail")],
)
def test_two_reductions_in_a_plateau_determine_the_patience(patience, rates_of_next, status):
    assert finding("FER-S-03", on_tensorboard(LOSSES, patience, rates_of_next)).status == status


def test_one_phase_determines_the_patience_of_all():
    once, twice = trained(ONCE, rates_of_next=True), trained(rates_of_next=True)
    assert finding("FER-S-03", run(once, twice, rates_of_next=True)).status == "pass"


def test_a_log_of_the_rate_of_each_epoch_determines_the_patience():
    assert finding("FER-S-03", run(trained(ONCE))).status == "pass"
    assert finding("FER-S-03", run(trained(ONCE, plateau={"patience": 9}))).status == "fail"


# Rates that rise


def test_a_rate_that_rises_while_epochs_are_counted_up_is_not_a_restart():
    found = finding("FER-S-07", run(*warmed_up(), weights="scratch"))
    assert (found.status, found.observed) == ("fail", "3 phases")
    assert "a warm-up" in found.likely


def test_an_attempt_of_one_epoch_before_a_restart_is_not_a_phase():
    found = finding("FER-S-07", run(head(1), whole(), weights="scratch"))
    assert (found.status, found.observed) == ("pass", "1 phase, after 1 that were aborted and restarted")


def test_a_possible_warm_up_is_noted_for_all_initial_weights():
    notes = [note for note in schedule_notes(run(*warmed_up())) if "warm-up" in note]
    assert [note.partition(" while")[0] for note in notes] == [
        "the rate rises in epoch 1",
        "the rate rises in epoch 2",
    ]
    second = replace(whole(), epochs=tuple(20 + epoch for epoch in whole().epochs))
    lowered = replace(cut(head(20), 0, None), rate=(1e-4,) * 15 + (5e-5,) * 5)
    assert not [note for note in schedule_notes(run(lowered, second)) if "warm-up" in note]


# Whole losses


@pytest.mark.parametrize("loss", [1e308, 2.0**24 + 2, 300_000.03125, 1e6])
def test_losses_with_all_digits_of_float32_are_not_taken_for_rounded(loss):
    assert rounding_of(LoggedPhase((0, 1), val_loss=(loss, loss))) == 0.0


def test_a_rate_that_is_never_lowered_fails_for_losses_of_any_size():
    never = LoggedPhase(tuple(range(40)), val_loss=(1e308,) * 40, rate=(1e-4,) * 40)
    assert finding("FER-S-03", run(never)).status == "fail"
    assert finding("FER-S-05", run(never)).status == "fail"


@pytest.mark.parametrize(("losses", "step"), [([1234.5, 1200.0], 0.1), ([1.25, 1.5], 0.01), ([2.0, 1.0], 0.1)])
def test_losses_with_fewer_digits_than_float32_are_taken_for_rounded(losses, step):
    assert rounding_of(LoggedPhase((0, 1), val_loss=tuple(losses))) == pytest.approx(step)
