"""Prints findings: lines under each statement of the paper, or JSON."""

from collections.abc import Iterable
from itertools import groupby
from typing import get_args

from rich.console import Console

from ferspec import spec
from ferspec.grid.finding.findings import Finding, Findings
from ferspec.grid.finding.outcomes import Estimate, Outcome

STYLES = {"supported": "green", "not supported": "red", "within noise": "yellow", "not evaluated": "dim"}
METRICS = {"val_accuracy": "validation", "btfer_accuracy": "BTFER"}
PLAIN_WIDTH = 200
ROW = "  {:<10}  {:<21}  {:>10}  {:<18}  {:<22}  {:<7}  {}"


def print_findings(found: Findings, as_json: bool = False) -> None:
    """Print the outcome of every statement, its cautions, and the totals by outcome."""
    if as_json:
        print(found.model_dump_json(indent=2))
        return
    console = Console(highlight=False, soft_wrap=True)
    if not console.is_terminal:
        console = Console(highlight=False, width=PLAIN_WIDTH)
    level = f"{spec.load().number('FER-Z-01', 'level'):.0%} interval"
    console.print(ROW.format("accuracy", "the paper says", "recomputed", level, "of", "noise", "outcome"), style="dim")
    for clause, about in groupby(found.findings, key=lambda finding: (finding.clause, finding.title)):
        console.print("[bold]{}[/] {}".format(*clause))
        for finding in about:
            for line in _lines(finding):
                console.print(line)
    console.print()
    for caution, clauses in _cautions(found.findings).items():
        console.print(f"{', '.join(clauses)}: {caution}", markup=False)
    console.print(_summary(found), markup=False)


def _lines(finding: Finding) -> list[str]:
    """Return the row of a finding, and below it the reason of its outcome."""
    outcome = f"[{STYLES[finding.outcome]}]{finding.outcome}[/]"
    if finding.figure is None:
        return [f"  {outcome}: {finding.reason}"]
    shown = METRICS[finding.figure], finding.stated
    if finding.estimate is None:
        return [ROW.format(*shown, *5 * [""]).rstrip() + f"  {outcome}: {finding.reason}"]
    row = ROW.format(*shown, *_numbers(finding.estimate), outcome)
    return [row] if finding.estimate.of == "pairs" else [row, f"    {finding.reason}"]


def _numbers(estimate: Estimate) -> tuple[str, str, str, str]:
    """Return value, interval, what was counted, and noise."""
    number = "{:.1%}" if estimate.relative else "{:.3f}"
    value, low, high = (number.replace(":", ":+").format(end) for end in (estimate.value, estimate.low, estimate.high))
    networks = f"{estimate.networks} network" + "s" * (estimate.networks > 1)
    return value, f"{low} to {high}", f"{estimate.count} {estimate.of}, {networks}", f"±{number.format(estimate.noise)}"


def _cautions(findings: Iterable[Finding]) -> dict[str, list[str]]:
    """Return every caution once, with its clauses."""
    cautions: dict[str, dict[str, None]] = {}
    for finding in findings:
        for caution in finding.cautions:
            cautions.setdefault(caution, {})[finding.clause] = None
    return {caution: list(clauses) for caution, clauses in cautions.items()}


def _summary(found: Findings) -> str:
    """Return the number of findings by outcome, and of the trainings they are from."""
    counts = ", ".join(f"{found.count(outcome)} {outcome}" for outcome in get_args(Outcome))
    why = ", ".join(f"{count} {reason}" for reason, count in found.why_left_out.items())
    left_out = f" ({found.left_out} more omitted: {why})" if found.left_out else ""
    trainings = f"{found.trainings} trainings{left_out}, profile {found.profile}"
    return (
        f"{len(found.findings)} findings from {trainings}: {counts}. "
        "Noise is what chance alone explains; each interval holds on its own."
    )
