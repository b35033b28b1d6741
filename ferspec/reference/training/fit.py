"""Train a network by the protocol's schedule, phase by phase; a training can be resumed after any epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ferspec import spec
from ferspec.errors import UserError
from ferspec.reference.augmentation.stream import Stream
from ferspec.reference.models import Preprocessing, freeze_base, unfreeze
from ferspec.reference.schedule import ENDLESS, PhasePlan, best_epoch, evaluated_images, kept_metric, next_step
from ferspec.reference.training.epoch_row import EpochRow
from ferspec.reference.training.images import TrainingImages
from ferspec.reference.training.optimizer import new_optimizer
from ferspec.reference.training.settings import TrainingSettings
from ferspec.reference.training.state import FinishedEpochs, StateFolder
from ferspec.spec.records import Profile

Ended = Literal["early stopping", "length of the phase", "epochs cap"]


@dataclass(frozen=True)
class Task:
    """One training: its images, its plan and its settings.

    ``class_weights`` (7,) are in the order of the classes; ``batch`` counts the images of a step over all devices.
    """

    training: TrainingImages
    validation: TrainingImages
    class_weights: np.ndarray
    preprocessing: Preprocessing
    plans: tuple[PhasePlan, ...]
    batch: int
    settings: TrainingSettings


@dataclass(frozen=True)
class Trained:
    """A network at its best epoch, with its epochs, ends of phases, and seconds."""

    network: Any
    rows: tuple[EpochRow, ...]
    ended: tuple[Ended, ...]
    seconds: float

    @property
    def best(self) -> EpochRow:
        """The epoch whose weights the network has (FER-S-06)."""
        return self.rows[best_of(self.rows)]

    @cached_property
    def predict(self) -> Callable[[np.ndarray], np.ndarray]:
        """Return a function from a batch to probabilities (b, 7), on one device.

        A batch is (b, h, w, c) float32. Keras' own ``predict_on_batch`` would return the answers of every replica to
        the whole batch.
        """
        import tensorflow as tf

        answer = tf.function(lambda batch: self.network(batch, training=False), reduce_retracing=True)
        return lambda batch: answer(batch).numpy()


@dataclass(frozen=True)
class Outlook:
    """The epochs that a phase has left: exactly if ``firm``, otherwise if the loss does not improve.

    ``seconds`` is the time of the last epoch and its validation.
    """

    epochs: int
    firm: bool
    seconds: float = 0.0


class Listener:
    """Receives the progress of a training; each method does nothing unless overridden."""

    def begin(self, lines: Sequence[str]) -> None:
        """Receive, before the first epoch, what was decided about the images, in lines of text."""

    def resume(self, rows: Sequence[EpochRow]) -> None:
        """Receive that a training resumes after these finished epochs."""

    def step(self, epoch: int, done: int, steps: int) -> None:
        """Receive that ``done`` of the ``steps`` of an epoch are trained on."""

    def epoch(self, rows: Sequence[EpochRow], outlook: Outlook) -> None:
        """Receive that an epoch is finished and kept; ``rows`` are all epochs up to it."""


@contextmanager
def training_scope(settings: TrainingSettings, strategy: Any) -> Iterator[None]:
    """Within it a network is built and trained: seeded, in a precision, over the devices of a strategy.

    On a CPU every operation is repeatable; on GPUs that would cost too much speed, and XLA cannot promise it.
    """
    import keras
    import tensorflow as tf

    # TensorFlow has no public way of leaving it; Keras reads it from there too
    from tensorflow.python.framework.config import disable_op_determinism, is_op_determinism_enabled

    keras.utils.set_random_seed(settings.seed)
    on_cpu = not any("GPU" in device.upper() for device in strategy.extended.worker_devices)
    ours = on_cpu and not settings.jit and not is_op_determinism_enabled()
    if ours:
        tf.config.experimental.enable_op_determinism()
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(settings.precision)
    try:
        with strategy.scope():
            yield
    finally:
        keras.config.set_dtype_policy(before)
        if ours:
            disable_op_determinism()


def train(network: Any, task: Task, folder: Path, listener: Listener) -> Trained:
    """Train a network built within ``training_scope`` and return it at its best epoch, in float32.

    The state is kept in ``folder`` after every epoch. Called with the same task, a training resumes from it; on a CPU
    the result equals that of an uninterrupted one. ``UserError`` if the loss is NaN or infinite, the disk is full, a
    device has too little memory for a batch, or there are fewer images than one batch.
    """
    import keras

    stream = Stream(len(task.training), task.batch, task.settings.seed)
    states = StateFolder(folder)
    states.clear()
    if kept := states.progress().rows:
        listener.resume(kept)
    if task.settings.precision != "float32":
        network.layers[-1].dtype_policy = keras.DTypePolicy("float32")
    for phase, plan in enumerate(task.plans, start=1):
        _train_phase(network, task, stream, states, phase, plan, listener)
    progress = states.progress()
    states.restore_best(network, best_of(progress.rows))
    _in_float32(network)
    ended = [_ended(task, plan, rows_of(progress.rows, phase)) for phase, plan in enumerate(task.plans, start=1)]
    return Trained(network, progress.rows, tuple(reason for reason in ended if reason is not None), progress.seconds)


def rows_of(rows: Sequence[EpochRow], phase: int) -> list[EpochRow]:
    """Return the epochs of one phase."""
    return [row for row in rows if row.phase == phase]


def best_of(rows: Sequence[EpochRow]) -> int:
    """Return the best epoch over all phases."""
    return best_epoch([getattr(row, kept_metric()) for row in rows])


def _train_phase(
    network: Any, task: Task, stream: Stream, states: StateFolder, phase: int, plan: PhasePlan, listener: Listener
) -> None:
    from ferspec.reference.training.following import FollowSchedule

    progress = states.progress()
    begun = rows_of(progress.rows, phase)
    if _ended(task, plan, begun) is not None:
        return
    if plan.frozen:
        freeze_base(network)
    else:
        unfreeze(network)
    trained, optimizer = _compiled(network, task, plan.initial_rate)
    if begun:
        states.restore_last(network, optimizer)
    elif progress.rows:
        states.restore_best(network, best_of(progress.rows))

    def keep(row: EpochRow, seconds: float) -> bool:
        """Keep a finished epoch and return whether its phase has ended."""
        nonlocal progress
        _require_number(row, task.settings.precision)
        progress = FinishedEpochs((*progress.rows, row), progress.seconds + seconds)
        states.save(progress, best_of(progress.rows), network, optimizer)
        of_phase = rows_of(progress.rows, phase)
        listener.epoch(progress.rows, _outlook(task, plan, of_phase, seconds))
        return _ended(task, plan, of_phase) is not None

    def rate() -> float:
        watched = _watched("FER-S-03", rows_of(progress.rows, phase), task.settings.profile)
        return next_step(watched, plan.initial_rate, task.settings.profile).rate

    def validate() -> dict[str, float]:
        return network.evaluate(validation, return_dict=True, verbose=0)

    first = len(progress.rows)
    with _batches(task, stream, first) as (training, validation), _room_on_device(task.batch):
        trained.fit(
            training,
            epochs=first + ENDLESS,
            initial_epoch=first,
            steps_per_epoch=stream.steps,
            class_weight=dict(enumerate(map(float, task.class_weights))),
            callbacks=[FollowSchedule(phase, stream.steps, rate, validate, keep, listener)],
            shuffle=False,
            verbose=0,
        )


def _compiled(network: Any, task: Task, rate: float) -> tuple[Any, Any]:
    """Return the compiled model to fit, and its new optimiser with built variables."""
    from ferspec.reference.augmentation.device import with_augmentation

    trained = with_augmentation(network, task.preprocessing) if task.settings.augment == "device" else network
    figures = {"loss": spec.load().text("FER-S-11", "loss"), "metrics": ["accuracy"], "jit_compile": task.settings.jit}
    if trained is not network:
        # it validates, on images that are not augmented
        network.compile(**figures)
    trained.compile(new_optimizer(rate, task.settings.profile), **figures)
    if task.settings.jit and not trained.jit_compile:
        raise UserError("XLA cannot compile this training, for one not what augments on the device: leave out --jit")
    # a loss-scaling optimiser may now be around the one that was given
    trained.optimizer.build(trained.trainable_variables)
    return trained, trained.optimizer


@contextmanager
def _batches(task: Task, stream: Stream, first: int) -> Iterator[tuple[Any, Any]]:
    from ferspec.reference.training.feed import evaluation_batches, reading_errors, training_batches

    count = evaluated_images(len(task.validation), task.batch, task.settings.profile)
    validation = evaluation_batches(task.validation, task.preprocessing, task.batch, count)
    training = training_batches(task.training, stream, task.preprocessing, task.settings.augment, first)
    with reading_errors():
        yield training, validation


def _ended(task: Task, plan: PhasePlan, rows: Sequence[EpochRow]) -> Ended | None:
    profile = task.settings.profile
    if rows and next_step(_watched("FER-S-05", rows, profile), plan.initial_rate, profile).stop:
        return "early stopping"
    if plan.longest is not None and len(rows) >= plan.longest:
        return "length of the phase"
    if task.settings.epochs_cap is not None and len(rows) >= task.settings.epochs_cap:
        return "epochs cap"
    return None


def _watched(rule: str, rows: Sequence[EpochRow], profile: Profile) -> list[float]:
    """Return the metric of each epoch that a rule of the schedule monitors."""
    monitor = spec.load().text(rule, "monitor", profile)
    return [getattr(row, monitor) for row in rows]


def _outlook(task: Task, plan: PhasePlan, rows: Sequence[EpochRow], seconds: float) -> Outlook:
    profile = task.settings.profile
    patience = next_step(_watched("FER-S-05", rows, profile), plan.initial_rate, profile).patience_left
    fixed = [length - len(rows) for length in (plan.longest, task.settings.epochs_cap) if length is not None]
    return Outlook(min([patience, *fixed]), firm=bool(fixed) and min(fixed) <= patience, seconds=seconds)


def _require_number(row: EpochRow, precision: str) -> None:
    if not np.isfinite([row.loss, row.val_loss]).all():
        other = "" if precision == "float32" else ", or train in float32"
        raise UserError(
            f"the loss is NaN or infinite after epoch {row.epoch} (loss {row.loss}, val_loss {row.val_loss}): "
            f"the epochs before it are kept; look for broken images{other}"
        )


def _in_float32(network: Any) -> None:
    """Let a network trained in mixed precision compute in float32, the type of its variables."""
    import keras

    for layer in network._flatten_layers():
        if layer.compute_dtype != "float32":
            layer.dtype_policy = keras.DTypePolicy("float32")


@contextmanager
def _room_on_device(batch: int) -> Iterator[None]:
    import tensorflow as tf

    try:
        yield
    except tf.errors.ResourceExhaustedError:
        raise UserError(
            f"the device has too little memory for a batch of {batch} images: earlier epochs are kept; give more GPUs"
        ) from None
