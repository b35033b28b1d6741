"""Classes in another order, words and labels that mean the wrong one, and contempt taken for a class (FER-C)."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches

from mutants.kinds import refusing, right, wrong

ANGRY, DISGUST, FEAR, HAPPY, NEUTRAL, SAD, SURPRISE = SEVEN = [
    "Angry",
    "Disgust",
    "Fear",
    "Happy",
    "Neutral",
    "Sad",
    "Surprise",
]
FER2013 = [ANGRY, DISGUST, FEAR, HAPPY, SAD, SURPRISE, NEUTRAL]
RAFDB = [None, SURPRISE, FEAR, DISGUST, HAPPY, SAD, ANGRY, NEUTRAL]
AFFECTNET = [NEUTRAL, HAPPY, SAD, SURPRISE, FEAR, DISGUST, ANGRY]
WORDS = {
    ANGRY: ["angry", "anger", "angered"],
    DISGUST: ["disgust", "disgusted", "disgusting"],
    FEAR: ["fear", "fearful", "afraid", "scared", "fearfulness"],
    HAPPY: ["happy", "happiness", "joy", "joyful"],
    NEUTRAL: ["neutral", "neutrality", "neutralexpression", "noexpression"],
    SAD: ["sad", "sadness", "sorrow", "sorrowful"],
    SURPRISE: ["surprise", "surprised", "surprising"],
}
MEANT = {word: name for name, words in WORDS.items() for word in words}


def letters(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter not in " _-")


def nearest(name: str) -> str | None:
    """The class of the most similar word, if any is similar at all."""
    return next((MEANT[word] for word in get_close_matches(letters(name), MEANT, n=1)), None)


def contained(name: str) -> str | None:
    """The first class of which a word is somewhere in the name."""
    return next((MEANT[word] for word in MEANT if word in letters(name)), None)


def begun(name: str) -> str | None:
    """A word that is not known means the first class that begins with the same three letters."""
    known = MEANT.get(letters(name))
    return known or next((each for each in SEVEN if letters(name)[:3] == letters(each)[:3]), None)


def contempt_refused(name: str) -> str | None:
    if letters(name) == "contempt":
        raise NotImplementedError
    return (MEANT | {"contemptuous": ANGRY}).get(letters(name))


def labels(**orders: list[str | None]) -> Callable[..., str | None]:
    """A reading of labels, right but for the orders given."""
    known = {"FER2013": FER2013, "RAF-DB": RAFDB, "AffectNet": AFFECTNET}
    known |= {name.replace("RAFDB", "RAF-DB"): order for name, order in orders.items()}
    return lambda label, dataset: known[dataset][label] if 0 <= label < len(known[dataset]) else None


def from_the_end(label: int, dataset: str) -> str | None:
    order = {"FER2013": FER2013, "RAF-DB": RAFDB, "AffectNet": AFFECTNET}[dataset]
    return order[label] if label < len(order) else None


MUTANTS = (
    wrong("FER-C-01", "classes in the order of FER2013", classes=lambda: FER2013),
    wrong("FER-C-01", "classes in the order of AffectNet", classes=lambda: AFFECTNET),
    wrong("FER-C-01", "classes in the order of RAF-DB", classes=lambda: RAFDB[1:]),
    wrong("FER-C-01", "classes from the last to the first", classes=lambda: SEVEN[::-1]),
    wrong("FER-C-01", "classes by other words for them", classes=lambda: [words[1] for words in WORDS.values()]),
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
    wrong("FER-C-03", "labels of RAF-DB counted from 0", class_of_label=labels(RAFDB=RAFDB[1:])),
    wrong("FER-C-03", "labels of FER2013 counted from 1", class_of_label=labels(FER2013=[None, *FER2013])),
    wrong("FER-C-03", "labels of FER2013 in the protocol's order", class_of_label=labels(FER2013=SEVEN)),
    wrong("FER-C-03", "labels of RAF-DB in the protocol's order", class_of_label=labels(RAFDB=[None, *SEVEN])),
    wrong("FER-C-03", "labels of AffectNet in the order of FER2013", class_of_label=labels(AffectNet=FER2013)),
    wrong(
        "FER-C-03",
        "fear and disgust of RAF-DB swapped",
        class_of_label=labels(RAFDB=[None, SURPRISE, DISGUST, FEAR, *RAFDB[4:]]),
    ),
    wrong("FER-C-03", "a label of -1 means the last class", class_of_label=from_the_end),
    wrong(
        "FER-C-03",
        "labels far beyond the last mean Happy",
        class_of_label=lambda label, dataset: HAPPY if label > 10 else labels()(label, dataset),
    ),
    wrong(
        "FER-C-03",
        "labels of RAF-DB counted from 0, the first refused",
        class_of_label=refusing(lambda asked: asked["label"] == 0, labels(RAFDB=RAFDB[1:])),
    ),
    wrong("FER-C-04", "contempt as an eighth class", classes=lambda: [*SEVEN, "Contempt"]),
    wrong("FER-C-04", "contempt merged into Disgust", class_of_label=labels(AffectNet=[*AFFECTNET, DISGUST])),
    wrong("FER-C-04", "contempt merged into Angry", class_of_label=labels(AffectNet=[*AFFECTNET, ANGRY])),
    wrong("FER-C-04", "contempt kept under its name", class_of_label=labels(AffectNet=[*AFFECTNET, "Contempt"])),
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
    right("FER-C-03", "labels from lists", class_of_label=labels()),
    right("FER-C-04", "contempt as a label without a class", class_of_label=labels(AffectNet=[*AFFECTNET, None])),
)
