"""The tables of a recommendation, the same on the terminal and on pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from ferspec.grid.advising.advice import Advice
from ferspec.grid.advising.shortlist import Accuracy, Option
from ferspec.grid.advising.verdicts import Outcome
from ferspec.grid.cells import find_cell
from ferspec.report.comparison import Texts
from ferspec.report.words import WEIGHTS, file_size, level

CAVEAT = "The best of many seems better than it is: the first of a list is chosen by chance among all that tie with it."


def option_table(advice: Advice) -> Texts:
    """Return the short list: place, cell, parameters, both accuracies with their bands, and what was measured."""
    measured = any(option.measured for option in advice.shortlist.options)
    headings = ("place", "network", "trained on", "parameters", "BTFER", "validation")
    rows = (_option(option, measured) for option in advice.shortlist.options)
    return Texts((*headings, "measured") if measured else headings, tuple(rows))


def statement_table(advice: Advice) -> Texts:
    """Return the paper's statements with their outcomes and what decides them."""
    rows = ((one.outcome, one.id, one.text, one.reasons) for one in advice.statements)
    return Texts(("outcome", "place", "the paper says", "because"), tuple(rows))


def said(advice: Advice) -> Iterator[str]:
    """Yield what must be known beside the short list, in sentences."""
    found = advice.shortlist
    for one in advice.requirements:
        measured = f", {one.unmeasured:,} have no measurement" if one.unmeasured else ""
        yield f"{one.option}: {one.met:,} of {advice.cells:,} cells meet it{measured}."
    listed = f"{len(found.options)} of {found.candidates:,} cells are listed, profile {advice.profile}"
    yield (
        f"{listed}: no other has as few parameters and as high accuracies, and one of these better. "
        f"Cells of one place tie: chance explains their differences, at {level()} for all {found.compared} comparisons."
    )
    yield f"In brackets is the band in which one further training is expected, at {level()}. {CAVEAT}"
    if found.by_chance:
        yield f"{found.by_chance:,} more cells may be missing by chance: none of at most their size is clearly better."
    if found.unknown:
        yield f"Not ranked, since an accuracy is unknown: {', '.join(found.unknown)}."
    if any(option.measured for option in found.options):
        yield "A measured file may be less accurate than the published network, for example after quantisation."
    if advice.outside:
        names = ", ".join(one.model for one in advice.outside)
        yield f"Measured, but not of a cell, so without a published accuracy: {names}."


def totals(advice: Advice) -> str:
    """Return the number of the paper's statements by outcome."""
    counts = ", ".join(f"{advice.count(outcome)} {outcome}" for outcome in get_args(Outcome))
    return f"Tables 4 to 6 and Section 4.6 of the paper, {len(advice.statements)} statements: {counts}."


def _option(option: Option, measured: bool) -> tuple[str, ...]:
    cell = find_cell(option.cell)
    weights = WEIGHTS[cell.weights].removeprefix("from ")
    network = f"{cell.architecture} from {weights}, {cell.resolution} px"
    trained = f"{cell.dataset}, {cell.balancing}"
    row = (
        str(option.place),
        network,
        trained,
        f"{option.parameters:,}",
        _share(option.btfer),
        _share(option.validation),
    )
    return (*row, _measured(option)) if measured else row


def _share(accuracy: Accuracy) -> str:
    return f"{accuracy.value:.2f} ({accuracy.low:.2f}–{accuracy.high:.2f})"


def _measured(option: Option) -> str:
    one = option.measured
    if one is None:
        return "not measured"
    form = f", {one.format}" if one.format else ""
    return f"{one.milliseconds:g} ms, {file_size(one.bytes)}{form}, on {one.device}"
