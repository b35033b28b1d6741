"""Prints an inspection: verdict, what decides it, the accuracy without the leak, and every failed check."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.text import Text

from ferspec.report.inspection.words import accuracies, decisive, leak_sentence, remedies
from ferspec.report.terminal import STYLES, counts_line, default_console, print_outcomes, verdict_line
from ferspec.report.words import share, shorten
from ferspec.subjects.datasets.inspection.document import InspectionReport

LONGEST, SUSPECTS = 400, 3


def print_inspection(report: InspectionReport, folder: Path | None = None, console: Console | None = None) -> None:
    """Print the verdict and what decides it, outcomes other than passes, and the written files."""
    console = console or default_console()
    what = "; ".join(decisive(report)) or f"{report.counts.passed} checks pass"
    line = verdict_line(report.verdict, report.counts, shorten(f"inspection of {report.name}: {what}", LONGEST))
    console.print(line, soft_wrap=True)
    for text in _accuracy(report):
        console.print(text, soft_wrap=True)
    console.print(counts_line(report.counts))
    print_outcomes(console, report.outcomes)
    for text in _closing(report, folder):
        console.print(text, soft_wrap=True)


def _accuracy(report: InspectionReport) -> Iterator[Text]:
    if report.answered is None:
        return
    style = STYLES["fail"] if report.answered.figures.leaked.n else ""
    name = shorten(report.answered.model, 60)
    yield Text.assemble(f"{name}: ", (shorten(leak_sentence(report.answered), LONGEST), style))
    for row, unit, one in accuracies(report.answered)[3:]:
        yield Text(f"  {row}: {share(one.accuracy)}, {one.n:,} {unit}")


def _closing(report: InspectionReport, folder: Path | None) -> Iterator[Text]:
    yield Text("")
    for other in report.compared:
        shared = f"{other.exact:,} exact and {other.changed:,} changed copies"
        yield Text(f"compared with {shorten(other.name, 60)} ({other.images:,} images): {shared} of its pictures")
    for remedy in remedies(report):
        yield Text(f"to do: {remedy}")
    suspects = (report.answered and report.answered.suspects) or ()
    if suspects:
        yield Text(f"suspicions: the model confidently contradicts {len(suspects):,} labels, such as", "yellow")
    for one in suspects[:SUSPECTS]:
        yield Text(
            f"  {shorten(one.image, 80)}: {one.label} ({one.own_probability:.2f}), likelier {one.likelier} "
            f"({one.probability:.2f})"
        )
    if folder is not None:
        yield Text(f"written: {shorten(folder / 'inspection.html', LONGEST)}, .json, findings.csv and clusters.csv")
    elif report.findings:
        yield Text(f"{len(report.findings):,} findings: --out DIR writes them as CSV and as a page", "dim")
