"""Changes of images, and the pixels that were worked out by hand (FER-A-05 to FER-A-09)."""

from __future__ import annotations

from dataclasses import dataclass

from ferspec.checks.implementation.augmentation.witness import Change, change
from ferspec.checks.implementation.networks.inputs import resolutions

SQUARE = ((1, 2, 3), (4, 5, 6), (7, 8, 9))
# All of two rows and four columns: a centre at column (2 - 1) / 2 keeps the left half, not the middle.
WIDE = ((0, 40, 80, 120), (0, 40, 80, 120))

Rows = tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class ByHand:
    """Grey levels computed by hand, typed row by row."""

    change: Change
    expected: Rows
    image: Rows = SQUARE


BY_HAND = {
    "FER-A-05": {"an image of 3×3": ByHand(change(flip=True), ((3, 2, 1), (6, 5, 4), (9, 8, 7)))},
    "FER-A-06": {
        "a quarter turn is anticlockwise": ByHand(change(rotation=90.0), ((3, 6, 9), (2, 5, 8), (1, 4, 7))),
        "the shift is turned with the image": ByHand(
            change(rotation=90.0, height_shift=1.0), ((6, 9, 9), (5, 8, 8), (4, 7, 7))
        ),
        "the shift is not zoomed": ByHand(
            change(height_shift=1.0, zoom=[0.5, 1.0]), ((2.5, 3, 3), (5.5, 6, 6), (8.5, 9, 9))
        ),
    },
    "FER-A-07": {
        "half a pixel is halfway between two, and not rounded": ByHand(
            change(height_shift=0.5), ((1.5, 2.5, 3), (4.5, 5.5, 6), (7.5, 8.5, 9))
        ),
        "the last column is repeated": ByHand(change(height_shift=2.0), ((3, 3, 3), (6, 6, 6), (9, 9, 9))),
        "the first row is repeated": ByHand(change(width_shift=-2.0), ((1, 2, 3), (1, 2, 3), (1, 2, 3))),
    },
    "FER-A-08": {
        "the height shift reads further right": ByHand(change(height_shift=1.0), ((2, 3, 3), (5, 6, 6), (8, 9, 9))),
        "the width shift reads further down": ByHand(change(width_shift=1.0), ((4, 5, 6), (7, 8, 9), (7, 8, 9))),
        "the first zoom factor acts on columns": ByHand(
            change(zoom=[0.5, 1.0]), ((1.5, 2, 2.5), (4.5, 5, 5.5), (7.5, 8, 8.5))
        ),
        "the second zoom factor acts on rows": ByHand(
            change(zoom=[1.0, 0.5]), ((2.5, 3.5, 4.5), (4, 5, 6), (5.5, 6.5, 7.5))
        ),
        "the centre is not that of a wide image": ByHand(
            change(zoom=[0.5, 1.0]), ((10, 30, 50, 70), (10, 30, 50, 70)), WIDE
        ),
    },
    "FER-A-09": {
        "the flip mirrors what was shifted": ByHand(
            change(height_shift=1.0, flip=True), ((3, 3, 2), (6, 6, 5), (9, 9, 8))
        ),
    },
}

# Changes, and the height and width of the image. As large as the images of the grid too: what is done with large ones
# may differ from what is done with small ones.
SMALL, LARGE = min(resolutions()), max(resolutions())
MAPPED = {
    "a rotation": (change(rotation=12.0), 16, 16),
    "a shift": (change(shift=1.75), 16, 16),
    "a zoom": (change(zoom=0.85), 16, 16),
    "rotation, shift and zoom": (change(rotation=-17.0, shift=2.25, zoom=0.85), 16, 16),
    "two zoom factors": (change(rotation=20.0, shift=-1.5, zoom=[0.8, 1.2]), 15, 15),
    f"an image of {SMALL}×{SMALL}": (change(rotation=11.0, shift=3.75, zoom=0.9), SMALL, SMALL),
    f"an image of {LARGE}×{LARGE}": (change(rotation=-9.0, shift=20.25, zoom=0.95), LARGE, LARGE),
}
SWAPPED = {
    "height shift": (change(height_shift=2.0), 12, 12),
    "width shift": (change(width_shift=-1.5), 12, 12),
    "first zoom factor": (change(zoom=[0.8, 1.0]), 12, 12),
    "second zoom factor": (change(zoom=[1.0, 1.2]), 12, 12),
    "several changes": (change(height_shift=1.0, zoom=[0.9, 1.1]), 12, 12),
    "first zoom factor, 9×14": (change(zoom=[0.8, 1.0]), 9, 14),
    "second zoom factor, 14×9": (change(zoom=[1.0, 0.8]), 14, 9),
    "several changes, 9×14": (change(height_shift=1.0, width_shift=-0.5, zoom=[0.9, 0.8]), 9, 14),
    f"several changes, {SMALL}×{SMALL}": (
        change(height_shift=4.0, width_shift=-2.5, zoom=[0.9, 0.8]),
        SMALL,
        SMALL,
    ),
    f"several changes, {LARGE}×{LARGE}": (
        change(height_shift=-17.0, width_shift=8.5, zoom=[0.95, 0.85]),
        LARGE,
        LARGE,
    ),
}
# shifts alone: a mistake in rotation, zoom or centre is one of FER-A-06
INTERPOLATED = {
    "a shift, 9×9": (change(shift=-2.6), 9, 9),
    "two shifts, 9×9": (change(height_shift=1.4, width_shift=-3.25), 9, 9),
    f"an image of {SMALL}×{SMALL}": (change(height_shift=6.3, width_shift=-5.8), SMALL, SMALL),
    f"an image of {LARGE}×{LARGE}": (change(height_shift=-30.7, width_shift=21.4), LARGE, LARGE),
}
# each known mistake of FER-A-05 to FER-A-09 gives other pixels after one of these
AT_ONCE: dict[str, tuple[Change, int, int]] = {
    "all changes at once, 11×14": (
        change(rotation=17.0, height_shift=1.25, width_shift=-2.5, zoom=[0.85, 1.15], flip=True),
        11,
        14,
    ),
    "all changes at once, 12×12": (
        change(rotation=-13.0, height_shift=-1.75, width_shift=2.25, zoom=[1.1, 0.9], flip=True),
        12,
        12,
    ),
}
FLIPPED_LAST = change(rotation=13.0, height_shift=1.5, width_shift=-0.75, zoom=[0.9, 1.15])
