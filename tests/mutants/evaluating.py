"""Evaluations on other parts, over other images, and a training steered by what it is judged on (FER-V)."""

from __future__ import annotations

from collections.abc import Callable

from mutants.kinds import right, wrong


def whole(images: int, batch_size: int) -> int:
    return images - images % batch_size


def filled(images: int, batch_size: int) -> int:
    return -(-images // batch_size) * batch_size


def all_of(images: int, batch_size: int) -> int:
    return images


def batches_of(size: int) -> Callable[..., int]:
    return lambda images, batch_size: whole(images, size)


MUTANTS = (
    wrong("FER-V-01", "evaluated on validation alone", evaluated_parts=lambda: ["validation"]),
    wrong("FER-V-01", "evaluated on BTFER alone", evaluated_parts=lambda: ["BTFER"]),
    wrong("FER-V-01", "evaluated on what was trained on", evaluated_parts=lambda: ["training", "BTFER"]),
    wrong("FER-V-01", "evaluated on nothing", evaluated_parts=list),
    wrong("FER-V-02", "all images counted, by the profile of the runs", evaluated_images=all_of),
    wrong("FER-V-02", "a partial batch dropped, by the profile of the text", profile="paper", evaluated_images=whole),
    wrong("FER-V-02", "a partial batch filled up", profile="paper", evaluated_images=filled),
    wrong("FER-V-02", "a partial batch filled up, by the profile of the runs", evaluated_images=filled),
    wrong(
        "FER-V-02",
        "the images of one GPU counted",
        profile="paper",
        evaluated_images=lambda images, batch_size: images // 2,
    ),
    wrong("FER-V-03", "batches of 64 whatever their size", evaluated_images=batches_of(64)),
    wrong("FER-V-03", "batches of 32 whatever their size", evaluated_images=batches_of(32)),
    wrong("FER-V-03", "batches of 100", evaluated_images=batches_of(100)),
    wrong("FER-V-03", "the partial batch filled up", evaluated_images=filled),
    wrong("FER-V-03", "the partial batch kept", evaluated_images=all_of),
    wrong(
        "FER-V-03",
        "the last batch always dropped",
        evaluated_images=lambda images, batch_size: filled(images, batch_size) - batch_size,
    ),
    wrong(
        "FER-V-03",
        "fewer images than a batch counted",
        evaluated_images=lambda images, batch_size: whole(images, batch_size) or images,
    ),
    wrong("FER-V-03", "steps instead of images", evaluated_images=lambda images, batch_size: images // batch_size),
    wrong("FER-V-04", "BTFER steers", monitored_split=lambda: "BTFER"),
    wrong("FER-V-04", "BTFER steers, by the profile of the text", profile="paper", monitored_split=lambda: "BTFER"),
    wrong("FER-V-04", "training steers", monitored_split=lambda: "training"),
    right("FER-V-01", "parts in another order", evaluated_parts=lambda: ["BTFER", "validation"]),
    right(
        "FER-V-01", "the training part reported as well", evaluated_parts=lambda: ["training", "validation", "BTFER"]
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
    right("FER-V-04", "a part that the text leaves open", profile="paper", monitored_split=lambda: "training"),
)
