"""Training runs with one mistake each, and right ones that log in another way."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from ferspec.checks.generator import checks_for_log
from ferspec.outcomes import CheckResult
from ferspec.subjects.runs.logs.find import find_training_runs
from ferspec.subjects.runs.logs.logged_run import Kept, LoggedRun
from ferspec.subjects.runs.logs.phases import LoggedPhase
from helpers.made.logs import FALLING, HEAD, LONG, LOSSES, RISING, log_text, trained, trained_by_keras_2
from mutants.kinds import Mutant, Right
from mutants.scratch import fresh

Make = Callable[[], LoggedRun]


def judged(clause: str, make: Make) -> Callable[[], tuple[CheckResult, ...]]:
    return lambda: tuple(check.run(make()) for check in checks_for_log() if check.clause == clause)


def wrong(clause: str, name: str, make: Make) -> Mutant:
    return Mutant(clause, f"a run: {name}", judged(clause, make))


def right(clause: str, name: str, make: Make) -> Right:
    return Right(clause, f"a run: {name}", judged(clause, make))


def run(*phases: LoggedPhase, **known: Any) -> LoggedRun:
    return LoggedRun(Path("log.csv"), "CSVLogger", phases, **known)


def plateau(losses: list[float] = LOSSES, rate: float = 1e-4, **rule: Any) -> Make:
    return lambda: run(trained(losses, rate, plateau=rule))


def stopping(**rule: Any) -> Make:
    return lambda: run(trained(stopping=rule), finished=True)


@cache
def whole() -> LoggedPhase:
    """A phase as the protocol has it."""
    return trained()


def head(epochs: int) -> LoggedPhase:
    return trained(HEAD, longest=epochs)


def cosine() -> LoggedRun:
    rates = tuple(1e-4 * (1 - epoch / 200) for epoch in range(len(whole())))
    return run(replace(whole(), rate=rates))


def warmed_up() -> tuple[LoggedPhase, ...]:
    """Two epochs at a hundredth and a tenth of the rate, and then, the epochs numbered on, as the protocol has it."""
    first, second = (replace(cut(whole(), at, at + 1), rate=(rate,)) for at, rate in enumerate((1e-5, 1e-4)))
    then = trained(LOSSES[2:], 1e-3)
    return first, second, replace(then, epochs=tuple(epoch + 2 for epoch in then.epochs))


def rounded(phase: LoggedPhase) -> LoggedPhase:
    return replace(phase, val_loss=tuple(round(loss, 4) for loss in phase.val_loss))


def cut(phase: LoggedPhase, first: int, last: int | None) -> LoggedPhase:
    """Return some of the epochs of a phase."""
    names = ("epochs", "loss", "accuracy", "val_loss", "val_accuracy", "rate")
    return LoggedPhase(**{name: getattr(phase, name)[first:last] for name in names})


def kept(place: int, **known: Any) -> Make:
    return lambda: run(whole(), kept=Kept(whole().val_accuracy[place], epoch=place % len(whole())), **known)


def reported(accuracy: float) -> Make:
    return lambda: run(whole(), kept=Kept(accuracy, digits=3))


def from_file(change: Callable[[str], str], phases: Callable[[], tuple[LoggedPhase, ...]], rate: str = "lr") -> Make:
    """Return the run that is read from a log whose text was changed."""

    def read() -> LoggedRun:
        path = fresh("log") / "log.csv"
        path.write_bytes(change(log_text(phases(), rate)).encode())
        return find_training_runs(path).runs[0]

    return read


def with_a_column_more(text: str) -> str:
    header, *rows = text.splitlines()
    return "\n".join([f"{header},top_2_accuracy", *(f"{row},0.75" for row in rows), ""])


def without_line(number: int) -> Callable[[str], str]:
    return lambda text: "".join(line for place, line in enumerate(text.splitlines(keepends=True)) if place != number)


def shown_short(text: str) -> str:
    """Print rates with six digits, as other programs do."""
    header, *lines = text.splitlines()
    at, rows = header.split(",").index("lr"), [line.split(",") for line in lines]
    for row in rows:
        row[at] = f"{float(row[at]):.6g}"
    return "\n".join([header, *map(",".join, rows), ""])


# improvements that within ten epochs add up to more than 1e-5 and less than 1e-4
SLOW = [*FALLING, *(FALLING[-1] - 5e-6 * epoch for epoch in range(1, 30)), *RISING]

DIVERGED = [math.nan, math.inf, math.nan, *LOSSES]


def unmutated(clause: str) -> tuple[CheckResult, ...]:
    """Return what the check of a clause finds on a run by the protocol, in two phases, the better epoch kept."""
    first, second = head(20), trained(SLOW)
    phases = (first, replace(second, epochs=tuple(len(first) + epoch for epoch in second.epochs)))
    accuracies = [accuracy for phase in phases for accuracy in phase.val_accuracy]
    best = Kept(max(accuracies), epoch=accuracies.index(max(accuracies)))
    return judged(clause, lambda: run(*phases, weights="imagenet", finished=True, kept=best))()


MUTANTS: tuple[Mutant | Right, ...] = (
    wrong("FER-S-02", "first rate of 1e-2, the default of Keras' SGD", lambda: run(trained(rate=1e-2))),
    wrong("FER-S-02", "second phase at a rate of 1e-6", lambda: run(head(20), trained(rate=1e-6), weights="imagenet")),
    wrong("FER-S-02", "first rate of Adam's default under the text", lambda: run(trained(rate=1e-3), profile="paper")),
    wrong("FER-S-03", "patience of 9", plateau(patience=9)),
    wrong("FER-S-03", "patience of 11", plateau(patience=11)),
    wrong(
        "FER-S-03",
        "patience of 9, losses logged with four decimals",
        lambda: run(rounded(trained(plateau={"patience": 9}))),
    ),
    wrong("FER-S-03", "factor squared", plateau(factor=0.25)),
    wrong("FER-S-03", "factor of a tenth", plateau(factor=0.1)),
    wrong("FER-S-03", "patience of 5 and factor of a fifth", plateau(patience=5, factor=0.2)),
    wrong("FER-S-03", "floor of 1e-6", plateau(LONG, 1e-5, min_lr=1e-6)),
    wrong("FER-S-03", "cooldown of 2 epochs", plateau(cooldown=2)),
    wrong("FER-S-03", "validation accuracy watched", plateau(monitor="val_accuracy", mode="max")),
    wrong("FER-S-03", "rate that is never lowered", plateau(patience=1000)),
    wrong("FER-S-03", "rate that falls in every epoch", cosine),
    wrong("FER-S-03", "rate that is never lowered, losses of 1e30", plateau([1e30] * 40, patience=1000)),
    wrong(
        "FER-S-03",
        "patience of 9 in Keras 2, after a first loss of NaN",
        lambda: run(trained_by_keras_2([math.nan, *LOSSES], patience=9)),
    ),
    wrong("FER-S-04", "any improvement counts", plateau(min_delta=0.0)),
    wrong("FER-S-04", "min_delta of 1e-5", plateau(SLOW, min_delta=1e-5)),
    wrong("FER-S-05", "stopped one epoch early", stopping(patience=19)),
    wrong("FER-S-05", "stopped one epoch late", stopping(patience=21)),
    wrong("FER-S-05", "no early stopping", stopping(patience=1000)),
    wrong("FER-S-05", "small improvements do not count for stopping", stopping(min_delta=1e-4)),
    wrong("FER-S-05", "validation accuracy watched for stopping", stopping(monitor="val_accuracy", mode="max")),
    wrong(
        "FER-S-05",
        "no early stopping, losses logged with four decimals",
        lambda: run(rounded(trained(stopping={"patience": 1000}))),
    ),
    wrong(
        "FER-S-05",
        "stopped one epoch late in Keras 2, after a first loss of NaN",
        lambda: run(trained_by_keras_2([math.nan, *LOSSES], stopping=21)),
    ),
    wrong("FER-S-06", "last epoch kept instead of the best", kept(-1)),
    wrong("FER-S-06", "epoch of the lowest validation loss kept", kept(46)),
    wrong("FER-S-06", "accuracy of the last epoch reported", lambda: run(whole(), kept=Kept(whole().val_accuracy[-1]))),
    wrong("FER-S-07", "single phase from ImageNet", lambda: run(whole(), weights="imagenet")),
    wrong("FER-S-07", "two phases from scratch", lambda: run(whole(), trained(rate=1e-5), weights="scratch")),
    wrong("FER-S-07", "a warm-up from scratch", lambda: run(*warmed_up(), weights="scratch")),
    wrong("FER-S-07", "three phases from VGGFace", lambda: run(head(20), whole(), whole(), weights="vggface")),
    wrong("FER-S-08", "first phase of 100 epochs", lambda: run(head(100), whole(), weights="imagenet")),
    wrong("FER-S-08", "first phase of 12 epochs", lambda: run(head(12), whole(), weights="imagenet")),
    wrong(
        "FER-S-08",
        "first phase of 20 epochs under the text",
        lambda: run(head(20), whole(), weights="imagenet", profile="paper"),
    ),
    right("FER-S-03", "rates in double precision", lambda: run(trained(float64=True))),
    right("FER-S-03", "rates printed with six digits", from_file(shown_short, lambda: (whole(),))),
    right("FER-S-03", "cooldown of 1, which has no effect", plateau(cooldown=1)),
    right("FER-S-03", "Windows line ends", from_file(lambda text: text.replace("\n", "\r\n"), lambda: (whole(),))),
    right("FER-S-03", "rate called learning_rate", from_file(str, lambda: (whole(),), "learning_rate")),
    right("FER-S-03", "a column more", from_file(with_a_column_more, lambda: (whole(),))),
    right("FER-S-03", "interrupted after the second reduction", lambda: run(cut(whole(), 0, 40))),
    right(
        "FER-S-03", "a line lost in the second of two phases", from_file(without_line(60), lambda: (head(20), whole()))
    ),
    right("FER-S-03", "validated in every other epoch", lambda: run(trained(every=2))),
    right("FER-S-03", "trained by Keras 2, losses no numbers at first", lambda: run(trained_by_keras_2(DIVERGED))),
    right("FER-S-05", "trained by Keras 2, losses no numbers at first", lambda: run(trained_by_keras_2(DIVERGED))),
    right("FER-S-05", "no learning rate logged", from_file(str, lambda: (whole(),), "")),
    right(
        "FER-S-05", "broken off twice and begun again", from_file(str, lambda: (head(1), cut(whole(), 0, 9), whole()))
    ),
    right(
        "FER-S-07",
        "broken off and begun again from scratch",
        lambda: run(cut(whole(), 0, 9), whole(), weights="scratch"),
    ),
    right("FER-S-06", "the best accuracy reported with three digits", reported(0.6)),
    right("FER-S-08", "first phase of 40 epochs, as at 48×48", lambda: run(head(40), whole(), weights="imagenet")),
)
