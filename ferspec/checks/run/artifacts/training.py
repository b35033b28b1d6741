"""Checks the course of a training from its artifacts: epochs, schedule, class weights (FER-R-09 to FER-R-12)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from ferspec import spec
from ferspec.checks.run.mismatches import Mismatch, result_of
from ferspec.checks.run.schedule.rounded_losses import same_rate
from ferspec.checks.run.schedule.rules import any_of
from ferspec.engine import Check
from ferspec.outcomes import CheckResult
from ferspec.reference.schedule import PhasePlan, best_epoch, evaluated_images, kept_metric, phases_of, replay
from ferspec.reference.training.epoch_row import EpochRow
from ferspec.reference.weighting import WEIGHTINGS
from ferspec.required import required
from ferspec.subjects.runs.artifacts.folder import CELL, FINISHED, RunFolder
from ferspec.subjects.runs.artifacts.record import HISTORY, MANIFEST, PREDICTIONS, RUN, Phase, RunRecord


def records_its_history(folder: RunFolder) -> CheckResult:
    """The history is possible, and its phases and best epoch are those of the record."""
    history = required(folder.history)
    mismatches = [*_impossible_rows(history), *_record_mismatches(required(folder.run), history)]
    return result_of(mismatches, f"{len(history):,} epochs as in {RUN}")


def predicts_like_its_best_epoch(folder: RunFolder) -> CheckResult:
    """The recorded validation predictions are as accurate as the best epoch was."""
    return result_of(_accuracy_mismatches(folder), "the accuracy of the best epoch")


def follows_the_schedule(folder: RunFolder) -> CheckResult:
    """Learning rates and ends of all phases follow from the validation losses."""
    return result_of(_schedule_mismatches(folder), f"{len(required(folder.history)):,} epochs as scheduled")


def has_the_weights_of_its_balancing(folder: RunFolder) -> CheckResult:
    """The class weights follow from the training images by the cell's balancing."""
    balancing = required(folder.cell).balancing
    return result_of(_weight_mismatches(folder, balancing), f"{balancing} weights of the training images")


TRAINING_CHECKS = (
    Check("FER-R-09", records_its_history, needs=(FINISHED, HISTORY)),
    Check("FER-R-10", predicts_like_its_best_epoch, needs=(FINISHED, PREDICTIONS)),
    Check("FER-R-11", follows_the_schedule, needs=(FINISHED, CELL, HISTORY)),
    Check("FER-R-12", has_the_weights_of_its_balancing, needs=(CELL, MANIFEST)),
)


def _impossible_rows(history: tuple[EpochRow, ...]) -> Iterator[Mismatch]:
    """Yield where a history has values that no training produces."""
    likely = f"{HISTORY} was edited"
    for row in history:
        for name in ("accuracy", "val_accuracy"):
            if not 0 <= getattr(row, name) <= 1:
                yield Mismatch(f"epoch {row.epoch}: {name} {getattr(row, name):.4g}", "between 0 and 1", likely)
        for name in ("loss", "val_loss"):
            if getattr(row, name) < 0:
                yield Mismatch(f"epoch {row.epoch}: {name} {getattr(row, name):.4g}", "at least 0", likely)
    # accuracy can stay constant, but the loss of a training changes at least by rounding
    if len(history) > 1 and len({row.loss for row in history}) == 1:
        yield Mismatch(f"a loss of {history[0].loss:.4g} in every epoch", "losses that change", likely)


def _record_mismatches(run: RunRecord, history: tuple[EpochRow, ...]) -> Iterator[Mismatch]:
    listed = [sum(row.phase == number for row in history) for number in range(1, history[-1].phase + 1)]
    recorded = [phase.epochs for phase in run.phases]
    if listed != recorded or [phase.phase for phase in run.phases] != list(range(1, len(recorded) + 1)):
        yield Mismatch(
            f"{HISTORY} has {_epochs(listed)}",
            f"{_epochs(recorded)}, as {RUN} says",
            "epochs were removed from the history, or added",
            float(sum(listed) - sum(recorded)),
        )
    best = history[best_epoch([getattr(row, kept_metric()) for row in history])]
    recorded_best = run.best
    if recorded_best is None or (recorded_best.epoch, recorded_best.phase) != (best.epoch, best.phase):
        yield Mismatch(
            "no best epoch"
            if recorded_best is None
            else f"best epoch {recorded_best.epoch} of phase {recorded_best.phase}",
            f"epoch {best.epoch} of phase {best.phase}, the first with the highest validation accuracy",
            "another epoch's weights were kept, or the record was edited",
        )
    elif recorded_best.val_accuracy != best.val_accuracy:
        yield Mismatch(
            f"validation accuracy {recorded_best.val_accuracy:.4f} at the best epoch",
            f"{best.val_accuracy:.4f}, as {HISTORY} says",
            f"{RUN} was edited",
            recorded_best.val_accuracy - best.val_accuracy,
        )


def _accuracy_mismatches(folder: RunFolder) -> Iterator[Mismatch]:
    run, part = required(folder.run), required(folder.predictions).get("validation")
    if run.best is None or part is None:
        return
    n = evaluated_images(len(part), run.settings.global_batch, run.settings.profile)
    observed = float((part.labels[:n] == part.predicted[:n]).mean())
    tolerance = max(spec.load().number("FER-R-10", "tolerance"), 1 / n)
    if not abs(observed - run.best.val_accuracy) <= tolerance:
        yield Mismatch(
            f"validation accuracy {observed:.4f} of the predictions, over {n:,} images",
            f"{run.best.val_accuracy:.4f} ± {tolerance:.4f}, that of the best epoch",
            "the predictions are of another network, of other images, or were edited",
            observed - run.best.val_accuracy,
        )


def _schedule_mismatches(folder: RunFolder) -> Iterator[Mismatch]:
    run, history, weights = required(folder.run), required(folder.history), required(folder.cell).weights
    plans = phases_of(weights, run.settings.profile)
    numbers = list(dict.fromkeys(row.phase for row in history))
    if not len(run.phases) == len(numbers) == len(plans):
        observed = f"{len(numbers)} phases in {HISTORY}, {len(run.phases)} in {RUN}"
        yield Mismatch(observed, f"{len(plans)}, from {weights}")
        return
    for number, phase, plan in zip(numbers, run.phases, plans, strict=True):
        rows = [row for row in history if row.phase == number]
        yield from _phase_mismatches(run, phase, plan, rows)


def _phase_mismatches(run: RunRecord, phase: Phase, plan: PhasePlan, rows: list[EpochRow]) -> Iterator[Mismatch]:
    """Yield where frozen base, learning rates or end of a phase differ from the schedule."""
    profile, where = run.settings.profile, f"phase {phase.phase}"
    book = spec.load()
    if phase.frozen != plan.frozen:
        yield Mismatch(f"{where}: frozen {phase.frozen}", f"frozen {plan.frozen}")
    known = book.numbers("FER-S-02", "initial_rates", profile)
    if not any(same_rate(rows[0].learning_rate, rate) for rate in known):
        yield Mismatch(f"{where}: starts at the rate {rows[0].learning_rate:g}", any_of(known))
        return
    if not same_rate(phase.initial_rate, rows[0].learning_rate):
        yield Mismatch(
            f"{where}: an initial rate of {phase.initial_rate:g} in {RUN}",
            f"{rows[0].learning_rate:g}, the rate of its first epoch in {HISTORY}",
            "the record, or the history, was edited",
            phase.initial_rate - rows[0].learning_rate,
        )
    replayed = replay([row.val_loss for row in rows], rows[0].learning_rate, profile)
    for row, rate in zip(rows, replayed.rates, strict=True):
        if not same_rate(row.learning_rate, rate):
            yield Mismatch(
                f"epoch {row.epoch}: rate {row.learning_rate:g}",
                f"{rate:g}, which follows from the validation losses before it",
                "another patience or factor, or an edited history",
                row.learning_rate - rate,
            )
            break
    yield from _end_mismatches(run, phase, plan, len(rows), replayed.stop)


def _end_mismatches(run: RunRecord, phase: Phase, plan: PhasePlan, epochs: int, stop: int | None) -> Iterator[Mismatch]:
    """Yield where a phase does not end for its recorded reason. ``stop`` is where early stopping ends it, from 0."""
    where, book = f"phase {phase.phase}", spec.load()
    if stop is not None and stop < epochs - 1:
        yield Mismatch(f"{where}: {epochs} epochs", f"{stop + 1}, after which early stopping ends it")
        return
    lengths = book.integers("FER-S-08", "frozen_epochs", run.settings.profile) if plan.longest is not None else ()
    holds = {
        "early stopping": stop == epochs - 1,
        "length of the phase": epochs in lengths,
        "epochs cap": epochs == run.settings.epochs_cap,
    }
    if not holds[phase.ended]:
        patience = book.integer("FER-S-05", "patience")
        yield Mismatch(
            f"{where}: {epochs} epochs, ended by {phase.ended}",
            {
                "early stopping": f"an end {patience} epochs after the lowest validation loss",
                "length of the phase": any_of(lengths) if lengths else "a phase without a fixed length",
                "epochs cap": f"a cap of {run.settings.epochs_cap}",
            }[phase.ended],
            "the training was capped, or its history was truncated",
        )


def _weight_mismatches(folder: RunFolder, balancing: str) -> Iterator[Mismatch]:
    images, recorded = required(folder.images), required(folder.run).class_weights
    tolerance = spec.load().number("FER-R-12", "tolerance")
    counts = images.counted("training")
    if not counts.all():
        yield Mismatch("some classes have no training images, so no weights follow", "training images of every class")
        return
    expected = _by_class(WEIGHTINGS[balancing](counts))
    if recorded.keys() != expected.keys():
        yield Mismatch(f"weights of {', '.join(recorded) or 'no class'}", f"of {', '.join(expected)}")
        return
    wrong = [name for name in expected if not abs(recorded[name] - expected[name]) <= tolerance * expected[name]]
    if wrong:
        worst = max(wrong, key=lambda name: abs(recorded[name] - expected[name]))
        other = next(kind for kind in WEIGHTINGS if kind != balancing)
        causes = {
            f"these are the {other} weights": WEIGHTINGS[other](counts),
            "these are the weights of training and validation images together": WEIGHTINGS[balancing](
                counts + images.counted("validation")
            ),
            "the weights were not applied": np.ones(len(counts)),
        }
        likely = (cause for cause, weights in causes.items() if np.allclose([*recorded.values()], weights))
        yield Mismatch(
            f"{worst} {recorded[worst]:.4f}",
            f"{expected[worst]:.4f}, its {balancing} weight",
            next(likely, None),
            recorded[worst] - expected[worst],
        )


def _by_class(weights: np.ndarray) -> Mapping[str, float]:
    return dict(zip(spec.load().classes, map(float, weights), strict=True))


def _epochs(phases: list[int]) -> str:
    return f"{' + '.join(map(str, phases)) or 'no'} epochs"
