"""The drawing context of a picture: its scene, canvas, geometry and light."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ferspec.synthetic.canvas import Canvas
from ferspec.synthetic.chance import Chance
from ferspec.synthetic.description import Colour, Scene
from ferspec.synthetic.geometry import Head
from ferspec.synthetic.landmarks import Landmarks
from ferspec.synthetic.relief import Lamp


@dataclass
class Portrait:
    """A picture under construction. ``skin`` is the shaded surface of the head once it is drawn."""

    scene: Scene
    size: int
    canvas: Canvas = field(init=False)
    head: Head = field(init=False)
    marks: Landmarks = field(init=False)
    lamp: Lamp = field(init=False)
    skin: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.canvas = Canvas(self.size)
        self.head = Head(self.scene, self.size)
        self.marks = Landmarks(self.scene)
        self.lamp = Lamp(self.scene.light, self.head, self.scene.camera.exposure)

    def chance(self, part: str) -> Chance:
        """Return the random numbers for one part, such as hair, freckles or grain."""
        return Chance(self.scene.key, "drawing", part)

    def px(self, length: float) -> float:
        """Return a length in face units as pixels."""
        return length * self.head.scale

    def side_light(self, side: int) -> Colour:
        """Return the normal of a surface on one side of the head."""
        return (0.75 * side, -0.1, 0.654)


def darker(colour: Colour, factor: float) -> Colour:
    """Return a colour times a factor."""
    red, green, blue = colour
    return factor * red, factor * green, factor * blue


def mixed(a: Colour, b: Colour, share: float) -> Colour:
    """Return a mixture of two colours, with a ``share`` (0 to 1) of the second."""
    red, green, blue = (x + (y - x) * share for x, y in zip(a, b, strict=True))
    return red, green, blue
