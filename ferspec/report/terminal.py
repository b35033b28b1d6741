"""Prints results: coloured on a terminal, plain lines of at most 80 columns elsewhere."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ferspec import spec
from ferspec.checks.certificate.finding import Finding
from ferspec.outcomes import Counts, Judgement, Outcome, Status, Verdict
from ferspec.reference.comparison import Comparison
from ferspec.reference.measured import Calibration, Evaluation, Slice
from ferspec.reference.ranking import Ranking
from ferspec.report.claimed import claimed
from ferspec.report.comparison import Texts, comparison_tables, points, ranking_table
from ferspec.report.documents import judgement_document, verification_document
from ferspec.report.robustness.rows import explanation, loss_tables, unmeasured
from ferspec.report.summary import summary
from ferspec.report.use import STYLES as USE_STYLES
from ferspec.report.use import assessment, said, stale
from ferspec.report.words import (
    LONGEST_NAME,
    UNDEFINED,
    VERDICTS,
    approximate,
    asked,
    by_urgency,
    difference,
    doubts,
    headline,
    images_name,
    is_green,
    isolation,
    lineage,
    mistake,
    notice,
    number_range,
    place,
    plain,
    rank_range,
    ranking,
    readings,
    recognition,
    searched,
    share,
    shorten,
    stated,
    undefined_reasons,
)
from ferspec.subjects.certificates.document import DatasetInfo, Report, SubjectInfo
from ferspec.subjects.certificates.losses import Robustness
from ferspec.subjects.certificates.signing.assurance import SELF_ASSERTED, Assurance
from ferspec.subjects.certificates.subject import Certificate

WIDTH = 80
STYLES = {"pass": "bold green", "fail": "bold red", "inconclusive": "bold yellow", "not_evaluated": "bold cyan"}
UNCERTIFIED = "bold blue"


def print_report(
    report: Report,
    folder: Path | None = None,
    console: Console | None = None,
    assurance: Assurance = SELF_ASSERTED,
) -> None:
    """Print the result of a judged model, and the path of its report."""
    console = console or default_console()
    name, images = shorten(report.subject.name, LONGEST_NAME), images_name(report.dataset, LONGEST_NAME)
    judged = f"{headline(report)} of {name} on {images} ({report.metrics.n:,} images)"
    style = UNCERTIFIED if report.verdict == "pass" and not is_green(report) else STYLES[report.verdict]
    # what is said of a declared use is the second line, whatever the width
    console.print(verdict_line(report.verdict, report.counts, judged, style), soft_wrap=report.use is not None)
    print_use(console, report)
    for doubt in doubts(report):
        _print(console, *(Text(line, STYLES["inconclusive"]) for line in _wrapped(console, doubt)))
    if sentence := notice(report):
        _print(console, *(Text(line, "yellow") for line in _wrapped(console, sentence)))
    _print(console, *_wrapped(console, f"assurance: {assurance.sentence}"))
    _print(console, counts_line(report.counts))
    for line in filter(None, (asked(report), lineage(report), isolation(report))):
        _print(console, *_wrapped(console, line))
    for sentence in recognition(report):
        _print(console, *_wrapped(console, sentence))
    print_outcomes(console, report.outcomes)
    _print_figures(console, report)
    for diagnosis in report.diagnoses:
        _print(console, "", Text.assemble(("likely mistake", STYLES["inconclusive"]), f": {mistake(diagnosis)}"))
        _print(console, *_wrapped(console, shorten(diagnosis.message, 400), indent=2))
    if sentence := searched(report):
        _print(console, "", *_wrapped(console, sentence))
    if report.robustness is not None:
        _print_robustness(console, report.robustness)
    if folder is not None:
        _print(console, "")
        console.print(Text(f"report: {shorten(folder / 'report.html', 400)}"), soft_wrap=True)


def _print_robustness(console: Console, robustness: Robustness) -> None:
    _print(console, "", *_wrapped(console, f"robustness: {explanation(robustness)}"))
    for texts in loss_tables(robustness):
        _print(console, "", _table_of(texts))
    if missing := unmeasured(robustness):
        _print(console, "", *_wrapped(console, f"not measured: {'; '.join(missing)}"))


def print_use(console: Console, report: Report) -> None:
    """Print what the data on law say of the declared use, if there is one."""
    found = assessment(report)
    if found is None:
        return
    console.print(Text(said(found), STYLES[USE_STYLES[found.outcome]]), soft_wrap=True)
    if warning := stale(found):
        _print(console, *(Text(line, "yellow") for line in _wrapped(console, f"use: {warning}")))


def print_judgement(judgement: Judgement, as_json: bool = False, console: Console | None = None) -> None:
    """Print the verdict, the counts and every outcome except passes, or all as JSON."""
    if as_json:
        print(judgement_document(judgement))
        return
    console = console or default_console()
    _print(console, verdict_line(judgement.verdict, judgement.counts, counts_line(judgement.counts)))
    print_outcomes(console, judgement.outcomes)


def print_verification(
    judgement: Judgement,
    certificate: Certificate,
    finding: Finding,
    assurance: Assurance,
    as_json: bool = False,
    console: Console | None = None,
) -> None:
    """Print what a verification found, and what the document says and claims."""
    report = certificate.report
    if as_json:
        print(verification_document(judgement, report, finding, assurance))
        return
    console = console or default_console()
    _print(console, Text.assemble((finding.word, STYLES[judgement.verdict]), f": {plain(finding.sentence)}"))
    if report is not None:
        _print(console, *_wrapped(console, f"the document says: {_said(report)}"))
        print_use(console, report)
        names = ", ".join(f"{what} {value}" for what, value in claimed(report).items())
        _print(console, *_wrapped(console, f"claimed: {names}"))
        _print(console, *_wrapped(console, f"assurance: {assurance.sentence}"))
    _print(console, counts_line(judgement.counts))
    print_outcomes(console, judgement.outcomes)


def _said(report: Report) -> str:
    accuracy = share(report.metrics.accuracy)
    return f"{VERDICTS[report.verdict].upper()}, {headline(report)}, {report.dataset.n:,} images, accuracy {accuracy}"


def print_comparison(
    comparison: Comparison,
    model_a: SubjectInfo,
    model_b: SubjectInfo,
    images: DatasetInfo,
    console: Console | None = None,
) -> None:
    """Print a comparison of two models: which is better and by how much, or a tie."""
    console = console or default_console()
    sentence = comparison.sentence if comparison.margin is None else comparison.margin.sentence
    _print(console, *_wrapped(console, sentence))
    for texts in comparison_tables(comparison, (model_a.name, model_b.name), images):
        _print(console, "", _table_of(texts))


def print_ranking(
    ranking: Ranking, names: Sequence[str], images: DatasetInfo, sentence: str, console: Console | None = None
) -> None:
    """Print the groups of a ranking, and the range of each model's rank."""
    console = console or default_console()
    _print(console, *_wrapped(console, sentence), "", _table_of(ranking_table(ranking, names, images)))


def _table_of(texts: Texts) -> Table:
    table = _table(*texts.headings)
    for row in texts.rows:
        table.add_row(*(Text(plain(cell)) for cell in row))
    return table


def default_console() -> Console:
    """Return the console for standard output."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=WIDTH)


def _print(console: Console, *parts: Text | Table | str) -> None:
    for part in parts:
        console.print(Text(part) if isinstance(part, str) else part)


def _wrapped(console: Console, text: str, indent: int = 0) -> list[str]:
    """Break a text into lines that fit, each indented."""
    return textwrap.wrap(plain(text), console.width, initial_indent=indent * " ", subsequent_indent=indent * " ")


def verdict_line(verdict: Verdict, counts: Counts, text: str, style: str = "") -> Text:
    """Return a verdict and a text; a pass of only some checks says of how many."""
    evaluated = counts.planned - counts.not_evaluated
    partly = verdict == "pass" and evaluated < counts.planned
    share = f" ({evaluated:,} of {counts.planned:,} evaluated)" if partly else ""
    return Text.assemble((f"{VERDICTS[verdict].upper()}{share}", style or STYLES[verdict]), "  ", text)


def counts_line(counts: Counts) -> str:
    """Return the number of checks, planned and by outcome."""
    checks = "1 check" if counts.planned == 1 else f"{counts.planned} checks"
    declared = f" ({counts.declared} declared)" if counts.declared else ""
    return (
        f"{checks}: {counts.passed} pass, {counts.fail} fail{declared}, "
        f"{counts.inconclusive} inconclusive, {counts.not_evaluated} not evaluated"
    )


def print_outcomes(console: Console, outcomes: Iterable[Outcome]) -> None:
    """Print every outcome except passes; checks that are not evaluated for one reason are listed together."""
    outcomes = tuple(outcomes)
    shared = {reason: clauses for reason, clauses in by_reason(outcomes).items() if clauses.total() > 1}
    for outcome in by_urgency(outcomes):
        if outcome.status is Status.PASS or (outcome.status is Status.NOT_EVALUATED and outcome.message in shared):
            continue
        _print(console, "", *_heading(console, outcome))
        for detail in details(outcome):
            _print(console, *_wrapped(console, detail, indent=2))
        if outcome.reproduce:
            # Not wrapped, so that the command can be copied.
            console.print(Text(f"  reproduce: {shorten(outcome.reproduce, 400)}"), soft_wrap=True)
    for reason, clauses in shared.items():
        _print(console, "", Text.assemble(("NOT EVALUATED", STYLES["not_evaluated"]), f"  {clauses.total()} checks"))
        _print(console, *_wrapped(console, f"{shorten(reason, 300)}: {listed(clauses)}", indent=2))


def by_reason(outcomes: Iterable[Outcome]) -> dict[str, Counter[str]]:
    """Return the clauses that are not evaluated, with their number of checks, by reason."""
    reasons: dict[str, Counter[str]] = {}
    for outcome in outcomes:
        if outcome.status is Status.NOT_EVALUATED:
            reasons.setdefault(outcome.message, Counter())[outcome.clause] += 1
    return reasons


def listed(clauses: Counter[str]) -> str:
    """Return clauses with the number of their checks, where it is not one."""
    return ", ".join(clause if count == 1 else f"{clause} ({count} checks)" for clause, count in clauses.items())


def _heading(console: Console, outcome: Outcome) -> list[Text]:
    """Return clause, requirement and outcome; the outcome is on its own line if it does not fit."""
    status = VERDICTS[outcome.status].upper() + (" (declared)" if outcome.declared else "")
    *lines, last = map(Text, _wrapped(console, f"{shorten(outcome.check, 400)} {shorten(outcome.title, 120)}"))
    coloured = Text(status, STYLES[outcome.status])
    if len(last) + 3 + len(status) <= console.width:
        return [*lines, last + Text("   ") + coloured]
    return [*lines, last, Text("  ") + coloured]


def details(outcome: Outcome) -> Iterator[str]:
    """Yield the lines of an outcome: message, observed and expected, place, likely cause, how to read the clause."""
    stands = (("observed", outcome.observed), ("expected", outcome.expected))
    parts = [f"{word} {stated(value)}" for word, value in stands if value is not None]
    found = ", ".join(parts) + (f" ({difference(outcome.difference)})" if outcome.difference is not None else "")
    if outcome.message:
        yield shorten(outcome.message, 300)
    if parts:
        yield shorten(found, 300)
    yield outcome.place
    if outcome.likely:
        yield f"likely: {shorten(outcome.likely, 300)}"
    if outcome.status is Status.FAIL and any(known.id == outcome.clause for known in spec.load().clauses):
        yield f"the clause: ferspec spec show {outcome.clause}"
    if outcome.declared:
        yield f"declared: {outcome.declared.category}: {shorten(outcome.declared.reason, 300)}"


def _print_figures(console: Console, report: Report) -> None:
    metrics = report.metrics
    _print(console, "", Text.assemble("accuracy ", (share(metrics.accuracy), "bold")))
    _print(console, *_wrapped(console, summary(metrics)))
    if report.known is not None:
        _print(console, f"on the {report.known.n:,} known pictures {share(report.known.accuracy)}")
    for sentence in readings(report):
        _print(console, *_wrapped(console, sentence))
    if rank := ranking(report):
        among = f" ({places} with the interval)" if (places := rank_range(rank)) else ""
        _print(console, *_wrapped(console, f"{place(rank)}, among the published BTFER accuracies{among}"))
    for table in (_averages(metrics), _classes(metrics), _matrix(metrics)):
        _print(console, "", table)
    notes = [*filter(None, [approximate(metrics)]), *undefined_reasons(metrics)]
    notes += [*_groups(metrics), _calibration(metrics.calibration)]
    _print(console, "")
    for note in notes:
        _print(console, *_wrapped(console, note))


def _averages(metrics: Evaluation) -> Table:
    table = _table("", "support-weighted", "macro")
    for name, averages in (("precision", metrics.precision), ("recall", metrics.recall), ("F1", metrics.f1)):
        table.add_row(name, share(averages.weighted), share(averages.macro))
    return table


def _classes(metrics: Evaluation) -> Table:
    table = _table("class", "images", "precision", "recall", "F1")
    for row in metrics.per_class:
        shares = map(share, (row.precision, row.recall, row.f1))
        table.add_row(Text(shorten(row.name, 12)), f"{row.support:,}", *shares)
    return table


def _matrix(metrics: Evaluation) -> Table:
    classes = spec.load().classes
    table = _table("label / taken for", *metrics.answers, gap=1)
    for row, counts in enumerate(metrics.confusion_matrix):
        cells = [Text(str(count), "bold" if row == column else "") for column, count in enumerate(counts)]
        table.add_row(classes[row], *cells)
    return table


def _groups(metrics: Evaluation) -> Iterator[str]:
    """Yield a line for each column, and for each crossing whose groups differ."""
    yield from (_slice(one) for one in metrics.slices if one.columns == 1 or one.result == "differ")
    others = sum(one.columns > 1 and one.result != "differ" for one in metrics.slices)
    if others:
        yield f"{others} crossings of columns: inconclusive or not evaluated"
    if metrics.crossings_left_out:
        yield f"{metrics.crossings_left_out:,} crossings of columns are left out: they would give too many groups"


def _slice(groups: Slice) -> str:
    column = shorten(groups.column, 30)
    if groups.best is None or groups.worst is None:
        return f"{column}: not evaluated: {groups.gap.undefined}"
    accuracy = {group.value: share(group.accuracy) for group in groups.groups}
    best, worst = (f"{shorten(value, 30)} {accuracy[value]}" for value in (groups.best, groups.worst))
    return f"{column}: {groups.result}, gap {points(groups.gap)}; best {best}, worst {worst}"


def _calibration(calibration: Calibration | None) -> str:
    if calibration is None:
        return f"calibration {UNDEFINED}: the predictions hold no probabilities"
    if calibration.ece.value is None:
        return f"calibration {UNDEFINED}: {calibration.ece.undefined}"
    named = (("ECE", calibration.ece), ("Brier", calibration.brier), ("NLL", calibration.nll))
    return "calibration: " + ", ".join(f"{name} {metric.value:.3f} ({number_range(metric)})" for name, metric in named)


def _table(first: str, *others: str, gap: int = 2) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, gap, 0, 0), header_style="dim")
    table.add_column(first, overflow="fold")
    for column in others:
        table.add_column(column, justify="right", overflow="fold")
    return table
