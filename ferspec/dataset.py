"""The verbs on datasets: build, describe and get one."""

from typing import TYPE_CHECKING

from ferspec.late import late

if TYPE_CHECKING:
    from ferspec.api.dataset.build import build as build
    from ferspec.api.dataset.describe import describe as describe
    from ferspec.api.dataset.get import get as get

_PLACES = {verb: f"ferspec.api.dataset.{verb}" for verb in ("build", "describe", "get")}
__all__ = [*_PLACES]
__getattr__, __dir__ = late(__name__, _PLACES)
