"""The optimiser of the protocol (FER-S-01)."""

from __future__ import annotations

from typing import Any

from ferspec import spec
from ferspec.spec.records import DEFAULT_PROFILE, Profile


def new_optimizer(rate: float, profile: Profile = DEFAULT_PROFILE) -> Any:
    """Return a new Keras optimiser with the values of FER-S-01 and Keras' defaults."""
    import keras

    book = spec.load()
    decays = {name: book.number("FER-S-01", name, profile) for name in ("beta_1", "beta_2")}
    name = book.text("FER-S-01", "optimizer", profile)
    return keras.optimizers.get({"class_name": name, "config": {"learning_rate": rate, **decays}})
