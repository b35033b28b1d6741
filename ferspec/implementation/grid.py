"""Answer the "grid" capabilities: cells, published metrics, replicates, spread and bands."""

from __future__ import annotations

from typing import Any

from ferspec import spec
from ferspec.spec.grid import agreement_of
from ferspec.spec.records import IDENTITY, Profile, Resolution, Weights


class GridCapabilities:
    """Answer for the published grid."""

    profile: Profile

    def cells(self) -> list[dict[str, Any]]:
        return [{name: getattr(cell, name) for name in IDENTITY} for cell in spec.load().cells]

    def published(
        self, architecture: str, weights: Weights, resolution: Resolution, dataset: str, balancing: str
    ) -> dict[str, dict[str, float | None]]:
        wanted = (architecture, weights, resolution, dataset, balancing)
        cell = next(cell for cell in spec.load().cells if tuple(getattr(cell, name) for name in IDENTITY) == wanted)
        return {"printed": cell.printed.model_dump(), "released": cell.released.model_dump()}

    def agreement(self, distances: list[float]) -> str:
        thresholds = (spec.load().number("FER-G-04", name) for name in ("agree_below", "near_up_to"))
        return agreement_of(distances, *thresholds)

    def replicates(self) -> list[list[str]]:
        replicated = spec.load().text("FER-G-06", "dataset")
        pairs: dict[tuple[str, str, int], list[str]] = {}
        for cell in spec.load().cells:
            if cell.dataset == replicated:
                pairs.setdefault((cell.architecture, cell.weights, cell.resolution), []).append(cell.id)
        return list(pairs.values())

    def spread(self, differences: list[float]) -> float:
        from ferspec.grid.bands.spread import spread_of

        return spread_of(differences).sd

    def grid_spread(self, metric: str, resolution: Resolution) -> dict[str, float]:
        from ferspec.grid.bands.spread import spread

        return spread(metric, resolution, self.profile).model_dump()

    def band(self, expected: float, sd: float, pairs: int, runs: int, dropped: int, images: int) -> list[float]:
        from ferspec.grid.bands.bands import contributions, ends
        from ferspec.grid.bands.spread import Spread

        known = Spread(pairs=pairs, sd=sd, typical=sd)
        return list(ends(expected, contributions(expected, known, runs, dropped, images)))
