"""When a statement of the paper comes out supported, not supported, or within noise."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ferspec import spec
from ferspec.grid.findings.effects import (
    Effect,
    Known,
    Mean,
    Measured,
    chosen,
    contrasts,
    count_units,
    effects,
    mean_by_network,
    mean_difference,
    mean_of,
    selected,
    student,
)
from ferspec.grid.findings.questions import Contrast, Difference, Leading, Question, Reaching, Unit
from ferspec.records import Record
from ferspec.spec.records import Cell

CLAUSE = "FER-F-01"

Outcome = Literal["supported", "not supported", "within noise", "not evaluated"]
Kind = Literal["pairs", "cells"]


class Estimate(Record):
    """What the cells say: ``value`` between ``low`` and ``high``, from that many ``count`` of ``pairs`` or ``cells``.

    ``noise`` is how far from 0 chance alone takes the value where there is no effect, at the level of the interval.
    ``networks`` are the architectures involved; ``relative`` values are shares of what is compared with. The interval
    of a ranking is its noise, there being nothing to average.
    """

    value: float
    low: float
    high: float
    noise: float
    count: int
    of: Kind
    networks: int
    relative: bool = False

    @property
    def margin(self) -> float:
        """How far the value may be from the truth: the half width of the interval, but no less than the noise."""
        return max((self.high - self.low) / 2, self.noise)


class Judged(Record):
    """What became of a statement: with ``margin`` that of the estimate, its outcome is

    - ``within noise`` where the value is no farther than the margin from 0: the cells show no effect, which does not
      rule out a small one;
    - ``not supported`` where it is farther, and on the other side of 0, or farther than margin and rounding from the
      amount that is stated; and, whatever the value, where a pair exceeds an upper bound that is stated by more than
      its rounding and what the largest of as many pairs does by chance;
    - ``supported`` otherwise;
    - ``not evaluated``, with the reason, where the cells are too few.
    """

    estimate: Estimate | None = None
    outcome: Outcome
    reason: str


@dataclass(frozen=True)
class Judge:
    """Judges statements about one figure by the cells ``known``; ``freedom`` is that of the spread between runs."""

    figure: str
    known: Known
    freedom: int

    def judge(self, question: Question) -> Judged:
        """Return what the cells say of a question about the figure."""
        match question:
            case Difference():
                return self._difference(question)
            case Contrast():
                return self._contrast(question)
            case Leading():
                return self._leading(question)
            case Reaching():
                return self._reaching(question)

    def _difference(self, question: Difference) -> Judged:
        found = effects(self.known, question.where, question.worse, question.better, question.relative)
        if lacking := _too_few(found, question.unit):
            return lacking
        estimate = self._estimate(mean_of(found, question.unit, _level()), found, question.relative)
        if question.at_most is not None and (beyond := self._beyond(question, found)):
            return Judged(estimate=estimate, outcome="not supported", reason=beyond)
        return _judged(estimate, question.amount(self.figure), question.rounding)

    def _contrast(self, question: Contrast) -> Judged:
        less, more = (
            effects(self.known, f"{question.where} {side}", question.worse, question.better)
            for side in (question.less_in, question.more_in)
        )
        if not question.paired:
            if lacking := _too_few(less, question.unit) or _too_few(more, question.unit):
                return lacking
            return _judged(self._estimate(mean_difference(less, more, question.unit, _level()), [*less, *more]))
        found = contrasts(less, more, question.more_in.partition("=")[0])
        if lacking := _too_few(found, question.unit):
            return lacking
        return _judged(self._estimate(mean_of(found, question.unit, _level()), found))

    def _leading(self, question: Leading) -> Judged:
        if lacking := self._unknown(question.where):
            return lacking
        cells = chosen(self.known, question.where)
        ids = {measured.cell.id for measured in chosen(self.known, f"{question.where} {question.leaders}")}
        by_value = sorted(cells, key=lambda measured: measured.value, reverse=True)
        leaders = [measured for measured in by_value if measured.cell.id in ids]
        others = [measured for measured in by_value if measured.cell.id not in ids]
        if len(leaders) < question.first or not others:
            return Judged(
                outcome="not evaluated", reason=f"{len(leaders)} of the cells said to lead, {len(others)} others"
            )
        last, rival = leaders[question.first - 1], others[0]
        noise = self._noise(last.variance + rival.variance)
        judged = _judged(_ranking(last.value - rival.value, noise, cells))
        shown = f"{last.cell.id} {last.value:.3f}, best other {rival.cell.id} {rival.value:.3f}"
        return judged.model_copy(update={"reason": f"{judged.reason}: {shown}"})

    def _reaching(self, question: Reaching) -> Judged:
        if lacking := self._unknown(question.where):
            return lacking
        small = [
            measured
            for measured in chosen(self.known, question.where)
            if round(_millions(measured.cell)) <= question.millions
        ]
        rows = mean_by_network(small)
        if not rows:
            return Judged(
                outcome="not evaluated", reason=f"no cell of at most {question.millions:g} million parameters"
            )
        name, best = max(rows.items(), key=lambda row: row[1].value)
        # The best of many is high by chance too: each of them gets its share of the risk.
        noise = self._noise(best.variance, tests=len(rows))
        judged = _judged(_ranking(best.value - question.above, noise, small))
        return judged.model_copy(update={"reason": f"{judged.reason}: {name} {best.value:.3f}"})

    def _estimate(self, mean: Mean, found: Sequence[Effect], relative: bool = False) -> Estimate:
        return Estimate(
            value=mean.value,
            low=mean.value - mean.half,
            high=mean.value + mean.half,
            noise=self._noise(mean.variance),
            count=len(found),
            of="pairs",
            networks=len({effect.network for effect in found}),
            relative=relative,
        )

    def _noise(self, variance: float, tests: int = 1) -> float:
        return student(self.freedom, 1 - (1 - _level()) / tests) * math.sqrt(variance)

    def _beyond(self, question: Difference, found: Sequence[Effect]) -> str | None:
        largest = max(found, key=lambda effect: effect.value)
        if largest.value <= question.at_most + question.rounding + self._noise(largest.variance, tests=len(found)):
            return None
        return f"a pair differs by {largest.value:+.3f}, more than {question.at_most:g} and chance"

    def _unknown(self, where: str) -> Judged | None:
        """Return that a ranking cannot be judged, where too few of its cells are known."""
        share = len(chosen(self.known, where)) / len(selected(where))
        least = spec.load().number(CLAUSE, "least_share")
        if share >= least:
            return None
        return Judged(
            outcome="not evaluated", reason=f"{share:.0%} of the cells are known, a ranking needs {least:.0%}"
        )


def _judged(estimate: Estimate, stated: float | None = None, rounding: float = 0.0) -> Judged:
    outcome, reason = _outcome(estimate, stated, rounding)
    return Judged(estimate=estimate, outcome=outcome, reason=reason)


def _outcome(estimate: Estimate, stated: float | None, rounding: float) -> tuple[Outcome, str]:
    value, margin = estimate.value, estimate.margin
    if abs(value) <= margin:
        return "within noise", "the interval holds 0" if estimate.low <= 0 <= estimate.high else "chance explains it"
    if value < 0:
        return "not supported", "the opposite, beyond chance"
    if stated is None:
        return "supported", "beyond chance"
    if abs(value - stated) <= margin + rounding:
        return "supported", f"beyond chance, and compatible with {stated:g}"
    return "not supported", f"beyond chance, but not compatible with {stated:g}"


def _ranking(lead: float, noise: float, cells: Sequence[Measured]) -> Estimate:
    """Return the estimate of a lead, found among that many cells."""
    networks = len({measured.cell.architecture for measured in cells})
    ends = {"low": lead - noise, "high": lead + noise}
    return Estimate(value=lead, **ends, noise=noise, count=len(cells), of="cells", networks=networks)


def _too_few(found: Sequence[Effect], unit: Unit) -> Judged | None:
    """Return that nothing can be said, where an interval would rest on fewer units than FER-F-01 asks for."""
    units, least = count_units(found, unit), spec.load().integer(CLAUSE, "least_units")
    if units >= least:
        return None
    return Judged(outcome="not evaluated", reason=f"{len(found)} pairs of {units} {unit}s, at least {least} are needed")


def _millions(cell: Cell) -> float:
    network = spec.load().networks[cell.architecture]
    return network.parameter_total(cell.weights, cell.resolution) / 1e6


def _level() -> float:
    return spec.load().number("FER-Z-01", "level")
