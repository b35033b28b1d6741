"""Keras callbacks for your own trainings. They need the extra ``tensorflow``, or Keras on another backend."""

from typing import TYPE_CHECKING

from ferspec.late import late

if TYPE_CHECKING:
    from ferspec.reference.training.protocol_schedule import ProtocolSchedule as ProtocolSchedule

_PLACES = {"ProtocolSchedule": "ferspec.reference.training.protocol_schedule"}
__all__ = [*_PLACES]
__getattr__, __dir__ = late(__name__, _PLACES)
