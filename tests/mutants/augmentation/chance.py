"""Draws that are right one by one, but depend on each other or ignore the seed (FER-A-02 to -05, -10)."""

from __future__ import annotations

import numpy as np

from ferspec.checks.implementation.augmentation.witness import Change, change_from
from mutants.augmentation.draws import drawn, drawn_then, with_a_random_state
from mutants.kinds import right, wrong


def first_zoom_by_rotation(change: Change) -> Change:
    return change | {"zoom": [1 + change["rotation"] / 100, change["zoom"][1]]}


def width_shift_by_the_size_of_the_height_shift(change: Change) -> Change:
    """Uncorrelated with the height shift, and decided by it all the same; of images of 40 by 61."""
    return change | {"width_shift": 12.2 * (abs(change["height_shift"]) / 4 - 1)}


def second_zoom_by_the_size_of_the_first(change: Change) -> Change:
    first = change["zoom"][0]
    return change | {"zoom": [first, 1 + 0.2 * (abs(first - 1) / 0.1 - 1)]}


def one_for_both_shifts(change: Change) -> Change:
    """Of images of 40 by 61."""
    return change | {"width_shift": change["height_shift"] / 40 * 61}


def a_tenth_of_the_first_zoom_in_the_second(change: Change) -> Change:
    first, second = change["zoom"]
    return change | {"zoom": [first, 0.9 * second + 0.1 * first]}


def all_of_one_draw(count: int, height: int, width: int, seed: int) -> list[Change]:
    draw = np.random.default_rng(seed)
    return [
        {
            "rotation": 20 * one,
            "height_shift": 0.2 * height * one,
            "width_shift": 0.2 * width * one,
            "zoom": [1 + 0.2 * one, 1 + 0.2 * one],
            "flip": one > 0,
        }
        for one in draw.uniform(-1, 1, count).tolist()
    ]


def two_images_a_draw(**asked: int) -> list[Change]:
    changes = drawn()(**asked)
    return [changes[place // 2 * 2] for place in range(len(changes))]


def flip_by_the_next_rotation(count: int, height: int, width: int, seed: int) -> list[Change]:
    """Each image reads six random numbers, and moves on by five."""
    shares = np.random.default_rng(seed).random(5 * count + 1).tolist()
    return [change_from(shares[5 * image :][:6], height, width) for image in range(count)]


def second_zoom_by_the_next_rotation(count: int, height: int, width: int, seed: int) -> list[Change]:
    """Each image reads five random numbers and moves on by four; the flips have numbers of their own."""
    draw = np.random.default_rng(seed)
    shares, flips = draw.random(4 * count + 1).tolist(), draw.random(count).tolist()
    return [change_from([*shares[4 * image :][:5], flips[image]], height, width) for image in range(count)]


def the_reverse_of(change: Change) -> Change:
    return {
        "rotation": -change["rotation"],
        "height_shift": -change["height_shift"],
        "width_shift": -change["width_shift"],
        "zoom": [2 - factor for factor in change["zoom"]],
        "flip": not change["flip"],
    }


def second_half_the_reverse(**asked: int) -> list[Change]:
    """Antithetic variates: every change is undone by one of the second half."""
    half = drawn()(**asked | {"count": asked["count"] // 2})
    return [*half, *(the_reverse_of(change) for change in half)]


class Unseeded:
    """Draws that continue where they stopped, whatever the seed."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, count: int, height: int, width: int, seed: int) -> list[Change]:
        self.asked += 1
        return drawn()(count, height, width, 1000 + self.asked)


def first_half_again(**asked: int) -> list[Change]:
    changes = drawn()(**asked)
    return [changes[place % (len(changes) // 2)] for place in range(len(changes))]


def seed_ignored(count: int, height: int, width: int, seed: int) -> list[Change]:
    return drawn()(count, height, width, 0)


MUTANTS = (
    *(
        wrong(clause, name, augmentation_parameters=parameters)
        for name, parameters in {
            "one draw for everything": all_of_one_draw,
            "every draw used for two images in a row": two_images_a_draw,
            "the draws of the first half used twice": first_half_again,
            "the second half the reverse of the first": second_half_the_reverse,
            "the seed is ignored": seed_ignored,
        }.items()
        for clause in ("FER-A-02", "FER-A-03", "FER-A-04", "FER-A-05")
    ),
    *(
        wrong(clause, name, augmentation_parameters=parameters)
        for clauses, name, parameters in (
            (("FER-A-02", "FER-A-05"), "the rotation of the next image decides the flip", flip_by_the_next_rotation),
            (
                ("FER-A-02", "FER-A-04"),
                "the rotation of the next image decides the second factor",
                second_zoom_by_the_next_rotation,
            ),
        )
        for clause in clauses
    ),
    wrong("FER-A-03", "one draw for both shifts", augmentation_parameters=drawn_then(one_for_both_shifts)),
    wrong(
        "FER-A-03",
        "the size of the height shift decides the width shift",
        augmentation_parameters=drawn_then(width_shift_by_the_size_of_the_height_shift),
    ),
    wrong(
        "FER-A-04",
        "the first factor from the draw of the rotation",
        augmentation_parameters=drawn_then(first_zoom_by_rotation),
    ),
    wrong(
        "FER-A-04",
        "a tenth of the first factor in the second",
        augmentation_parameters=drawn_then(a_tenth_of_the_first_zoom_in_the_second),
    ),
    wrong(
        "FER-A-04",
        "the size of the first factor decides the second",
        augmentation_parameters=drawn_then(second_zoom_by_the_size_of_the_first),
    ),
    wrong(
        "FER-A-05",
        "mirrored where it is turned to one side",
        augmentation_parameters=drawn_then(lambda change: change | {"flip": change["rotation"] > 0}),
    ),
    # FER-A-10
    wrong("FER-A-10", "other draws whenever the same seed is asked", augmentation_parameters=Unseeded()),
    right("FER-A-10", "Python's own generator, from the seed", augmentation_parameters=with_a_random_state),
)
