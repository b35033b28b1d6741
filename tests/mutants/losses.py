"""Certificates with robustness whose losses, counts or words were edited, and the digest made again."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from ferspec.api.certify import report_on
from ferspec.checks.generator import checks_for_certificate
from ferspec.checks.model.robustness.measure import FAILS
from ferspec.outcomes import CheckResult
from ferspec.reference.comparison import accuracy_difference
from ferspec.reference.measured import Metric
from ferspec.subjects.certificates.document import Report, digest_of
from ferspec.subjects.certificates.subject import Certificate
from ferspec.subjects.models.subject import ModelSubject
from helpers.miniatures import colour_patches, right_with_some_noise, subject
from mutants.kinds import Mutant, Right
from mutants.scratch import fresh

Document = dict[str, Any]
Edit = Callable[[Document], Any]


@cache
def certified() -> tuple[Document, ModelSubject]:
    """Return a certificate with robustness as it is written and read again, and its model; not to be changed."""
    judged = subject(colour_patches(fresh("losses")), right_with_some_noise)
    return json.loads(report_on(judged, robustness=True).model_dump_json()), judged


@cache
def again() -> Report:
    """Return the report of a second judgement."""
    return report_on(certified()[1], robustness=True)


def findings_on(document: Document, clause: str) -> tuple[CheckResult, ...]:
    _, judged = certified()
    certificate = Certificate(document, judged.dataset, judged.model, lambda _: again())
    return tuple(check.run(certificate) for check in checks_for_certificate() if check.clause == clause)


def unmutated(clause: str) -> tuple[CheckResult, ...]:
    """Return what the check of a clause finds on the certificate as it was made."""
    return findings_on(certified()[0], clause)


def edited(edit: Edit, clause: str) -> Sequence[CheckResult]:
    document = copy.deepcopy(certified()[0])
    edit(document["robustness"])
    document["digest"] = digest_of(document)
    return findings_on(document, clause)


def mutant(name: str, edit: Edit, clause: str = "FER-X-15") -> Mutant:
    return Mutant(clause, name, lambda: edited(edit, clause))


def condition(robustness: Document, id: str = "noise") -> Document:
    return next(one for one in robustness["conditions"] if one["id"] == id)


def last(robustness: Document) -> Document:
    """Return the last level of noise, which costs most."""
    return condition(robustness)["levels"][-1]


def counted(robustness: Document, **change: int) -> None:
    """Change the counts of a level, and its loss as it follows from them."""
    level = last(robustness)
    level |= {name: level[name] + by for name, by in change.items()}
    loss = accuracy_difference(level["only_unchanged"], level["only_changed"], robustness["n"], robustness["level"])
    level["loss"] = loss.model_dump(mode="json")


def undefined(reason: str) -> Edit:
    loss = Metric(value=None, undefined=reason).model_dump(mode="json")
    return lambda robustness: last(robustness).update(only_unchanged=0, only_changed=0, loss=loss)


def shifted(part: str, by: float) -> Edit:
    def edit(robustness: Document) -> None:
        last(robustness)["loss"][part] += by

    return edit


MUTANTS: tuple[Mutant | Right, ...] = (
    mutant("a loss lowered", shifted("value", -0.05)),
    mutant("the low end of a loss raised", shifted("low", 0.01)),
    mutant("the high end of a loss lowered", shifted("high", -0.01)),
    mutant("a count lowered", lambda made: last(made).update(only_unchanged=last(made)["only_unchanged"] - 3)),
    mutant("more images lost than were right", lambda made: counted(made, only_unchanged=made["n"])),
    mutant("more images gained than were wrong", lambda made: counted(made, only_changed=made["n"])),
    mutant("a loss undefined for a reason of its own", undefined("it was a holiday")),
    mutant("a level called measured in fewer statements", undefined(FAILS)),
    mutant("the worst level left out", lambda made: condition(made)["levels"].pop()),
    mutant("a condition left out", lambda made: made["conditions"].remove(condition(made))),
    mutant("two levels exchanged", lambda made: condition(made)["levels"].reverse()),
    mutant("a level called another", lambda made: last(made).update(name="σ 80")),
    mutant("a condition called another", lambda made: condition(made).update(title="fog")),
    mutant("a condition with another place", lambda made: condition(made).update(place="paper 9")),
    mutant("a condition with another reason", lambda made: condition(made).update(why="no reason")),
    mutant("a preparation called a condition", lambda made: condition(made, "bgr").update(kind="condition")),
    mutant("fewer statements", lambda made: made.update(statements=1)),
    mutant("the level of each interval lowered", lambda made: made.update(level=0.95)),
    mutant("more images", lambda made: made.update(n=made["n"] + 1)),
    mutant("ten images less lost", lambda made: counted(made, only_unchanged=-10), "FER-X-12"),
    mutant("ten images more gained", lambda made: counted(made, only_changed=10), "FER-X-12"),
    mutant("a measured loss called undefined", undefined(FAILS), "FER-X-12"),
    mutant("a level left out of what is measured again", lambda made: condition(made)["levels"].pop(), "FER-X-12"),
    Right(
        "FER-X-12",
        "a loss that two near-ties change",
        lambda: edited(lambda made: counted(made, only_unchanged=-2), "FER-X-12"),
    ),
    Right(
        "FER-X-15",
        "a certificate without robustness",
        lambda: findings_on(
            (bare := {key: value for key, value in certified()[0].items() if key != "robustness"})
            | {"digest": digest_of(bare)},
            "FER-X-15",
        ),
    ),
)
