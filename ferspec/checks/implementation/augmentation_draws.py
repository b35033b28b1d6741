"""FER-A-02 to FER-A-05: from which distributions the changes of training images are drawn, and each for itself.

Of every quantity are judged its range, its distribution, the order of its draws and its independence of all others. Of
those too the distances from the middle count: a shift that the size of another one decides is correlated with that
alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from ferspec import spec
from ferspec.checks.implementation.answers import equal, field, first_failure, numbers, rows, truths
from ferspec.engine import Check, Finding, Status
from ferspec.subjects.implementation import ImplementationSubject

Drawn = dict[str, np.ndarray]

CAPABILITY = "augmentation_parameters"
COUNT, HEIGHT, WIDTH, SEED, OTHER_SEED = 4000, 40, 61, 3, 4
ROTATION, FLIP = "rotation", "flip"
SHIFTS, ZOOMS = ("height_shift", "width_shift"), ("first zoom factor", "second zoom factor")
COLUMNS = (ROTATION, *SHIFTS, *ZOOMS, FLIP)

# How seldom right draws may be refused, by each bound that a sample is held to.
UNLIKELY = 1e-6
# A distribution function lies closer to the true one (Dvoretzky, Kiefer, Wolfowitz), and so does a share (Hoeffding).
FARTHEST = math.sqrt(math.log(2 / UNLIKELY) / (2 * COUNT))
# The correlation of independent samples is nearly normal, with variance 1 / n; the six quantities and the distances of
# five of them from their middle make 55 pairs, of which none may exceed it.
MOST_CORRELATED = math.sqrt(2 * math.log(2 * 55 / UNLIKELY) / COUNT)
# All of 4,000 draws miss the last 0.5 % at one end of a range in 0.995**4000 = 2e-9 of samples.
MISSED_END = 0.01
ROUNDING = 1e-4
# Numbers that are rounded for printing repeat seldom, whole degrees or pixels nearly always. Of zoom factors with four
# decimals there are 4,001, so that each is told apart together with the other.
LEAST_DISTINCT = {name: COUNT // 2 if name in ZOOMS else COUNT * 9 // 10 for name in COLUMNS}


def rotations(subject: ImplementationSubject) -> Finding:
    """FER-A-02."""
    reach, drawn = spec.load().value("FER-A-02", "rotation_degrees"), _drawn(subject)
    mistakes = {"radians instead of degrees": math.radians(reach)}
    ranged = _uniform(drawn, ROTATION, 0.0, reach, mistakes, "rotation in degrees")
    return first_failure([ranged, *_by_chance(subject, drawn, (ROTATION,))])


def shifts(subject: ImplementationSubject) -> Finding:
    """FER-A-03."""
    drawn = _drawn(subject)
    return first_failure([*(_shift(drawn, name) for name in SHIFTS), *_by_chance(subject, drawn, SHIFTS)])


def _shift(drawn: Drawn, name: str) -> Finding:
    share = spec.load().value("FER-A-03", name)
    own, other = (HEIGHT, WIDTH) if name == "height_shift" else (WIDTH, HEIGHT)
    mistakes = {
        "a share of the size instead of pixels": share,
        "a share of the other side of the image": share * other,
        "the range taken for pixels": own * 1.0,
    }
    return _uniform(drawn, name, 0.0, share * own, mistakes, f"{name} in pixels")


def zooms(subject: ImplementationSubject) -> Finding:
    """FER-A-04."""
    reach, drawn = spec.load().value("FER-A-04", "zoom"), _drawn(subject)
    ranged = [_uniform(drawn, name, 1.0, reach, {}, name) for name in ZOOMS]
    return first_failure([*ranged, *_by_chance(subject, drawn, ZOOMS), _pairs_differ(drawn)])


def mirrored_share(subject: ImplementationSubject) -> Finding:
    """FER-A-05, how often."""
    drawn = _drawn(subject)
    flips, wanted = drawn[FLIP], spec.load().value("FER-A-05", "flip_probability")
    changing = float((flips[1:] != flips[:-1]).mean())
    changes_wanted = 2 * wanted * (1 - wanted)
    steady = "one draw for a whole batch" if changing < changes_wanted else "images are mirrored in turn, not by chance"
    return first_failure(
        [
            _share(float(flips.mean()), wanted, "mirrored", "another probability, or one draw for a whole batch"),
            _share(changing, changes_wanted, "mirrored where the one before is not, or the reverse", steady),
            *_by_chance(subject, drawn, (FLIP,)),
        ]
    )


def _share(share: float, wanted: float, what: str, likely: str) -> Finding:
    holds = abs(share - wanted) <= FARTHEST
    return Finding(
        status=Status.PASS if holds else Status.FAIL,
        observed=f"{share:.4f} of {COUNT:,} images are {what}",
        expected=f"{wanted} ± {FARTHEST:.4f}",
        difference=None if holds else share - wanted,
        likely=None if holds else likely,
    )


def _drawn(subject: ImplementationSubject, seed: int = SEED) -> Drawn:
    """Return (COUNT,) values of each quantity."""
    answer = subject.ask(CAPABILITY, count=COUNT, height=HEIGHT, width=WIDTH, seed=seed)
    changes = rows(CAPABILITY, answer, COUNT)
    told = {name: [field(CAPABILITY, change, name) for change in changes] for name in (ROTATION, *SHIFTS, "zoom", FLIP)}
    first, second = numbers(CAPABILITY, told.pop("zoom"), (COUNT, 2)).T
    flips = truths(CAPABILITY, told.pop(FLIP))
    measured = {name: numbers(CAPABILITY, values, (COUNT,)) for name, values in told.items()}
    return measured | dict(zip(ZOOMS, (first, second), strict=True)) | {FLIP: flips}


# How a sample is judged.


def _uniform(drawn: Drawn, name: str, middle: float, reach: float, mistakes: Mapping[str, float], what: str) -> Finding:
    """Judge a sample by how many values differ, by its ends, and by its distribution function."""
    sample = drawn[name]
    return first_failure(
        [
            _not_in_steps(len(np.unique(sample)), LEAST_DISTINCT[name], what),
            _in_range(sample, middle, reach, what, mistakes),
            _even(sample, middle, reach, what),
        ]
    )


def _by_chance(subject: ImplementationSubject, drawn: Drawn, names: Sequence[str]) -> list[Finding]:
    """Judge whether chance alone decides: not the draw before, no other quantity, and another seed otherwise."""
    other = _drawn(subject, OTHER_SEED)
    return [
        *(_uncorrelated(drawn[name][1:], drawn[name][:-1], f"{name} and that of the image before") for name in names),
        *(_independent(drawn, name) for name in names),
        *(
            equal(
                "the same values" if np.array_equal(drawn[name], other[name]) else "others",
                "others",
                f"{name} from seed {OTHER_SEED} instead of {SEED}",
                "the seed is ignored",
            )
            for name in names
        ),
    ]


def _independent(drawn: Drawn, name: str) -> Finding:
    """Judge a quantity and its distance from the middle beside every other quantity and its distance."""
    own, others = _and_distances(drawn, (name,)), _and_distances(drawn, [each for each in COLUMNS if each != name])
    return first_failure(
        [_uncorrelated(one, other, f"{mine} and {its}") for mine, one in own.items() for its, other in others.items()]
    )


def _and_distances(drawn: Drawn, names: Sequence[str]) -> Drawn:
    distances = {
        f"the distance of {name} from its middle": np.abs(drawn[name] - drawn[name].mean())
        for name in names
        if name != FLIP
    }
    return {name: drawn[name] for name in names} | distances


def _uncorrelated(one: np.ndarray, other: np.ndarray, what: str) -> Finding:
    one, other = one - one.mean(), other - other.mean()
    # What never varies is correlated with nothing, and another finding's.
    norms = float(np.linalg.norm(one) * np.linalg.norm(other))
    correlation = float(one @ other) / norms if norms else 0.0
    holds = abs(correlation) <= MOST_CORRELATED
    return Finding(
        status=Status.PASS if holds else Status.FAIL,
        observed=f"{what}: correlated by {correlation:.3f}",
        expected=f"{what}: by at most {MOST_CORRELATED:.3f}",
        likely=None if holds else "one draw decides both",
    )


def _pairs_differ(drawn: Drawn) -> Finding:
    """Judge how many pairs of zoom factors differ, which printing makes no fewer."""
    pairs = np.unique(np.column_stack([drawn[name] for name in ZOOMS]), axis=0)
    return _not_in_steps(len(pairs), COUNT * 9 // 10, "pairs of zoom factors")


def _not_in_steps(distinct: int, least: int, what: str) -> Finding:
    holds = distinct >= least
    return Finding(
        status=Status.PASS if holds else Status.FAIL,
        observed=f"{what}: {distinct:,} different values among {COUNT:,}",
        expected=f"{what}: {least:,} or more",
        likely=None if holds else "values in steps, such as whole degrees or pixels, or shared by several images",
    )


def _in_range(sample: np.ndarray, middle: float, reach: float, what: str, mistakes: Mapping[str, float]) -> Finding:
    ends = np.array([sample.min(), sample.max()])
    wanted = np.array([middle - reach, middle + reach])
    beyond = (ends - wanted) * (-1, 1)
    holds = bool((beyond <= ROUNDING * reach).all() and (beyond >= -MISSED_END * reach).all())
    found = float(np.abs(ends - middle).max())
    likely = next((name for name, other in mistakes.items() if abs(found - other) <= MISSED_END * other), None)
    return Finding(
        status=Status.PASS if holds else Status.FAIL,
        observed=f"{what}: {ends[0]:.4g} to {ends[1]:.4g}",
        expected=f"{what}: {wanted[0]:.4g} to {wanted[1]:.4g}",
        difference=None if holds else float(max(beyond, key=abs)),
        likely=None if holds else likely or "another range, or a distribution that is not uniform",
    )


def _even(sample: np.ndarray, middle: float, reach: float, what: str) -> Finding:
    """Judge the largest distance between the distribution function of the sample and the straight line."""
    line = (np.sort(sample) - (middle - reach)) / (2 * reach)
    steps = np.arange(COUNT + 1) / COUNT
    distance = float(max((steps[1:] - line).max(), (line - steps[:-1]).max()))
    holds = distance <= FARTHEST
    return Finding(
        status=Status.PASS if holds else Status.FAIL,
        observed=f"{what}: {distance:.4f} from the uniform distribution",
        expected=f"{what}: at most {FARTHEST:.4f}",
        likely=None if holds else "drawn from a distribution that is not uniform",
    )


DRAW_CHECKS = (
    Check("FER-A-02", rotations, needs=(CAPABILITY,)),
    Check("FER-A-03", shifts, needs=(CAPABILITY,)),
    Check("FER-A-04", zooms, needs=(CAPABILITY,)),
)
