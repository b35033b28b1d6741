"""Wrong counts and splits, wrong face crops, and missed findings in images and files (FER-D)."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable
from itertools import pairwise

import numpy as np

from ferspec.checks.implementation.datasets.checks import PERCENT, TABLE_1
from ferspec.checks.implementation.datasets.mistakes import BOXES, COUNTS, ROUNDINGS, widened
from ferspec.checks.implementation.datasets.mistakes import SIZES as SIZES_TAKEN
from mutants.kinds import mistaken, refusing, right, wrong

SIZES = {"RAF-DB": [100, 100, 3], "FER2013": [48, 48, 1], "AffectNet": [512, 512, 3], "BTFER": [256, 256, 3]}
AFFECTNET_ORDER = ["Neutral", "Happy", "Sad", "Surprise", "Fear", "Disgust", "Angry"]

Split = Callable[[str, list[int], list[str] | None, int], list[str]]


def counted(dataset: str, counts: Iterable[int]) -> Callable[[str], list[int]]:
    counts_of = TABLE_1 | {dataset: tuple(counts)}
    return lambda dataset: list(counts_of[dataset])


def sized(*size: int) -> Callable[[str], list[int]]:
    return lambda dataset: (SIZES | {"BTFER": list(size)})[dataset]


# ---- splits


def within_classes(
    rounding: Callable[[float], int] = math.floor,
    percent: int | None = None,
    seeded: bool = True,
    shuffled: bool = True,
    first: str = "training",
) -> Split:
    """A split of each class that rounds, or chooses, otherwise."""

    def split(dataset: str, labels: list[int], splits: list[str] | None, seed: int) -> list[str]:
        draw = random.Random(seed if seeded else None)
        answer = ["validation" if first == "training" else "training"] * len(labels)
        for wanted in range(7):
            members = [index for index, label in enumerate(labels) if label == wanted]
            if shuffled:
                draw.shuffle(members)
            trained = rounding(len(members) * (percent or PERCENT[dataset]) / 100)
            for index in members[:trained]:
                answer[index] = first
        return answer

    return split


def seed_ignored(dataset: str, labels: list[int], splits: list[str] | None, seed: int) -> list[str]:
    return within_classes()(dataset, labels, splits, 0)


def over_all_classes(dataset: str, labels: list[int], splits: list[str] | None, seed: int) -> list[str]:
    order = np.random.default_rng(seed).permutation(len(labels))
    trained = set(order[: len(labels) * PERCENT[dataset] // 100].tolist())
    return ["training" if index in trained else "validation" for index in range(len(labels))]


def own_parts_kept(dataset: str, labels: list[int], splits: list[str] | None, seed: int) -> list[str]:
    return splits or within_classes()(dataset, labels, splits, seed)


def with_a_test_part(dataset: str, labels: list[int], splits: list[str] | None, seed: int) -> list[str]:
    """Half of the validation part is set aside."""
    answer = within_classes()(dataset, labels, splits, seed)
    return ["test" if part == "validation" and index % 2 else part for index, part in enumerate(answer)]


def by_scikit_learn(dataset: str, labels: list[int], splits: list[str] | None, seed: int) -> list[str]:
    """Stratified: shares are rounded so that all classes together are 70 %."""
    from sklearn.model_selection import train_test_split

    trained, _ = train_test_split(
        range(len(labels)), train_size=PERCENT[dataset] / 100, stratify=labels, random_state=seed
    )
    chosen = set(trained)
    return ["training" if index in chosen else "validation" for index in range(len(labels))]


def kept_for(dataset: str, otherwise: Split) -> Split:
    """The parts of one dataset kept where it has them, the others split."""

    kept = dataset

    def split(dataset: str, labels: list[int], splits: list[str] | None, seed: int) -> list[str]:
        if splits is not None and dataset == kept:
            return splits
        return otherwise(dataset, labels, splits, seed)

    return split


# ---- labels and leaks


def twice_with_other_neighbours(digests: list[str], labels: list[int]) -> list[str]:
    """Only neighbours in the list are compared."""
    pairs = list(zip(digests, labels, strict=True))
    return [one[0] for one, other in pairwise(pairs) if one[0] == other[0] and one[1] != other[1]]


def more_than_once(digests: list[str], labels: list[int]) -> list[str]:
    return sorted({digest for digest in digests if digests.count(digest) > 1})


def first_and_second(digests: list[str], labels: list[int]) -> list[str]:
    """A third occurrence is not looked at."""
    places = {
        digest: [label for other, label in zip(digests, labels, strict=True) if other == digest][:2]
        for digest in digests
    }
    return [digest for digest, found in places.items() if len(set(found)) > 1]


def conflicts_backwards(digests: list[str], labels: list[int]) -> list[str]:
    pairs = set(zip(digests, labels, strict=True))
    return [digest for digest in sorted(set(digests), reverse=True) if sum(digest == other for other, _ in pairs) > 1]


RAFDB_TRAINING = COUNTS["RAF-DB"]["only the images of RAF-DB that are trained on are counted"]
MUTANTS = (
    # FER-D-01
    *(
        mutant
        for dataset, mistakes in COUNTS.items()
        for mutant in mistaken(
            "FER-D-01", "dataset_counts", {cause: counted(dataset, counts) for cause, counts in mistakes.items()}
        )
    ),
    wrong("FER-D-01", "RAF-DB with contempt", dataset_counts=counted("RAF-DB", [*TABLE_1["RAF-DB"], 0])),
    wrong("FER-D-01", "AffectNet with contempt", dataset_counts=counted("AffectNet", [*TABLE_1["AffectNet"], 2871])),
    wrong(
        "FER-D-01",
        "RAF-DB's training images only, and FER2013 refused",
        dataset_counts=refusing(lambda asked: asked["dataset"] == "FER2013", counted("RAF-DB", RAFDB_TRAINING)),
    ),
    right(
        "FER-D-01",
        "counts as floats",
        dataset_counts=lambda dataset: [float(count) for count in TABLE_1[dataset]],
    ),
    # FER-D-02
    *mistaken(
        "FER-D-02",
        "split",
        {
            **{cause: within_classes(rounding) for cause, rounding in ROUNDINGS.items()},
            "split over all classes together, not within each": over_all_classes,
            "the dataset's own splits are kept": own_parts_kept,
            "the split is not seeded": within_classes(seeded=False),
            "images are taken in their order, or the seed is ignored": seed_ignored,
            "another share than 70 %: 80.0 % are trained on": within_classes(percent=80),
        },
    ),
    *(
        wrong("FER-D-02", name, split=split)
        for name, split in {
            "75 to 25": within_classes(percent=75),
            "the parts exchanged": within_classes(first="validation"),
            "scikit-learn's stratified split": by_scikit_learn,
            "the first 70 % of each class, in the order of the files": within_classes(shuffled=False),
            "a third part set aside for tests": with_a_test_part,
            "all trained on": within_classes(percent=100),
        }.items()
    ),
    *(
        wrong("FER-D-02", name, split=refusing(refused, within_classes(percent=80)))
        for name, refused in {
            "80 to 20, and any seed but 5 refused": lambda asked: asked["seed"] != 5,
            "80 to 20, and large datasets refused": lambda asked: len(asked["labels"]) > 1000,
        }.items()
    ),
    wrong("FER-D-02", "split again where its own validation set is used", profile="paper", split=within_classes()),
    right("FER-D-02", "chosen by another generator", split=within_classes()),
    right("FER-D-02", "the dataset's own parts under the profile paper", profile="paper", split=own_parts_kept),
    # FER-D-03
    *(
        wrong(
            "FER-D-03",
            name,
            split_of_usage=lambda usage, private=private, public=public: {
                "Training": "training",
                "PublicTest": public,
                "PrivateTest": private,
            }[usage],
        )
        for name, public, private in (
            ("the private test left out of validation", "validation", "test"),
            ("the public test left out of validation", "test", "validation"),
            ("the public test trained on", "training", "validation"),
            ("everything trained on", "training", "training"),
        )
    ),
    wrong(
        "FER-D-03",
        "the tests trained on, and what is trained on refused",
        split_of_usage=refusing(lambda asked: asked["usage"] == "Training", lambda usage: "training"),
    ),
    wrong("FER-D-03", "the training part validated on", split_of_usage=lambda usage: "validation"),
    # FER-D-04
    *(
        wrong(
            "FER-D-04",
            name,
            class_of_label=lambda label, dataset, order=order: order[label] if label < len(order) else None,
        )
        for name, order in {
            "Contempt is the eighth class": [*AFFECTNET_ORDER, "Contempt"],
            "Contempt counts as Angry": [*AFFECTNET_ORDER, "Angry"],
            "images without an expression count as Neutral": [*AFFECTNET_ORDER, None, "Neutral"],
            "Uncertain counts as Neutral": [*AFFECTNET_ORDER, None, None, "Neutral"],
            "images without a face count as Neutral": [*AFFECTNET_ORDER, None, None, None, "Neutral"],
            "Neutral left out": [None, *AFFECTNET_ORDER[1:]],
            "Disgust counts as Angry": ["Angry" if name == "Disgust" else name for name in AFFECTNET_ORDER],
        }.items()
    ),
    *(
        wrong("FER-D-04", name, split=split)
        for name, split in {
            "its own parts are not kept": within_classes(),
            "without parts split 70 to 30": kept_for("AffectNet", within_classes(percent=70)),
            "without parts split over all classes": kept_for("AffectNet", over_all_classes),
            "without parts rounded up": kept_for("AffectNet", within_classes(math.ceil)),
            "without parts split otherwise each time": kept_for("AffectNet", within_classes(seeded=False)),
            "without parts the first 80 % of each class": kept_for("AffectNet", within_classes(shuffled=False)),
            "without parts one split for all seeds": kept_for("AffectNet", seed_ignored),
            "without parts 81 to 19": kept_for("AffectNet", within_classes(percent=81)),
        }.items()
    ),
    wrong(
        "FER-D-04",
        "Contempt is the eighth class, and the first refused",
        class_of_label=refusing(
            lambda asked: asked["label"] == 0, lambda label, dataset: [*AFFECTNET_ORDER, "Contempt", *[None] * 3][label]
        ),
    ),
    wrong(
        "FER-D-04",
        "without parts 81 to 19, and with parts refused",
        split=refusing(lambda asked: asked["splits"] is not None, within_classes(percent=81)),
    ),
    right("FER-D-04", "without parts chosen by another generator", split=kept_for("AffectNet", within_classes())),
    # FER-D-05
    wrong("FER-D-05", "200 of each class", dataset_counts=counted("BTFER", [200] * 7)),
    wrong("FER-D-05", "eight classes of 300", dataset_counts=counted("BTFER", [300] * 8)),
    wrong("FER-D-05", "as uneven as RAF-DB", dataset_counts=counted("BTFER", [119, 120, 49, 816, 438, 337, 221])),
    wrong("FER-D-05", "one image of Fear lost", dataset_counts=counted("BTFER", [300, 300, 299, 300, 300, 300, 300])),
    # FER-D-06
    *mistaken("FER-D-06", "image_size", {cause: sized(*size) for cause, size in SIZES_TAKEN.items()}),
    # FER-D-07
    *mistaken("FER-D-07", "face_box", BOXES),
    wrong(
        "FER-D-07",
        "no margin, and faces in the middle refused",
        face_box=refusing(lambda asked: asked["box"][0] == 100, widened(lambda side: 0)),
    ),
    right(
        "FER-D-07",
        "corners as floats",
        face_box=lambda box, height, width: [float(corner) for corner in widened(lambda side: 20)(box, height, width)],
    ),
    # FER-D-10
    wrong("FER-D-10", "conflicting labels overlooked", conflicting_labels=lambda digests, labels: []),
    wrong("FER-D-10", "every picture that is there twice", conflicting_labels=more_than_once),
    wrong("FER-D-10", "every picture", conflicting_labels=lambda digests, labels: sorted(set(digests))),
    wrong("FER-D-10", "only neighbours compared", conflicting_labels=twice_with_other_neighbours),
    wrong("FER-D-10", "a third occurrence overlooked", conflicting_labels=first_and_second),
    wrong(
        "FER-D-10",
        "every picture that is there twice, and few pictures refused",
        conflicting_labels=refusing(lambda asked: len(asked["labels"]) == 3, more_than_once),
    ),
    right("FER-D-10", "digests in another order", conflicting_labels=conflicts_backwards),
    # FER-D-11
    *(
        wrong("FER-D-11", name, leaked_images=leaked)
        for name, leaked in {
            "leaks overlooked": lambda training, validation, btfer: [],
            "validation overlooked": lambda training, validation, btfer: sorted({*training} & {*btfer}),
            "training overlooked": lambda training, validation, btfer: sorted({*validation} & {*btfer}),
            "only what is both trained and validated on": lambda training, validation, btfer: sorted(
                {*training} & {*validation} & {*btfer}
            ),
            "pictures common to training and validation": lambda training, validation, btfer: sorted(
                {*training} & {*validation} | {*btfer} & {*training, *validation}
            ),
            "leaks overlooked, and a training part of one image refused": refusing(
                lambda asked: len(asked["training"]) == 1, lambda training, validation, btfer: []
            ),
            "compared by their place in the lists": lambda training, validation, btfer: [
                test for test, *others in zip(btfer, training, validation, strict=False) if test in others
            ],
        }.items()
    ),
    right(
        "FER-D-11",
        "named as often as they occur",
        leaked_images=lambda training, validation, btfer: [one for one in btfer if one in {*training, *validation}],
    ),
)
