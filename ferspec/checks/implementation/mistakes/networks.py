"""Totals of parameters that are mistaken for those of FER-N-02."""

from __future__ import annotations

from ferspec import spec
from ferspec.checks.implementation.answers.explain import Capability
from ferspec.checks.implementation.networks.tables import OTHER, stated_table
from ferspec.reference.models import Row
from ferspec.spec.layers import base_of
from ferspec.spec.records import Profile, Resolution, Weights


def total_of(architecture: str, weights: Weights, resolution: Resolution, profile: Profile = "released") -> int:
    """Return all parameters of a network; those of the profile ``released`` are the totals that the runs printed."""
    if profile == "released":
        return spec.load().networks[architecture].parameter_total(weights, resolution)
    return sum(layer.parameters for layer in stated_table(Row(architecture, weights, resolution), profile))


def of_the_other_profile(
    architecture: str, weights: Weights, resolution: Resolution, profile: Profile = "released"
) -> int:
    """Return the total of the profile that is not asked for."""
    return total_of(architecture, weights, resolution, OTHER[profile])


def without_the_head(architecture: str, weights: Weights, resolution: Resolution, profile: Profile = "released") -> int:
    """Return the parameters of the base alone; all of a network without one."""
    base = base_of(architecture, weights)
    return total_of(architecture, weights, resolution, profile) if base is None else base.parameters


def in_millions(architecture: str, weights: Weights, resolution: Resolution, profile: Profile = "released") -> float:
    """Return the total in millions."""
    return total_of(architecture, weights, resolution, profile) / 1e6


def trainable_alone(architecture: str, weights: Weights, resolution: Resolution, profile: Profile = "released") -> int:
    """Return the total without the statistics of normalisation."""
    row = Row(architecture, weights, resolution)
    return total_of(architecture, weights, resolution, profile) - row.parameters + row.trainable_parameters


TOTALS: dict[str, Capability] = {
    "that of the other profile": of_the_other_profile,
    "in millions": in_millions,
    "without the parameters that no gradient moves": trainable_alone,
    "without the head": without_the_head,
}
