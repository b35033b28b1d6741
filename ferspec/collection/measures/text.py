"""Measure how much of a face is covered by lines of text."""

from __future__ import annotations

import numpy as np

SIDE = 256
# a stroke is at most this wide, and stands out by this many grey levels, in a face of SIDE × SIDE
STROKE, CONTRAST = 9, 70
# heights of letters, and the fewest letters in a line
LOWEST, HIGHEST, LETTERS = 7, 64, 4


def text_share(face: np.ndarray) -> float:
    """Return the share (0..1) of a face (h, w, 3) uint8 under lines of letters.

    A line is a row of at least ``LETTERS`` bright or dark strokes of one height, close to each other. The measure finds
    clear captions and watermarks in a horizontal line; it misses faint, slanted or single large letters, and teeth or
    patterned clothes may look like letters.
    """
    import cv2

    gray = cv2.cvtColor(np.ascontiguousarray(face), cv2.COLOR_RGB2GRAY)
    gray = cv2.resize(gray, (SIDE, SIDE), interpolation=cv2.INTER_AREA if min(gray.shape) >= SIDE else cv2.INTER_LINEAR)
    kernel = cv2.getStructuringElement(cv2.MORPH_RECT, (STROKE * 2 + 1, STROKE * 2 + 1))
    covered = np.zeros((SIDE, SIDE), bool)
    for operation in (cv2.MORPH_TOPHAT, cv2.MORPH_BLACKHAT):
        strokes = (cv2.morphologyEx(gray, operation, kernel) > CONTRAST).astype(np.uint8)
        for left, top, right, bottom in _lines(strokes):
            covered[top:bottom, left:right] = True
    return float(covered.mean())


def _lines(strokes: np.ndarray) -> list[tuple[int, int, int, int]]:
    """Return the box of each row of letters: left, top, right, bottom."""
    import cv2

    _, _, stats, _ = cv2.connectedComponentsWithStats(strokes, connectivity=8)
    letters = sorted(
        (int(left), int(top), int(left + width), int(top + height))
        for left, top, width, height, area in stats[1:]
        if LOWEST <= height <= HIGHEST and width <= 1.5 * height and 0.15 * width * height <= area
    )
    lines: list[list[tuple[int, int, int, int]]] = []
    for letter in letters:
        line = next((line for line in lines if _follows(line[-1], letter)), None)
        if line is None:
            lines.append([letter])
        else:
            line.append(letter)
    return [
        (line[0][0], min(one[1] for one in line), line[-1][2], max(one[3] for one in line))
        for line in lines
        if len(line) >= LETTERS
    ]


def _follows(last: tuple[int, int, int, int], letter: tuple[int, int, int, int]) -> bool:
    """Return whether a letter stands beside the last one of a line, and is alike."""
    height, other = last[3] - last[1], letter[3] - letter[1]
    is_alike = 0.5 <= other / height <= 2
    is_beside = -2 <= letter[0] - last[2] <= max(height, other)
    return is_alike and is_beside and abs((last[1] + last[3]) - (letter[1] + letter[3])) / 2 <= 0.5 * max(height, other)
