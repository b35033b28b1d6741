"""Answer the capabilities for classes, class weights, schedule and evaluated images."""

from __future__ import annotations

from typing import Any

from ferspec import spec
from ferspec.errors import UserError
from ferspec.reference import schedule
from ferspec.reference.weighting import WEIGHTINGS
from ferspec.spec.records import Profile, Weights
from ferspec.subjects.models.quiet import keras, quiet


class TrainingCapabilities:
    """Answer for classes, class weights, training and evaluated images."""

    profile: Profile

    def classes(self) -> list[str]:
        return list(spec.load().classes)

    def class_of_name(self, name: str) -> str | None:
        book = spec.load()
        try:
            return book.classes[book.class_index(name)]
        except UserError:  # an unknown word
            return None

    def class_of_label(self, label: int, dataset: str) -> str | None:
        try:
            return self.class_of_name(spec.load().label_orders[dataset].class_of(label))
        except UserError:  # an unknown label
            return None

    def class_weights(self, counts: list[int], balancing: str) -> list[float]:
        return WEIGHTINGS[balancing](counts).tolist()

    def weights_of_dataset(self, labels: list[int], splits: list[str], balancing: str) -> list[float]:
        trained = [label for label, part in zip(labels, splits, strict=True) if part == "training"]
        return self.class_weights([trained.count(index) for index in range(len(spec.load().classes))], balancing)

    def losses(self, labels: list[int], probabilities: list[list[float]], class_weights: list[float]) -> list[float]:
        import numpy as np

        truth = np.eye(len(class_weights), dtype="float32")[labels]
        framework = keras()
        with quiet():
            loss = framework.losses.get(spec.load().text("FER-S-11", "loss"))
            unweighted = np.asarray(loss(truth, np.array(probabilities, np.float32)))
        return (np.asarray(class_weights)[labels] * unweighted).tolist()

    def hyperparameters(self, architecture: str) -> dict[str, Any]:
        from ferspec.reference.training.optimizer import new_optimizer

        book, plateau = spec.load(), schedule.PlateauRule.of(self.profile)
        rate = schedule.phases_of("scratch", self.profile)[0].initial_rate
        keras()
        with quiet():
            optimizer = new_optimizer(rate, self.profile)
        return {
            "optimizer": type(optimizer).__name__.lower(),
            "beta_1": optimizer.beta_1,
            "beta_2": optimizer.beta_2,
            "learning_rate": rate,
            "loss": book.text("FER-S-11", "loss", self.profile),
            "plateau_monitor": book.text("FER-S-03", "monitor", self.profile),
            "plateau_patience": plateau.patience,
            "factor": plateau.factor,
            "minimum_rate": plateau.minimum_rate,
            "plateau_min_delta": plateau.min_delta,
            "stopping_monitor": book.text("FER-S-05", "monitor", self.profile),
            "stopping_patience": schedule.StoppingRule.of(self.profile).patience,
        }

    def learning_rates(self, val_losses: list[float], initial_rate: float) -> list[float]:
        return list(schedule.replay(val_losses, initial_rate, self.profile).rates)

    def stopping_epoch(self, val_losses: list[float]) -> int | None:
        return schedule.StoppingRule.of(self.profile).stop(val_losses)

    def best_epoch(self, val_accuracies: list[float], val_losses: list[float]) -> int:
        metrics = {"val_accuracy": val_accuracies, "val_loss": val_losses}
        return schedule.best_epoch(metrics[schedule.kept_metric()])

    def phases(self, weights: Weights) -> list[dict[str, Any]]:
        plans = schedule.phases_of(weights, self.profile)
        return [{"frozen": "base" if plan.frozen else None, "epochs": plan.longest} for plan in plans]

    def batch_size(self, gpus: int) -> int:
        # the global batch does not depend on the number of GPUs: the schedule of the runs follows from it
        return schedule.batch_size(self.profile)

    def steps_per_epoch(self, images: int, batch_size: int) -> int:
        return schedule.steps_per_epoch(images, batch_size)

    def evaluated_splits(self) -> list[str]:
        return ["validation", "BTFER"]

    def evaluated_images(self, images: int, batch_size: int) -> int:
        return schedule.reported_images(images, batch_size, self.profile)

    def monitored_split(self) -> str:
        return "validation"
