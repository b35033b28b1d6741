"""The verbs on datasets: get and describe one."""

from typing import TYPE_CHECKING

from ferspec.late import late

if TYPE_CHECKING:
    from ferspec.api.dataset.describe import describe as describe
    from ferspec.api.dataset.get import get as get

_PLACES = {verb: f"ferspec.api.dataset.{verb}" for verb in ("describe", "get")}
__all__ = [*_PLACES]
__getattr__, __dir__ = late(__name__, _PLACES)
