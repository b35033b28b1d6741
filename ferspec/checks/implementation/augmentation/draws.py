"""FER-A-02 to FER-A-05 and FER-A-10: the distributions and the seed of random changes.

The checks judge the range, the distribution and the order of the draws of every quantity. They also judge its
independence of all quantities of the same image, and of images up to half of the sample away. Distances from the middle
of a range are tested for independence too: a shift that depends on the size of another one is correlated only with that
size.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from ferspec.checks.implementation.answers.judge import equal, first_failure, rows, shown
from ferspec.checks.implementation.augmentation.mistakes import DRAWN
from ferspec.checks.implementation.augmentation.order import LABELS, QUANTITIES, drawn_of
from ferspec.checks.implementation.augmentation.witness import DEGREES, FLIPPED, SHIFT, ZOOM, change_from
from ferspec.engine import Check, checks_by_case
from ferspec.outcomes import CheckResult, Status
from ferspec.subjects.implementations.subject import ImplementationSubject

Sample = dict[str, np.ndarray]
"""Values of each quantity (COUNT,)."""

CAPABILITY = "augmentation_parameters"
COUNT, HEIGHT, WIDTH, SEED, OTHER_SEED = 4000, 40, 61, 3, 4
ROTATION, HEIGHT_SHIFT, WIDTH_SHIFT, FIRST_ZOOM, SECOND_ZOOM, FLIP = LABELS
QUANTITIES_OF = {
    "FER-A-02": (ROTATION,),
    "FER-A-03": (HEIGHT_SHIFT, WIDTH_SHIFT),
    "FER-A-04": (FIRST_ZOOM, SECOND_ZOOM),
    "FER-A-05": (FLIP,),
}


@dataclass(frozen=True)
class Range:
    """From ``middle`` minus to ``middle`` plus ``reach``."""

    middle: float
    reach: float
    unit: str = ""


RANGES = {
    ROTATION: Range(0.0, DEGREES, " in degrees"),
    HEIGHT_SHIFT: Range(0.0, SHIFT * HEIGHT, " in pixels"),
    WIDTH_SHIFT: Range(0.0, SHIFT * WIDTH, " in pixels"),
    FIRST_ZOOM: Range(1.0, ZOOM),
    SECOND_ZOOM: Range(1.0, ZOOM),
}

# the probability that a bound refuses correct draws
UNLIKELY = 1e-6
# A distribution function lies closer to the true one (Dvoretzky, Kiefer, Wolfowitz), and so does a share (Hoeffding).
FARTHEST = math.sqrt(math.log(2 / UNLIKELY) / (2 * COUNT))
# The correlation of independent samples is nearly normal, with variance 1 / n; the six quantities and the distances of
# five of them from their middle make 55 pairs, of which none may exceed it.
MOST_CORRELATED = math.sqrt(2 * math.log(2 * 55 / UNLIKELY) / COUNT)
# The same bound for the correlations with later images, of all 121 ordered pairs of those eleven, at every lag.
LONGEST_LAG = COUNT // 2
MOST_STANDARD_ERRORS = math.sqrt(2 * math.log(2 * 121 * LONGEST_LAG / UNLIKELY))
# All of 4,000 draws miss the last 0.5 % at one end of a range in 0.995**4000 = 2e-9 of samples.
MISSED_END = 0.01
# The relative error of half precision: 2**-11.
ROUNDING = float(np.finfo(np.float16).eps) / 2
# Half precision leaves 615 zoom factors, and more angles and shifts, of which 4,000 draws leave out few; in steps of a
# tenth there are 401 angles and fewer shifts. Pairs of zoom factors and of shifts hardly repeat even so.
LEAST_DISTINCT, LEAST_DISTINCT_PAIRS = 500, COUNT * 9 // 10


def uniform_over_its_range(subject: ImplementationSubject, clause: str, name: str) -> CheckResult:
    """Rotation, shifts and zooms are uniform over their ranges (paper 4.2).

    Rotation is up to 20 degrees, shifts are up to 0.2 of the size, zooms up to 0.2.
    """
    drawn, known = drawn_for(subject), RANGES[name]
    sample, what = drawn[name], f"{name}{known.unit}"
    return first_failure(
        [
            _not_in_steps(len(np.unique(sample)), LEAST_DISTINCT, what),
            _in_range(sample, known, what, _mistaken_ends(clause, name)),
            _even(sample, known, what),
        ]
    )


def every_other_image_is_mirrored(subject: ImplementationSubject) -> CheckResult:
    """Images are flipped with a probability of a half, each independently."""
    flips = drawn_for(subject)[FLIP]
    changing = float((flips[1:] != flips[:-1]).mean())
    wanted = 2 * FLIPPED * (1 - FLIPPED)
    steady = "one draw for a whole batch" if changing < wanted else "images are mirrored in turn, not by chance"
    return first_failure(
        [
            _share(float(flips.mean()), FLIPPED, "mirrored", "another probability, or one draw for a whole batch"),
            _share(changing, wanted, "mirrored where the one before is not, or the reverse", steady),
        ]
    )


def nothing_else_is_drawn(subject: ImplementationSubject) -> CheckResult:
    """Images are rotated, shifted, zoomed and flipped horizontally, and nothing else changes them."""
    return first_failure(
        [nothing_else(drawn, QUANTITIES, "drawn for an image", _is_neutral) for drawn in _asked(subject)]
    )


def chance_alone_decides(subject: ImplementationSubject, *names: str) -> CheckResult:
    """Each quantity of each image is drawn independently: no draw decides two quantities, or two images."""
    drawn = drawn_for(subject)
    return first_failure(
        [
            *(
                _uncorrelated(drawn[name][1:], drawn[name][:-1], f"{name} and that of the image before")
                for name in names
            ),
            *(_independent(drawn, name) for name in names),
            *_nothing_of_others(drawn, names),
            *([_pairs_differ(drawn, names)] if len(names) > 1 else []),
        ]
    )


def another_seed_draws_others(subject: ImplementationSubject, *names: str) -> CheckResult:
    """Another seed gives other draws."""
    first, second = drawn_for(subject), drawn_for(subject, OTHER_SEED)
    return first_failure(
        [
            equal(
                "the same values" if np.array_equal(first[name], second[name]) else "others",
                "others",
                f"{name} from seed {OTHER_SEED} instead of {SEED}",
                "the seed is ignored",
            )
            for name in names
        ]
    )


def the_same_seed_draws_the_same(subject: ImplementationSubject) -> CheckResult:
    """The same seed gives the same images (FER-A-10)."""
    first, second = drawn_for(subject), drawn_for(subject)
    names = [name for name in LABELS if not np.array_equal(first[name], second[name])]
    observed = f"others in {', '.join(names)}" if names else "the same values"
    likely = "the seed is ignored, or the generator continues where it stopped"
    return equal(observed, "the same values", f"{CAPABILITY} asked twice with seed {SEED}", likely)


def _mistaken_ends(clause: str, name: str) -> dict[str, float]:
    """Return the distance of range ends from the middle, by the mistakes of the clause."""
    ends = [change_from([share] * 6, HEIGHT, WIDTH) for share in (0.0, 1.0)]
    place, middle = LABELS.index(name), RANGES[name].middle
    return {
        mistake: float(np.abs(drawn_of([made(end, HEIGHT, WIDTH) for end in ends])[:, place] - middle).max())
        for mistake, made in DRAWN[clause].items()
    }


def nothing_else(
    answer: Mapping[str, Any], asked: Collection[str], what: str, changes_nothing: Callable[[str, Any], bool]
) -> CheckResult:
    """Judge the extra entries of an answer: they must not change an image."""
    more = [
        f"{name} {shown(value)}"
        for name, value in answer.items()
        if name not in asked and not changes_nothing(name, value)
    ]
    return CheckResult(
        status=Status.FAIL if more else Status.PASS,
        observed=f"{what}: {', '.join(more) or 'nothing else'}",
        expected=f"{what}: nothing else, or what changes no image",
        likely="images are changed in a way that is not in the protocol" if more else None,
    )


def _is_neutral(name: str, value: Any) -> bool:
    """Return whether a change has no effect: None, 0, or a factor of 1; text has no effect."""
    if isinstance(value, list):
        return all(_is_neutral(name, entry) for entry in value)
    # languages without a boolean type write 1
    is_factor = value == 1 and value is not True and FLIP not in name
    return not value or isinstance(value, str) or is_factor


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


def drawn_for(subject: ImplementationSubject, seed: int = SEED) -> Sample:
    """Return the values drawn from a seed."""
    return dict(zip(LABELS, drawn_of(_asked(subject, seed), CAPABILITY).T, strict=True))


# Judge a sample


def _independent(drawn: Sample, name: str) -> CheckResult:
    """Judge the independence of a quantity from all others, including distances from the middle."""
    own, others = _and_distances(drawn, (name,)), _and_distances(drawn, [label for label in LABELS if label != name])
    return first_failure(
        [_uncorrelated(one, other, f"{mine} and {its}") for mine, one in own.items() for its, other in others.items()]
    )


def _nothing_of_others(drawn: Sample, names: Sequence[str]) -> list[CheckResult]:
    """Judge the independence from earlier and later images, up to half of the sample away."""
    own, series = _and_distances(drawn, names), _and_distances(drawn, LABELS)
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
    """Return standardised values; zeros for values that never vary."""
    return np.asarray((values - values.mean()) / (values.std() or 1.0))


def _and_distances(drawn: Sample, names: Sequence[str]) -> Sample:
    distances = {
        f"the distance of {name} from its middle": np.abs(drawn[name] - drawn[name].mean())
        for name in names
        if name != FLIP
    }
    return {name: drawn[name] for name in names} | distances


def _uncorrelated(one: np.ndarray, other: np.ndarray, what: str) -> CheckResult:
    one, other = one - one.mean(), other - other.mean()
    # a value that never varies has no correlation; another finding reports it
    norms = float(np.linalg.norm(one) * np.linalg.norm(other))
    correlation = float(one @ other) / norms if norms else 0.0
    holds = abs(correlation) <= MOST_CORRELATED
    return CheckResult(
        status=Status.PASS if holds else Status.FAIL,
        observed=f"{what}: correlated by {correlation:.3f}",
        expected=f"{what}: by at most {MOST_CORRELATED:.3f}",
        likely=None if holds else "one draw decides both",
    )


def _pairs_differ(drawn: Sample, names: Sequence[str]) -> CheckResult:
    """Judge how many pairs differ, which printing and half precision hardly reduce."""
    pairs = np.unique(np.column_stack([drawn[name] for name in names]), axis=0)
    return _not_in_steps(len(pairs), LEAST_DISTINCT_PAIRS, f"pairs of {' and '.join(names)}")


def _not_in_steps(distinct: int, least: int, what: str) -> CheckResult:
    holds = distinct >= least
    return CheckResult(
        status=Status.PASS if holds else Status.FAIL,
        observed=f"{what}: {distinct:,} different values among {COUNT:,}",
        expected=f"{what}: {least:,} or more",
        likely=None if holds else "values in steps, such as whole degrees or pixels, or shared by several images",
    )


def _in_range(sample: np.ndarray, known: Range, what: str, mistakes: Mapping[str, float]) -> CheckResult:
    ends = np.array([sample.min(), sample.max()])
    wanted = np.array([known.middle - known.reach, known.middle + known.reach])
    beyond = (ends - wanted) * (-1, 1)
    holds = bool((beyond <= ROUNDING * np.abs(wanted)).all() and (beyond >= -MISSED_END * known.reach).all())
    found = float(np.abs(ends - known.middle).max())
    likely = next((name for name, other in mistakes.items() if abs(found - other) <= MISSED_END * other), None)
    return CheckResult(
        status=Status.PASS if holds else Status.FAIL,
        observed=f"{what}: {ends[0]:.4g} to {ends[1]:.4g}",
        expected=f"{what}: {wanted[0]:.4g} to {wanted[1]:.4g}",
        difference=None if holds else float(max(beyond, key=abs)),
        likely=None if holds else likely or "another range, or a distribution that is not uniform",
    )


def _even(sample: np.ndarray, known: Range, what: str) -> CheckResult:
    """Judge the largest distance between the distribution function of the sample and the straight line."""
    line = (np.sort(sample) - (known.middle - known.reach)) / (2 * known.reach)
    steps = np.arange(COUNT + 1) / COUNT
    distance = float(max((steps[1:] - line).max(), (line - steps[:-1]).max()))
    holds = distance <= FARTHEST
    return CheckResult(
        status=Status.PASS if holds else Status.FAIL,
        observed=f"{what}: {distance:.4f} from the uniform distribution",
        expected=f"{what}: at most {FARTHEST:.4f}",
        likely=None if holds else "drawn from a distribution that is not uniform",
    )


NEEDS = (CAPABILITY,)
DRAW_CHECKS: tuple[Check, ...] = (
    *(
        check
        for clause, names in QUANTITIES_OF.items()
        for check in (
            *checks_by_case(
                clause, uniform_over_its_range, {name: (clause, name) for name in names if name in RANGES}, NEEDS
            ),
            Check(clause, chance_alone_decides, NEEDS, "each drawn for itself", names),
            Check(clause, another_seed_draws_others, NEEDS, "another seed", names),
        )
    ),
    Check("FER-A-05", every_other_image_is_mirrored, NEEDS, "how often"),
    Check("FER-A-05", nothing_else_is_drawn, NEEDS, "nothing else changes an image"),
    Check("FER-A-10", the_same_seed_draws_the_same, NEEDS, "the same seed"),
)
