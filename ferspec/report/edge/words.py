"""Say what a conversion changed, the same on the terminal and on the page."""

from __future__ import annotations

from collections.abc import Iterator

from ferspec.edge.devices import devices
from ferspec.edge.document import EdgeFile, EdgeReport, threads
from ferspec.edge.measurement.answers import Answers
from ferspec.edge.measurement.speed import Speed, Timing
from ferspec.outcomes import Verdict
from ferspec.reference.measured import Metric
from ferspec.report.comparison import Texts
from ferspec.report.words import UNDEFINED, file_size, level, percent, share

DECISIONS: dict[Verdict | None, str] = {
    "pass": "not inferior",
    "fail": "inferior",
    "inconclusive": "undecided",
    "not_evaluated": "not evaluated",
    None: "no file",
}
ORIGINAL = "O"


def letter(number: int) -> str:
    """Return the letter by which plots and tables name a file."""
    return chr(ord("A") + number)


def headline(report: EdgeReport) -> str:
    """Return the verdict on all files in a few words."""
    counts = {verdict: sum(file.verdict == verdict for file in report.converted) for verdict in DECISIONS}
    if counts["fail"]:
        return f"{counts['fail']} of {len(report.converted)} inferior"
    if counts["inconclusive"]:
        return f"{counts['inconclusive']} of {len(report.converted)} undecided"
    return "none inferior"


def said(report: EdgeReport) -> Iterator[str]:
    """Yield what must be known beside the tables, in sentences."""
    drop = f"{100 * report.max_drop:g} point{'' if report.max_drop == 0.01 else 's'}"
    yield (
        f"On {report.dataset.n:,} images of {report.dataset.name}: the original's accuracy is "
        f"{share(report.original.accuracy)}. A file is inferior if its accuracy is lower by {drop} or "
        "more; each file is tested by itself, at 5 %."
    )
    if any(file.verdict == "inconclusive" and file.answers is not None for file in report.converted):
        yield "Undecided: these images prove neither. The number under 'to decide' would, in 19 of 20 cases."
    if report.dataset.synthetic:
        yield "The faces are synthetic: this says nothing about people."
    about = report.calibration
    left = f", without {len(about.left_out):,} copies of test pictures" if about.left_out else ""
    yield f"Calibrated with {about.images:,} pictures of {about.name}{left}; none is a test picture."
    timed = next((file.speed for file in report.converted if file.speed is not None), None)
    if timed is not None:
        yield (
            f"Timed on {report.device}, one image at a time, after {timed.timings[0].warm_up} runs that do not count: "
            "on other devices, times and their order may differ. Memory is that of the whole process, with "
            "Python and the runtime."
        )


def change(figure: Metric) -> str:
    """Return a change of a share in points, with its interval: ``−0.3 (−1.1 to +0.4)``."""
    known = figure.known
    if known is None:
        return UNDEFINED
    return f"{signed(known.value)} ({signed(known.low)} to {signed(known.high)})"


def signed(number: float) -> str:
    """Return a change in points with its sign: ``−0.3``."""
    shown = f"{100 * number:+.1f}"
    return shown[1:] if shown in ("+0.0", "-0.0") else shown.replace("-", "−")


def decision(file: EdgeFile) -> str:
    """Return the decision about a file in a word or two."""
    if file.answers is None and file.failed is not None:
        return "crashes" if file.crashed else "not measured"
    return DECISIONS[file.verdict]


def to_decide(file: EdgeFile) -> str:
    """Return how many images would decide about a file; nothing if it is decided."""
    if file.answers is None or file.answers.decision.verdict != "undecided":
        return ""
    images = file.answers.decision.images_to_decide
    return "never" if images is None else f"{images:,}"


def milliseconds(timing: Timing) -> str:
    """Return the median and the 95th percentile: ``1.31 / 1.52``."""
    return f"{timing.median:.3g} / {timing.p95:.3g}"


def file_table(report: EdgeReport) -> Texts:
    """Return a row for the original and for each file: decision, changes, agreement, size, latency, memory."""
    counts = thread_counts(report)
    original = report.original
    rows = [
        (
            ORIGINAL,
            "original",
            "",
            "",
            share(original.accuracy),
            "",
            "",
            size(original.model.file_bytes),
            *speeds(original.speed, counts),
        )
    ]
    for number, file in enumerate(report.converted):
        answers = file.answers
        changed = ("", "", "") if answers is None else changes(answers)
        rows.append(
            (
                letter(number),
                file.title,
                decision(file),
                to_decide(file),
                *changed,
                size(file.bytes),
                *speeds(file.speed, counts),
            )
        )
    times = (f"ms, {threads(count)}" for count in counts)
    headings = (
        "",
        "file",
        "decision",
        "to decide",
        "accuracy, points",
        "macro F1, points",
        "agreement",
        "size",
        *times,
        "memory",
    )
    return Texts(headings, tuple(rows))


def class_table(report: EdgeReport) -> Texts:
    """Return a row for each file and class: its images, the counts that differ, and the decision."""
    rows = []
    for number, file in enumerate(report.converted):
        for one in () if file.answers is None else file.answers.classes:
            more = "" if one.images_to_decide is None else f"{one.images_to_decide:,}"
            counts = (f"{one.n:,}", str(one.only_original), str(one.only_converted))
            rows.append((letter(number), one.name, *counts, one.verdict, more))
    headings = ("", "class", "images", "only original", "only file", "decision", "to decide")
    return Texts(headings, tuple(rows))


def fit_table(report: EdgeReport) -> Texts:
    """Return a row for each file: whether it fits each class of devices, and why not."""
    known = devices()
    rows = []
    for number, file in enumerate(report.converted):
        cells = [
            f"{one.outcome}: {'; '.join(one.reasons)}" if one.reasons else one.outcome
            for name in known
            for one in file.fits
            if one.device == name
        ]
        rows.append((letter(number), *cells))
    return Texts(("", *(one.title.lower() for one in known.values())), tuple(rows))


def operator_table(report: EdgeReport) -> Texts:
    """Return the operators of each file with their number, and the types of its values."""
    rows = [
        (
            letter(number),
            ", ".join(f"{name} {count}" for name, count in file.content.operators.items()),
            ", ".join(file.content.types),
        )
        for number, file in enumerate(report.converted)
        if file.content is not None
    ]
    return Texts(("", "operators", "types of values"), tuple(rows))


def missing(report: EdgeReport) -> Iterator[tuple[str, str]]:
    """Yield each format whose file was not made or measured, with the reason."""
    for file in report.files:
        if file.reason is not None or file.failed is not None:
            yield file.title, file.reason or file.failed or ""


def thread_counts(report: EdgeReport) -> tuple[int, ...]:
    """Return the numbers of threads that were timed."""
    speeds = [report.original.speed, *(file.speed for file in report.converted)]
    return next((tuple(timing.threads for timing in speed.timings) for speed in speeds if speed is not None), ())


def speeds(speed: Speed | None, counts: tuple[int, ...]) -> tuple[str, ...]:
    """Return the times for each number of threads, and the memory."""
    if speed is None:
        return ("",) * (len(counts) + 1)
    peak = speed.memory.peak
    return (*map(milliseconds, speed.timings), "" if peak is None else file_size(peak))


def size(count: int | None) -> str:
    """Return a number of bytes in its unit; nothing for an unknown one."""
    return "" if count is None else file_size(count)


def intervals() -> str:
    """Return what the brackets mean."""
    paired = f"In brackets are {level()} intervals of the paired difference on the same images"
    return f"{paired}; times are the median and the 95th percentile."


def changes(answers: Answers) -> tuple[str, str, str]:
    """Return the changes of accuracy and macro F1, and the agreement."""
    agreement = answers.agreement.value
    shown = UNDEFINED if agreement is None else percent(agreement)
    return change(answers.accuracy_change), change(answers.macro_f1_change), shown
