"""The verbs about the grid: judge trained cells, show their bands, recompute the findings."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ferspec.api.grid.band import band as band
    from ferspec.api.grid.findings import findings as findings
    from ferspec.api.grid.judge import judge as judge
