"""Notes for readers of a training's accuracy on how it was obtained. They do not affect the verdict."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from ferspec import spec
from ferspec.checks.run.schedule.rules import reported_tolerance
from ferspec.reference.selection_bias import images_validated, selection_bias
from ferspec.required import required
from ferspec.subjects.runs.logs.logged_run import LoggedRun, are_shares
from ferspec.subjects.runs.logs.phases import LoggedPhase

# a network that has memorised its training images and is as accurate on validation images was trained on them
MEMORISED, NO_GAP, LATE = 0.97, 0.005, 10
# augmentation and dropout lower training accuracy, but not by this much in every epoch
FAR_ABOVE, MANY = 0.15, 10
# curves of fewer epochs may agree by chance
FEWEST_EQUAL = 3
# relative differences of a ratio that rounding of the losses may cause
FEWEST_PROPORTIONAL, PROPORTIONAL = 5, 1e-4


def schedule_notes(run: LoggedRun) -> tuple[str, ...]:
    """Return the notes on one run, one sentence each."""
    return (*run.notes, *_percentages(run), *_warm_up(run), *_selection(run), *_unreached(run), *_overlaps(run))


def same_validation(runs: Sequence[LoggedRun]) -> dict[int, str]:
    """Return notes on runs with the same validation curve, by the index of the run."""
    indices: dict[tuple[float, ...], list[int]] = defaultdict(list)
    for index, run in enumerate(runs):
        for phase in run.phases:
            if phase.val_loss and len(set(phase.val_loss)) >= FEWEST_EQUAL:
                indices[phase.val_loss].append(index)
    notes = {}
    for shared in indices.values():
        for index in shared if len(set(shared)) > 1 else ():
            other = next(runs[candidate].title for candidate in shared if candidate != index)
            notes[index] = f"a phase has exactly the validation losses of {other}: the same training twice, or a copy"
    return notes


def _percentages(run: LoggedRun) -> Iterator[str]:
    accuracies = (values for phase in run.phases for values in (phase.accuracy, phase.val_accuracy))
    if not all(are_shares(values) for values in accuracies if values is not None):
        yield "accuracies outside 0 to 1 were skipped"


def _warm_up(run: LoggedRun) -> Iterator[str]:
    shortest = min(spec.load().integers("FER-S-08", "frozen_epochs", run.profile))
    for before, phase in pairwise(run.phases):
        continues = phase.epochs[0] == before.epochs[-1] + 1 and len(before) < shortest
        if continues and before.rate and phase.rate and phase.rate[0] > before.rate[-1]:
            yield (
                f"the rate rises in epoch {phase.epochs[0]} while the epoch numbers continue: this counts as the start "
                "of a phase, but may be a warm-up"
            )


def _selection(run: LoggedRun) -> Iterator[str]:
    known = [values for values in run.accuracies if not all(map(math.isnan, values))]
    if not known:
        return
    bias = selection_bias(max(known, key=np.nanmax))
    best = max(np.nanmax(values) for values in known)
    selected = f"the best epoch ({best:.4f}) was selected on the images that are reported"
    if bias is None:
        yield f"{selected}; too few epochs around it, or on one side of it, to estimate the selection bias"
        return
    images = run.validated or images_validated([value for values in known for value in values])
    chance = "of which an unknown share is chance"
    if images:
        chance = f"of which chance in {images:,} images explains about {100 * bias.over(images):.1f}"
    yield (
        f"{selected}: about {100 * bias.amount:.1f} points above the {bias.neighbours} epochs around it, {chance} "
        f"(they predict {bias.around:.4f}, spread {100 * bias.spread:.1f} points)"
    )


def _unreached(run: LoggedRun) -> Iterator[str]:
    logged = [value for values in run.accuracies for value in values if not math.isnan(value)]
    if run.kept is not None and logged and run.kept.accuracy > max(logged) + reported_tolerance(run):
        yield f"{run.kept.accuracy:g} is reported, but no logged epoch reached it: {max(logged):.4f} at best"


def _overlaps(run: LoggedRun) -> Iterator[str]:
    for number, phase in enumerate(run.phases, start=1):
        for overlap in _overlap(phase):
            yield f"phase {number}: {overlap}"


def _constant_ratio(values: Sequence[float], others: Sequence[float]) -> float | None:
    """Return the ratio of two curves if it is constant and not 1."""
    if len(values) < FEWEST_PROPORTIONAL or not all(map(math.isfinite, (*values, *others))) or 0 in others:
        return None
    ratios = [value / other for value, other in zip(values, others, strict=True)]
    constant = max(ratios) - min(ratios) <= PROPORTIONAL * abs(min(ratios))
    return ratios[0] if constant and abs(ratios[0] - 1) > PROPORTIONAL and len(set(values)) > 1 else None


def _overlap(phase: LoggedPhase) -> Iterator[str]:
    if len(phase) >= FEWEST_EQUAL:
        for first, second, note in (
            (phase.val_loss, phase.loss, "validation losses equal training losses: the same images"),
            (phase.val_loss, phase.test_loss, "validation losses equal test losses: the same images"),
            (phase.val_accuracy, phase.test_accuracy, "validation accuracies equal test accuracies: the same images"),
        ):
            if first and first == second:
                yield note
    if phase.loss and phase.val_loss and (ratio := _constant_ratio(phase.val_loss, phase.loss)):
        yield (
            f"validation losses are {ratio:.4g} times the training losses in every epoch: "
            "they were computed from them, not measured"
        )
    if not (are_shares(phase.accuracy) and are_shares(phase.val_accuracy)):
        return
    trained, validated = np.array(required(phase.accuracy)), np.array(required(phase.val_accuracy))
    if len(phase) >= MANY and (validated - trained > FAR_ABOVE).all():
        yield (
            f"validation accuracy exceeds training accuracy by more than {100 * FAR_ABOVE:g} points in every epoch: "
            "the validation images are easier, or were trained on"
        )
    late_trained, late_validated = trained[-LATE:], validated[-LATE:]
    if len(phase) >= LATE and (late_trained > MEMORISED).all() and (late_trained - late_validated < NO_GAP).all():
        yield "training and validation images are both memorised: validation images may be among those of training"
