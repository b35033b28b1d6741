"""The badge: a flat shield with the kind of judgement and its result."""

from functools import cache

from jinja2 import Template

from ferspec.reference.measured import Known
from ferspec.report.templating import new_environment
from ferspec.report.use import assessment, is_prohibited, said
from ferspec.report.words import (
    OTHER_CLASSES,
    PREDICTIONS_ONLY,
    VERDICTS,
    certifies,
    chosen_columns,
    doubts,
    is_in_form_only,
    is_of_predictions,
    likely_mistakes,
    percent,
    plain,
    unconfirmed,
)
from ferspec.subjects.certificates.document import Report
from ferspec.subjects.certificates.signing.assurance import SELF_ASSERTED, Assurance

PADDING = 6
COLOURS = {"pass": "#2a7f3f", "fail": "#c0322b", "inconclusive": "#8f5b00", "not_evaluated": "#5f6873"}
# A demonstration, an evaluation or predictions from a file certify no model: they are never green.
UNCERTIFIED = "#2f6796"
# Advance widths of Verdana in thousandths of the font size, for the characters of a badge.
WIDTHS = {
    **dict.fromkeys("0123456789", 636),
    **dict(zip("abcdefghijklmnopqrstuvwxyz",
               (601, 623, 521, 623, 596, 352, 623, 633, 274, 344, 592, 274, 973,
                633, 607, 623, 623, 427, 521, 394, 633, 592, 818, 592, 592, 525), strict=True)),
    **{"B": 686, "E": 632, "F": 575, "R": 695, "T": 616, " ": 352, "'": 269, ".": 364, "·": 364, "%": 1076, "±": 818},
}  # fmt: skip
SIZE = 11
UNRECOGNISED = "not recognised"


def render_badge(report: Report, assurance: Assurance = SELF_ASSERTED) -> str:
    """Return the badge of a report as SVG: ``FER · BTFER | accuracy 54.5 % ± 2.1``.

    A certificate that passes shows its accuracy on the known pictures, with half the width of its interval in points;
    another verdict is shown as a word. A demonstration, an evaluation or predictions from a file show their kind. What
    makes the contract doubtful comes next, a prohibited or unknown use last. The tooltip says who stands for it.
    """
    label, message = texts(report)
    colour = UNCERTIFIED if report.verdict == "pass" and not certifies(report) else COLOURS[report.verdict]
    if report.verdict == "pass" and report.diagnoses:
        colour = COLOURS["inconclusive"]
    if is_prohibited(report):
        colour = COLOURS["fail"]
    return _template().render(
        label=label,
        message=message,
        title="; ".join([f"{label}: {message}, {plain(assurance.sentence)}", *doubts(report), *_use(report)]),
        left=round(text_width(label)) + 2 * PADDING,
        right=round(text_width(message)) + 2 * PADDING,
        padding=PADDING,
        colour=colour,
    )


def texts(report: Report) -> tuple[str, str]:
    """Return the left and the right text of the badge; the accuracy is that on the known pictures of BTFER."""
    label = "FER · BTFER" if report.kind == "certificate" else "FER"
    part = [] if report.sequential is None else [f"{len(report.asked):,} of {len(report.manifest):,} images"]
    doubted = part if (columns := chosen_columns(report)) is None else [*part, columns]
    doubted += [likely_mistakes(report)] if report.diagnoses else []
    doubted += (
        [f"{count} {'entry' if count == 1 else 'entries'} assumed"] if (count := len(unconfirmed(report))) else []
    )
    found = assessment(report)
    doubted += [f"use {found.outcome}"] if found is not None and found.outcome != "conditions" else []
    if accuracy := _known_accuracy(report):
        said = f"accuracy {percent(accuracy.value)} ± {100 * (accuracy.high - accuracy.low) / 2:.1f}"
        return label, " · ".join([said, *doubted])
    parts: list[str] = [] if report.kind == "certificate" else [report.kind]
    parts += [UNRECOGNISED] if is_in_form_only(report) else []
    parts += [PREDICTIONS_ONLY] if is_of_predictions(report) else []
    parts += [OTHER_CLASSES] if report.other_classes is not None else []
    parts += [] if parts and report.verdict == "pass" else [VERDICTS[report.verdict]]
    return label, " · ".join(parts + doubted)


def _use(report: Report) -> list[str]:
    """Return what the data on law say of the declared use, if there is one."""
    found = assessment(report)
    return [] if found is None else [said(found)]


def text_width(text: str) -> float:
    """Return the width of a badge's text in pixels; ``KeyError`` for a character without a known width."""
    return sum(WIDTHS[character] for character in text) * SIZE / 1000


def _known_accuracy(report: Report) -> Known | None:
    """Return the accuracy that the badge of a certificate shows, None for other reports."""
    return report.known.accuracy.known if certifies(report) and report.known is not None else None


@cache
def _template() -> Template:
    return new_environment().get_template("badge.svg")
