"""FER-D: counts, splits and forbidden images of the datasets.

The numbers are an independent witness: Table 1 of the paper, and the counts in its authors' notebooks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from ferspec import spec
from ferspec.checks.implementation.answers.judge import close, equal, judge_each, numbers, rows
from ferspec.checks.implementation.answers.resemble import resembled
from ferspec.checks.implementation.datasets.files import EXAMPLES
from ferspec.checks.implementation.datasets.mistakes import BOXES, COUNTS, ROUNDINGS, SIZES
from ferspec.engine import Check, checks_by_case
from ferspec.errors import SubjectError
from ferspec.outcomes import CheckResult, Status
from ferspec.subjects.implementations.subject import ImplementationSubject

CLASSES = spec.load().classes
TABLE_1 = {
    "RAF-DB": (867, 877, 355, 5957, 3204, 2460, 1619),
    "FER2013": (4953, 547, 5121, 8989, 6198, 6077, 4002),
    "AffectNet": (3353, 2480, 3289, 4791, 4878, 3164, 3983),
    "BTFER": (300,) * 7,
}
BTFER_SIZE = (256, 256, 3)
# RAF-DB's share is that of Fig. 11; AffectNet's 20,778 of 25,938 images, and 22,221 of 27,766.
PERCENT = {"RAF-DB": 70, "AffectNet": 80}
SPLIT_COUNTS = {"RAF-DB's counts": TABLE_1["RAF-DB"], "counts of many remainders": (11, 12, 13, 14, 16, 17, 19)}
USAGES = {"Training": "training", "PublicTest": "validation", "PrivateTest": "validation"}
# AffectNet's label after Contempt, and those without an expression.
LEFT_OUT = {"Contempt": 7, "None": 8, "Uncertain": 9, "No-Face": 10}
SPLITS = ("training", "validation")
SEED, OTHER_SEED = 5, 6


def counts_of_table_1(subject: ImplementationSubject, dataset: str) -> CheckResult:
    """The images of each class are as many as Table 1 says."""
    observed = rows("dataset_counts", subject.ask("dataset_counts", dataset=dataset))
    if len(observed) != len(CLASSES):
        likely = "a class outside the seven"
        return equal(f"{len(observed)} classes", f"{len(CLASSES)} classes", dataset, likely)
    counts = numbers("dataset_counts", observed, (len(CLASSES),))
    mistakes = {name: np.array(other) for name, other in COUNTS[dataset].items()}
    ordered = sorted(counts) == sorted(TABLE_1[dataset])
    otherwise = "the classes are in another order" if ordered else "another selection is counted than that of Table 1"
    return close(counts, TABLE_1[dataset], 0.0, CLASSES, resembled(counts, mistakes, 0.0) or otherwise)


def btfer_is_256_in_colour(subject: ImplementationSubject) -> CheckResult:
    """BTFER holds images of 256×256 pixels in colour (Table 1)."""
    observed = numbers("image_size", subject.ask("image_size", dataset="BTFER"), (3,))
    likely = resembled(observed, {name: np.array(size) for name, size in SIZES.items()}, 0.0)
    return close(observed, BTFER_SIZE, 0.0, ("height", "width", "channels"), likely)


# Splits


def rafdb_is_split_as_the_profile_says(subject: ImplementationSubject, counts: Sequence[int]) -> CheckResult:
    """70 % of each class, rounded down, are for training (Fig. 11); profile ``paper``: the original splits are kept."""
    if subject.profile == "paper":
        return _keeps_splits(subject, "RAF-DB", "it is split again, though the profile paper uses its original splits")
    return _splits(subject, "RAF-DB", counts)


def affectnet_keeps_its_splits(subject: ImplementationSubject) -> CheckResult:
    """AffectNet keeps its own splits where it has them."""
    return _keeps_splits(subject, "AffectNet", "it is split again, though it has its own splits")


def affectnet_is_split_as_the_runs_were(subject: ImplementationSubject, counts: Sequence[int]) -> CheckResult:
    """AffectNet without splits is trained on 80 % of each class, rounded down."""
    return _splits(subject, "AffectNet", counts)


def affectnet_has_the_seven_classes(subject: ImplementationSubject) -> CheckResult:
    """AffectNet's labels 0 to 6 are the seven classes, each once, in any order."""
    observed = [subject.ask("class_of_label", label=label, dataset="AffectNet") for label in range(len(CLASSES))]
    likely = "one of the seven is missing"
    return equal(sorted(map(str, observed)), sorted(CLASSES), "labels 0 to 6 of AffectNet", likely)


def affectnet_leaves_out(subject: ImplementationSubject, name: str) -> CheckResult:
    """Contempt, and labels without an expression, are not among the seven classes."""
    observed = subject.ask("class_of_label", label=LEFT_OUT[name], dataset="AffectNet")
    likely = "a label outside the seven is merged into one of them, or kept as a class"
    return equal(observed, None, f"label {LEFT_OUT[name]} of AffectNet", likely)


def published_splits_of_fer2013(subject: ImplementationSubject, usage: str) -> CheckResult:
    """FER2013's training split is for training; its public and private test splits are for validation."""
    likely = "a split is left out of validation, or trained on"
    return equal(subject.ask("split_of_usage", usage=usage), USAGES[usage], usage, likely)


def _labels(counts: Sequence[int]) -> list[int]:
    """Return the labels of all images, mixed, given the count of each class."""
    mixed: list[int] = np.random.default_rng(2).permutation(np.repeat(np.arange(len(counts)), counts)).tolist()
    return mixed


def _keeps_splits(subject: ImplementationSubject, dataset: str, likely: str) -> CheckResult:
    labels = _labels((5, 3, 4, 9, 6, 7, 8))
    own = np.random.default_rng(3).choice(SPLITS, len(labels)).tolist()
    observed = _split(subject, dataset, labels, own)
    moved = sum(split != kept for split, kept in zip(observed, own, strict=True))
    return equal(
        f"{moved} images in another split", "0 images in another split", f"{dataset}, which has splits", likely
    )


def _splits(subject: ImplementationSubject, dataset: str, counts: Sequence[int]) -> CheckResult:
    """Judge the training images of each class, and that only the seed selects them."""
    labels, percent = _labels(counts), PERCENT[dataset]
    # Shares by class that differ from the protocol's, so that keeping these splits is noticed.
    own = [SPLITS[index % 2] for index in range(len(labels))] if dataset == "RAF-DB" else None
    observed = _split(subject, dataset, labels, own)
    trained = Counter(label for label, split in zip(labels, observed, strict=True) if split == "training")
    by_class = [trained[label] for label in range(len(counts))]
    wanted = [count * percent // 100 for count in counts]
    names = [f"training images of {name} of {count}" for name, count in zip(CLASSES, counts, strict=True)]
    likely = _why_these_shares(by_class, counts, percent, observed == own)
    shares = close(by_class, wanted, 0.0, names, likely)
    if shares.status is Status.FAIL:
        return shares

    def judged(seed: int) -> CheckResult:
        is_same = _split(subject, dataset, labels, own, seed) == observed
        expected = "the same split" if seed == SEED else "another split"
        likely = (
            "the split is not seeded" if seed == SEED else "images are taken in their order, or the seed is ignored"
        )
        what = f"{dataset}, asked with seed {seed} after seed {SEED}"
        return equal("the same split" if is_same else "another split", expected, what, likely)

    return judge_each(judged, (SEED, OTHER_SEED))


def _why_these_shares(by_class: list[int], counts: Sequence[int], percent: int, kept: bool) -> str:
    exact = [count * percent / 100 for count in counts]
    if kept:
        return "the dataset's own splits are kept"
    for name, rounding in ROUNDINGS.items():
        if by_class == [rounding(share) for share in exact]:
            return name
    if sum(by_class) in (int(sum(exact)), round(sum(exact))):
        return "split over all classes together, not within each"
    return f"another share than {percent} %: {100 * sum(by_class) / sum(counts):.1f} % are trained on"


def _split(
    subject: ImplementationSubject, dataset: str, labels: list[int], own: list[str] | None, seed: int = SEED
) -> list[str]:
    """Return the split of each image; ``SubjectError`` where an image has no split."""
    answer = rows("split", subject.ask("split", dataset=dataset, labels=labels, splits=own, seed=seed), len(labels))
    strange = [split for split in answer if split not in SPLITS]
    if strange:
        raise SubjectError(f"split gave {strange[0]!r}, which is neither 'training' nor 'validation'")
    return answer


# Images

# The box that a detector finds, height and width of the image, and the box that is cut out.
FACES = {
    "in the middle": ([100, 80, 160, 170], (300, 400), [80, 60, 180, 190]),
    "at the left and top": ([5, 12, 60, 70], (300, 400), [0, 0, 80, 90]),
    "at the right and bottom": ([350, 230, 395, 290], (300, 400), [330, 210, 400, 300]),
    "as large as the image": ([0, 0, 30, 50], (50, 30), [0, 0, 30, 50]),
    "over the left and top edge": ([-12, -25, 60, 70], (300, 400), [0, 0, 80, 90]),
    "over the right and bottom edge": ([350, 230, 425, 312], (300, 400), [330, 210, 400, 300]),
}


def widened_on_each_side(
    subject: ImplementationSubject, box: list[int], size: tuple[int, int], expected: list[int]
) -> CheckResult:
    """A face is cut out with 20 pixels more on each side (2, stage 3).

    The box ends at the edge of the image.
    """
    height, width = size
    observed = numbers("face_box", subject.ask("face_box", box=box, height=height, width=width), (4,))
    mistakes = {name: np.array(boxing(box, height, width)) for name, boxing in BOXES.items()}
    otherwise = "another margin is taken, or it is cut off elsewhere than at the edges"
    likely = resembled(observed, mistakes, 0.0) or otherwise
    return close(observed, expected, 0.0, ("left", "top", "right", "bottom"), likely)


# Digests of pictures and their labels, and the digests that have several labels.
LABELLED = {
    "a picture under two classes, one twice under its own": ("abaccd", [0, 1, 2, 3, 3, 4], "a"),
    "pictures under two and three classes": ("abbaac", [6, 0, 5, 6, 1, 2], "ab"),
    "three times, the last under another class": ("aaa", [4, 4, 0], "a"),
    "no picture twice": ("abc", [1, 1, 0], ""),
}


def one_label_an_image(subject: ImplementationSubject, digests: str, labels: list[int], found: str) -> CheckResult:
    """No picture of a test set occurs under two classes."""
    return _digests(subject, "conflicting_labels", found, digests=list(digests), labels=labels)


# Digests of training, validation and BTFER, and those of BTFER that are trained or validated on.
LEAKING = {
    "one picture in training, one in validation": ("abc", "de", "cdf", "cd"),
    "one picture in validation": ("a", "b", "bc", "b"),
    "one picture in training, twice in BTFER": ("a", "b", "aac", "a"),
    "training and validation overlap, BTFER does not": ("ab", "bc", "d", ""),
}


def never_trained_on(
    subject: ImplementationSubject, training: str, validation: str, btfer: str, found: str
) -> CheckResult:
    """BTFER is used only for cross-domain evaluation, never for training or validation (2 and 4.1)."""
    asked = {"training": list(training), "validation": list(validation), "btfer": list(btfer)}
    return _digests(subject, "leaked_images", found, **asked)


def _digests(subject: ImplementationSubject, capability: str, found: str, **asked: list[Any]) -> CheckResult:
    observed, expected = set(map(str, rows(capability, subject.ask(capability, **asked)))), set(found)
    missed, invented = sorted(expected - observed), sorted(observed - expected)
    causes = [f"{', '.join(missed)} overlooked"] * bool(missed)
    causes += [f"{', '.join(invented)} named without cause"] * bool(invented)
    return equal(sorted(observed), sorted(expected), likely="; ".join(causes))


def nothing_identifies(subject: ImplementationSubject, name: str) -> CheckResult:
    """Names and other personal identifiers are removed from files and their metadata (2, stage 2)."""
    example = EXAMPLES[name]
    observed = set(map(str, rows("identifying_entries", subject.ask("identifying_entries", file=example.base64()))))
    holds = example.holds <= observed <= example.holds | example.may_be_called
    overlooked = example.holds - observed
    likely = (
        "entries of this kind are not looked for" if overlooked else "entries are named that the file does not hold"
    )
    return CheckResult(
        status=Status.PASS if holds else Status.FAIL,
        observed=", ".join(sorted(observed)) or "nothing",
        expected=", ".join(sorted(example.holds)) or "nothing",
        likely=None if holds else likely,
    )


SPLIT = {name: (counts,) for name, counts in SPLIT_COUNTS.items()}
CHECKS: tuple[Check, ...] = (
    *checks_by_case("FER-D-01", counts_of_table_1, tuple(TABLE_1), ("dataset_counts",)),
    *checks_by_case("FER-D-02", rafdb_is_split_as_the_profile_says, SPLIT, ("split",)),
    *checks_by_case("FER-D-03", published_splits_of_fer2013, tuple(USAGES), ("split_of_usage",)),
    Check("FER-D-04", affectnet_keeps_its_splits, ("split",), "its own splits"),
    *checks_by_case(
        "FER-D-04",
        affectnet_is_split_as_the_runs_were,
        {f"without splits, {name}": counts for name, counts in SPLIT.items()},
        ("split",),
    ),
    Check("FER-D-04", affectnet_has_the_seven_classes, ("class_of_label",), "labels 0 to 6"),
    *checks_by_case("FER-D-04", affectnet_leaves_out, tuple(LEFT_OUT), ("class_of_label",)),
    Check("FER-D-05", counts_of_table_1, ("dataset_counts",), given=("BTFER",)),
    Check("FER-D-06", btfer_is_256_in_colour, needs=("image_size",)),
    *checks_by_case("FER-D-07", widened_on_each_side, FACES, ("face_box",)),
    *checks_by_case("FER-D-10", one_label_an_image, LABELLED, ("conflicting_labels",)),
    *checks_by_case("FER-D-11", never_trained_on, LEAKING, ("leaked_images",)),
    *checks_by_case("FER-D-12", nothing_identifies, tuple(EXAMPLES), ("identifying_entries",)),
)
