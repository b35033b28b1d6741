"""Answer the "findings" capabilities about paired differences of cells."""

from __future__ import annotations

from ferspec import spec
from ferspec.grid.finding.questions import Unit


class FindingCapabilities:
    """Answer for the mean of paired differences and its confidence interval."""

    def mean_difference(
        self, differences: list[float], architectures: list[str], unit: Unit
    ) -> dict[str, float] | None:
        from ferspec.grid.finding.effects import Effect, count_units, mean_of

        pairs = enumerate(zip(differences, architectures, strict=True))
        effects = [Effect((("architecture", name), ("pair", pair)), value, 0.0) for pair, (value, name) in pairs]
        if count_units(effects, unit) < spec.load().integer("FER-F-01", "least_units"):
            return None
        mean = mean_of(effects, unit, spec.load().number("FER-Z-01", "level"))
        return {"value": mean.value, "low": mean.value - mean.half, "high": mean.value + mean.half}
