"""Models that break FER-B, and unusual ones that keep it: miniatures on patches of colour."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np

from ferspec.checks.generator import checks_for_model
from ferspec.outcomes import CheckResult
from ferspec.subjects.datasets.subject import Dataset
from ferspec.subjects.models.claims import parse_claim
from ferspec.subjects.models.contracts.contract import Output
from ferspec.subjects.models.predictions import align, read_predictions
from ferspec.subjects.models.subject import ModelSubject
from helpers.cheats import answers as cheats
from helpers.miniatures import (
    CLASSES,
    colour_patches,
    contract,
    model,
    named,
    nearest_centre,
    right,
    right_with_some_noise,
    softmax,
    subject,
)
from helpers.miniatures import PER_CLASS as PATCHES_PER_CLASS
from mutants.kinds import Mutant, Right
from mutants.scratch import fresh

Run = Callable[[np.ndarray], np.ndarray]

# what is true of the right model, whose accuracy is near 1
CLAIMS = ("accuracy>=0.7", "ece<=0.3")


@cache
def patches() -> Dataset:
    return colour_patches(fresh("patches"))


def findings_on(judged: ModelSubject, clause: str | None = None) -> tuple[CheckResult, ...]:
    """Return what the checks of a clause, or all of them, find on a model; claims are those of ``CLAIMS``."""
    checks = checks_for_model(parse_claim(text) for text in CLAIMS)
    return tuple(check.run(judged) for check in checks if clause in (None, check.clause))


def unmutated(clause: str) -> tuple[CheckResult, ...]:
    """Return what the checks of a clause find on the right model."""
    return findings_on(subject(patches(), right), clause)


def wrong_model(clause: str, name: str, run: Run, **declared: object) -> Mutant:
    return Mutant(clause, name, lambda: findings_on(subject(patches(), named(run), **declared), clause))


def wrong_at_every_call(clause: str, name: str, make: Callable[[], Run]) -> Mutant:
    """Return a mutant that remembers something, and is made again for each judgement."""

    def judged() -> Sequence[CheckResult]:
        return findings_on(ModelSubject(patches(), model(named(make()), make), contract()), clause)

    return Mutant(clause, name, judged)


def right_model(clause: str, name: str, run: Run, output: Output | None = None, **declared: object) -> Right:
    """Return a right variation that all checks on models judge."""

    def judged() -> Sequence[CheckResult]:
        agreed = contract(**declared)
        if output is not None:
            agreed = agreed.model_copy(update={"output": output})
        return findings_on(ModelSubject(patches(), model(named(run)), agreed))

    return Right(clause, name, judged)


# ---- wrong


def crashes(batch: np.ndarray) -> np.ndarray:
    raise MemoryError("out of memory")


def eight_columns(batch: np.ndarray) -> np.ndarray:
    return np.hstack([right(batch), np.zeros((len(batch), 1), np.float32)])


def without_neutral(batch: np.ndarray) -> np.ndarray:
    return softmax(np.delete(nearest_centre(batch), 4, axis=1))


def nan_in_one_row(batch: np.ndarray) -> np.ndarray:
    output = right(batch)
    output[0, 0] = np.nan
    return output


def overflowing_softmax(batch: np.ndarray) -> np.ndarray:
    """An exponential that is not lowered by the largest logit first, in half precision."""
    with np.errstate(over="ignore", invalid="ignore"):
        raised = np.exp((nearest_centre(batch) + 20).astype(np.float16))
        return raised / raised.sum(axis=1, keepdims=True)


def dropout_left_on() -> Run:
    """Drop half of the channels, which changes the class of about every image."""
    chance = np.random.default_rng(1)
    return lambda batch: right(batch * (chance.random((len(batch), 1, 1, 3)) > 0.5) / 0.5)


def augmented_at_test_time() -> Run:
    chance = np.random.default_rng(1)
    return lambda batch: right(batch * chance.uniform(0.4, 1.6, (len(batch), 1, 1, 3)))


def batch_statistics(batch: np.ndarray) -> np.ndarray:
    return right((batch - batch.mean(axis=0)) / (batch.std(axis=0) + 1e-3))


def nan_when_alone(batch: np.ndarray) -> np.ndarray:
    """As a variance over one image is, where it is divided by n - 1."""
    return right(batch) * (np.nan if len(batch) == 1 else 1)


def state_between_images() -> Run:
    seen = np.zeros(1)

    def run(batch: np.ndarray) -> np.ndarray:
        seen[0] += len(batch)
        return right(batch * (1 + seen[0] / 100))

    return run


def mixed_with_the_neighbour(batch: np.ndarray) -> np.ndarray:
    return right((batch + np.roll(batch, 1, axis=0)) / 2)


def smoothed_over_the_batch(batch: np.ndarray) -> np.ndarray:
    """As for the frames of a film."""
    output = right(batch)
    return np.stack([output[max(0, row - 2) : row + 1].mean(axis=0) for row in range(len(output))])


def seen_first_class_by_class() -> Run:
    return cheats.counts_and_then_repeats(PATCHES_PER_CLASS)


def tiring() -> Run:
    """A model that grows less sure with every picture, down to the opposite."""
    count = np.zeros(1)

    def run(batch: np.ndarray) -> np.ndarray:
        count[0] += len(batch)
        return softmax(nearest_centre(batch) * (1 - count[0] / 200))

    return run


def looked_up(table: Callable[[np.ndarray, np.ndarray], Run]) -> Run:
    """A table of the pictures, given pixels from 0 to 1."""
    dataset = patches()
    pictures = np.stack([dataset.image(index) for index in range(len(dataset))])
    answer = table(pictures, dataset.labels)
    return lambda batch: answer(255 * batch)


# ---- right


def shifted_logits(batch: np.ndarray) -> np.ndarray:
    return nearest_centre(batch) + 3


def in_batches_of_five(batch: np.ndarray) -> np.ndarray:
    return np.concatenate([right(batch[first : first + 5]) for first in range(0, len(batch), 5)])


def rounded_otherwise_in_every_batch(batch: np.ndarray) -> np.ndarray:
    """As sums in another order round: apart by a few units in the seventh digit, by the size of the batch."""
    return softmax(nearest_centre(batch) * np.float32(1 + 1e-6 * (len(batch) % 3)))


def near_tie_by_batch(batch: np.ndarray) -> np.ndarray:
    """Two classes tie for one picture in a hundred, and rounding by the size of the batch decides."""
    output = right(batch)
    ties = np.rint(1e4 * batch.mean(axis=(1, 2, 3))) % 100 == 0
    best = output.argmax(axis=1)[ties]
    output[ties] = 0
    output[ties, best] = 0.5 + 1e-4 * (len(batch) % 3 - 1)
    output[ties, (best + 1) % len(CLASSES)] = 0.5 - 1e-4 * (len(batch) % 3 - 1)
    return output


def in_8_bits(batch: np.ndarray) -> np.ndarray:
    return np.rint(256 * softmax(nearest_centre(batch) / 5)) / 256


# ---- recorded predictions


def less_sure(batch: np.ndarray) -> np.ndarray:
    return softmax(nearest_centre(batch) / 5)


def recorded(columns: Sequence[str], digits: int = 9, shuffled: bool = False) -> ModelSubject:
    """Return the right model's predictions, written under these columns and read again."""
    probabilities = subject(patches(), less_sure).probabilities
    ids = patches().ids
    names = np.random.default_rng(0).permutation(ids) if shuffled else ids
    lines = [",".join(columns)]
    for name, row in zip(names, probabilities, strict=True):
        values = {"image": name, "seconds": "0.1"}
        values |= {column: f"{value:.{digits}f}" for column, value in zip(CLASSES, row, strict=True)}
        lines.append(",".join(values[column] for column in columns))
    path = fresh("recorded") / "predictions.csv"
    path.write_text("\n".join(lines) + "\n")
    return ModelSubject(patches(), recorded=align(read_predictions(path), ids))


def ids_shuffled() -> Sequence[CheckResult]:
    return findings_on(recorded(["image", *CLASSES], shuffled=True), "FER-B-08")


def rounded_to_a_digit() -> Sequence[CheckResult]:
    return findings_on(recorded(["image", *CLASSES], digits=1), "FER-B-04")


def columns_in_another_order() -> Sequence[CheckResult]:
    return findings_on(recorded([*reversed(CLASSES), "seconds", "image"]))


def written_with_four_digits() -> Sequence[CheckResult]:
    return findings_on(recorded(["image", *CLASSES], digits=4))


BACKWARDS = tuple(reversed(CLASSES))

MUTANTS: tuple[Mutant | Right, ...] = (
    wrong_model("FER-B-01", "crashes", crashes),
    wrong_model("FER-B-01", "one row too many", lambda batch: np.vstack([right(batch), right(batch[:1])])),
    wrong_model("FER-B-01", "classes in rows, images in columns", lambda batch: right(batch).T),
    wrong_model("FER-B-01", "the name of the class", lambda batch: np.take(CLASSES, right(batch).argmax(axis=1))),
    wrong_model("FER-B-02", "an eighth column, for Contempt", eight_columns),
    wrong_model("FER-B-02", "six columns, Neutral left out", without_neutral),
    wrong_model("FER-B-02", "the index of the class alone", lambda batch: right(batch).argmax(axis=1)[:, None]),
    wrong_model("FER-B-03", "NaN for one image of a batch", nan_in_one_row),
    wrong_model("FER-B-03", "a softmax that overflows", overflowing_softmax),
    wrong_model("FER-B-04", "logits as probabilities", nearest_centre),
    wrong_model("FER-B-04", "logarithms of probabilities", lambda batch: np.log(right(batch) + 1e-9)),
    wrong_model("FER-B-04", "seven sigmoids for a softmax", lambda batch: 1 / (1 + np.exp(-nearest_centre(batch)))),
    wrong_model("FER-B-04", "per cent", lambda batch: 100 * right(batch)),
    Mutant("FER-B-04", "recorded probabilities rounded to a digit", rounded_to_a_digit),
    wrong_at_every_call("FER-B-05", "dropout left on", dropout_left_on),
    wrong_at_every_call("FER-B-05", "augmented at test time", augmented_at_test_time),
    wrong_model("FER-B-06", "normalised by the statistics of the batch", batch_statistics),
    wrong_model("FER-B-06", "brightened to the mean of the batch", lambda batch: right(batch * 0.5 / batch.mean())),
    wrong_model("FER-B-06", "NaN for an image alone", nan_when_alone),
    wrong_at_every_call("FER-B-07", "state kept between images", state_between_images),
    wrong_model("FER-B-07", "images of a batch mixed", mixed_with_the_neighbour),
    wrong_model("FER-B-07", "smoothed over the frames before it", smoothed_over_the_batch),
    wrong_model("FER-B-08", "softmax twice", lambda batch: softmax(right(batch))),
    wrong_model("FER-B-08", "class order permuted", lambda batch: right(batch)[:, ::-1]),
    wrong_model("FER-B-08", "fed 0 to 1 where it expects 0 to 255", lambda batch: right(batch / 255)),
    wrong_model("FER-B-08", "one class whatever the image", lambda batch: right(0 * batch + 0.5)),
    Mutant("FER-B-08", "recorded predictions under shuffled ids", ids_shuffled),
    wrong_at_every_call("FER-B-09", "classes by the order in which pictures came first", seen_first_class_by_class),
    wrong_at_every_call("FER-B-09", "less sure with every picture", tiring),
    wrong_at_every_call("FER-B-09", "another answer in every process", cheats.start_of_process),
    wrong_model("FER-B-10", "a table of exact pictures", lambda batch: looked_up(cheats.exact_hashes)(batch)),
    wrong_model("FER-B-10", "a table of pixels in the corners", lambda batch: looked_up(cheats.corners)(batch)),
    right_model("FER-B-04", "float16 outputs", lambda batch: right(batch).astype(np.float16)),
    right_model("FER-B-04", "a softmax in 8 bits", in_8_bits),
    right_model("FER-B-04", "logits, and declared as such", shifted_logits, Output(classes=CLASSES, kind="logits")),
    right_model(
        "FER-B-02",
        "class order declared otherwise",
        lambda batch: right(batch)[:, ::-1],
        Output(classes=BACKWARDS),
    ),
    right_model(
        "FER-B-02",
        "classes declared by other names",
        right,
        Output(classes=("anger", "DISGUSTED", "fearful", "happiness", "neutral", "sadness", "surprised")),
    ),
    right_model("FER-B-06", "five images at a time inside", in_batches_of_five),
    right_model("FER-B-06", "another framework's rounding, batch by batch", rounded_otherwise_in_every_batch),
    right_model("FER-B-09", "a near-tie decided by the batch", near_tie_by_batch),
    right_model("FER-B-10", "some noise from the exact pixels", right_with_some_noise),
    right_model("FER-B-08", "fed BGR", lambda batch: right(batch[..., ::-1]), colour="bgr"),
    right_model("FER-B-08", "fed -1 to 1", lambda batch: right((batch + 1) / 2), range=(-1.0, 1.0)),
    Right("FER-B-04", "a CSV with columns in another order, and one more", columns_in_another_order),
    Right("FER-B-04", "a CSV of four digits", written_with_four_digits),
)
