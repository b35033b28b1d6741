"""Batches in another order, or of other random numbers, than Keras' generator makes them (FER-A-10, -13, -14)."""

from __future__ import annotations

from typing import Any

from mutants.keras_like import Modern, streaming
from mutants.kinds import right, wrong


def first_batch_alike(**asked: int) -> list[dict[str, Any]]:
    batches = streaming()(**asked)
    for number in range(0, len(batches), len(batches) // asked["epochs"]):
        changes = batches[number]["parameters"]
        batches[number]["parameters"] = changes[:1] * len(changes)
    return batches


def one_batch_more_where_they_fit(**asked: int) -> list[dict[str, Any]]:
    more = asked["count"] % asked["batch_size"] == 0
    return streaming(lambda epoch, step, batches: epoch * (batches + more) + step)(**asked)


MUTANTS = (
    # FER-A-10
    wrong("FER-A-10", "no draw for the vertical flip", augmentation_stream=streaming(vertical=False)),
    wrong(
        "FER-A-10", "quantity after quantity, not image after image", augmentation_stream=streaming(by_quantity=True)
    ),
    wrong("FER-A-10", "another generator", augmentation_stream=streaming(state_of=Modern)),
    wrong("FER-A-10", "the first batch of an epoch all changed alike", augmentation_stream=first_batch_alike),
    right("FER-A-10", "image after image from NumPy's old generator", augmentation_stream=streaming()),
    # FER-A-13
    *(
        wrong("FER-A-13", name, augmentation_stream=streaming(number))
        for name, number in {
            "seeded once an epoch": lambda epoch, step, batches: epoch,
            "batches counted anew in each epoch": lambda epoch, step, batches: step,
            "every batch seeded alike": lambda epoch, step, batches: 0,
            "partial batches not counted": lambda epoch, step, batches: epoch * (batches - 1) + step,
            "batches counted from 1": lambda epoch, step, batches: epoch * batches + step + 1,
            "seed plus epoch plus batch": lambda epoch, step, batches: epoch + step,
        }.items()
    ),
    *(
        wrong(clause, "a batch more is counted where batches fit", augmentation_stream=one_batch_more_where_they_fit)
        for clause in ("FER-A-10", "FER-A-13", "FER-A-14")
    ),
    wrong(
        "FER-A-13",
        "random numbers go to images by their place in the file",
        augmentation_stream=streaming(sorted_batches=True),
    ),
    right(
        "FER-A-13",
        "indices as floats",
        augmentation_stream=streaming(indices_of=lambda indices: indices.astype(float).tolist()),
    ),
    # FER-A-14
    wrong("FER-A-14", "the order drawn after the changes", augmentation_stream=streaming(order_first=False)),
    wrong("FER-A-14", "one order for all epochs", augmentation_stream=streaming(lambda epoch, step, batches: step)),
    wrong("FER-A-14", "images in the order of the files", augmentation_stream=streaming(shuffled=False)),
    right(
        "FER-A-14",
        "indices as tuples",
        augmentation_stream=streaming(indices_of=lambda indices: tuple(indices.tolist())),
    ),
)
