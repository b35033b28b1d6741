"""FER-A-02 to FER-A-05: from which distributions the changes of training images are drawn, and each for itself.

Of every quantity are judged its range, its distribution, the order of its draws and its independence of all others, of
the same image and of any up to half of the sample away. Of those too the distances from the middle count: a shift that
the size of another one decides is correlated with that alone. FER-A-10: a seed tells what is drawn.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np

from ferspec import spec
from ferspec.checks.implementation.answers.judge import (
    equal,
    field,
    first_failure,
    judge_each,
    numbers,
    rows,
    shown,
    truths,
)
from ferspec.engine import Check
from ferspec.outcomes import CheckResult, Status
from ferspec.subjects.implementations.subject import ImplementationSubject

Drawn = dict[str, np.ndarray]

CAPABILITY = "augmentation_parameters"
COUNT, HEIGHT, WIDTH, SEED, OTHER_SEED = 4000, 40, 61, 3, 4
ROTATION, FLIP = "rotation", "flip"
SHIFTS, ZOOMS = ("height_shift", "width_shift"), ("first zoom factor", "second zoom factor")
QUANTITIES = (ROTATION, *SHIFTS, "zoom", FLIP)
COLUMNS = (ROTATION, *SHIFTS, *ZOOMS, FLIP)

# How seldom right draws may be refused, by each bound that a sample is held to.
UNLIKELY = 1e-6
# A distribution function lies closer to the true one (Dvoretzky, Kiefer, Wolfowitz), and so does a share (Hoeffding).
FARTHEST = math.sqrt(math.log(2 / UNLIKELY) / (2 * COUNT))
# The correlation of independent samples is nearly normal, with variance 1 / n; the six quantities and the distances of
# five of them from their middle make 55 pairs, of which none may exceed it.
MOST_CORRELATED = math.sqrt(2 * math.log(2 * 55 / UNLIKELY) / COUNT)
# So near to normal are the correlations with later images too, of all 121 ordered pairs of those eleven, at every lag.
LONGEST_LAG = COUNT // 2
MOST_STANDARD_ERRORS = math.sqrt(2 * math.log(2 * 121 * LONGEST_LAG / UNLIKELY))
# All of 4,000 draws miss the last 0.5 % at one end of a range in 0.995**4000 = 2e-9 of samples.
MISSED_END = 0.01
# What computing in half precision costs, as a share of the number: 2**-11.
ROUNDING = float(np.finfo(np.float16).eps) / 2
# Half precision leaves 615 zoom factors, and more angles and shifts, of which 4,000 draws leave out few; in steps of a
# tenth there are 401 angles and fewer shifts. Pairs of zoom factors and of shifts hardly repeat even so.
LEAST_DISTINCT, LEAST_DISTINCT_PAIRS = 500, COUNT * 9 // 10


def rotations(subject: ImplementationSubject) -> CheckResult:
    """FER-A-02."""
    reach = spec.load().number("FER-A-02", "rotation_degrees")
    mistakes = {"radians instead of degrees": math.radians(reach)}

    def ranged(drawn: Drawn) -> CheckResult:
        return _uniform(drawn, ROTATION, 0.0, reach, mistakes, "rotation in degrees")

    return _judged(subject, _asked(subject), ranged, (ROTATION,))


def shifts(subject: ImplementationSubject) -> CheckResult:
    """FER-A-03."""

    def ranged(drawn: Drawn) -> CheckResult:
        return first_failure(
            [*(_shift(drawn, name) for name in SHIFTS), _pairs_differ(drawn, SHIFTS, "pairs of shifts")]
        )

    return _judged(subject, _asked(subject), ranged, SHIFTS)


def _shift(drawn: Drawn, name: str) -> CheckResult:
    share = spec.load().number("FER-A-03", name)
    own, other = (HEIGHT, WIDTH) if name == "height_shift" else (WIDTH, HEIGHT)
    mistakes = {
        "a share of the size instead of pixels": share,
        "a share of the other side of the image": share * other,
        "the range taken for pixels": own * 1.0,
    }
    return _uniform(drawn, name, 0.0, share * own, mistakes, f"{name} in pixels")


def zooms(subject: ImplementationSubject) -> CheckResult:
    """FER-A-04."""
    reach = spec.load().number("FER-A-04", "zoom")

    def ranged(drawn: Drawn) -> CheckResult:
        each = [_uniform(drawn, name, 1.0, reach, {}, name) for name in ZOOMS]
        return first_failure([*each, _pairs_differ(drawn, ZOOMS, "pairs of zoom factors")])

    return _judged(subject, _asked(subject), ranged, ZOOMS)


def mirrored_share(subject: ImplementationSubject) -> CheckResult:
    """FER-A-05, how often, and that nothing is drawn beside what the clauses name."""
    changes, wanted = _asked(subject), spec.load().number("FER-A-05", "flip_probability")

    def ranged(drawn: Drawn) -> CheckResult:
        flips = drawn[FLIP]
        changing = float((flips[1:] != flips[:-1]).mean())
        changes_wanted = 2 * wanted * (1 - wanted)
        steady = (
            "one draw for a whole batch" if changing < changes_wanted else "images are mirrored in turn, not by chance"
        )
        return first_failure(
            [
                *(nothing_else(change, QUANTITIES, "drawn for an image", _is_neutral) for change in changes),
                _share(float(flips.mean()), wanted, "mirrored", "another probability, or one draw for a whole batch"),
                _share(changing, changes_wanted, "mirrored where the one before is not, or the reverse", steady),
            ]
        )

    return _judged(subject, changes, ranged, (FLIP,))


def nothing_else(
    told: Mapping[str, Any], asked: Collection[str], what: str, changes_nothing: Callable[[str, Any], bool]
) -> CheckResult:
    """Judge the entries of an answer that were not asked for: whatever they are, they may change nothing."""
    more = [
        f"{name} {shown(value)}"
        for name, value in told.items()
        if name not in asked and not changes_nothing(name, value)
    ]
    return CheckResult(
        status=Status.FAIL if more else Status.PASS,
        observed=f"{what}: {', '.join(more) or 'nothing else'}",
        expected=f"{what}: nothing else, or what changes no image",
        likely="images are changed in a way that the protocol has not" if more else None,
    )


def _is_neutral(name: str, value: Any) -> bool:
    """Return whether a change leaves an image as it is: none, 0, or a factor of 1; words are no change."""
    if isinstance(value, list):
        return all(_is_neutral(name, each) for each in value)
    # languages without a type of their own for true write 1
    is_factor = value == 1 and value is not True and FLIP not in name
    return not value or isinstance(value, str) or is_factor


def the_same_from_the_same_seed(subject: ImplementationSubject, capability: str) -> CheckResult:
    """FER-A-10: the same seed gives the same images."""
    first, again = (_columns(_asked(subject)) for _ in range(2))
    names = [name for name in COLUMNS if not np.array_equal(first[name], again[name])]
    observed = f"others in {', '.join(names)}" if names else "the same values"
    likely = "the seed is ignored, or the generator goes on where it stopped"
    return equal(observed, "the same values", f"{capability} asked twice with seed {SEED}", likely)


def _share(share: float, wanted: float, what: str, likely: str) -> CheckResult:
    holds = abs(share - wanted) <= FARTHEST
    return CheckResult(
        status=Status.PASS if holds else Status.FAIL,
        observed=f"{share:.4f} of {COUNT:,} images are {what}",
        expected=f"{wanted} ± {FARTHEST:.4f}",
        difference=None if holds else share - wanted,
        likely=None if holds else likely,
    )


def _asked(subject: ImplementationSubject, seed: int = SEED) -> list[Any]:
    return rows(CAPABILITY, subject.ask(CAPABILITY, count=COUNT, height=HEIGHT, width=WIDTH, seed=seed), COUNT)


def _columns(changes: list[Any]) -> Drawn:
    """Return (COUNT,) values of each quantity."""
    told = {name: [field(CAPABILITY, change, name) for change in changes] for name in QUANTITIES}
    first, second = numbers(CAPABILITY, told.pop("zoom"), (COUNT, 2)).T
    flips = truths(CAPABILITY, told.pop(FLIP))
    measured = {name: numbers(CAPABILITY, values, (COUNT,)) for name, values in told.items()}
    return measured | dict(zip(ZOOMS, (first, second), strict=True)) | {FLIP: flips}


# How a sample is judged.


def _uniform(
    drawn: Drawn, name: str, middle: float, reach: float, mistakes: Mapping[str, float], what: str
) -> CheckResult:
    """Judge a sample by how many values differ, by its ends, and by its distribution function."""
    sample = drawn[name]
    return first_failure(
        [
            _not_in_steps(len(np.unique(sample)), LEAST_DISTINCT, what),
            _in_range(sample, middle, reach, what, mistakes),
            _even(sample, middle, reach, what),
        ]
    )


def _judged(
    subject: ImplementationSubject, changes: list[Any], ranged: Callable[[Drawn], CheckResult], names: Sequence[str]
) -> CheckResult:
    """Judge the sample of one seed, and whether another seed gives another."""
    drawn = _columns(changes)

    def of_seed(seed: int) -> CheckResult:
        if seed == SEED:
            return first_failure([ranged(drawn), *_by_chance(drawn, names)])
        return first_failure(_others(drawn, _columns(_asked(subject, seed)), names))

    return judge_each(of_seed, (SEED, OTHER_SEED))


def _by_chance(drawn: Drawn, names: Sequence[str]) -> list[CheckResult]:
    """Judge whether chance alone decides: not the draw before, no other quantity, and nothing of another image."""
    return [
        *(_uncorrelated(drawn[name][1:], drawn[name][:-1], f"{name} and that of the image before") for name in names),
        *(_independent(drawn, name) for name in names),
        *_nothing_of_others(drawn, names),
    ]


def _others(drawn: Drawn, others: Drawn, names: Sequence[str]) -> list[CheckResult]:
    return [
        equal(
            "the same values" if np.array_equal(drawn[name], others[name]) else "others",
            "others",
            f"{name} from seed {OTHER_SEED} instead of {SEED}",
            "the seed is ignored",
        )
        for name in names
    ]


def _independent(drawn: Drawn, name: str) -> CheckResult:
    """Judge a quantity and its distance from the middle beside every other quantity and its distance."""
    own, others = _and_distances(drawn, (name,)), _and_distances(drawn, [each for each in COLUMNS if each != name])
    return first_failure(
        [_uncorrelated(one, other, f"{mine} and {its}") for mine, one in own.items() for its, other in others.items()]
    )


def _nothing_of_others(drawn: Drawn, names: Sequence[str]) -> list[CheckResult]:
    """Judge quantities and distances beside all those of images before and after, up to half of the sample away."""
    own, series = _and_distances(drawn, names), _and_distances(drawn, COLUMNS)
    # padded, so that the end of the sample does not meet its beginning
    spectra = {name: np.fft.rfft(_standard(values), 2 * COUNT) for name, values in series.items()}
    return [
        _unlike_later(spectra[one].conj() * spectra[other], one, other)
        for one, other in product(series, series)
        if one in own or other in own
    ]


def _unlike_later(products: np.ndarray, one: str, other: str) -> CheckResult:
    """Judge the correlations at all lags, from the transform of their sums."""
    lags = np.arange(1, LONGEST_LAG + 1)
    correlations = np.fft.irfft(products, 2 * COUNT)[lags] / (COUNT - lags)
    standard_errors = np.abs(correlations) * np.sqrt(COUNT - lags)
    worst = int(standard_errors.argmax())
    holds = bool(standard_errors[worst] <= MOST_STANDARD_ERRORS)
    what = f"{one} of an image, and {other} of the one {lags[worst]} further on"
    return CheckResult(
        status=Status.PASS if holds else Status.FAIL,
        observed=f"{what}: correlated by {correlations[worst]:.3f}",
        expected=f"{what}: by at most {MOST_STANDARD_ERRORS / math.sqrt(COUNT - lags[worst]):.3f}",
        likely=None if holds else "random numbers of one image decide changes of another too",
    )


def _standard(values: np.ndarray) -> np.ndarray:
    """Return values less their mean, in standard deviations; zeros for what never varies."""
    return (values - values.mean()) / (values.std() or 1.0)


def _and_distances(drawn: Drawn, names: Sequence[str]) -> Drawn:
    distances = {
        f"the distance of {name} from its middle": np.abs(drawn[name] - drawn[name].mean())
        for name in names
        if name != FLIP
    }
    return {name: drawn[name] for name in names} | distances


def _uncorrelated(one: np.ndarray, other: np.ndarray, what: str) -> CheckResult:
    one, other = one - one.mean(), other - other.mean()
    # What never varies is correlated with nothing, and another finding's.
    norms = float(np.linalg.norm(one) * np.linalg.norm(other))
    correlation = float(one @ other) / norms if norms else 0.0
    holds = abs(correlation) <= MOST_CORRELATED
    return CheckResult(
        status=Status.PASS if holds else Status.FAIL,
        observed=f"{what}: correlated by {correlation:.3f}",
        expected=f"{what}: by at most {MOST_CORRELATED:.3f}",
        likely=None if holds else "one draw decides both",
    )


def _pairs_differ(drawn: Drawn, names: Sequence[str], what: str) -> CheckResult:
    """Judge how many pairs differ, which printing and half precision make hardly fewer."""
    pairs = np.unique(np.column_stack([drawn[name] for name in names]), axis=0)
    return _not_in_steps(len(pairs), LEAST_DISTINCT_PAIRS, what)


def _not_in_steps(distinct: int, least: int, what: str) -> CheckResult:
    holds = distinct >= least
    return CheckResult(
        status=Status.PASS if holds else Status.FAIL,
        observed=f"{what}: {distinct:,} different values among {COUNT:,}",
        expected=f"{what}: {least:,} or more",
        likely=None if holds else "values in steps, such as whole degrees or pixels, or shared by several images",
    )


def _in_range(sample: np.ndarray, middle: float, reach: float, what: str, mistakes: Mapping[str, float]) -> CheckResult:
    ends = np.array([sample.min(), sample.max()])
    wanted = np.array([middle - reach, middle + reach])
    beyond = (ends - wanted) * (-1, 1)
    holds = bool((beyond <= ROUNDING * np.abs(wanted)).all() and (beyond >= -MISSED_END * reach).all())
    found = float(np.abs(ends - middle).max())
    likely = next((name for name, other in mistakes.items() if abs(found - other) <= MISSED_END * other), None)
    return CheckResult(
        status=Status.PASS if holds else Status.FAIL,
        observed=f"{what}: {ends[0]:.4g} to {ends[1]:.4g}",
        expected=f"{what}: {wanted[0]:.4g} to {wanted[1]:.4g}",
        difference=None if holds else float(max(beyond, key=abs)),
        likely=None if holds else likely or "another range, or a distribution that is not uniform",
    )


def _even(sample: np.ndarray, middle: float, reach: float, what: str) -> CheckResult:
    """Judge the largest distance between the distribution function of the sample and the straight line."""
    line = (np.sort(sample) - (middle - reach)) / (2 * reach)
    steps = np.arange(COUNT + 1) / COUNT
    distance = float(max((steps[1:] - line).max(), (line - steps[:-1]).max()))
    holds = distance <= FARTHEST
    return CheckResult(
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
