"""Typical mistakes with datasets, for causes in messages and for mutants (FER-D-01 to FER-D-07)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

Box = list[int]
Boxing = Callable[[Box, int, int], Box]

# other published counts of a dataset, in the order of the classes
COUNTS: Mapping[str, Mapping[str, Sequence[int]]] = {
    "RAF-DB": {
        "Disgust has 887 images, as the text of the paper has it": (867, 887, 355, 5957, 3204, 2460, 1619),
        "only the images of RAF-DB that are trained on are counted": (606, 613, 248, 4169, 2242, 1722, 1133),
        "the classes stand in RAF-DB's own order": (1619, 355, 877, 5957, 2460, 867, 3204),
    },
    "FER2013": {
        "only FER2013's own training set is counted": (3995, 436, 4097, 7215, 4965, 4830, 3171),
        "the classes stand in FER2013's own order": (4953, 547, 5121, 8989, 6077, 4002, 6198),
    },
    "AffectNet": {
        "Contempt is counted with Anger": (6224, 2480, 3289, 4791, 4878, 3164, 3983),
    },
    "BTFER": {
        "BTFER is counted as far as it is released": (280,) * 7,
    },
}
# height, width and channels that are mistaken for those of BTFER
SIZES = {
    "channels stand first": (3, 256, 256),
    "colour is lost: there is one channel": (256, 256, 1),
    "an alpha channel is counted": (256, 256, 4),
    "images are as large as small networks want them": (48, 48, 3),
    "images are as large as large networks want them": (224, 224, 3),
}
# ways to round the share of a class
ROUNDINGS: Mapping[str, Callable[[float], int]] = {
    "rounded to the nearest, not down": round,
    "rounded up, not down": math.ceil,
}


def widened(margin: Callable[[int], int], clipped: bool = True) -> Boxing:
    """Return a function that widens a box by a margin for each side length."""

    def face_box(box: Box, height: int, width: int) -> Box:
        left, top, right, bottom = box
        across, down = margin(right - left), margin(bottom - top)
        wide = [left - across, top - down, right + across, bottom + down]
        return [max(wide[0], 0), max(wide[1], 0), min(wide[2], width), min(wide[3], height)] if clipped else wide

    return face_box


def _moved_into_the_image(box: Box, height: int, width: int) -> Box:
    left, top, right, bottom = widened(lambda side: 20, clipped=False)(box, height, width)
    across = -min(left, 0) - max(right - width, 0)
    down = -min(top, 0) - max(bottom - height, 0)
    return [left + across, top + down, right + across, bottom + down]


def _inclusive_ends(box: Box, height: int, width: int) -> Box:
    left, top, right, bottom = widened(lambda side: 20)(box, height, width)
    return [left, top, min(right, width - 1), min(bottom, height - 1)]


def _over_the_edge(box: Box, height: int, width: int) -> Box:
    cut = widened(lambda side: 20)(box, height, width)
    inside = (box[0] >= 0, box[1] >= 0, box[2] <= width, box[3] <= height)
    return [new if within else old for new, old, within in zip(cut, box, inside, strict=True)]


BOXES: Mapping[str, Boxing] = {
    "no margin": widened(lambda side: 0),
    "20 pixels in all, 10 on each side": widened(lambda side: 10),
    "40 pixels on each side": widened(lambda side: 40),
    "20 per cent of the face": widened(lambda side: round(side * 0.2)),
    "10 per cent of the face": widened(lambda side: round(side * 0.1)),
    "the margin goes beyond the image": widened(lambda side: 20, clipped=False),
    "moved back into the image": _moved_into_the_image,
    "ends inclusive": _inclusive_ends,
    "height and width of the image exchanged": lambda box, height, width: widened(lambda side: 20)(box, width, height),
    "a detected box over the edge left as it is": _over_the_edge,
}
