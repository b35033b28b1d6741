"""What a reader of a training's accuracy should know of how it came about; remarks, not verdicts."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from ferspec import spec
from ferspec.checks.run.schedule.rules import reported_within
from ferspec.reference.selection_bias import images_validated, selection_bias
from ferspec.subjects.runs.logs.csv_logger import LoggedPhase
from ferspec.subjects.runs.logs.logged_run import LoggedRun, are_shares

# a network that knows its training images by heart, and is as good on the validation images, has seen them
BY_HEART, NO_GAP, LATE = 0.97, 0.005, 10
# augmentation and dropout make training look worse than validation, but not by so much, and not in every epoch
FAR_ABOVE, MANY = 0.15, 10
# curves of fewer epochs may agree by chance
FEWEST_EQUAL = 3


def schedule_notes(run: LoggedRun) -> tuple[str, ...]:
    """Return what is notable of one run, a sentence each."""
    return (*run.notes, *_percentages(run), *_warmed_up(run), *_chosen(run), *_unreached(run), *_overlaps(run))


def same_validation(runs: Sequence[LoggedRun]) -> dict[int, str]:
    """Return, by the place of a run, a note on a validation curve that another run logged too."""
    seen: dict[tuple[float, ...], list[int]] = defaultdict(list)
    for place, run in enumerate(runs):
        for phase in run.phases:
            if phase.val_loss and len(set(phase.val_loss)) >= FEWEST_EQUAL:
                seen[phase.val_loss].append(place)
    notes = {}
    for places in seen.values():
        for place in places if len(set(places)) > 1 else ():
            other = next(runs[of].title for of in places if of != place)
            notes[place] = f"a phase has the very validation losses of {other}: the same training twice, or a copy"
    return notes


def _percentages(run: LoggedRun) -> Iterator[str]:
    logged = (of for phase in run.phases for of in (phase.accuracy, phase.val_accuracy) if of is not None)
    if not all(map(are_shares, logged)):
        yield "accuracies outside 0 to 1: left out"


def _warmed_up(run: LoggedRun) -> Iterator[str]:
    shortest = min(spec.load().integers("FER-S-08", "frozen_epochs", run.profile))
    for before, phase in pairwise(run.phases):
        goes_on = phase.epochs[0] == before.epochs[-1] + 1 and len(before) < shortest
        if goes_on and before.rate and phase.rate and phase.rate[0] > before.rate[-1]:
            yield (
                f"the rate rises in epoch {phase.epochs[0]} while the epochs number on: taken as a phase that begins; "
                "it may be a warm-up"
            )


def _chosen(run: LoggedRun) -> Iterator[str]:
    known = [values for values in run.accuracies if not all(map(math.isnan, values))]
    if not known:
        return
    found = selection_bias(max(known, key=np.nanmax))
    best = max(np.nanmax(values) for values in known)
    told = f"the best epoch ({best:.4f}) is chosen on the images that are reported"
    if found is None:
        yield f"{told}; too few epochs around it, or on one side of it, to say how favourable that is"
        return
    images = run.validated or images_validated([value for values in known for value in values])
    favourable = "of which an unknown part is favourable chance"
    if images:
        favourable = f"of which chance in {images:,} images explains about {100 * found.over(images):.1f}"
    yield (
        f"{told}: about {100 * found.amount:.1f} points above the {found.neighbours} epochs around it, {favourable} "
        f"(they lead to {found.around:.4f}, spread {100 * found.spread:.1f} points)"
    )


def _unreached(run: LoggedRun) -> Iterator[str]:
    logged = [value for values in run.accuracies for value in values if not math.isnan(value)]
    if run.kept is not None and logged and run.kept.accuracy > max(logged) + reported_within(run):
        best = f"{max(logged):.4f} at best"
        yield f"an accuracy of {run.kept.accuracy:g} is reported, which no logged epoch reached: {best}"


def _overlaps(run: LoggedRun) -> Iterator[str]:
    for number, phase in enumerate(run.phases, start=1):
        for what in _overlap(phase):
            yield f"phase {number}: {what}"


def _overlap(phase: LoggedPhase) -> Iterator[str]:
    if len(phase) >= FEWEST_EQUAL:
        for first, second, told in (
            (phase.val_loss, phase.loss, "validation losses are those of training: the same images"),
            (phase.val_loss, phase.test_loss, "validation losses are those of the test: the same images"),
            (phase.val_accuracy, phase.test_accuracy, "validation accuracies are those of the test: the same images"),
        ):
            if first and first == second:
                yield told
    if not (are_shares(phase.accuracy) and are_shares(phase.val_accuracy)):
        return
    trained, validated = np.array(phase.accuracy), np.array(phase.val_accuracy)
    if len(phase) >= MANY and (validated - trained > FAR_ABOVE).all():
        yield (
            f"validation accuracy is above that of training by more than {100 * FAR_ABOVE:g} points in every epoch: "
            "validation images that are easier, or were trained on"
        )
    late_trained, late_validated = trained[-LATE:], validated[-LATE:]
    if len(phase) >= LATE and (late_trained > BY_HEART).all() and (late_trained - late_validated < NO_GAP).all():
        yield ("training images are known by heart, and validation images as well: they may be among those of training")
