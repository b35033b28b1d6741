"""Find faces in pictures, and cut them out."""

from ferspec.collection.faces.boxes import Box, Face, cut, overlap, widened
from ferspec.collection.faces.detectors import Detector, Detectors, installed_detectors

__all__ = ["Box", "Detector", "Detectors", "Face", "cut", "installed_detectors", "overlap", "widened"]
