"""Find phases that begin within consecutively numbered epochs, by replaying the schedule."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache

from ferspec import spec
from ferspec.checks.run.schedule.alternatives import decays_by_epoch, explanations
from ferspec.checks.run.schedule.replay import replays, stops
from ferspec.checks.run.schedule.rounded_losses import same_rate
from ferspec.checks.run.schedule.rules import SCRATCH
from ferspec.subjects.runs.logs.logged_run import LoggedRun
from ferspec.subjects.runs.logs.phases import LoggedPhase

# longer trainings are not searched: the time grows with the square of their epochs
LONGEST = 500
MOST_RESTARTS = 3

Reach = Callable[[int], int]


def with_restarts(run: LoggedRun) -> LoggedRun:
    """Return a run with the phases that a replay finds where epochs continue their numbers.

    ``fit(initial_epoch=…)`` begins a phase so: the learning rate and the counters of both rules start again. A phase
    that replays only in pieces is divided. If a wrong rule explains it too, or if it replays as a whole, the epochs
    where a second phase may begin are recorded instead. A log that numbers phases itself is not searched.
    """
    if run.phases_named or any(phase.epochs[0] == run.first_epoch for phase in run.phases[1:]):
        return run
    phases: list[LoggedPhase] = []
    begins: tuple[int, ...] = ()
    may_begin: tuple[int, ...] = ()
    for phase, whole in zip(run.phases, run.whole_beginnings, strict=True):
        found = _found(run, phase) if whole and 1 < len(phase) <= LONGEST and phase.val_loss else []
        if found and _is_certain(run, phase):
            begins = begins or tuple(phase.epochs[place] for place in found[0])
            phases += _divided(phase, [_likeliest(run, phase, places) for places in found])
        else:
            may_begin = may_begin or tuple(phase.epochs[place] for place in (found[0] if len(found) == 1 else ()))
            phases.append(phase)
    if len(run.phases) == 1 == len(phases) and not may_begin and run.weights != SCRATCH:
        may_begin = tuple(_possible(run, run.phases[0]))
    return replace(run, phases=tuple(phases), begins=begins, may_begin=may_begin)


def _found(run: LoggedRun, phase: LoggedPhase) -> list[list[int]]:
    """Return, for each restart, the epochs (from 0) at which it may be; empty if the phase replays as a whole.

    Restarts begin at a rate of the protocol; at any rate only if no wrong rule explains the phase.
    """
    reach = _reach(run, phase)
    if reach(0) == len(phase):
        return []
    by_protocol = [place for place in range(1, len(phase)) if _known(run, phase, place)]
    if found := _restarts(phase, reach, by_protocol):
        return found
    if phase.rate is None or decays_by_epoch(phase) or explanations([phase], run.profile):
        return []
    jumps = [place for place in range(1, len(phase)) if not same_rate(phase.rate[place], phase.rate[place - 1])]
    return _restarts(phase, reach, sorted({*by_protocol, *jumps}))


def _restarts(phase: LoggedPhase, reach: Reach, starts: Sequence[int]) -> list[list[int]]:
    """Return the fewest restarts after which all epochs replay; empty if there are none.

    At most one restart may be at an unchanged rate: enough of them would explain any rate that is never reduced.
    """
    found: list[list[int]] = []
    start, unchanged = 0, 0
    while (end := reach(start)) < len(phase):
        candidates = [place for place in starts if start < place <= end]
        farthest = max(map(reach, candidates), default=0)
        if farthest <= end or len(found) == MOST_RESTARTS:
            return []
        best = [place for place in candidates if reach(place) == farthest]
        start = best[-1]
        unchanged += phase.rate is None or same_rate(phase.rate[start], phase.rate[start - 1])
        if unchanged > 1:
            return []
        found.append(best)
    return found


def _reach(run: LoggedRun, phase: LoggedPhase) -> Reach:
    """Return how far, as an index, the phase replays if it begins at an index."""

    @cache
    def reach(start: int) -> int:
        piece = replace(run, phases=(_cut(phase, start, None),), first_epoch=phase.epochs[start], end_lost=False)
        (replay,), (stop,) = replays(piece), stops(piece)
        ends = [len(phase)]
        if replay.mismatch is not None and not replay.may_be_rounding:
            ends.append(start + replay.mismatch)
        if stop.stop is not None and stop.overran and not stop.may_be_rounding:
            ends.append(start + stop.stop + 1)
        return min(ends)

    return reach


def _known(run: LoggedRun, phase: LoggedPhase, place: int) -> bool:
    rates = spec.load().numbers("FER-S-02", "initial_rates", run.profile)
    return phase.rate is None or any(same_rate(phase.rate[place], rate) for rate in rates)


def _is_certain(run: LoggedRun, phase: LoggedPhase) -> bool:
    """Return whether no known wrong rule explains the phase as a whole."""
    if phase.rate is None:
        return False
    (replay,) = replays(replace(run, phases=(phase,), first_epoch=phase.epochs[0]))
    return replay.mismatch is not None and not explanations([phase], run.profile)


def _possible(run: LoggedRun, phase: LoggedPhase) -> Iterator[int]:
    """Yield the epochs at which a second phase may begin.

    The first one then has a length of the protocol.
    """
    if not run.whole_beginnings[0] or len(phase) > LONGEST:
        return
    reach = _reach(run, phase)
    for length in sorted(spec.load().integers("FER-S-08", "frozen_epochs", run.profile)):
        begins = length < len(phase) and reach(0) >= length and _known(run, phase, length)
        if begins and reach(length) == len(phase):
            yield phase.epochs[length]


def _likeliest(run: LoggedRun, phase: LoggedPhase, places: Sequence[int]) -> int:
    """Return a place after a first phase of the protocol's length, or the likeliest other.

    That is where the validation loss changes most.
    """
    lengths = spec.load().integers("FER-S-08", "frozen_epochs", run.profile) if run.weights != SCRATCH else ()
    losses = phase.val_loss or ()
    by_length = [place for place in places if place in lengths]
    return by_length[0] if by_length else max(places, key=lambda place: abs(losses[place] - losses[place - 1]))


def _divided(phase: LoggedPhase, places: Sequence[int]) -> Iterator[LoggedPhase]:
    for first, last in zip((0, *places), (*places, len(phase)), strict=True):
        yield _cut(phase, first, last)


def _cut(phase: LoggedPhase, first: int, last: int | None) -> LoggedPhase:
    """Return some of the epochs of a phase."""
    metrics = {
        name: values[first:last] for name, values in vars(phase).items() if name != "unvalidated" and values is not None
    }
    last = len(phase) if last is None else last
    return LoggedPhase(
        **metrics, unvalidated=frozenset(epoch - first for epoch in phase.unvalidated if first <= epoch < last)
    )
