"""A Keras callback that follows the protocol's schedule in a training of your own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ferspec import spec
from ferspec.errors import UserError
from ferspec.extras import require_package
from ferspec.reference.schedule import ENDLESS, PhasePlan, Step, best_epoch, kept_metric, next_step, phases_of
from ferspec.spec.records import DEFAULT_PROFILE, Profile, Weights

require_package("a Keras callback", "keras")

import keras  # noqa: E402


class ProtocolSchedule(keras.callbacks.Callback):
    """Set the learning rate, stop early and keep the best weights, as the protocol does.

    It works on any backend of Keras. A network that starts from published weights is trained in two phases, one call of
    ``fit`` for each: first the head, with the base frozen, then all layers. Iterate over the callback; it yields
    the plan of each phase::

        schedule = ProtocolSchedule(weights="imagenet")
        for phase in schedule:
            base.trainable = not phase.frozen
            model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
            model.fit(images, labels, validation_data=validation, epochs=schedule.epochs, callbacks=[schedule])

    Each phase begins at the initial rate (FER-S-02). The rate follows the plateau rule (FER-S-03, FER-S-04). A phase
    ends by early stopping (FER-S-05) or at its length (FER-S-08), with the weights of the best epoch of all phases so
    far (FER-S-06). A network from scratch has the second phase only, so that one ``fit`` is enough.

    ``weights`` are the initial weights of the network: ``scratch``, ``imagenet`` or ``vggface``. ``UserError`` in
    ``fit`` without validation data or the metric ``accuracy``.
    """

    epochs = ENDLESS

    def __init__(self, weights: Weights = "scratch", profile: Profile = DEFAULT_PROFILE) -> None:
        super().__init__()
        self.phases = phases_of(weights, profile)
        self._profile, self._plan = profile, self.phases[0]
        self._phase: list[dict[str, Any]] = []
        self._kept: list[float] = []
        self._best: Any = None

    def __iter__(self) -> Iterator[PhasePlan]:
        for plan in self.phases:
            self._plan, self._phase = plan, []
            yield plan

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self.model.optimizer.learning_rate = self._next("FER-S-03").rate

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._phase.append(dict(logs or {}))
        self._kept.append(self._values(kept_metric())[-1])
        if best_epoch(self._kept) == len(self._kept) - 1:
            self._best = self.model.get_weights()
        self.model.stop_training = self._next("FER-S-05").stop or len(self._phase) == self._plan.longest

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        if self._best is not None:
            self.model.set_weights(self._best)

    def _next(self, rule: str) -> Step:
        """Return the next step of this phase, by what a rule of the schedule monitors."""
        values = self._values(spec.load().text(rule, "monitor", self._profile))
        return next_step(values, self._plan.initial_rate, self._profile)

    def _values(self, metric: str) -> list[float]:
        """Return a metric of every epoch of this phase. ``UserError`` where ``fit`` did not compute it."""
        missing = next((logs for logs in self._phase if metric not in logs), None)
        if missing is not None:
            raise UserError(
                f"the schedule monitors {metric}, but an epoch logged only {', '.join(missing)}: pass validation_data "
                "to fit, and metrics=['accuracy'] to compile"
            )
        return [float(logs[metric]) for logs in self._phase]
