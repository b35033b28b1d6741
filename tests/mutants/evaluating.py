"""Evaluations on other splits or images, and training monitored on the test split (FER-V)."""

from __future__ import annotations

from ferspec.checks.implementation.evaluation import EVALUATED_IMAGES
from mutants.kinds import mistaken, right, wrong

KEPT = {"the last partial batch is counted": EVALUATED_IMAGES["the last partial batch is counted"]}
DROPPED = {"the last partial batch is not counted": EVALUATED_IMAGES["the last partial batch is not counted"]}
OTHERS = {cause: count for cause, count in EVALUATED_IMAGES.items() if cause not in KEPT | DROPPED}
IN_BOTH = ("the last partial batch is filled up", "the images of one of two GPUs are counted")


def whole(images: int, batch_size: int) -> int:
    return images - images % batch_size


def all_of(images: int, batch_size: int) -> int:
    return images


MUTANTS = (
    wrong("FER-V-01", "evaluated on validation alone", evaluated_splits=lambda: ["validation"]),
    wrong("FER-V-01", "evaluated on BTFER alone", evaluated_splits=lambda: ["BTFER"]),
    wrong("FER-V-01", "evaluated on what was trained on", evaluated_splits=lambda: ["training", "BTFER"]),
    wrong("FER-V-01", "evaluated on nothing", evaluated_splits=list),
    *mistaken("FER-V-02", "evaluated_images", KEPT),
    *mistaken("FER-V-02", "evaluated_images", DROPPED | {cause: OTHERS[cause] for cause in IN_BOTH}, profile="paper"),
    wrong(
        "FER-V-02",
        "a partial batch filled up, by the profile of the runs",
        evaluated_images=EVALUATED_IMAGES["the last partial batch is filled up"],
    ),
    *mistaken(
        "FER-V-03",
        "evaluated_images",
        {cause: count for cause, count in OTHERS.items() if cause != "the last partial batch is filled up"},
    ),
    wrong("FER-V-04", "BTFER is monitored", monitored_split=lambda: "BTFER"),
    wrong(
        "FER-V-04", "BTFER is monitored, by the profile of the text", profile="paper", monitored_split=lambda: "BTFER"
    ),
    wrong("FER-V-04", "training is monitored", monitored_split=lambda: "training"),
    right("FER-V-01", "splits in another order", evaluated_splits=lambda: ["BTFER", "validation"]),
    right(
        "FER-V-01", "the training split reported as well", evaluated_splits=lambda: ["training", "validation", "BTFER"]
    ),
    right(
        "FER-V-02",
        "images as a number with a point",
        evaluated_images=lambda images, batch_size: float(whole(images, batch_size)),
    ),
    right("FER-V-02", "all images, by the profile of the text", profile="paper", evaluated_images=all_of),
    right(
        "FER-V-03",
        "images by whole steps",
        evaluated_images=lambda images, batch_size: images // batch_size * batch_size,
    ),
    right("FER-V-04", "a split that the text leaves open", profile="paper", monitored_split=lambda: "training"),
)
