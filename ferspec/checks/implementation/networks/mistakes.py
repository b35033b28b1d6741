"""Wrong ways to count the parameters of a network (FER-N-02)."""

from __future__ import annotations

from collections.abc import Callable

from ferspec.checks.implementation.answers.explain import Capability
from ferspec.checks.implementation.networks.tables import OTHER, base_of_row, expected_total, total_of
from ferspec.reference.models import Row
from ferspec.spec.records import Profile, Resolution, Weights


def counted(rule: Callable[[Row, Profile], float]) -> Capability:
    """Return the capability ``parameter_total`` that counts by a rule."""

    def capability(architecture: str, weights: Weights, resolution: Resolution, profile: Profile = "released") -> float:
        return rule(Row(architecture, weights, resolution), profile)

    return capability


def _of_the_base(row: Row, profile: Profile) -> int:
    base = base_of_row(row)
    return total_of(row, profile) if base is None else base.parameters


TOTALS = {
    "that of the other profile": counted(lambda row, profile: expected_total(row, OTHER[profile])),
    "in millions": counted(lambda row, profile: total_of(row, profile) / 1e6),
    "without the parameters that no gradient moves": counted(
        lambda row, profile: total_of(row, profile) - row.parameters + row.trainable_parameters
    ),
    "without the head": counted(_of_the_base),
}
