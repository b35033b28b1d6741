"""The devices a training runs on: GPUs, or the CPU."""

from __future__ import annotations

from typing import Any

from ferspec.errors import UserError


def strategy_over(gpus: int | None = None) -> Any:
    """Return a TensorFlow strategy over a number of GPUs, by default all; over the CPU if there are none.

    ``gpus=0`` is the CPU. ``UserError`` if TensorFlow finds fewer GPUs than requested.
    """
    import tensorflow as tf

    found = tf.config.list_logical_devices("GPU")
    if gpus is not None and gpus > len(found):
        asked = "1 GPU was" if gpus == 1 else f"{gpus} GPUs were"
        raise UserError(f"{asked} asked for, but TensorFlow sees {len(found)}: without --gpus all are used")
    names = [device.name for device in found[: len(found) if gpus is None else gpus]]
    if not names:
        return tf.distribute.OneDeviceStrategy("/cpu:0")
    return tf.distribute.MirroredStrategy(names) if len(names) > 1 else tf.distribute.OneDeviceStrategy(names[0])


def require_even(batch: int, replicas: int) -> None:
    """Raise ``UserError`` where a batch cannot be shared evenly between replicas."""
    if batch % replicas:
        raise UserError(
            f"a batch of {batch} images cannot be divided evenly between {replicas} GPUs: give a divisor of {batch}"
        )
