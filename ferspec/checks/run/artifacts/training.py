"""Checks on how a training went, as its artifacts tell: epochs, schedule, class weights (FER-R-09 to -12)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from ferspec import spec
from ferspec.checks.run.departures import Departure, finding
from ferspec.engine import Check
from ferspec.outcomes import CheckResult
from ferspec.reference.schedule import PhasePlan, best_epoch, evaluated_images, phases_of, replay
from ferspec.reference.training.epoch_row import EpochRow
from ferspec.reference.weighting import WEIGHTINGS
from ferspec.subjects.runs.artifacts.folder import CELL, FINISHED, RunFolder
from ferspec.subjects.runs.artifacts.record import HISTORY, MANIFEST, PREDICTIONS, RUN, Phase, RunRecord


def records_its_history(folder: RunFolder) -> CheckResult:
    """The history is a possible one, and its phases and best epoch are those of the record."""
    departures = [*_impossible(folder.history), *_misrecorded(folder.run, folder.history)]
    return finding(departures, f"{len(folder.history):,} epochs as in {RUN}")


def predicts_like_its_best_epoch(folder: RunFolder) -> CheckResult:
    """The recorded validation predictions are as accurate as the best epoch was."""
    return finding(_other_accuracy(folder), "the accuracy of the best epoch")


def follows_the_schedule(folder: RunFolder) -> CheckResult:
    """Rates and ends of all phases are those that the validation losses give."""
    return finding(_unscheduled(folder), f"{len(folder.history):,} epochs as the schedule gives them")


def weighs_classes_as_its_balancing(folder: RunFolder) -> CheckResult:
    """The class weights follow from the training images by the cell's balancing."""
    return finding(_misweighed(folder), f"{folder.cell.balancing} weights of the training images")


TRAINING_CHECKS = (
    Check("FER-R-09", records_its_history, needs=(FINISHED, HISTORY)),
    Check("FER-R-10", predicts_like_its_best_epoch, needs=(FINISHED, PREDICTIONS)),
    Check("FER-R-11", follows_the_schedule, needs=(FINISHED, CELL, HISTORY)),
    Check("FER-R-12", weighs_classes_as_its_balancing, needs=(CELL, MANIFEST)),
)


def _impossible(history: tuple[EpochRow, ...]) -> Iterator[Departure]:
    """Yield where a history has figures that no training has."""
    likely = f"{HISTORY} was edited"
    for row in history:
        for name in ("accuracy", "val_accuracy"):
            if not 0 <= getattr(row, name) <= 1:
                yield Departure(f"epoch {row.epoch}: {name} {getattr(row, name):.4g}", "between 0 and 1", likely)
        for name in ("loss", "val_loss"):
            if getattr(row, name) < 0:
                yield Departure(f"epoch {row.epoch}: {name} {getattr(row, name):.4g}", "at least 0", likely)
    # a network that guesses can stay as accurate as it is, but rounding alone changes its loss
    if len(history) > 1 and len({row.loss for row in history}) == 1:
        yield Departure(f"a loss of {history[0].loss:.4g} in every epoch", "losses that training changes", likely)


def _misrecorded(run: RunRecord, history: tuple[EpochRow, ...]) -> Iterator[Departure]:
    listed = [sum(row.phase == number for row in history) for number in range(1, history[-1].phase + 1)]
    recorded = [phase.epochs for phase in run.phases]
    if listed != recorded or [phase.phase for phase in run.phases] != list(range(1, len(recorded) + 1)):
        yield Departure(
            f"{HISTORY} has {_epochs(listed)}",
            f"{_epochs(recorded)}, as {RUN} says",
            "epochs were cut out of the history, or added",
            float(sum(listed) - sum(recorded)),
        )
    best = history[best_epoch([row.val_accuracy for row in history])]
    told = run.best
    if told is None or (told.epoch, told.phase) != (best.epoch, best.phase):
        yield Departure(
            "no best epoch" if told is None else f"best epoch {told.epoch} of phase {told.phase}",
            f"epoch {best.epoch} of phase {best.phase}, the first of the highest validation accuracy",
            "another epoch's weights were kept, or the record was edited",
        )
    elif told.val_accuracy != best.val_accuracy:
        yield Departure(
            f"validation accuracy {told.val_accuracy:.4f} at the best epoch",
            f"{best.val_accuracy:.4f}, as {HISTORY} says",
            f"{RUN} was edited",
            told.val_accuracy - best.val_accuracy,
        )


def _other_accuracy(folder: RunFolder) -> Iterator[Departure]:
    run, part = folder.run, folder.predictions.get("validation")
    if run.best is None or part is None:
        return
    n = evaluated_images(len(part), run.settings.global_batch, run.settings.profile)
    observed = float((part.labels[:n] == part.predicted[:n]).mean())
    room = max(spec.load().number("FER-R-10", "tolerance"), 1 / n)
    if not abs(observed - run.best.val_accuracy) <= room:
        yield Departure(
            f"validation accuracy {observed:.4f} of the predictions, over {n:,} images",
            f"{run.best.val_accuracy:.4f} ± {room:.4f}, that of the best epoch",
            "the predictions are of another network, of other images, or were edited",
            observed - run.best.val_accuracy,
        )


def _unscheduled(folder: RunFolder) -> Iterator[Departure]:
    run, plans = folder.run, phases_of(folder.cell.weights, folder.run.settings.profile)
    numbers = list(dict.fromkeys(row.phase for row in folder.history))
    if not len(run.phases) == len(numbers) == len(plans):
        observed = f"{len(numbers)} phases in {HISTORY}, {len(run.phases)} in {RUN}"
        yield Departure(observed, f"{len(plans)}, from {folder.cell.weights}")
        return
    for number, phase, plan in zip(numbers, run.phases, plans, strict=True):
        rows = [row for row in folder.history if row.phase == number]
        yield from _phase_unscheduled(run, phase, plan, rows)


def _phase_unscheduled(run: RunRecord, phase: Phase, plan: PhasePlan, rows: list[EpochRow]) -> Iterator[Departure]:
    profile, where = run.settings.profile, f"phase {phase.phase}"
    book = spec.load()
    if phase.frozen != plan.frozen:
        yield Departure(f"{where}: frozen {phase.frozen}", f"frozen {plan.frozen}")
    known = book.numbers("FER-S-02", "initial_rates", profile)
    if not any(_same_rate(rows[0].learning_rate, rate) for rate in known):
        yield Departure(f"{where}: starts at the rate {rows[0].learning_rate:g}", _any_of(known))
        return
    if not _same_rate(phase.initial_rate, rows[0].learning_rate):
        yield Departure(
            f"{where}: an initial rate of {phase.initial_rate:g} in {RUN}",
            f"{rows[0].learning_rate:g}, the rate of its first epoch in {HISTORY}",
            "the record, or the history, was edited",
            phase.initial_rate - rows[0].learning_rate,
        )
    replayed = replay([row.val_loss for row in rows], rows[0].learning_rate, profile)
    for row, rate in zip(rows, replayed.rates, strict=True):
        if not _same_rate(row.learning_rate, rate):
            yield Departure(
                f"epoch {row.epoch}: rate {row.learning_rate:g}",
                f"{rate:g}, which the validation losses before it give",
                "another patience or factor, or a history that was edited",
                row.learning_rate - rate,
            )
            break
    stop, last = replayed.stop, len(rows) - 1
    if stop is not None and stop < last:
        yield Departure(f"{where}: {len(rows)} epochs", f"{stop + 1}, after which early stopping ends it")
        return
    lengths = book.integers("FER-S-08", "frozen_epochs", profile) if plan.longest is not None else ()
    holds = {
        "early stopping": stop == last,
        "length of the phase": len(rows) in lengths,
        "epochs cap": len(rows) == run.settings.epochs_cap,
    }
    if not holds[phase.ended]:
        waited = book.integer("FER-S-05", "patience")
        yield Departure(
            f"{where}: {len(rows)} epochs, ended by {phase.ended}",
            {
                "early stopping": f"an end {waited} epochs after the lowest validation loss",
                "length of the phase": _any_of(lengths) if lengths else "a phase without a fixed length",
                "epochs cap": f"a cap of {run.settings.epochs_cap}",
            }[phase.ended],
            "the training was capped, or its history was cut",
        )


def _misweighed(folder: RunFolder) -> Iterator[Departure]:
    images, tolerance = folder.images, spec.load().number("FER-R-12", "tolerance")
    recorded = folder.run.class_weights
    trained = images.counted("training")
    if not trained.all():
        yield Departure("no weight follows from classes without training images", "training images of every class")
        return
    right = _named(WEIGHTINGS[folder.cell.balancing](trained))
    if recorded.keys() != right.keys():
        yield Departure(f"weights of {', '.join(recorded) or 'no class'}", f"of {', '.join(right)}")
        return
    wrong = [name for name in right if not abs(recorded[name] - right[name]) <= tolerance * right[name]]
    if wrong:
        name = max(wrong, key=lambda name: abs(recorded[name] - right[name]))
        other = next(kind for kind in WEIGHTINGS if kind != folder.cell.balancing)
        whole = WEIGHTINGS[folder.cell.balancing](trained + images.counted("validation"))
        causes = {
            f"these are the {other} weights": WEIGHTINGS[other](trained),
            "these are the weights of training and validation images together": whole,
            "the weights were not applied": np.ones(len(trained)),
        }
        likely = (cause for cause, weights in causes.items() if np.allclose([*recorded.values()], weights))
        yield Departure(
            f"{name} {recorded[name]:.4f}",
            f"{right[name]:.4f}, its {folder.cell.balancing} weight",
            next(likely, None),
            recorded[name] - right[name],
        )


def _named(weights: np.ndarray) -> Mapping[str, float]:
    return dict(zip(spec.load().classes, map(float, weights), strict=True))


def _same_rate(one: float, other: float) -> bool:
    return abs(one - other) <= spec.load().number("FER-R-11", "rate_tolerance") * other


def _any_of(values: tuple[float, ...]) -> str:
    return " or ".join(f"{value:g}" for value in values)


def _epochs(phases: list[int]) -> str:
    return f"{' + '.join(map(str, phases)) or 'no'} epochs"
