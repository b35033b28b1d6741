"""Checks on the classes: their order, names and labels, and contempt (FER-C)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from ferspec.checks.implementation.answers.explain import all_equal, answers_to
from ferspec.checks.implementation.answers.judge import equal, judge_each, rows
from ferspec.engine import Check, checks_by_case
from ferspec.outcomes import CheckResult
from ferspec.subjects.implementations.subject import ImplementationSubject

# the seven in the order of the column "Class index" of the paper's Figs. 11 and 13, and the other words for each,
# typed here as an independent witness of the specification
NAMES = {
    "Angry": ("anger", "angered"),
    "Disgust": ("disgusted", "disgusting"),
    "Fear": ("fearful", "afraid", "scared", "fearfulness"),
    "Happy": ("happiness", "joy", "joyful"),
    "Neutral": ("neutrality", "neutral expression", "no expression"),
    "Sad": ("sadness", "sorrow", "sorrowful"),
    "Surprise": ("surprised", "surprising"),
}
SEVEN = list(NAMES)
# words that resemble, contain or are contained in the name of a class, but mean no class
STRANGERS = (
    *("", "unknown", "calm", "7", "hapy", "unhappy", "fearless", "sad-looking", "not angry", "joyless", "happy sad"),
    *("smile", "positive", "pain", "zebra", "contentment of mind"),
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
CONTEMPT: dict[str, tuple[str, dict[str, Any]]] = {
    "classes": ("classes", {}),
    **{f"the word {word}": ("class_of_name", {"name": word}) for word in (*CONTEMPTUOUS, "Contempt", "CONTEMPT")},
    "label 7 of AffectNet": ("class_of_label", {"dataset": "AffectNet", "label": 7}),
}
ClassOfLabel = Callable[..., str | None]


def read_as(dataset: str, meanings: dict[int, str]) -> ClassOfLabel:
    """Return the capability ``class_of_label``, in which the labels of one dataset have these meanings."""
    return lambda label, **asked: (LABELS | {dataset: meanings})[asked["dataset"]].get(label)


def _misread() -> Iterator[tuple[str, ClassOfLabel]]:
    """Yield each mistake with the labels of a dataset, and a capability that makes it."""
    orders = {"the protocol": SEVEN} | {dataset: list(meanings.values()) for dataset, meanings in LABELS.items()}
    for dataset, meanings in LABELS.items():
        first = min(meanings)
        for other in [name for name in orders if name != dataset]:
            meant = dict(enumerate(orders[other], first))
            yield f"labels of {dataset} are read in the order of {other}", read_as(dataset, meant)
        shifted = dict(enumerate(meanings.values(), 1 - first))
        yield f"labels of {dataset} are counted from {1 - first} instead of {first}", read_as(dataset, shifted)


LABELS_MISREAD: dict[str, ClassOfLabel] = {
    **dict(_misread()),
    "a label of -1 is read from the end of a list": lambda label, dataset: (
        {-1: LABELS[dataset][max(LABELS[dataset])]} | LABELS[dataset]
    ).get(label),
}
ORDERS = {f"this is the order of the labels of {dataset}": list(LABELS[dataset].values()) for dataset in LABELS}


def are_seven_in_order(subject: ImplementationSubject) -> CheckResult:
    """The classes are the seven, in the order of their index."""
    observed = rows("classes", subject.ask("classes"))
    likely = next((cause for cause, order in ORDERS.items() if observed == order), None) or _misnamed(observed)
    return equal(observed, SEVEN, likely=likely)


def _misnamed(observed: list[Any]) -> str | None:
    if sorted(map(str, observed)) == SEVEN:
        return "the classes are in another order: labels and columns of outputs are then misread"
    if sorted(str(name).casefold() for name in observed) == [name.casefold() for name in SEVEN]:
        return "the names are written otherwise than the protocol does"
    return None


def is_known_by_other_names(subject: ImplementationSubject, name: str) -> CheckResult:
    """Every alias of a class means it, in any case, with spaces, underscores or hyphens."""
    forms = (form for word in (name, *NAMES[name]) for form in _written(word))
    return judge_each(partial(_meaning, subject, name), forms)


def _written(word: str) -> Iterator[str]:
    yield from (word, word.lower(), word.upper(), word.title(), word.swapcase(), f" {word} ")
    yield from (word.replace(" ", "_"), word.replace(" ", "-"), f"{word[:3]}-{word[3:]}_")


def other_words_mean_no_class(subject: ImplementationSubject) -> CheckResult:
    """A word that is not one of these names means no class."""
    return judge_each(partial(_meaning, subject, None), STRANGERS)


def _meaning(subject: ImplementationSubject, meant: str | None, word: str) -> CheckResult:
    observed = subject.ask("class_of_name", name=word)
    if meant is None:
        likely = "a word that is not known is guessed, or read as a class that it contains"
    elif observed is None:
        likely = "this name, or this way to write it, is not known"
    else:
        likely = "the word is listed under another class"
    return equal(observed, meant, what=repr(word), likely=likely)


def labels_follow_their_dataset(subject: ImplementationSubject, dataset: str) -> CheckResult:
    """An integer label means what the dataset's own list says; one that it does not have means nothing."""
    meanings = LABELS[dataset] | dict.fromkeys(ABSENT[dataset])

    def answers(asked: Callable[..., Any]) -> list[Any]:
        return answers_to(lambda label: asked(label=label, dataset=dataset), meanings)

    return all_equal(
        names=[f"label {label} of {dataset}" for label in meanings],
        observed=answers(partial(subject.ask, "class_of_label")),
        expected=list(meanings.values()),
        mistakes={cause: answers(misread) for cause, misread in LABELS_MISREAD.items()},
    )


def contempt_is_no_class(subject: ImplementationSubject, capability: str, asked: dict[str, Any]) -> CheckResult:
    """Contempt is not a class, and neither its name nor its label means a class."""
    observed = subject.ask(capability, **asked)
    if capability == "classes":
        observed = next((name for name in rows(capability, observed) if str(name).casefold() in CONTEMPTUOUS), None)
    merged = observed in SEVEN
    likely = f"contempt is merged into {observed}" if merged else "contempt is kept as an eighth class"
    return equal(observed, None, what=" ".join(map(str, asked.values())) or "class of contempt", likely=likely)


CHECKS = (
    Check("FER-C-01", are_seven_in_order, needs=("classes",)),
    *checks_by_case("FER-C-02", is_known_by_other_names, SEVEN, needs=("class_of_name",)),
    Check("FER-C-02", other_words_mean_no_class, needs=("class_of_name",), case="other words"),
    *checks_by_case("FER-C-03", labels_follow_their_dataset, list(LABELS), needs=("class_of_label",)),
    *(
        Check("FER-C-04", contempt_is_no_class, needs=(capability,), case=case, given=(capability, asked))
        for case, (capability, asked) in CONTEMPT.items()
    ),
)
