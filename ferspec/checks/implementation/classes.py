"""Checks on the classes: their order, the words and labels that mean them, and contempt, which is none (FER-C)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ferspec import spec
from ferspec.checks.implementation.answers.explain import all_equal, answers_to
from ferspec.checks.implementation.answers.judge import equal, judge_each, rows
from ferspec.engine import Check
from ferspec.outcomes import CheckResult
from ferspec.subjects.implementations.subject import ImplementationSubject

# words near a class, within one or around one, which mean none of the seven
STRANGERS = (
    "",
    "unknown",
    "calm",
    "7",
    "hapy",
    "unhappy",
    "fearless",
    "sad-looking",
    "not angry",
    "joyless",
    "happy sad",
    "smile",
    "positive",
    "pain",
)
# the label lists that come with the datasets, in the protocol's names
LABELS = {
    "FER2013": {0: "Angry", 1: "Disgust", 2: "Fear", 3: "Happy", 4: "Sad", 5: "Surprise", 6: "Neutral"},
    "RAF-DB": {1: "Surprise", 2: "Fear", 3: "Disgust", 4: "Happy", 5: "Sad", 6: "Angry", 7: "Neutral"},
    "AffectNet": {0: "Neutral", 1: "Happy", 2: "Sad", 3: "Surprise", 4: "Fear", 5: "Disgust", 6: "Angry"},
}
# labels no dataset of that name has; -1 is the last of a list in many a language
ABSENT = {"FER2013": (-1, 7, 100), "RAF-DB": (-1, 0, 8, 100), "AffectNet": (-1, 8, 11)}
CONTEMPTUOUS = ("contempt", "contemptuous")
CONTEMPT = {
    "classes": ({},),
    "class_of_name": tuple({"name": word} for word in (*CONTEMPTUOUS, "Contempt", "CONTEMPT")),
    "class_of_label": ({"dataset": "AffectNet", "label": 7},),
}


def are_seven_in_order(subject: ImplementationSubject) -> CheckResult:
    """The classes are the seven, in the fixed order."""
    observed, book = rows("classes", subject.ask("classes")), spec.load()
    named = (name for name, order in book.label_orders.items() if observed == list(order.classes))
    likely = next((f"this is the order of the labels of {name}" for name in named if name != "protocol"), None)
    return equal(observed, list(book.classes), likely=likely or _order(observed, list(book.classes)))


def _order(observed: list[Any], expected: list[str]) -> str | None:
    if sorted(map(str, observed)) == sorted(expected):
        return "the classes are in another order: labels and columns of outputs are then misread"
    if sorted(str(name).casefold() for name in observed) == sorted(name.casefold() for name in expected):
        return "the names are written otherwise than the protocol does"
    return None


def go_by_other_names(subject: ImplementationSubject) -> CheckResult:
    """Every other name of a class means it, however it is written, and any other word none."""
    asked = [*_names(), *((word, None) for word in STRANGERS)]
    return judge_each(lambda case: _meaning(subject, *case), asked)


def _names() -> Iterator[tuple[str, str]]:
    """Yield each way of writing each name of a class, and the class."""
    book = spec.load()
    for name in book.classes:
        for word in (name, *book.aliases.get(name, ())):
            yield from ((written, name) for written in (word, word.upper(), word.title()))
            yield from ((written, name) for written in (f" {word} ", word.replace(" ", "_"), word.replace(" ", "-")))
            yield f"{word[:3]}-{word[3:]}_", name


def _meaning(subject: ImplementationSubject, word: str, meant: str | None) -> CheckResult:
    observed = subject.ask("class_of_name", name=word)
    if meant is None:
        likely = "a word that is not known is guessed, or read as a class that it contains"
    elif observed is None:
        likely = "this name, or this way to write it, is not known"
    else:
        likely = "the word is listed under another class"
    return equal(observed, meant, what=repr(word), likely=likely)


def labels_follow_their_dataset(subject: ImplementationSubject) -> CheckResult:
    """Every integer label means what the dataset's own list says, and one that it does not have nothing."""
    return judge_each(lambda dataset: _labelled(subject, dataset), LABELS)


def _labelled(subject: ImplementationSubject, dataset: str) -> CheckResult:
    names, classes = LABELS[dataset], spec.load().classes
    asked = (*names, *ABSENT[dataset])
    orders = {"the protocol": classes} | {other: tuple(LABELS[other].values()) for other in LABELS}
    first = min(names)
    readings = {
        **{f"labels of {dataset} are read in the order of {name}": (first, order) for name, order in orders.items()},
        f"labels of {dataset} are counted from {1 - first} instead of {first}": (1 - first, tuple(names.values())),
    }
    return all_equal(
        names=[f"label {label} of {dataset}" for label in asked],
        observed=answers_to(lambda label: subject.ask("class_of_label", label=label, dataset=dataset), asked),
        expected=[names.get(label) for label in asked],
        mistakes={
            **{
                cause: [dict(enumerate(order, start)).get(label) for label in asked]
                for cause, (start, order) in readings.items()
            },
            "a label of -1 is read from the end of a list": [
                ({-1: names[max(names)]} | names).get(label) for label in asked
            ],
        },
    )


def contempt_is_no_class(subject: ImplementationSubject, capability: str) -> CheckResult:
    """Contempt is not among the classes, and neither its name nor its label means one of them."""
    return judge_each(lambda asked: _contempt(subject, capability, asked), CONTEMPT[capability])


def _contempt(subject: ImplementationSubject, capability: str, asked: dict[str, Any]) -> CheckResult:
    observed = subject.ask(capability, **asked)
    if capability == "classes":
        observed = next((name for name in rows(capability, observed) if str(name).casefold() in CONTEMPTUOUS), None)
    merged = observed in spec.load().classes
    likely = f"contempt is merged into {observed}" if merged else "contempt is kept as an eighth class"
    return equal(observed, None, what=" ".join(map(str, asked.values())) or "class of contempt", likely=likely)


CHECKS = (
    Check("FER-C-01", are_seven_in_order, needs=("classes",)),
    Check("FER-C-02", go_by_other_names, needs=("class_of_name",)),
    Check("FER-C-03", labels_follow_their_dataset, needs=("class_of_label",)),
    *(
        Check("FER-C-04", contempt_is_no_class, needs=(capability,), case=capability, given=(capability,))
        for capability in CONTEMPT
    ),
)
