"""Wrong counts and parts, faces cut out wrongly, and what is overlooked in images and files (FER-D)."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable
from itertools import pairwise

import numpy as np

from mutants.kinds import refusing, right, wrong

TABLE_1 = {
    "RAF-DB": [867, 877, 355, 5957, 3204, 2460, 1619],
    "FER2013": [4953, 547, 5121, 8989, 6198, 6077, 4002],
    "AffectNet": [3353, 2480, 3289, 4791, 4878, 3164, 3983],
    "BTFER": [300] * 7,
}
SIZES = {"RAF-DB": [100, 100, 3], "FER2013": [48, 48, 1], "AffectNet": [512, 512, 3], "BTFER": [256, 256, 3]}
AFFECTNET_ORDER = ["Neutral", "Happy", "Sad", "Surprise", "Fear", "Disgust", "Angry"]
PERCENT = {"RAF-DB": 70, "AffectNet": 80}

Split = Callable[[str, list[int], list[str] | None, int], list[str]]


def counted(dataset: str, counts: Iterable[int]) -> Callable[[str], list[int]]:
    counts_of = TABLE_1 | {dataset: list(counts)}
    return lambda dataset: counts_of[dataset]


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

    def split(dataset: str, labels: list[int], parts: list[str] | None, seed: int) -> list[str]:
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


def seed_ignored(dataset: str, labels: list[int], parts: list[str] | None, seed: int) -> list[str]:
    return within_classes()(dataset, labels, parts, 0)


def over_all_classes(dataset: str, labels: list[int], parts: list[str] | None, seed: int) -> list[str]:
    order = np.random.default_rng(seed).permutation(len(labels))
    trained = set(order[: len(labels) * PERCENT[dataset] // 100].tolist())
    return ["training" if index in trained else "validation" for index in range(len(labels))]


def own_parts_kept(dataset: str, labels: list[int], parts: list[str] | None, seed: int) -> list[str]:
    return parts or within_classes()(dataset, labels, parts, seed)


def with_a_test_part(dataset: str, labels: list[int], parts: list[str] | None, seed: int) -> list[str]:
    """Half of the validation part is set aside."""
    answer = within_classes()(dataset, labels, parts, seed)
    return ["test" if part == "validation" and index % 2 else part for index, part in enumerate(answer)]


def by_scikit_learn(dataset: str, labels: list[int], parts: list[str] | None, seed: int) -> list[str]:
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

    def split(dataset: str, labels: list[int], parts: list[str] | None, seed: int) -> list[str]:
        if parts is not None and dataset == kept:
            return parts
        return otherwise(dataset, labels, parts, seed)

    return split


# ---- faces


def box_of(margin: Callable[[int], int], clipped: bool = True) -> Callable[..., list[int]]:
    """A box widened on each side by what a function of its side says."""

    def face_box(box: list[int], height: int, width: int) -> list[int]:
        left, top, right_end, bottom = box
        across, down = margin(right_end - left), margin(bottom - top)
        wide = [left - across, top - down, right_end + across, bottom + down]
        if not clipped:
            return wide
        return [max(wide[0], 0), max(wide[1], 0), min(wide[2], width), min(wide[3], height)]

    return face_box


def moved_into_the_image(box: list[int], height: int, width: int) -> list[int]:
    """What does not fit on one side is added on the other."""
    left, top, right_end, bottom = box_of(lambda side: 20, clipped=False)(box, height, width)
    across = -min(left, 0) - max(right_end - width, 0)
    down = -min(top, 0) - max(bottom - height, 0)
    return [left + across, top + down, right_end + across, bottom + down]


def inclusive_ends(box: list[int], height: int, width: int) -> list[int]:
    left, top, right_end, bottom = box_of(lambda side: 20)(box, height, width)
    return [left, top, min(right_end, width - 1), min(bottom, height - 1)]


def sides_exchanged(box: list[int], height: int, width: int) -> list[int]:
    return box_of(lambda side: 20)(box, width, height)


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


def over_the_edge_as_it_is(box: list[int], height: int, width: int) -> list[int]:
    """A side of the detected box that is beyond the image already stays there."""
    cut = box_of(lambda side: 20)(box, height, width)
    inside = (box[0] >= 0, box[1] >= 0, box[2] <= width, box[3] <= height)
    return [new if within else old for new, old, within in zip(cut, box, inside, strict=True)]


MUTANTS = (
    # FER-D-01
    *(
        wrong("FER-D-01", name, dataset_counts=counted(dataset, counts))
        for name, dataset, counts in (
            (
                "RAF-DB with 887 images of Disgust, as the text has it",
                "RAF-DB",
                [867, 887, 355, 5957, 3204, 2460, 1619],
            ),
            ("RAF-DB's training images only", "RAF-DB", [606, 613, 248, 4169, 2242, 1722, 1133]),
            ("RAF-DB with contempt", "RAF-DB", [*TABLE_1["RAF-DB"], 0]),
            ("RAF-DB in its own order of classes", "RAF-DB", [1619, 355, 877, 5957, 2460, 867, 3204]),
            ("FER2013's training part only", "FER2013", [3995, 436, 4097, 7215, 4965, 4830, 3171]),
            ("FER2013 in its own order of classes", "FER2013", [4953, 547, 5121, 8989, 6077, 4002, 6198]),
            ("AffectNet with contempt", "AffectNet", [*TABLE_1["AffectNet"], 2871]),
            ("AffectNet with Contempt among the angry", "AffectNet", [6224, *TABLE_1["AffectNet"][1:]]),
            ("BTFER as far as it is released", "BTFER", [280] * 7),
        )
    ),
    wrong(
        "FER-D-01",
        "RAF-DB's training images only, and FER2013 refused",
        dataset_counts=refusing(
            lambda asked: asked["dataset"] == "FER2013", counted("RAF-DB", [606, 613, 248, 4169, 2242, 1722, 1133])
        ),
    ),
    right(
        "FER-D-01",
        "counts as floats",
        dataset_counts=lambda dataset: [float(count) for count in TABLE_1[dataset]],
    ),
    # FER-D-02
    *(
        wrong("FER-D-02", name, split=split)
        for name, split in {
            "80 to 20": within_classes(percent=80),
            "75 to 25": within_classes(percent=75),
            "the parts exchanged": within_classes(first="validation"),
            "rounded up": within_classes(math.ceil),
            "rounded to the nearest": within_classes(round),
            "over all classes, not within each": over_all_classes,
            "scikit-learn's stratified split": by_scikit_learn,
            "another split each time, whatever the seed": within_classes(seeded=False),
            "the dataset's own parts": own_parts_kept,
            "the first 70 % of each class, in the order of the files": within_classes(shuffled=False),
            "one split for all seeds": seed_ignored,
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
    wrong("FER-D-02", "split anew where its own validation set is used", profile="paper", split=within_classes()),
    right("FER-D-02", "chosen by another generator", split=within_classes()),
    right("FER-D-02", "the dataset's own parts under the profile paper", profile="paper", split=own_parts_kept),
    # FER-D-03
    *(
        wrong(
            "FER-D-03",
            name,
            part_of_usage=lambda usage, private=private, public=public: {
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
        part_of_usage=refusing(lambda asked: asked["usage"] == "Training", lambda usage: "training"),
    ),
    wrong("FER-D-03", "the training part validated on", part_of_usage=lambda usage: "validation"),
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
        split=refusing(lambda asked: asked["parts"] is not None, within_classes(percent=81)),
    ),
    right("FER-D-04", "without parts chosen by another generator", split=kept_for("AffectNet", within_classes())),
    # FER-D-05
    wrong("FER-D-05", "200 of each class", dataset_counts=counted("BTFER", [200] * 7)),
    wrong("FER-D-05", "eight classes of 300", dataset_counts=counted("BTFER", [300] * 8)),
    wrong("FER-D-05", "as uneven as RAF-DB", dataset_counts=counted("BTFER", [119, 120, 49, 816, 438, 337, 221])),
    wrong("FER-D-05", "one image of Fear lost", dataset_counts=counted("BTFER", [300, 300, 299, 300, 300, 300, 300])),
    # FER-D-06
    wrong("FER-D-06", "224 by 224", image_size=sized(224, 224, 3)),
    wrong("FER-D-06", "48 by 48", image_size=sized(48, 48, 3)),
    wrong("FER-D-06", "grey", image_size=sized(256, 256, 1)),
    wrong("FER-D-06", "with alpha", image_size=sized(256, 256, 4)),
    wrong("FER-D-06", "channels first", image_size=sized(3, 256, 256)),
    # FER-D-07
    *(
        wrong("FER-D-07", name, face_box=face_box)
        for name, face_box in {
            "20 pixels in all, 10 on each side": box_of(lambda side: 10),
            "40 pixels on each side": box_of(lambda side: 40),
            "no margin": box_of(lambda side: 0),
            "20 per cent of the face": box_of(lambda side: round(side * 0.2)),
            "10 per cent of the face": box_of(lambda side: round(side * 0.1)),
            "beyond the image": box_of(lambda side: 20, clipped=False),
            "moved back into the image": moved_into_the_image,
            "ends inclusive": inclusive_ends,
            "height and width of the image exchanged": sides_exchanged,
            "a detected box over the edge left as it is": over_the_edge_as_it_is,
            "no margin, and faces in the middle refused": refusing(
                lambda asked: asked["box"][0] == 100, box_of(lambda side: 0)
            ),
        }.items()
    ),
    right(
        "FER-D-07",
        "corners as floats",
        face_box=lambda box, height, width: [float(corner) for corner in box_of(lambda side: 20)(box, height, width)],
    ),
    # FER-D-10
    wrong("FER-D-10", "conflicting labels overlooked", conflicting_labels=lambda digests, labels: []),
    wrong("FER-D-10", "every picture that is there twice", conflicting_labels=more_than_once),
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
        leaked_images=lambda training, validation, btfer: [each for each in btfer if each in {*training, *validation}],
    ),
)
