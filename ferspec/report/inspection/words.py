"""Say in words what an inspection found, for the page and the terminal."""

from __future__ import annotations

from ferspec.outcomes import Outcome, Status
from ferspec.reference.leakage import Accuracy
from ferspec.report.words import by_urgency, percent, share
from ferspec.subjects.datasets.inspection.document import Answered, InspectionReport

MOST_DECISIVE = 3
LEAKS, COPIES = ("FER-I-06", "FER-D-11"), ("FER-I-01", "FER-I-02", "FER-D-08")
# what to do about failures of clauses, the most important first
REMEDIES: tuple[tuple[tuple[str, ...], str], ...] = (
    (LEAKS, "take the shared pictures out of the training images and train again, or report the accuracy without them"),
    (("FER-D-13",), "inspect the set without --as btfer, or take BTFER itself: ferspec dataset get btfer"),
    (("FER-D-10",), "look at each pair under two labels, and keep one picture under the right label"),
    (COPIES, "keep one picture of each pair, or count copies once with --clusters"),
    (
        ("FER-D-01", "FER-D-05"),
        "compare with the download that the protocol uses (ferspec dataset get --list), or leave out --as",
    ),
    (("FER-I-03",), "download or export the unreadable files again, or leave them out"),
    (("FER-D-12",), "ferspec dataset anonymise writes a copy without metadata and names"),
    (("FER-I-05",), "convert the files to 8-bit RGB of one frame, upright: ferspec dataset anonymise does"),
    (("FER-D-06", "FER-I-04"), "take the images in their published size and colour, or leave out --as"),
    (("FER-I-07",), "add images of the groups that are rare in a class, or report the accuracy of each group"),
)


def decisive(report: InspectionReport) -> list[str]:
    """Return what decides the verdict, the most important first: what was observed by the failed checks."""
    wanted = Status.FAIL if report.verdict == "fail" else Status.INCONCLUSIVE
    undeclared = [one for one in by_urgency(report.outcomes) if one.status is wanted and one.declared is None]
    said = [f"{one.observed if isinstance(one.observed, str) else one.title}" for one in undeclared]
    more = len(said) - MOST_DECISIVE
    return said[:MOST_DECISIVE] + ([f"and {more} more"] if more > 0 else [])


def remedies(report: InspectionReport) -> list[str]:
    """Return what to do about the failed checks, with their clauses, the most important first."""
    failed = {one.clause for one in report.outcomes if one.status is Status.FAIL and one.declared is None}
    return [
        f"{remedy} ({', '.join(clause for clause in clauses if clause in failed)})"
        for clauses, remedy in REMEDIES
        if not failed.isdisjoint(clauses)
    ]


def headed(outcome: Outcome) -> str:
    """Return the title of an outcome, and its case: ``an image has one label (exact copies)``."""
    case = outcome.check.removeprefix(outcome.clause).strip("[]")
    return f"{outcome.title} ({case})" if case else outcome.title


def accuracies(answered: Answered) -> list[tuple[str, str, Accuracy]]:
    """Return each accuracy of a model: the images it is measured on, what is counted, and the value."""
    figures = answered.figures
    rows = [
        ("all images", "images", figures.all),
        ("without the leak", "images", figures.clean),
        ("leaked images alone", "images", figures.leaked),
    ]
    if figures.all_by_picture is not None and figures.clean_by_picture is not None:
        rows += [
            ("all, copies counted once", "pictures", figures.all_by_picture),
            ("without the leak, copies counted once", "pictures", figures.clean_by_picture),
        ]
    return rows


def leak_sentence(answered: Answered) -> str:
    """Return in one sentence what the leak does to the accuracy."""
    figures = answered.figures
    if not figures.leaked.n:
        return f"accuracy {share(figures.all.accuracy)} on {figures.all.n:,} images; no leaked image was found"
    if figures.gain is None:
        return f"accuracy {share(figures.all.accuracy)} on {figures.all.n:,} images, all of which are leaked"
    return (
        f"accuracy {share(figures.all.accuracy)} on all {figures.all.n:,} images, "
        f"{share(figures.clean.accuracy)} without the {figures.leaked.n:,} leaked ones: the leak adds "
        f"{100 * figures.gain:.1f} points ({percent(figures.leaked.accuracy.value or 0.0)} on the leaked ones alone)"
    )
