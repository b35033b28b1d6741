"""Everything a picture of a synthetic face shows, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

Colour = tuple[float, float, float]


class Unit(NamedTuple):
    """One action unit with its intensity, 0 to 1, on the image's left and right side of the face."""

    number: int
    left: float
    right: float


@dataclass(frozen=True, slots=True)
class Shape:
    """The form of a face; 0 is the average, lengths in face units (1 is half the height of a face)."""

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

    ``tone`` runs from 0 (lightest) to 9, ``age`` from 0 (young) to 1 (old); ``cloth`` colours headscarf or hat.
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
    """How the head is turned, in degrees (yaw to the image's right, pitch down, roll clockwise), and where it is."""

    yaw: float
    pitch: float
    roll: float
    scale: float
    right: float
    down: float
    gaze: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Light:
    """The key light: direction towards it (right, down, to the viewer), and the colours of key and fill light."""

    name: str
    towards: tuple[float, float, float]
    key: Colour
    fill: Colour


@dataclass(frozen=True, slots=True)
class Setting:
    """What surrounds the face: backdrop and clothes."""

    backdrop: str
    backdrop_colours: tuple[Colour, Colour]
    clothes: Colour
    collar: str


@dataclass(frozen=True, slots=True)
class Occlusion:
    """What hides a part of the face: its kind, where (0 to 1, its meaning depends on the kind), and its colour."""

    kind: str
    where: float
    colour: Colour


@dataclass(frozen=True, slots=True)
class Camera:
    """What the camera adds: blur (share of the size), noise (grey levels), exposure, grey pictures."""

    blur: float
    noise: float
    exposure: float
    vignette: float
    monochrome: bool


@dataclass(frozen=True, slots=True)
class Scene:
    """One picture of one synthetic face; ``render`` turns it into pixels. It shows nobody who lives."""

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
