"""Decides whether a statement of the paper is supported, not supported, or within noise."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ferspec import spec
from ferspec.grid.bands.spread import student
from ferspec.grid.finding.effects import (
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
)
from ferspec.grid.finding.questions import Contrast, Difference, Leading, Question, Reaching, Unit
from ferspec.records import Record
from ferspec.required import required
from ferspec.spec.records import Cell

CLAUSE = "FER-F-01"

Outcome = Literal["supported", "not supported", "within noise", "not evaluated"]
Kind = Literal["pairs", "cells"]


class Estimate(Record):
    """An estimated effect: ``value`` with the interval ``low`` to ``high``, from ``count`` pairs or cells.

    ``noise`` is how far chance alone moves the value from 0 without an effect, at the level of the interval.
    ``networks`` counts the architectures involved. ``relative`` values are shares of the metric compared with. The
    interval of a ranking is its noise, because nothing is averaged.
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
        """The larger of the half width of the interval and the noise."""
        return max((self.high - self.low) / 2, self.noise)


class Judged(Record):
    """The outcome of a statement, decided with the margin of its estimate.

    - ``within noise``: the value is at most the margin from 0. The cells show no effect; a small one is possible.
    - ``not supported``: the value is beyond the margin on the other side of 0, or farther than margin and rounding from
      the stated amount. Or a pair exceeds the stated upper bound by more than rounding and the chance of the largest of
      all pairs, whatever the value.
    - ``supported``: otherwise.
    - ``not evaluated``: there are too few cells; ``reason`` says how many.
    """

    estimate: Estimate | None = None
    outcome: Outcome
    reason: str


@dataclass(frozen=True)
class Judge:
    """Judges statements about one metric by ``known`` cells. ``freedom`` is that of the spread between runs."""

    figure: str
    known: Known
    freedom: int

    def judge(self, question: Question) -> Judged:
        """Judge a question about the metric."""
        match question:
            case Difference():
                return self._difference(question)
            case Contrast():
                return self._contrast(question)
            case Leading():
                return self._leading(question)
            case Reaching():
                return self._reaching(question)

    def lead(self, leader: Measured, rival: Measured, cells: Sequence[Measured]) -> Judged:
        """Judge whether a cell exceeds its best rival among ``cells``."""
        noise = self._noise(leader.variance + rival.variance)
        judged = _judged(_ranking(leader.value - rival.value, noise, cells))
        detail = f"{leader.cell.id} {leader.value:.3f}, best other {rival.cell.id} {rival.value:.3f}"
        return judged.model_copy(update={"reason": f"{judged.reason}: {detail}"})

    def _difference(self, question: Difference) -> Judged:
        pairs = effects(self.known, question.where, question.worse, question.better, question.relative)
        if not_evaluated := _too_few(pairs, question.unit):
            return not_evaluated
        estimate = self._estimate(mean_of(pairs, question.unit, _level()), pairs, question.relative)
        if question.at_most is not None and (exceeded := self._exceeded(question, pairs)):
            return Judged(estimate=estimate, outcome="not supported", reason=exceeded)
        return _judged(estimate, question.amount(self.figure), question.rounding)

    def _contrast(self, question: Contrast) -> Judged:
        less, more = (
            effects(self.known, f"{question.where} {side}", question.worse, question.better)
            for side in (question.less_in, question.more_in)
        )
        if not question.paired:
            if not_evaluated := _too_few(less, question.unit) or _too_few(more, question.unit):
                return not_evaluated
            return _judged(self._estimate(mean_difference(less, more, question.unit, _level()), [*less, *more]))
        pairs = contrasts(less, more, question.more_in.partition("=")[0])
        if not_evaluated := _too_few(pairs, question.unit):
            return not_evaluated
        return _judged(self._estimate(mean_of(pairs, question.unit, _level()), pairs))

    def _leading(self, question: Leading) -> Judged:
        if not_evaluated := self._too_few_known(question.where):
            return not_evaluated
        cells = chosen(self.known, question.where)
        ids = {measured.cell.id for measured in chosen(self.known, f"{question.where} {question.leaders}")}
        by_value = sorted(cells, key=lambda measured: measured.value, reverse=True)
        leaders = [measured for measured in by_value if measured.cell.id in ids]
        others = [measured for measured in by_value if measured.cell.id not in ids]
        if len(leaders) < question.first or not others:
            reason = f"{len(leaders)} of the cells that should lead are known, and {len(others)} others"
            return Judged(outcome="not evaluated", reason=reason)
        return self.lead(leaders[question.first - 1], others[0], cells)

    def _reaching(self, question: Reaching) -> Judged:
        if not_evaluated := self._too_few_known(question.where):
            return not_evaluated
        small = [
            measured
            for measured in chosen(self.known, question.where)
            if round(_millions(measured.cell)) <= question.millions
        ]
        rows = mean_by_network(small)
        if not rows:
            reason = f"no cell of at most {question.millions:g} million parameters is known"
            return Judged(outcome="not evaluated", reason=reason)
        name, best = max(rows.items(), key=lambda row: row[1].value)
        # the best of many may be high by chance: Bonferroni's correction
        noise = self._noise(best.variance, tests=len(rows))
        judged = _judged(_ranking(best.value - question.above, noise, small))
        return judged.model_copy(update={"reason": f"{judged.reason}: {name} {best.value:.3f}"})

    def _estimate(self, mean: Mean, pairs: Sequence[Effect], relative: bool = False) -> Estimate:
        return Estimate(
            value=mean.value,
            low=mean.value - mean.half,
            high=mean.value + mean.half,
            noise=self._noise(mean.variance),
            count=len(pairs),
            of="pairs",
            networks=len({effect.network for effect in pairs}),
            relative=relative,
        )

    def _noise(self, variance: float, tests: int = 1) -> float:
        return student(self.freedom, 1 - (1 - _level()) / tests) * math.sqrt(variance)

    def _exceeded(self, question: Difference, pairs: Sequence[Effect]) -> str | None:
        """Return the reason if the largest pair exceeds the upper bound, or None."""
        largest, bound = max(pairs, key=lambda effect: effect.value), required(question.at_most)
        if largest.value <= bound + question.rounding + self._noise(largest.variance, tests=len(pairs)):
            return None
        return f"a pair differs by {largest.value:+.3f}, more than {bound:g} and chance allow"

    def _too_few_known(self, where: str) -> Judged | None:
        """Return *not evaluated* if too few cells of a ranking are known, or None."""
        share = len(chosen(self.known, where)) / len(selected(where))
        least = spec.load().number(CLAUSE, "least_share")
        if share >= least:
            return None
        reason = f"{share:.0%} of the cells are known, but a ranking needs {least:.0%}"
        return Judged(outcome="not evaluated", reason=reason)


def _judged(estimate: Estimate, stated: float | None = None, rounding: float = 0.0) -> Judged:
    outcome, reason = _outcome(estimate, stated, rounding)
    return Judged(estimate=estimate, outcome=outcome, reason=reason)


def _outcome(estimate: Estimate, stated: float | None, rounding: float) -> tuple[Outcome, str]:
    value, margin = estimate.value, estimate.margin
    if abs(value) <= margin:
        return "within noise", "the interval contains 0" if estimate.low <= 0 <= estimate.high else "chance explains it"
    if value < 0:
        return "not supported", "the opposite, beyond chance"
    if stated is None:
        return "supported", "beyond chance"
    if abs(value - stated) <= margin + rounding:
        return "supported", f"beyond chance, and compatible with {stated:g}"
    return "not supported", f"beyond chance, but not compatible with {stated:g}"


def _ranking(lead: float, noise: float, cells: Sequence[Measured]) -> Estimate:
    """Return the estimate of a lead among cells."""
    return Estimate(
        value=lead,
        low=lead - noise,
        high=lead + noise,
        noise=noise,
        count=len(cells),
        of="cells",
        networks=len({measured.cell.architecture for measured in cells}),
    )


def _too_few(pairs: Sequence[Effect], unit: Unit) -> Judged | None:
    """Return *not evaluated* if there are fewer units than FER-F-01 requires, or None."""
    units, least = count_units(pairs, unit), spec.load().integer(CLAUSE, "least_units")
    if units >= least:
        return None
    return Judged(outcome="not evaluated", reason=f"{len(pairs)} pairs of {units} {unit}s; at least {least} are needed")


def _millions(cell: Cell) -> float:
    network = spec.load().networks[cell.architecture]
    return network.parameter_total(cell.weights, cell.resolution) / 1e6


def _level() -> float:
    return spec.load().number("FER-Z-01", "level")
