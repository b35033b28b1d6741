"""Miniature models as a user would name them on the command line: functions of NumPy alone."""

import numpy as np

# the mean RGB of each class's images
CENTRES = np.array(
    [(40, 60, 200), (60, 190, 40), (200, 40, 60), (230, 120, 200), (128, 128, 128), (30, 30, 70), (240, 230, 20)]
)


def softmax(logits: np.ndarray) -> np.ndarray:
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


def nearest_centre(batch: np.ndarray) -> np.ndarray:
    """Return logits (n, 7): how near the mean colour of each image, in [0, 1] RGB, is to that of each class."""
    means = batch.mean(axis=(1, 2))
    return (-40 * ((means[:, None, :] - CENTRES / 255) ** 2).sum(axis=2)).astype(np.float32)


def right(batch: np.ndarray) -> np.ndarray:
    """Return probabilities (n, 7) of the nearest centre."""
    return softmax(nearest_centre(batch))


def right_with_some_noise(batch: np.ndarray) -> np.ndarray:
    """Return probabilities that are right of most images."""
    return right(batch + 0.3 * np.sin(1e4 * batch.mean(axis=(1, 2, 3), keepdims=True)))
