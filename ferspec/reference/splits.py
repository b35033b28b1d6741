"""Splits images within each class, and selects subsets of the same composition."""

from __future__ import annotations

import numpy as np

from ferspec import spec
from ferspec.errors import UserError
from ferspec.spec.records import Profile


def splits_anew(profile: Profile) -> bool:
    """Return whether RAF-DB is split within each class, or used in its published splits. Source: FER-D-02."""
    return spec.load().text("FER-D-02", "split", profile) == "share of each class"


def split_by_class(labels: np.ndarray, percent: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the indices of training and validation images, split within each class.

    Training images are ``percent`` of each class, rounded down. ``labels`` (n,) are the classes of the images. Both
    results are sorted int64 arrays; together they contain every index once. The same labels in the same order and the
    same seed give the same split. ``UserError`` if ``percent`` is not a whole number from 1 to 99, or leaves a class
    without training images. Source: FER-D-02.
    """
    if not 0 < percent < 100 or percent != int(percent):
        raise UserError(f"cannot train on {percent} % of each class: give a whole percentage from 1 to 99")
    labels = np.asarray(labels)
    counts = _counts(labels)
    if not counts:
        raise UserError("there are no images to split")
    for label, count in counts.items():
        if count * percent < 100:
            raise UserError(
                f"class {label} has {count} images, and {percent} % of them, rounded down, is 0: "
                "give a larger percentage"
            )
    training = _drawn(labels, {label: count * percent // 100 for label, count in counts.items()}, seed)
    return training, np.setdiff1d(np.arange(len(labels)), training)


def subset_by_class(labels: np.ndarray, n: int, seed: int) -> np.ndarray:
    """Return the indices of ``n`` images that keep the class shares as far as possible.

    ``labels`` (m,) are the classes of the images; the result (n,) is sorted int64. Shares are rounded by largest
    remainder, the lower class first among equals, but every class keeps at least one image. ``UserError`` if ``n`` is
    larger than the number of images or smaller than the number of classes. Source: this suite.
    """
    labels = np.asarray(labels)
    counts = _counts(labels)
    if n > len(labels):
        raise UserError(f"a subset of {n:,} images was requested, but there are only {len(labels):,}")
    least = max(len(counts), 1)
    if n < least:
        raise UserError(f"a subset of {n} images cannot contain all {len(counts)} classes: give at least {least}")
    return _drawn(labels, _allocated(counts, n), seed)


def _counts(labels: np.ndarray) -> dict[int, int]:
    present, counts = np.unique(labels, return_counts=True)
    return dict(zip(present.tolist(), counts.tolist(), strict=True))


def _allocated(counts: dict[int, int], n: int) -> dict[int, int]:
    """Return how many of ``n`` images each class gets, in exact integer arithmetic."""
    total = sum(counts.values())
    single = {label for label, count in counts.items() if n * count < total}
    if single:
        rest = {label: count for label, count in counts.items() if label not in single}
        return dict.fromkeys(single, 1) | _allocated(rest, n - len(single))
    shares = {label: n * count // total for label, count in counts.items()}
    by_remainder = sorted(counts, key=lambda label: (-(n * counts[label] % total), label))
    for label in by_remainder[: n - sum(shares.values())]:
        shares[label] += 1
    return shares


def _drawn(labels: np.ndarray, wanted: dict[int, int], seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    chosen = [rng.permutation(np.flatnonzero(labels == label))[: wanted[label]] for label in sorted(wanted)]
    return np.sort(np.concatenate(chosen))
