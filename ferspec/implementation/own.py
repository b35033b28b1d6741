"""Combine all capabilities in one class."""

from __future__ import annotations

from dataclasses import dataclass

from ferspec.implementation.evaluation import Evaluation
from ferspec.implementation.findings import Findings
from ferspec.implementation.grid import Grid
from ferspec.implementation.images import ImageCapabilities
from ferspec.implementation.networks import Networks
from ferspec.implementation.training import Training
from ferspec.spec.records import DEFAULT_PROFILE, Profile


@dataclass(frozen=True)
class Implementation(Training, Evaluation, ImageCapabilities, Networks, Grid, Findings):
    """Implement the protocol in one profile."""

    profile: Profile = DEFAULT_PROFILE
