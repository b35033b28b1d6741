"""The verbs on datasets: anonymise, build, describe, get and inspect one, find and withdraw pictures."""

from typing import TYPE_CHECKING

from ferspec.late import late

if TYPE_CHECKING:
    from ferspec.api.dataset.anonymise import anonymise as anonymise
    from ferspec.api.dataset.build import build as build
    from ferspec.api.dataset.describe import describe as describe
    from ferspec.api.dataset.find import find as find
    from ferspec.api.dataset.get import get as get
    from ferspec.api.dataset.inspect import inspect as inspect
    from ferspec.api.dataset.withdraw import withdraw as withdraw

_VERBS = ("anonymise", "build", "describe", "find", "get", "inspect", "withdraw")
_PLACES = {verb: f"ferspec.api.dataset.{verb}" for verb in _VERBS}
__all__ = [*_PLACES]
__getattr__, __dir__ = late(__name__, _PLACES)
