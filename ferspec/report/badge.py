"""The badge: a flat shield that says in one line what was judged and how it came out."""

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from ferspec.reference.figures import Figure
from ferspec.report.document import Report
from ferspec.report.words import VERDICTS, percent

TEMPLATES = Path(__file__).parent / "templates"
PADDING = 6
COLOURS = {"pass": "#2a7f3f", "fail": "#c0322b", "inconclusive": "#8f5b00", "not_evaluated": "#5f6873"}
# A demonstration or evaluation that passes certifies nothing: it never wears the green of a certificate.
UNCERTIFIED = "#2f6796"
# Advance widths of Verdana in thousandths of the font size, for the characters a badge can hold.
WIDTHS = {
    **dict.fromkeys("0123456789", 636),
    **dict(zip("abcdefghijklmnopqrstuvwxyz",
               (601, 623, 521, 623, 596, 352, 623, 633, 274, 344, 592, 274, 973,
                633, 607, 623, 623, 427, 521, 394, 633, 592, 818, 592, 592, 525), strict=True)),
    **{"B": 686, "E": 632, "F": 575, "R": 695, "T": 616, " ": 352, ".": 364, "·": 364, "%": 1076, "±": 818},
}  # fmt: skip
SIZE = 11


def render_badge(report: Report) -> str:
    """Return the badge of a report as SVG: ``FER · BTFER | 54.5 % ± 2.1``.

    A certificate that passes shows its accuracy with half the width of its 95 % interval, in points; any other verdict
    shows itself. A demonstration or evaluation names itself so, and shows no figure.
    """
    label, message = texts(report)
    uncertified = report.kind != "certificate" and report.verdict == "pass"
    return _template().render(
        label=label,
        message=message,
        title=f"{label}: accuracy {message}" if _shows_accuracy(report) else f"{label}: {message}",
        left=round(text_width(label)) + 2 * PADDING,
        right=round(text_width(message)) + 2 * PADDING,
        padding=PADDING,
        colour=UNCERTIFIED if uncertified else COLOURS[report.verdict],
    )


def texts(report: Report) -> tuple[str, str]:
    """Return what stands left and right on the badge."""
    verdict = VERDICTS[report.verdict]
    if report.kind != "certificate":
        return "FER", report.kind if report.verdict == "pass" else f"{report.kind} · {verdict}"
    return "FER · BTFER", _accuracy(report.metrics.accuracy) if _shows_accuracy(report) else verdict


def text_width(text: str) -> float:
    """Return the width of a badge's text in pixels; ``KeyError`` for a character no badge holds."""
    return sum(WIDTHS[character] for character in text) * SIZE / 1000


def _shows_accuracy(report: Report) -> bool:
    return report.kind == "certificate" and report.verdict == "pass" and report.metrics.accuracy.value is not None


def _accuracy(accuracy: Figure) -> str:
    return f"{percent(accuracy.value)} ± {100 * (accuracy.high - accuracy.low) / 2:.1f}"


@cache
def _template() -> Template:
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)
    return environment.get_template("badge.svg")
