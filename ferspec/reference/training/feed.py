"""Feed Keras' ``fit`` with batches that TensorFlow's threads prepare ahead, in a fixed order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count as counting
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ferspec import spec
from ferspec.errors import UserError
from ferspec.reference.augmentation.generator import reference_batches
from ferspec.reference.augmentation.matrices import transforms
from ferspec.reference.augmentation.scaling import scaled
from ferspec.reference.augmentation.stream import Stream
from ferspec.reference.augmentation.warp import augmented
from ferspec.reference.models.preprocessing import Preprocessing
from ferspec.reference.training.images import TrainingImages
from ferspec.reference.training.reads import reading, reading_errors

if TYPE_CHECKING:
    import tensorflow as tf

__all__ = ["evaluation_batches", "reading_errors", "training_batches"]

# one batch is built while another waits; augmentation divides a batch between the cores
AT_ONCE, AHEAD = 2, 2


def training_batches(
    images: TrainingImages,
    stream: Stream,
    preprocessing: Preprocessing,
    augment: Literal["threads", "device", "reference"],
    start_epoch: int = 0,
) -> tf.data.Dataset:
    """Return the augmented batches of all epochs from ``start_epoch``, endlessly.

    An epoch has ``stream.steps`` batches. Elements are images (b, h, w, c) float32, preprocessed, and one-hot classes
    (b, 7) float32. With ``augment="device"`` the images are ((b, h, w, 3) uint8 RGB, (b, 8) float32 transforms), for a
    model ``with_augmentation``. A few batches are in memory at a time; with ``"reference"`` Keras' own generator holds
    all images as float32. Shapes are static, so that a strategy can share a batch between replicas.

    ``fit`` raises an error of reading as it was raised only within ``reading_errors``. FER-A-13, FER-S-10.
    """
    if augment == "reference":
        return _generated(images, stream, preprocessing, start_epoch)
    shape = images.read(np.arange(1)).shape[1:3]
    labels = _one_hot(images.labels)

    def batch(number: int) -> tuple[Any, np.ndarray]:
        indices, parameters = stream.batch(*divmod(int(number), stream.steps), shape)
        pixels = images.read(indices)
        if augment == "device":
            return (pixels, transforms(parameters, shape)), labels[indices]
        return _fed(augmented(pixels, parameters), preprocessing), labels[indices]

    import tensorflow as tf

    numbers = tf.data.Dataset.counter(start_epoch * stream.steps)
    return _mapped(numbers, batch, _signature(batch(start_epoch * stream.steps)))


def evaluation_batches(
    images: TrainingImages, preprocessing: Preprocessing, batch_size: int, count: int
) -> tf.data.Dataset:
    """Return the first ``count`` images in their order, not augmented, with their one-hot classes.

    The last batch may be smaller. Elements and errors are those of ``training_batches``; ``UserError`` if ``count`` is
    0. FER-A-11.
    """
    if count < 1:
        raise UserError("there are no images to evaluate on: give at least one")
    labels = _one_hot(images.labels)

    def batch(number: int) -> tuple[np.ndarray, np.ndarray]:
        indices = np.arange(number * batch_size, min((number + 1) * batch_size, count))
        return _fed(images.read(indices).astype(np.float32), preprocessing), labels[indices]

    import tensorflow as tf

    return _mapped(tf.data.Dataset.range(-(-count // batch_size)), batch, _signature(batch(0), count % batch_size == 0))


def _mapped(numbers: tf.data.Dataset, batch: Callable[[int], Any], signature: Any) -> tf.data.Dataset:
    """Return the batches with these numbers, in order, built by several threads."""
    import tensorflow as tf

    specs = tf.nest.flatten(signature)

    def make(number: int) -> list[np.ndarray]:
        with reading():
            arrays: list[np.ndarray] = tf.nest.flatten(batch(int(number)))
            return arrays

    def tensors(number: tf.Tensor) -> Any:
        # With repeatable operations TensorFlow calls a stateful function from one thread, and not ahead.
        made = tf.numpy_function(make, [number], [spec.dtype for spec in specs], stateful=False)
        for tensor, known in zip(made, specs, strict=True):
            tensor.set_shape(known.shape)
        return tf.nest.pack_sequence_as(signature, made)

    return _ahead(numbers.map(tensors, num_parallel_calls=AT_ONCE, deterministic=True))


def _generated(
    images: TrainingImages, stream: Stream, preprocessing: Preprocessing, start_epoch: int
) -> tf.data.Dataset:
    """Return the batches of Keras' generator, which must be built one after the other."""
    import tensorflow as tf

    def made() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        pixels = images.read(np.arange(len(images)))
        for epoch in counting(start_epoch):
            for batch, classes in islice(reference_batches(pixels, images.labels, stream, epoch), stream.steps):
                yield _fed(batch, preprocessing), _one_hot(classes)

    def batches() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        endless = made()
        while True:
            with reading():
                batch = next(endless)
            yield batch

    some = np.arange(stream.batch_size)
    signature = _signature((_fed(images.read(some).astype(np.float32), preprocessing), _one_hot(images.labels[some])))
    return _ahead(tf.data.Dataset.from_generator(batches, output_signature=signature))


def _ahead(batches: tf.data.Dataset) -> tf.data.Dataset:
    import tensorflow as tf

    options = tf.data.Options()
    # with autotune, fit on an endless dataset sometimes returns 15 to 20 seconds after its last epoch (TensorFlow 2.21)
    options.autotune.enabled = False
    return batches.prefetch(AHEAD).with_options(options)


def _signature(example: Any, whole: bool = True) -> Any:
    """Return the form of batches like ``example``, of any length unless all are ``whole``."""
    import tensorflow as tf

    def form(array: np.ndarray) -> tf.TensorSpec:
        return tf.TensorSpec(array.shape if whole else (None, *array.shape[1:]), array.dtype)

    return tf.nest.map_structure(form, example)


def _fed(batch: np.ndarray, preprocessing: Preprocessing) -> np.ndarray:
    return scaled(batch, preprocessing, out=batch if preprocessing.channels == batch.shape[3] else None)


def _one_hot(labels: np.ndarray) -> np.ndarray:
    return np.asarray(np.eye(len(spec.load().classes), dtype=np.float32)[labels])
