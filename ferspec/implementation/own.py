"""Combine all capabilities in one class."""

from __future__ import annotations

from dataclasses import dataclass

from ferspec.implementation.evaluation import EvaluationCapabilities
from ferspec.implementation.findings import FindingCapabilities
from ferspec.implementation.grid import GridCapabilities
from ferspec.implementation.images import ImageCapabilities
from ferspec.implementation.networks import NetworkCapabilities
from ferspec.implementation.training import TrainingCapabilities
from ferspec.spec.records import DEFAULT_PROFILE, Profile


@dataclass(frozen=True)
class Implementation(
    TrainingCapabilities,
    EvaluationCapabilities,
    ImageCapabilities,
    NetworkCapabilities,
    GridCapabilities,
    FindingCapabilities,
):
    """Implement the protocol in one profile."""

    profile: Profile = DEFAULT_PROFILE
