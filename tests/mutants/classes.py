"""Classes in another order, words and labels with a wrong class, and contempt as a class (FER-C)."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches

from ferspec.checks.implementation.classes import LABELS, LABELS_MISREAD, NAMES, ORDERS, SEVEN, read_as
from mutants.kinds import mistaken, refusing, right, wrong

ANGRY, DISGUST, FEAR, HAPPY, NEUTRAL, SAD, SURPRISE = SEVEN


def eighth(meaning: str | None) -> Callable[..., str | None]:
    """Give the eighth label of AffectNet, contempt, a meaning."""
    return read_as("AffectNet", LABELS["AffectNet"] | {7: meaning})


def letters(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter not in " _-")


MEANT = {letters(word): name for name, words in NAMES.items() for word in (name, *words)}
COUNTED_FROM_0 = LABELS_MISREAD["labels of RAF-DB are counted from 0 instead of 1"]


def nearest(name: str) -> str | None:
    """The class of the most similar word, if any is similar at all."""
    return next((MEANT[word] for word in get_close_matches(letters(name), MEANT, n=1)), None)


def contained(name: str) -> str | None:
    """The first class of which a word is somewhere in the name."""
    return next((MEANT[word] for word in MEANT if word in letters(name)), None)


def begun(name: str) -> str | None:
    """A word that is not known means the first class that begins with the same three letters."""
    known = MEANT.get(letters(name))
    return known or next((other for other in SEVEN if letters(name)[:3] == letters(other)[:3]), None)


def contempt_refused(name: str) -> str | None:
    if letters(name) == "contempt":
        raise NotImplementedError
    return (MEANT | {"contemptuous": ANGRY}).get(letters(name))


MUTANTS = (
    *(
        mutant
        for cause, order in ORDERS.items()
        for mutant in mistaken("FER-C-01", "classes", {cause: lambda order=order: order})
    ),
    wrong("FER-C-01", "classes from the last to the first", classes=lambda: SEVEN[::-1]),
    wrong("FER-C-01", "classes by other words for them", classes=lambda: [words[0] for words in NAMES.values()]),
    wrong("FER-C-01", "Neutral left out", classes=lambda: [name for name in SEVEN if name != NEUTRAL]),
    wrong(
        "FER-C-02",
        "only the seven names themselves are known",
        class_of_name=lambda name: name if name in SEVEN else None,
    ),
    wrong("FER-C-02", "case matters", class_of_name=lambda name: MEANT.get(name.strip("_- "))),
    wrong("FER-C-02", "underscores and hyphens matter", class_of_name=lambda name: MEANT.get(name.lower().strip())),
    wrong("FER-C-02", "unknown words mean Neutral", class_of_name=lambda name: MEANT.get(letters(name), NEUTRAL)),
    wrong("FER-C-02", "unknown words mean the most similar one", class_of_name=nearest),
    wrong("FER-C-02", "a word that contains a name means its class", class_of_name=contained),
    wrong("FER-C-02", "three letters are enough", class_of_name=begun),
    wrong(
        "FER-C-02",
        "scared is taken for Surprise",
        class_of_name=lambda name: (MEANT | {"scared": SURPRISE}).get(letters(name)),
    ),
    wrong(
        "FER-C-02",
        "a smile and all that is positive is Happy, pain is Sad",
        class_of_name=lambda name: (MEANT | {"smile": HAPPY, "positive": HAPPY, "pain": SAD}).get(letters(name)),
    ),
    wrong(
        "FER-C-02",
        "three letters are enough, and a misspelt word refused",
        class_of_name=refusing(lambda asked: asked["name"] == "hapy", begun),
    ),
    *mistaken("FER-C-03", "class_of_label", LABELS_MISREAD),
    wrong(
        "FER-C-03",
        "fear and disgust of RAF-DB swapped",
        class_of_label=read_as("RAF-DB", LABELS["RAF-DB"] | {2: DISGUST, 3: FEAR}),
    ),
    wrong(
        "FER-C-03",
        "labels far beyond the last mean Happy",
        class_of_label=lambda label, dataset: HAPPY if label > 10 else LABELS[dataset].get(label),
    ),
    wrong(
        "FER-C-03",
        "labels of RAF-DB counted from 0, the first refused",
        class_of_label=refusing(lambda asked: asked["label"] == 0, COUNTED_FROM_0),
    ),
    wrong("FER-C-04", "contempt as an eighth class", classes=lambda: [*SEVEN, "Contempt"]),
    wrong(
        "FER-C-04",
        "contempt merged into Disgust",
        class_of_label=eighth(DISGUST),
    ),
    wrong("FER-C-04", "contempt merged into Angry", class_of_label=eighth(ANGRY)),
    wrong(
        "FER-C-04",
        "contempt kept under its name",
        class_of_label=eighth("Contempt"),
    ),
    wrong(
        "FER-C-04",
        "the word contempt means Disgust",
        class_of_name=lambda name: (MEANT | {"contempt": DISGUST}).get(letters(name)),
    ),
    wrong(
        "FER-C-04",
        "contemptuous means Angry",
        class_of_name=lambda name: (MEANT | {"contemptuous": ANGRY}).get(letters(name)),
    ),
    wrong(
        "FER-C-04",
        "contemptuous means Angry, and contempt is refused",
        class_of_name=contempt_refused,
    ),
    right("FER-C-01", "classes as a tuple, not a list", classes=lambda: tuple(SEVEN)),
    right("FER-C-02", "words from a list of one's own", class_of_name=lambda name: MEANT.get(letters(name))),
    right(
        "FER-C-02",
        "more words than the protocol knows",
        class_of_name=lambda name: (MEANT | {"terrified": FEAR, "furious": ANGRY}).get(letters(name)),
    ),
    right("FER-C-03", "labels from lists", class_of_label=lambda label, dataset: LABELS[dataset].get(label)),
    right(
        "FER-C-04",
        "contempt as a label without a class",
        class_of_label=eighth(None),
    ),
)
