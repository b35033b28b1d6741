"""The 258 trainings of the protocol: judge trained cells, see their bands, recompute the paper's findings."""

from typing import TYPE_CHECKING

from ferspec.late import late

if TYPE_CHECKING:
    from ferspec.api.grid.band import band as band
    from ferspec.api.grid.findings import findings as findings
    from ferspec.api.grid.judge import judge as judge

_PLACES = {name: f"ferspec.api.grid.{name}" for name in ("band", "findings", "judge")}
__all__ = [*_PLACES]
__getattr__, __dir__ = late(__name__, _PLACES)
