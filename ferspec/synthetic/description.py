"""Describes a picture of a synthetic face as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

Colour = tuple[float, float, float]


class Unit(NamedTuple):
    """One action unit with its intensity (0 to 1) on the image's left and right."""

    number: int
    left: float
    right: float


@dataclass(frozen=True, slots=True)
class Shape:
    """The shape of a face. 0 is the average, lengths are in face units (1 is half the height of a face)."""

    width: float
    jaw: float
    chin: float
    cheekbones: float
    ears: float
    eye_spacing: float
    eye_width: float
    eye_open: float
    eye_tilt: float
    eye_height: float
    crease: float
    brow_height: float
    brow_tilt: float
    brow_arch: float
    brow_thickness: float
    nose_width: float
    nose_length: float
    nose_bridge: float
    mouth_width: float
    mouth_height: float
    mouth_corners: float
    lips: float


@dataclass(frozen=True, slots=True)
class Looks:
    """Colours, hair and age of a face.

    ``tone`` is 0 (lightest) to 9, ``age`` is 0 (young) to 1 (old); ``cloth`` is the colour of a headscarf or hat.
    """

    tone: float
    skin: Colour
    iris: Colour
    hair: Colour
    cloth: Colour
    lips: Colour
    style: str
    parting: float
    beard: str
    age: float
    freckles: float
    makeup: float
    flush: float
    earrings: bool


@dataclass(frozen=True, slots=True)
class Pose:
    """The rotation of the head in degrees, and its position.

    Yaw is to the image's right, pitch is down, roll is clockwise.
    """

    yaw: float
    pitch: float
    roll: float
    scale: float
    right: float
    down: float
    gaze: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Light:
    """The direction towards the key light, and the colours of both lights.

    The direction is (right, down, to the viewer).
    """

    name: str
    towards: tuple[float, float, float]
    key: Colour
    fill: Colour


@dataclass(frozen=True, slots=True)
class Setting:
    """The surroundings of the face: backdrop and clothes."""

    backdrop: str
    backdrop_colours: tuple[Colour, Colour]
    clothes: Colour
    collar: str


@dataclass(frozen=True, slots=True)
class Occlusion:
    """The object that hides a region of the face. ``where`` is its variant (0 to 1, by kind)."""

    kind: str
    where: float
    colour: Colour


@dataclass(frozen=True, slots=True)
class Camera:
    """The effects of the camera: blur (share of the size), noise (grey levels), exposure, vignette, monochrome."""

    blur: float
    noise: float
    exposure: float
    vignette: float
    monochrome: bool


@dataclass(frozen=True, slots=True)
class Scene:
    """One picture of a synthetic face, not of a real person. ``render`` turns it into pixels."""

    key: str
    expression: str
    units: tuple[Unit, ...]
    shape: Shape
    looks: Looks
    pose: Pose
    light: Light
    setting: Setting
    occlusion: Occlusion
    camera: Camera
