"""Computes calibration metrics: expected calibration error, Brier score, log loss, reliability curve."""

import numpy as np

from ferspec import spec
from ferspec.reference.bootstrap import Resampling, protocol_resampling, resample_means
from ferspec.reference.distributions import allowed, excess
from ferspec.reference.intervals import bootstrap, spread_interval, unseen
from ferspec.reference.measured import Calibration, CalibrationBin, Metric


def calibration(
    labels: np.ndarray, predicted: np.ndarray, probabilities: np.ndarray, resampling: Resampling | None = None
) -> Calibration:
    """Return calibration error, Brier score and log loss with intervals, and the reliability curve.

    ``labels`` and ``predicted`` are (n,) integers from 0 to 6, ``probabilities`` is (n, 7). If its rows are not
    probabilities (FER-B-04), the metrics are undefined, with the reason, and the curve has no bins.

    - ECE (FER-Z-04), 0 to 1: the mean over images of |accuracy - confidence| of their bin; confidence is the
      probability of the predicted class. It is positive by chance, which its interval takes into account.
    - Brier score, 0 to 2: the mean over images of the sum over classes of the squared error; not halved, and not
      divided by the number of classes as by some authors.
    - NLL, in nats: the mean over images of -log of the label's probability, which is at least a floor (FER-Z-07).
    """
    resampling = resampling or protocol_resampling()
    flaw = _flaw(probabilities)
    if flaw is not None:
        undefined = Metric(value=None, undefined=flaw)
        return Calibration(ece=undefined, brier=undefined, nll=undefined, bins=())
    probabilities = np.asarray(probabilities, dtype=np.float64)
    count, floor = spec.load().integer("FER-Z-04", "bins"), spec.load().number("FER-Z-07", "floor")
    confidence = np.take_along_axis(probabilities, predicted[:, None], axis=1)[:, 0]
    errors = bin_errors(confidence, predicted == labels, count)
    brier, nll = brier_terms(labels, probabilities), nll_terms(labels, probabilities, floor)
    replicates = resample_means(np.column_stack([brier, nll, errors]), resampling)
    level, n = resampling.level, len(labels)

    def mean(terms: np.ndarray, means: np.ndarray, most: float) -> Metric:
        value = float(terms.mean())
        return bootstrap(value, means, level, [unseen(value, n, level, (0, most))])

    return Calibration(
        ece=_ece(errors.mean(axis=0), replicates[:, 2:], level, n),
        brier=mean(brier, replicates[:, 0], most=2),
        # NLL has no upper bound: unseen images are assumed to be no worse than a uniform guess
        nll=mean(nll, replicates[:, 1], most=np.log(probabilities.shape[1])),
        bins=reliability(confidence, predicted == labels, count),
    )


def brier_terms(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Return, for each image, the summed squared difference to the one-hot label, 0 to 2."""
    return ((probabilities - np.eye(probabilities.shape[1])[labels]) ** 2).sum(axis=1)


def nll_terms(labels: np.ndarray, probabilities: np.ndarray, floor: float) -> np.ndarray:
    """Return, for each image, -log of the label's probability (at least ``floor``) in nats."""
    return -np.log(np.clip(probabilities[np.arange(len(labels)), labels], floor, 1))


def bin_errors(confidence: np.ndarray, right: np.ndarray, count: int) -> np.ndarray:
    """Return (n, count): (right - confidence) of each image in the column of its bin, 0 in the others.

    The absolute column means add up to the ECE.
    """
    errors = np.zeros((len(confidence), count))
    errors[np.arange(len(confidence)), _bins(confidence, count)] = right - confidence
    return errors


def reliability(confidence: np.ndarray, right: np.ndarray, count: int) -> tuple[CalibrationBin, ...]:
    """Return the bins of the reliability curve, of equal width from 0 to 1. An empty bin has no means."""
    edges, place = np.linspace(0, 1, count + 1), _bins(confidence, count)
    return tuple(
        CalibrationBin(
            low=edges[index],
            high=edges[index + 1],
            n=int(inside.sum()),
            confidence=float(confidence[inside].mean()) if inside.any() else None,
            accuracy=float(right[inside].mean()) if inside.any() else None,
        )
        for index, inside in enumerate(place == index for index in range(count))
    )


def _bins(confidence: np.ndarray, count: int) -> np.ndarray:
    return np.clip(np.searchsorted(np.linspace(0, 1, count + 1), confidence) - 1, 0, count - 1)


def _ece(errors: np.ndarray, replicates: np.ndarray, level: float, n: int) -> Metric:
    def total(means: np.ndarray) -> np.ndarray:
        return np.abs(means).sum(axis=-1)

    value = float(total(errors))
    ends = spread_interval(total, errors, replicates - errors, level)
    least, most = unseen(value, n, level, (0, 1))
    return Metric(
        value=value,
        low=min(ends[0], least),
        high=max(ends[1], most),
        method=f"bootstrap over images ({len(replicates):,} replicates), low end by inversion",
    )


def _flaw(probabilities: np.ndarray) -> str | None:
    if not np.isfinite(probabilities).all():
        return "the rows are not probabilities: some values are NaN or infinite"
    if (off := excess(probabilities)) > allowed(probabilities):
        return f"the rows are not probabilities: they are off by up to {off:.3g}"
    return None
