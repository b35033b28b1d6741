"""Load trained models of any framework behind one interface."""

from ferspec.subjects.models.base import Model, Signature
from ferspec.subjects.models.load import open_model

__all__ = ["Model", "Signature", "open_model"]
