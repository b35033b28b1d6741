"""Renders a scene as pixels."""

from __future__ import annotations

import numpy as np

from ferspec.errors import UserError
from ferspec.synthetic.backdrop import draw_backdrop, draw_clothes
from ferspec.synthetic.camera import photograph
from ferspec.synthetic.description import Scene
from ferspec.synthetic.eyes import draw_brows, draw_eyes
from ferspec.synthetic.hair import draw_back_hair, draw_beard, draw_front_hair, draw_wrap
from ferspec.synthetic.mouth import draw_mouth
from ferspec.synthetic.occlusion import draw_occlusion
from ferspec.synthetic.portrait import Portrait
from ferspec.synthetic.skin import draw_ears, draw_head, draw_neck

_LEAST, _MOST, _FINE = 16, 1024, 128


def render(scene: Scene, size: int = 256) -> np.ndarray:
    """Return the picture of a scene as (size, size, 3) uint8 RGB.

    Small pictures are drawn at a multiple of their size and averaged. The same scene and size give the same bytes on
    every machine: pixels come from integer operations and from float32 operations that IEEE 754 defines exactly.
    Another release of OpenCV may draw an edge differently; the golden digests detect this. ``UserError`` for a size
    outside 16 to 1024.
    """
    if not _LEAST <= size <= _MOST:
        raise UserError(f"cannot render at size {size}: give {_LEAST} to {_MOST} pixels")
    portrait = Portrait(scene, size * max(1, -(-_FINE // size)))
    draw_backdrop(portrait)
    draw_back_hair(portrait)
    draw_neck(portrait)
    draw_clothes(portrait)
    draw_wrap(portrait)
    draw_ears(portrait)
    face = draw_head(portrait)
    draw_mouth(portrait)
    draw_eyes(portrait)
    draw_brows(portrait)
    draw_beard(portrait, face)
    draw_front_hair(portrait)
    draw_occlusion(portrait)
    return photograph(portrait.canvas.pixels, size, scene)
