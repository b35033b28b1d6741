"""Compute activations of Keras 2 that have another meaning in Keras 3."""

from __future__ import annotations

from typing import Any


def old_hard_sigmoid(x: Any) -> Any:
    """Compute the hard sigmoid of Keras 1 and 2: its slope is 1/5, and 1/6 in Keras 3."""
    from keras import ops

    return ops.clip(0.2 * x + 0.5, 0.0, 1.0)


CHANGED = {"hard_sigmoid": old_hard_sigmoid}
# under these names, layers that copy a layer find the functions again
OWN = {function.__name__: function for function in CHANGED.values()}
