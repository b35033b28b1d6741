"""Decide about a measured picture by the thresholds: keep it, drop it, or show it to a reviewer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ferspec.collection.manifest import Decision
from ferspec.collection.stages.measuring import Measures
from ferspec.collection.thresholds import Thresholds


class Decided(NamedTuple):
    """A decision and its reason."""

    decision: Decision
    reason: str


def decide_picture(measures: Measures, limits: Thresholds) -> Decided:
    """Decide whether a picture shows one usable face (stage 2).

    Dropped: no face by either detector, one outside the picture, and one below the least size. To a reviewer: a face
    that only one detector finds, several faces, a drawing, text over the face, and blur.
    """
    face = measures.face
    if face is None:
        return Decided("drop", "no face")
    if face.box.within(measures.height, measures.width).area == 0:
        return Decided("drop", "the face lies outside the picture")
    if face.box.side < limits.picture.least_face:
        least = limits.picture.least_face
        return Decided("drop", f"too small: the face has {face.box.side} pixels, at least {least} are needed")
    return _reviewed(_doubts_of_picture(measures, limits))


def decide_crop(measures: Measures, limits: Thresholds) -> Decided:
    """Decide whether the box of a face can be trusted (stage 3)."""
    return _reviewed(_doubts_of_crop(measures, limits))


def _reviewed(doubts: Iterator[str]) -> Decided:
    reason = "; ".join(doubts)
    return Decided("review" if reason else "keep", reason)


def _doubts_of_picture(measures: Measures, limits: Thresholds) -> Iterator[str]:
    review = limits.review
    if not (measures.first and measures.second):
        yield f"only {'the first' if measures.first else 'the second'} detector finds a face"
    if (count := max(len(measures.first), len(measures.second))) > 1:
        yield f"{count} faces"
    if measures.flatness > review.flatness:
        yield f"may be a drawing: flatness {measures.flatness:.2f}"
    if measures.text > review.text:
        yield f"may have text over the face: {measures.text:.0%}"
    if measures.sharpness < review.sharpness:
        yield f"may be blurred: sharpness {measures.sharpness:.1f}"


def _doubts_of_crop(measures: Measures, limits: Thresholds) -> Iterator[str]:
    face, review = measures.face, limits.review
    if face is None:
        yield "no face"
        return
    if measures.first and face.score < review.score:
        yield f"the detector is not certain: {face.score:.2f}"
    if measures.first and measures.second and measures.agreement < review.overlap:
        yield f"the detectors disagree about the box: they overlap by {measures.agreement:.2f}"
    inside = face.box.within(measures.height, measures.width).area / max(face.box.area, 1)
    if 1 - inside > review.outside:
        yield f"{1 - inside:.0%} of the face lie outside the picture"
