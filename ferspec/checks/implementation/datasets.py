"""FER-D: what the datasets hold, how they are divided, and what must not be among their images."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from ferspec import spec
from ferspec.checks.implementation.answers.judge import close, equal, judge_each, numbers, rows, shown
from ferspec.checks.implementation.answers.resemble import resembled
from ferspec.checks.implementation.example_files import EXAMPLES
from ferspec.engine import Check
from ferspec.errors import SubjectError
from ferspec.outcomes import CheckResult, Status
from ferspec.reference.splits import splits_anew
from ferspec.subjects.implementations.subject import ImplementationSubject

PARTS = ("training", "validation")
SEED, OTHER_SEED = 5, 6
# Table 1's RAF-DB, and counts of which each leaves another remainder.
SPLIT_COUNTS = ((867, 877, 355, 5957, 3204, 2460, 1619), (11, 12, 13, 14, 16, 17, 19))
# AffectNet's label after Contempt, and those that stand for no expression.
LEFT_OUT = {7: "Contempt", 8: "None", 9: "Uncertain", 10: "No-Face"}


def counts_of_table_1(subject: ImplementationSubject) -> CheckResult:
    """FER-D-01."""
    return judge_each(lambda name: _counts(subject, name), spec.load().datasets)


def btfer_is_balanced(subject: ImplementationSubject) -> CheckResult:
    """FER-D-05."""
    return _counts(subject, "BTFER")


def _counts(subject: ImplementationSubject, dataset: str) -> CheckResult:
    classes, counts = spec.load().classes, spec.load().datasets[dataset].counts
    observed = rows("dataset_counts", subject.ask("dataset_counts", dataset=dataset))
    if len(observed) != len(classes):
        return equal(
            f"{len(observed)} classes", f"{len(classes)} classes", dataset, "a class that is none of the seven"
        )
    observed = numbers("dataset_counts", observed, (len(classes),))
    ordered = sorted(observed) == sorted(counts)
    likely = (
        "the classes are in another order"
        if ordered
        else "another selection of the dataset is counted than that of Table 1"
    )
    names = [f"{dataset}, {name}" for name in classes]
    return close(observed, counts, 0.0, names, likely)


def btfer_is_256_in_colour(subject: ImplementationSubject) -> CheckResult:
    """FER-D-06."""
    observed = numbers("image_size", subject.ask("image_size", dataset="BTFER"), (3,))
    size = spec.load().datasets["BTFER"].size
    mistakes = {
        "channels stand first": np.array([3, *size]),
        "colour is lost: one channel is told": np.array([*size, 1]),
        "it is the size that images are resized to for a network": np.array([*([observed[0]] * 2), 3]),
    }
    likely = resembled(observed, mistakes, 0.0)
    return close(observed, [*size, 3], 0.0, ("height", "width", "channels"), likely)


# Parts.


def rafdb_is_split_as_the_profile_says(subject: ImplementationSubject) -> CheckResult:
    """FER-D-02."""
    if not splits_anew(subject.profile):
        return _keeps_parts(
            subject, "RAF-DB", "it is split anew, though the profile paper uses the dataset's own validation set"
        )
    percent = spec.load().datasets["RAF-DB"].training_percent
    return judge_each(lambda counts: _splits(subject, "RAF-DB", percent, counts), SPLIT_COUNTS)


def affectnet(subject: ImplementationSubject, capability: str) -> CheckResult:
    """FER-D-04: its parts (split) and its classes (class_of_label)."""
    return (_affectnet_taken_whole if capability == "split" else _affectnet_of_seven_classes)(subject)


def _affectnet_taken_whole(subject: ImplementationSubject) -> CheckResult:
    totals = spec.load().datasets["AffectNet"]
    # 20,778 of 25,938 images and 22,221 of 27,766 are both 80 %, to the whole percentage.
    (percent,) = {
        round(100 * training / (training + totals.validation_totals[at]))
        for at, training in totals.training_totals.items()
    }

    def judged(counts: Sequence[int] | None) -> CheckResult:
        if counts is None:
            return _keeps_parts(subject, "AffectNet", "it is split anew where it has parts of its own")
        return _splits(subject, "AffectNet", percent, counts, own_parts=False)

    return judge_each(judged, (None, *SPLIT_COUNTS))


def _affectnet_of_seven_classes(subject: ImplementationSubject) -> CheckResult:
    """Judge that labels 0 to 6 are the seven, each once and in whatever order, and the others none of them."""
    left = list(spec.load().classes)

    def judged(label: int) -> CheckResult:
        observed = subject.ask("class_of_label", label=label, dataset="AffectNet")
        if label in LEFT_OUT:
            likely = "a label of none of the seven is merged into one of them, or kept as a class"
            return equal(observed, None, f"label {label} of AffectNet ({LEFT_OUT[label]})", likely)
        holds = observed in left
        if holds:
            left.remove(observed)
        return CheckResult(
            status=Status.PASS if holds else Status.FAIL,
            observed=f"label {label} of AffectNet: {shown(observed)}",
            expected=f"label {label} of AffectNet: one of the seven, of no other label",
            likely=None if holds else "one of the seven is missing",
        )

    return judge_each(judged, (*range(len(left)), *LEFT_OUT))


def published_parts_of_fer2013(subject: ImplementationSubject) -> CheckResult:
    """FER-D-03."""
    wanted = {"Training": "training", "PublicTest": "validation", "PrivateTest": "validation"}
    likely = "a part is left out of validation, or trained on"
    return judge_each(
        lambda usage: equal(subject.ask("part_of_usage", usage=usage), wanted[usage], usage, likely), wanted
    )


def _labels(counts: Sequence[int]) -> list[int]:
    """Return the labels of so many images of each class, mixed."""
    return np.random.default_rng(2).permutation(np.repeat(np.arange(len(counts)), counts)).tolist()


def _keeps_parts(subject: ImplementationSubject, dataset: str, likely: str) -> CheckResult:
    labels = _labels((5, 3, 4, 9, 6, 7, 8))
    parts = np.random.default_rng(3).choice(PARTS, len(labels)).tolist()
    observed = _split(subject, dataset, labels, parts)
    moved = sum(own != part for own, part in zip(observed, parts, strict=True))
    return equal(f"{moved} images in another part", "0 images in another part", f"{dataset}, which has parts", likely)


def _splits(
    subject: ImplementationSubject, dataset: str, percent: int, counts: Sequence[int], own_parts: bool = True
) -> CheckResult:
    """Judge how many of each class are trained on, and that the seed alone decides which."""
    labels = _labels(counts)
    # Shares by class that are none of the protocol's, so that who keeps these parts is found out.
    parts = ["training" if index % 2 else "validation" for index in range(len(labels))] if own_parts else None
    observed = _split(subject, dataset, labels, parts)
    trained = Counter(label for label, part in zip(labels, observed, strict=True) if part == "training")
    by_class = [trained[label] for label in range(len(counts))]
    wanted = [count * percent // 100 for count in counts]
    names = [
        f"{dataset}, training images of {name} of {count}"
        for name, count in zip(spec.load().classes, counts, strict=True)
    ]
    likely = _why_so_many(by_class, counts, percent, parts is not None and observed == parts)
    shares = close(by_class, wanted, 0.0, names, likely)
    if shares.status is Status.FAIL:
        return shares

    def again(case: tuple[int, str, str, str]) -> CheckResult:
        seed, expected, what, likely = case
        split = "the same split" if _split(subject, dataset, labels, parts, seed) == observed else "another split"
        return equal(split, expected, f"{dataset}, asked {what}", likely)

    return judge_each(
        again,
        (
            (SEED, "the same split", f"twice with seed {SEED}", "the split is not seeded"),
            (
                OTHER_SEED,
                "another split",
                f"with seed {OTHER_SEED} instead of {SEED}",
                "images are taken in their order, not drawn, or the seed is ignored",
            ),
        ),
    )


def _why_so_many(by_class: list[int], counts: Sequence[int], percent: int, kept: bool) -> str:
    exact = [count * percent / 100 for count in counts]
    if kept:
        return "the dataset's own parts are kept"
    if by_class == [round(share) for share in exact]:
        return "rounded to the nearest, not down"
    if by_class == [-int(-share // 1) for share in exact]:
        return "rounded up, not down"
    if sum(by_class) in (int(sum(exact)), round(sum(exact))):
        return "split over all classes together, not within each"
    return f"another share than {percent} %: {100 * sum(by_class) / sum(counts):.1f} % are trained on"


def _split(
    subject: ImplementationSubject, dataset: str, labels: list[int], parts: list[str] | None, seed: int = SEED
) -> list[str]:
    """Return the part of each image; SubjectError where an image is in none."""
    answer = rows("split", subject.ask("split", dataset=dataset, labels=labels, parts=parts, seed=seed), len(labels))
    strange = [part for part in answer if part not in PARTS]
    if strange:
        raise SubjectError(f"split gave {strange[0]!r}, which is neither 'training' nor 'validation'")
    return answer


# Images.


def widened_on_each_side(subject: ImplementationSubject) -> CheckResult:
    """FER-D-07."""
    margin = spec.load().value("FER-D-07", "margin")
    boxes = (
        ("in the middle", [100, 80, 160, 170], (300, 400)),
        ("at the left and top", [5, 12, 60, 70], (300, 400)),
        ("at the right and bottom", [350, 230, 395, 290], (300, 400)),
        ("as large as the image", [0, 0, 30, 50], (50, 30)),
        # a detector's box may reach over the edge
        ("over the left and top edge", [-12, -25, 60, 70], (300, 400)),
        ("over the right and bottom edge", [350, 230, 425, 312], (300, 400)),
    )

    def judged(case: tuple[str, list[int], tuple[int, int]]) -> CheckResult:
        where, box, (height, width) = case
        observed = numbers("face_box", subject.ask("face_box", box=box, height=height, width=width), (4,))
        left, top, right, bottom = box
        wide = [left - margin, top - margin, right + margin, bottom + margin]
        expected = [max(wide[0], 0), max(wide[1], 0), min(wide[2], width), min(wide[3], height)]
        names = [f"a face {where}: {side}" for side in ("left", "top", "right", "bottom")]
        mistakes = {
            "no margin": np.array(box),
            f"{margin} pixels in all, half on each side": np.array(wide) + np.array([1, 1, -1, -1]) * margin / 2,
            "the margin goes beyond the image": np.array(wide),
        }
        likely = (
            resembled(observed, mistakes, 0.0)
            or "another margin is taken, or it is cut off elsewhere than at the edges"
        )
        return close(observed, expected, 0.0, names, likely)

    return judge_each(judged, boxes)


def one_label_an_image(subject: ImplementationSubject) -> CheckResult:
    """FER-D-10."""
    cases = (
        (
            "a picture under two classes, one twice under its own",
            ["a", "b", "a", "c", "c", "d"],
            [0, 1, 2, 3, 3, 4],
            {"a"},
        ),
        ("pictures under two and three classes", ["a", "b", "b", "a", "a", "c"], [6, 0, 5, 6, 1, 2], {"a", "b"}),
        ("three times, the last under another class", ["a", "a", "a"], [4, 4, 0], {"a"}),
        ("no picture twice", ["a", "b", "c"], [1, 1, 0], set()),
    )

    def judged(case: tuple[str, list[str], list[int], set[str]]) -> CheckResult:
        what, digests, labels, found = case
        return _digests(subject, "conflicting_labels", what, found, digests=digests, labels=labels)

    return judge_each(judged, cases)


def never_trained_on(subject: ImplementationSubject) -> CheckResult:
    """FER-D-11."""
    cases = (
        ("one picture in training, one in validation", ["a", "b", "c"], ["d", "e"], ["c", "d", "f"], {"c", "d"}),
        ("one picture in validation", ["a"], ["b"], ["b", "c"], {"b"}),
        ("one picture in training, twice in BTFER", ["a"], ["b"], ["a", "a", "c"], {"a"}),
        ("training and validation overlap, BTFER stands apart", ["a", "b"], ["b", "c"], ["d"], set()),
    )

    def judged(case: tuple[str, list[str], list[str], list[str], set[str]]) -> CheckResult:
        what, training, validation, btfer, found = case
        asked = {"training": training, "validation": validation, "btfer": btfer}
        return _digests(subject, "leaked_images", what, found, **asked)

    return judge_each(judged, cases)


def _digests(
    subject: ImplementationSubject, capability: str, what: str, expected: set[str], **asked: list
) -> CheckResult:
    observed = set(map(str, rows(capability, subject.ask(capability, **asked))))
    missed, invented = sorted(expected - observed), sorted(observed - expected)
    told = [f"{', '.join(missed)} overlooked"] * bool(missed) + [f"{', '.join(invented)} named without cause"] * bool(
        invented
    )
    return equal(sorted(observed), sorted(expected), what, "; ".join(told))


def nothing_identifies(subject: ImplementationSubject) -> CheckResult:
    """FER-D-12."""

    def judged(name: str) -> CheckResult:
        example = EXAMPLES[name]
        observed = set(map(str, rows("identifying_entries", subject.ask("identifying_entries", file=example.base64()))))
        holds = example.holds <= observed <= example.holds | example.may_be_called
        return CheckResult(
            status=Status.PASS if holds else Status.FAIL,
            observed=f"{name}: {', '.join(sorted(observed)) or 'nothing'}",
            expected=f"{name}: {', '.join(sorted(example.holds)) or 'nothing'}",
            likely=None if holds else _why_these_entries(example.holds - observed),
        )

    return judge_each(judged, EXAMPLES)


def _why_these_entries(overlooked: set[str]) -> str:
    return "entries of this kind are not looked for" if overlooked else "entries are named that the file does not hold"


CHECKS = (
    Check("FER-D-01", counts_of_table_1, needs=("dataset_counts",)),
    Check("FER-D-02", rafdb_is_split_as_the_profile_says, needs=("split",)),
    Check("FER-D-03", published_parts_of_fer2013, needs=("part_of_usage",)),
    *(Check("FER-D-04", affectnet, needs=(need,), case=need, given=(need,)) for need in ("split", "class_of_label")),
    Check("FER-D-05", btfer_is_balanced, needs=("dataset_counts",)),
    Check("FER-D-06", btfer_is_256_in_colour, needs=("image_size",)),
    Check("FER-D-07", widened_on_each_side, needs=("face_box",)),
    Check("FER-D-10", one_label_an_image, needs=("conflicting_labels",)),
    Check("FER-D-11", never_trained_on, needs=("leaked_images",)),
    Check("FER-D-12", nothing_identifies, needs=("identifying_entries",)),
)
