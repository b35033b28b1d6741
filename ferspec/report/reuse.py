"""Texts to copy from a page: the confusion matrix as CSV, BibTeX, and the badge as Markdown and HTML."""

from __future__ import annotations

import csv
import io
import re
from html import escape
from urllib.parse import quote

from ferspec import spec
from ferspec.reference.measured import Evaluation
from ferspec.report.badge import texts
from ferspec.report.templating import new_environment
from ferspec.report.words import VERDICTS, headline, images_name, percent, percent_range, plain, shorten
from ferspec.subjects.certificates.document import Report

LONGEST_NAME = 120
LATEX = {character: f"\\{character}" for character in "&%$#_{}"} | {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}


def confusion_csv(metrics: Evaluation) -> str:
    """Return the confusion matrix as CSV: a row for each label, a column for each predicted class."""
    names = [row.name for row in metrics.per_class]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["label", *metrics.answers])
    writer.writerows([name, *counts] for name, counts in zip(names, metrics.confusion_matrix, strict=True))
    return text.getvalue()


def as_download(text: str, type: str) -> str:
    """Return a text as an address that a browser saves."""
    return f"data:{type};charset=utf-8,{quote(text)}"


def bibtex(report: Report) -> str:
    """Return BibTeX entries for a report and for the protocol."""
    accuracy = report.metrics.accuracy
    found = "undefined" if accuracy.value is None else f"{percent(accuracy.value)} ({percent_range(accuracy)})"
    return (
        new_environment(autoescape=False)
        .get_template("cite.bib")
        .render(
            key=plain(report.digest)[:12],
            kind=headline(report),
            model=latex(shorten(report.subject.name, LONGEST_NAME)),
            images=latex(images_name(report.dataset, LONGEST_NAME)),
            year=re.match(r"\d{4}|", report.environment.created)[0],  # type: ignore[index]
            verdict=VERDICTS[report.verdict],
            accuracy=latex(found),
            n=f"{report.metrics.n:,}",
            digest=latex(plain(report.digest)),
            version=latex(plain(report.spec.version)),
            doi=spec.load().doi,
        )
    )


def latex(text: str) -> str:
    """Return a text with the characters that LaTeX interprets escaped."""
    return "".join(LATEX.get(character, character) for character in text)


def badge_snippets(report: Report) -> dict[str, str]:
    """Return the badge, linked to its page, as Markdown and as HTML."""
    said = ": ".join(texts(report))
    return {
        "Markdown": f"[![{said}](badge.svg)](report.html)",
        "HTML": f'<a href="report.html"><img src="badge.svg" alt="{escape(said)}"></a>',
    }
