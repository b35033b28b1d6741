"""The page of an audit: training runs with their curves, clauses and notes."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import chain, pairwise, repeat
from pathlib import Path

from jinja2 import Template

from ferspec.checks.run.audit import Audit, AuditedRun
from ferspec.checks.run.schedule.replay import PhaseReplay, PhaseStop
from ferspec.checks.run.schedule.rounded_losses import same_rate
from ferspec.files import write_whole
from ferspec.outcomes import Status
from ferspec.reference.training.epoch_row import EpochRow
from ferspec.report.judged_page import judged_template
from ferspec.report.result_page import svg_uri
from ferspec.report.training_curves import Mark, curves_svg
from ferspec.report.words import ORDER, difference, shorten, stated
from ferspec.subjects.runs.logs.phases import LoggedPhase

PAGE, CURVES = "audit.html", "curves"
NUMBERED = "[0-9][0-9][0-9]-*.svg"
# larger values, NaN and infinite ones cannot be drawn
LARGEST = 1e6
RATE = "rate"
# the headings of ``phase_row``
PHASES = ("phase", "epochs", "first rate", "last rate", "rates", "end")
SERIES = ("loss", "accuracy", "val_loss", "val_accuracy", RATE)


def write_audit_page(audit: Audit, folder: Path) -> None:
    """Write a page of all runs, and the curves of each as an SVG; each file is written atomically.

    Only phases that log loss, accuracy and rate in every epoch can be drawn. The curves of an earlier audit in the
    folder are removed. ``UserError`` where the folder cannot be written to.
    """
    curves = {}
    for number, drawn in _drawn(audit):
        name = re.sub(r"[^A-Za-z0-9_.-]+", "-", audit.runs[number - 1].run.path.stem)[:80]
        curves[number] = f"{CURVES}/{number:03}-{name}.svg"
        write_whole(folder / curves[number], drawn)
    write_whole(folder / PAGE, _rendered(audit, curves))
    for path in (folder / CURVES).glob(NUMBERED):
        if f"{CURVES}/{path.name}" not in curves.values():
            path.unlink(missing_ok=True)


def render_audit(audit: Audit) -> str:
    """Return the page of all runs, with their curves inside."""
    curves = {number: svg_uri(drawn) for number, drawn in _drawn(audit)}
    return _rendered(audit, curves)


def _rendered(audit: Audit, curves: Mapping[int, str]) -> str:
    """Return the page; runs keep their numbers, and failures are shown first."""
    entries = sorted(enumerate(audit.runs, start=1), key=lambda entry: ORDER[Status(entry[1].judgement.verdict)])
    return _template().render(audit=audit, curves=curves, entries=entries)


def _drawn(audit: Audit) -> Iterator[tuple[int, str]]:
    """Yield the number of each run that can be drawn, and its curves."""
    for number, audited in enumerate(audit.runs, start=1):
        if drawn := draw(audited):
            yield number, drawn


def draw(audited: AuditedRun) -> str:
    """Return the curves of a run as an SVG; empty if no phase can be drawn.

    Of phases that log different metrics, those with the most are drawn.
    """
    rows: list[EpochRow] = []
    marks: list[Mark] = []
    drawable = [(stop, series) for stop in audited.stops if (series := _series(stop.phase))]
    most = max((len(series) for _, series in drawable), default=0)
    for stop, series in drawable:
        if len(series) == most:
            marks += _marks(stop.phase, series.get(RATE, ()), stop, len(rows))
            rows += _rows(series, stop.number, len(rows))
    return curves_svg(rows, shorten(audited.run.path.name, 70), marks) if rows else ""


def _series(phase: LoggedPhase) -> dict[str, Sequence[float]] | None:
    """Return the logged series of a phase by metric; None if a value is NaN, infinite or too large."""
    logged = {name: values for name in SERIES if (values := getattr(phase, name)) is not None}
    if not logged.keys() & {"loss", "val_loss"} or not all(abs(value) < LARGEST for value in chain(*logged.values())):
        return None
    return logged if min(logged.get(RATE, (1.0,))) > 0 else None


def _rows(series: Mapping[str, Sequence[float]], number: int, before: int) -> Iterator[EpochRow]:
    figures = (series.get(name, repeat(math.nan)) for name in SERIES)
    for place, (loss, accuracy, val_loss, val_accuracy, rate) in enumerate(zip(*figures, strict=False)):
        yield EpochRow(
            epoch=before + place,
            accuracy=accuracy,
            learning_rate=rate,
            loss=loss,
            val_accuracy=val_accuracy,
            val_loss=val_loss,
            phase=number,
        )


def _marks(phase: LoggedPhase, rates: Sequence[float], stop: PhaseStop, before: int) -> Iterator[Mark]:
    for place, (rate, following) in enumerate(pairwise(rates)):
        if not same_rate(following, rate):
            yield Mark(
                before + place, "reduction", f"rate {rate:.3g} to {following:.3g} after epoch {phase.epochs[place]}"
            )
    if not stop.unknown and stop.stop is not None:
        text = f"early stopping ends phase {stop.number} after epoch {phase.epochs[stop.stop]}"
        yield Mark(before + stop.stop, "stop", text)


def phase_row(replay: PhaseReplay, stop: PhaseStop) -> tuple[str, ...]:
    """Return a phase in words: number, epochs, first and last rate, whether the rates replay, and the end."""
    phase = replay.phase
    rates = ("–", "–") if phase.rate is None else (f"{phase.rate[0]:g}", f"{phase.rate[-1]:g}")
    departs = "may depart" if replay.may_be_rounding else "depart"
    found = replay.unknown or ("as expected" if replay.mismatch is None else f"{departs}: {replay.where}")
    return str(replay.number), f"{phase.epochs[0]}–{phase.epochs[-1]}", *rates, found, _end(stop)


def _end(stop: PhaseStop) -> str:
    if stop.unknown:
        return stop.unknown
    if stop.overran and stop.stop is not None:
        return f"{stop.last - stop.stop} epochs after early stopping"
    return "early stopping" if stop.stopped else "before early stopping"


@cache
def _template() -> Template:
    names = {"phase_row": phase_row, "HEADINGS": PHASES}
    return judged_template("audit.html", {"stated": stated, "difference": difference}, names)
