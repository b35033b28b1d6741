"""The logs of the published runs follow the schedule and no other (FER-S)."""

import re
from collections import Counter
from typing import NamedTuple

import pytest

from ferspec import spec
from ferspec.checks.implementation.answers.explain import near
from ferspec.checks.implementation.schedule.mistakes import IMPROVEMENTS, RATES, STOPS
from ferspec.checks.implementation.schedule.witness import rates
from ferspec.reference.schedule import replay
from ferspec.subjects.runs.logs.phases import LoggedPhase
from ferspec.subjects.runs.logs.training_log import read_training_log

SAME = near(relative=1e-6)
NEVER_STOPPED = {
    "sequential-1-224-fer2013-simple": 200,  # a round number of epochs: the limit given to fit
    "sequential-1-48-fer2013-simple": 50,  # likewise, and without the plateau rule
}
BEYOND_THE_STOP = [("sequential-1-48-affectnet-simple", 0)]  # 130 epochs without the plateau rule, 51 after the stop
PRE_TRAINED = re.compile(
    r"densenet|vgg16-(imagenet|vggface)|vgg19|mobi|efficientnet(?!-multitask)|nasnet|resnet50|senet|xception|inception"
)
# what no log can tell from the schedule
UNSEEN_RATES = {
    "a fall by exactly min_delta counts: it is compared by <=",
    "min_delta is relative to the loss, as in PyTorch",
    "reductions by less than 1e-8 are skipped, as in PyTorch",
    "the best loss is 10 before the first epoch",
    "the minimum rate is 1e-8",
    "the minimum rate is not applied",
}
UNSEEN_STOPS = {
    "equal losses are taken for improvements",
    "the best loss is 10 before the first epoch",
    "training always stops after the last epoch",
    "training stops 20 epochs after the best of all",
}


class Logged(NamedTuple):
    name: str
    phase: int
    count: int
    figures: LoggedPhase

    @property
    def is_last(self) -> bool:
        return self.phase == self.count - 1

    @property
    def stop(self) -> int | None:
        return replay(self.figures.val_loss, 1e-4).stop


@pytest.fixture(scope="module")
def logged(reference) -> list[Logged]:
    paths = sorted((reference / "training_logs").glob("*.csv"))
    logs = [(path.stem, read_training_log(path).phases) for path in paths]
    return [Logged(name, place, len(phases), phase) for name, phases in logs for place, phase in enumerate(phases)]


@pytest.fixture(scope="module")
def rated(logged) -> list[Logged]:
    return [phase for phase in logged if phase.figures.rate]


def follows(phase: Logged, rule, monitor: str = "val_loss", sign: int = 1) -> bool:
    values = [sign * value for value in getattr(phase.figures, monitor)]
    return SAME(rule(values, phase.figures.rate[0]), phase.figures.rate)


def test_the_logs_have_as_many_phases_as_epochs_that_are_0(logged, rated):
    """Counted in the raw lines: 223 of the lines of the 124 files begin with a 0, and 221 of these have a rate."""
    assert len({phase.name for phase in logged}) == 124
    assert (len(logged), len(rated)) == (223, 221)
    assert all(phase.figures.epochs == tuple(range(len(phase.figures))) for phase in logged)


def test_the_first_rates_of_the_logged_phases_are_those_of_fer_s_02(rated):
    first = Counter(phase.figures.rate[0] for phase in rated)
    assert first == {1e-4: 180, 1e-5: 18, 1e-3: 16, 1e-6: 4, 5e-5: 2, 2.5e-5: 1}
    assert set(spec.load().value("FER-S-02", "initial_rates")) == {rate for rate, _ in first.most_common(3)}


def test_every_logged_rate_is_that_of_the_rule_in_miniature(rated):
    assert [phase[:2] for phase in rated if not follows(phase, rates())] == []


def test_the_logs_follow_no_wrong_rule_that_they_could_show(rated):
    rules = RATES | IMPROVEMENTS
    assert {cause for cause, rule in rules.items() if all(follows(phase, rule) for phase in rated)} == UNSEEN_RATES


@pytest.mark.parametrize(("monitor", "sign"), [("val_accuracy", -1), ("loss", 1), ("accuracy", -1)])
def test_the_logs_do_not_follow_another_metric_than_the_validation_loss(rated, monitor, sign):
    assert sum(not follows(phase, rates(), monitor, sign) for phase in rated) > 0.02 * len(rated)


def test_the_last_phase_of_a_log_ends_with_early_stopping(logged):
    running = {
        phase.name: len(phase.figures) for phase in logged if phase.is_last and phase.stop != len(phase.figures) - 1
    }
    assert running == NEVER_STOPPED
    assert all(phase.stop is None for phase in logged if phase.is_last and phase.name in NEVER_STOPPED)


def test_one_phase_alone_lasts_beyond_early_stopping(logged):
    beyond = [phase[:2] for phase in logged if phase.stop not in (None, len(phase.figures) - 1)]
    assert beyond == BEYOND_THE_STOP


def test_the_logs_stop_by_no_wrong_rule_that_they_could_show(logged):
    last = [phase.figures for phase in logged if phase.is_last and phase.name not in NEVER_STOPPED]
    ends = {cause: all(stop(list(phase.val_loss)) == len(phase) - 1 for phase in last) for cause, stop in STOPS.items()}
    assert {cause for cause, fits in ends.items() if fits} == UNSEEN_STOPS


def test_the_first_phases_of_the_logs_are_as_long_as_fer_s_08_says(logged):
    """Of pre-trained networks with two phases or more; a single epoch is a trial that was broken off.

    Lengths that the clause does not list are those of phases that early stopping or a hand ended.
    """
    first: dict[str, int] = {}
    for phase in logged:
        if PRE_TRAINED.match(phase.name) and not phase.is_last and len(phase.figures) > 1:
            first.setdefault(phase.name, len(phase.figures))
    lengths = Counter(first.values())
    assert lengths == {20: 15, 15: 10, 30: 9, 40: 5, 10: 3, 26: 3, 28: 2, 8: 1, 9: 1, 13: 1, 61: 1}
    released = spec.load().value("FER-S-08", "frozen_epochs")
    assert list(released) == sorted(released, key=lambda length: -lengths[length])
    small = {length for name, length in first.items() if "-48-" in name}
    large = {length for name, length in first.items() if "-224-" in name}
    assert {30, 40} <= small - large
    assert {15, 10, 8} <= large - small
