"""FER-S: the learning rate of every epoch, and when training stops.

Keras' own callbacks and the logs of the published runs are both held to the schedule; wrong schedules fail at either.
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ferspec import spec
from ferspec.reference.schedule import (
    PlateauRule,
    StoppingRule,
    next_step,
    replay,
)
from ferspec.subjects.runs.logs.csv_logger import LoggedPhase, read_training_log

NAN = math.nan
# paper 4.2, and the defaults of Keras where it is silent
PLATEAU = {"patience": 10, "factor": 0.5, "min_lr": 1e-10, "min_delta": 1e-4, "cooldown": 0}
STOPPING = {"patience": 20, "min_delta": 0}

Rates = Callable[[Sequence[float], float], Sequence[float]]
Stop = Callable[[Sequence[float]], int | None]


def halvings(*epochs: int, rate: float = 1e-4) -> list[float]:
    """Rates of phases of so many epochs, each half of the one before."""
    return [rate / 2**times for times, count in enumerate(epochs) for _ in range(count)]


class Situation(NamedTuple):
    losses: list[float]
    rates: list[float]
    stop: int | None
    initial_rate: float = 1e-4


SITUATIONS = {
    "nothing improves": Situation([1.0] * 32, halvings(11, 10, 10, 1), 20),
    "every epoch improves": Situation([3.0 - epoch / 20 for epoch in range(40)], halvings(40), None),
    "every epoch improves by too little for the rate": Situation(
        [1.0 - 1e-6 * epoch for epoch in range(32)], halvings(11, 10, 10, 1), None
    ),
    "improvements too little each add up": Situation([1.0 - 4e-5 * epoch for epoch in range(32)], halvings(32), None),
    "an improvement in the tenth epoch of waiting": Situation([1.0] * 10 + [0.9] * 15, halvings(21, 4), None),
    "an improvement in the epoch after a halving": Situation([1.0] * 11 + [0.9] * 15, halvings(11, 11, 4), None),
    "an improvement in the twentieth epoch of waiting": Situation([1.0] * 20 + [0.9] * 21, halvings(11, 20, 10), 40),
    "a loss that is no number improves nothing": Situation([1.0, *[NAN] * 20], halvings(11, 10), 20),
    "nothing improves on a first loss that is no number": Situation([NAN, *[1.0] * 20], halvings(11, 10), 20),
    "the rate stays at its minimum": Situation([1.0] * 31, [1.5e-10] * 11 + [1e-10] * 20, 20, 1.5e-10),
}


def equal(rates: Sequence[float], expected: Sequence[float]) -> bool:
    """Whether rates are the same numbers, which Keras keeps in float32."""
    return np.array_equal(np.float32(rates), np.float32(expected))


def keras_rates(losses: Sequence[float], initial_rate: float, **changed) -> list[float]:
    """The rates that Keras' own ReduceLROnPlateau trains with."""
    import keras

    model = SimpleNamespace(optimizer=keras.optimizers.SGD(initial_rate))
    callback = keras.callbacks.ReduceLROnPlateau(monitor="val_loss", **PLATEAU | changed)
    callback.set_model(model)
    callback.on_train_begin()
    rates = []
    for epoch, loss in enumerate(losses):
        rates.append(float(model.optimizer.learning_rate.numpy()))
        callback.on_epoch_end(epoch, {"val_loss": loss})
    return rates


def keras_stop(losses: Sequence[float], **changed) -> int | None:
    """The epoch after which Keras' own EarlyStopping stops."""
    import keras

    model = SimpleNamespace(stop_training=False)
    callback = keras.callbacks.EarlyStopping(monitor="val_loss", **STOPPING | changed)
    callback.set_model(model)
    callback.on_train_begin()
    for epoch, loss in enumerate(losses):
        callback.on_epoch_end(epoch, {"val_loss": loss})
        if model.stop_training:
            return epoch
    return None


def protocol_rates(losses: Sequence[float], initial_rate: float) -> Sequence[float]:
    return replay(losses, initial_rate).rates


def protocol_stop(losses: Sequence[float]) -> int | None:
    return replay(losses, 1e-4).stop


def plateau_with(**changed) -> Rates:
    rule = replace(PlateauRule.of(), **changed)
    return lambda losses, initial_rate: rule.rates(losses, initial_rate)[:-1]


def stopping_with(**changed) -> Stop:
    return replace(StoppingRule.of(), **changed).stop


def in_every_situation(rates: Rates) -> None:
    for name, situation in SITUATIONS.items():
        assert equal(rates(situation.losses, situation.initial_rate), situation.rates), name


def stops_in_every_situation(stop: Stop) -> None:
    for name, situation in SITUATIONS.items():
        assert stop(situation.losses) == situation.stop, name


# The rule

RIGHT_RATES = {"the reference": protocol_rates, "Keras": keras_rates}
RIGHT_STOPS = {"the reference": protocol_stop, "Keras": keras_stop}
WRONG_RATES = {
    "patience of 9": plateau_with(patience=9),
    "patience of 11": plateau_with(patience=11),
    "factor squared": plateau_with(factor=0.25),
    "factor of a tenth": plateau_with(factor=0.1),
    "any improvement counts": plateau_with(min_delta=0.0),
    "an improvement must be ten times as large": plateau_with(min_delta=1e-3),
    "no minimum": plateau_with(minimum_rate=0.0),
    "cooldown of 2": lambda losses, rate: keras_rates(losses, rate, cooldown=2),
    "highest loss is best": lambda losses, rate: keras_rates(losses, rate, mode="max"),
    "a rate noted one epoch late": lambda losses, rate: [rate, *protocol_rates(losses, rate)[:-1]],
    "never": lambda losses, rate: [rate] * len(losses),
}
WRONG_STOPS = {
    "patience of 19": stopping_with(patience=19),
    "patience of 21": stopping_with(patience=21),
    "small improvements do not count": stopping_with(min_delta=1e-4),
    "highest loss is best": lambda losses: keras_stop(losses, mode="max"),
    "not before epoch 30": lambda losses: keras_stop(losses, start_from_epoch=30),
    "never": lambda losses: None,
}


@pytest.mark.parametrize("rates", RIGHT_RATES.values(), ids=RIGHT_RATES)
def test_the_rate_is_halved_as_said_in_every_situation(rates):
    in_every_situation(rates)


@pytest.mark.parametrize("stop", RIGHT_STOPS.values(), ids=RIGHT_STOPS)
def test_training_stops_as_said_in_every_situation(stop):
    stops_in_every_situation(stop)


@pytest.mark.parametrize("rates", WRONG_RATES.values(), ids=WRONG_RATES)
def test_a_wrong_plateau_rule_is_rejected(rates):
    with pytest.raises(AssertionError):
        in_every_situation(rates)


@pytest.mark.parametrize("stop", WRONG_STOPS.values(), ids=WRONG_STOPS)
def test_a_wrong_stopping_rule_is_rejected(stop):
    with pytest.raises(AssertionError):
        stops_in_every_situation(stop)


# losses on a coarse grid, so that ties and steps of exactly min_delta abound
ON_A_GRID = st.integers(-6, 6).map(lambda steps: 1.0 + steps * 1e-4)
LOSSES = st.lists(ON_A_GRID | st.floats(0.125, 20, width=32) | st.just(NAN), max_size=60) | st.lists(
    st.floats(1.0, 1.0005), min_size=20, max_size=60
)
RATES = st.sampled_from([1e-3, 1e-4, 1e-5, 2.5e-5, 3e-10, 1e-10, 1e-11])


@given(losses=LOSSES, initial_rate=RATES)
@settings(deadline=None, max_examples=60)
@example(losses=[1.0, *[1.0 - 1e-4] * 15], initial_rate=1e-4)
@example(losses=[math.inf, *[1.0] * 15], initial_rate=1e-4)
def test_keras_trains_every_epoch_with_the_rate_of_the_schedule(losses, initial_rate):
    assert equal(keras_rates(losses, initial_rate), replay(losses, initial_rate).rates)


@given(losses=LOSSES)
@settings(deadline=None, max_examples=60)
def test_keras_stops_after_the_epoch_of_the_schedule(losses):
    assert keras_stop(losses) == replay(losses, 1e-4).stop


@given(losses=LOSSES, initial_rate=RATES)
def test_one_epoch_at_a_time_the_schedule_is_the_same(losses, initial_rate):
    whole = replay(losses, initial_rate)
    steps = [next_step(losses[:epochs], initial_rate) for epochs in range(len(losses) + 1)]
    assert tuple(step.rate for step in steps[:-1]) == whole.rates
    assert next((epoch for epoch, step in enumerate(steps[1:]) if step.stop), None) == whole.stop


@given(losses=LOSSES)
def test_training_stops_when_the_patience_left_is_used_up(losses):
    step = next_step(losses, 1e-4)
    if not step.stop and losses:
        worse = [*losses, *[NAN] * step.patience_left]
        assert next_step(worse, 1e-4).stop
        assert not next_step(worse[:-1], 1e-4).stop


def test_before_the_first_epoch_the_rate_is_the_initial_one():
    step = next_step([], 1e-4)
    assert (np.float32(step.rate), step.stop, step.waited, step.patience_left) == (np.float32(1e-4), False, 0, 20)


def test_a_cooldown_of_one_epoch_is_none_in_keras():
    """It ends before the first epoch it could hold up, so that no log can show it."""
    for situation in SITUATIONS.values():
        assert equal(keras_rates(situation.losses, situation.initial_rate, cooldown=1), situation.rates)


# The published runs


class Logged(NamedTuple):
    name: str
    phase: int
    of: int
    figures: LoggedPhase


@pytest.fixture(scope="module")
def logged(reference) -> list[Logged]:
    paths = sorted((reference / "training_logs").glob("*.csv"))
    logs = [(path.stem, read_training_log(path).phases) for path in paths]
    return [Logged(name, place, len(phases), phase) for name, phases in logs for place, phase in enumerate(phases)]


def the_phases_that_log_a_rate(logged: list[Logged]) -> list[Logged]:
    return [phase for phase in logged if phase.figures.rate]


def departures(logged: list[Logged], rates: Rates, monitor: str = "val_loss", sign: int = 1) -> list[tuple[str, int]]:
    """The phases whose logged rates are not those of a rule."""
    return [
        (phase.name, phase.phase)
        for phase in the_phases_that_log_a_rate(logged)
        if not equal(
            rates([sign * value for value in getattr(phase.figures, monitor)], phase.figures.rate[0]),
            phase.figures.rate,
        )
    ]


def test_the_logs_have_as_many_phases_as_epochs_that_are_0(logged):
    """Counted in the raw lines: 223 of the lines of the 124 files begin with a 0, and 221 of these have a rate."""
    assert len({phase.name for phase in logged}) == 124
    assert len(logged) == 223
    assert len(the_phases_that_log_a_rate(logged)) == 221
    assert all(phase.figures.epochs == tuple(range(len(phase.figures))) for phase in logged)


def test_the_first_rates_of_the_logged_phases_are_those_of_fer_s_02(logged):
    first = Counter(phase.figures.rate[0] for phase in the_phases_that_log_a_rate(logged))
    assert first == {1e-4: 180, 1e-5: 18, 1e-3: 16, 1e-6: 4, 5e-5: 2, 2.5e-5: 1}
    assert set(spec.load().value("FER-S-02", "initial_rates")) == {rate for rate, _ in first.most_common(3)}


def test_every_logged_rate_of_every_phase_is_that_of_the_schedule(logged):
    """All 221; of all the logs of the authors, of which these are a part, 468 of 473 phases (FER-S-04)."""
    assert departures(logged, protocol_rates) == []


@pytest.mark.parametrize(
    "wrong",
    [
        "patience of 9",
        "patience of 11",
        "factor squared",
        "factor of a tenth",
        "any improvement counts",
        "an improvement must be ten times as large",
        "a rate noted one epoch late",
        "never",
    ],
)
def test_the_logs_do_not_follow_a_wrong_rule(logged, wrong):
    assert departures(logged, WRONG_RATES[wrong])


@pytest.mark.parametrize(
    ("monitor", "sign"), [("val_accuracy", -1), ("loss", 1), ("accuracy", -1)], ids=["val_accuracy", "loss", "accuracy"]
)
def test_the_logs_do_not_follow_another_figure_than_the_validation_loss(logged, monitor, sign):
    assert len(departures(logged, protocol_rates, monitor, sign)) > 0.02 * len(the_phases_that_log_a_rate(logged))


NEVER_STOPPED = {
    "sequential-1-224-fer2013-simple": 200,  # a round number of epochs: the limit given to fit
    "sequential-1-48-fer2013-simple": 50,  # likewise, and without the plateau rule
}
BEYOND_THE_STOP = [("sequential-1-48-affectnet-simple", 0)]  # 130 epochs without the plateau rule, 51 after the stop


def stop_of(phase: Logged) -> int | None:
    return replay(phase.figures.val_loss, 1e-4).stop


def test_the_last_phase_of_a_log_ends_with_early_stopping(logged):
    last = [phase for phase in logged if phase.phase == phase.of - 1]
    assert len(last) == 124
    running = {phase.name: len(phase.figures) for phase in last if stop_of(phase) != len(phase.figures) - 1}
    assert running == NEVER_STOPPED
    assert all(stop_of(phase) is None for phase in last if phase.name in NEVER_STOPPED)


def test_no_phase_but_one_goes_on_after_early_stopping(logged):
    beyond = [phase for phase in logged if stop_of(phase) not in (None, len(phase.figures) - 1)]
    assert [(phase.name, phase.phase) for phase in beyond] == BEYOND_THE_STOP


@pytest.mark.parametrize("wrong", WRONG_STOPS)
def test_the_logs_do_not_stop_by_a_wrong_rule(logged, wrong):
    stop = WRONG_STOPS[wrong]
    last = [phase for phase in logged if phase.phase == phase.of - 1 and phase.name not in NEVER_STOPPED]
    assert any(stop(phase.figures.val_loss) != len(phase.figures) - 1 for phase in last)


PRE_TRAINED = re.compile(
    r"densenet|vgg16-(imagenet|vggface)|vgg19|mobi|efficientnet(?!-multitask)|nasnet|resnet50|senet|xception|inception"
)


def test_the_first_phases_of_the_logs_are_as_long_as_fer_s_08_says(logged):
    """Of pre-trained networks with two phases or more; a single epoch is a trial that was broken off.

    Lengths that the clause does not list are those of phases that early stopping or a hand ended.
    """
    first: dict[str, int] = {}
    for phase in logged:
        if PRE_TRAINED.match(phase.name) and phase.phase < phase.of - 1 and len(phase.figures) > 1:
            first.setdefault(phase.name, len(phase.figures))
    lengths = Counter(first.values())
    assert lengths == {20: 15, 15: 10, 30: 9, 40: 5, 10: 3, 26: 3, 28: 2, 8: 1, 9: 1, 13: 1, 61: 1}
    released = spec.load().value("FER-S-08", "frozen_epochs")
    assert list(released) == sorted(released, key=lambda length: -lengths[length])
    small = {length for name, length in first.items() if "-48-" in name}
    large = {length for name, length in first.items() if "-224-" in name}
    assert {30, 40} <= small - large
    assert {15, 10, 8} <= large - small
