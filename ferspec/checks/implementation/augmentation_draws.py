"""FER-A-02 to FER-A-05: from which distributions the changes of training images are drawn."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from ferspec import spec
from ferspec.checks.implementation.answers import field, first_failure, numbers, rows
from ferspec.engine import Check, Finding, Status
from ferspec.errors import SubjectError
from ferspec.subjects.implementation import ImplementationSubject

CAPABILITY = "augmentation_parameters"
COUNT, HEIGHT, WIDTH, SEED = 4000, 40, 61, 3

# How seldom right draws may be refused, by each bound that a sample is held to.
UNLIKELY = 1e-6
# A distribution function lies closer to the true one (Dvoretzky, Kiefer, Wolfowitz), and so does a share (Hoeffding).
FARTHEST = math.sqrt(math.log(2 / UNLIKELY) / (2 * COUNT))
# The correlation of independent samples is nearly normal, with variance 1 / n.
MOST_CORRELATED = math.sqrt(2 * math.log(2 / UNLIKELY) / COUNT)
# All of 4,000 draws miss the last 0.5 % at one end of a range in 0.995**4000 = 2e-9 of samples.
MISSED_END = 0.01
ROUNDING = 1e-4
# Numbers that are rounded for printing repeat seldom, whole degrees or pixels nearly always.
LEAST_DISTINCT = COUNT // 2


def rotations(subject: ImplementationSubject) -> Finding:
    """FER-A-02."""
    reach = spec.load().value("FER-A-02", "rotation_degrees")
    return _uniform(
        _drawn(subject, "rotation"),
        0.0,
        reach,
        "rotation in degrees",
        {"radians instead of degrees": math.radians(reach)},
    )


def shifts(subject: ImplementationSubject) -> Finding:
    """FER-A-03."""
    samples = {name: _drawn(subject, name) for name in ("height_shift", "width_shift")}
    ranged = first_failure([_shift(name, sample) for name, sample in samples.items()])
    if ranged.status is Status.FAIL:
        return ranged
    return _independent(*samples.values(), "height_shift and width_shift")


def _shift(name: str, sample: np.ndarray) -> Finding:
    share = spec.load().value("FER-A-03", name)
    own, other = (HEIGHT, WIDTH) if name == "height_shift" else (WIDTH, HEIGHT)
    mistakes = {
        "a share of the size instead of pixels": share,
        "a share of the other side of the image": share * other,
        "the range taken for pixels": own * 1.0,
    }
    return _uniform(sample, 0.0, share * own, f"{name} in pixels", mistakes)


def zooms(subject: ImplementationSubject) -> Finding:
    """FER-A-04."""
    reach = spec.load().value("FER-A-04", "zoom")
    first, second = _drawn(subject, "zoom", 2).T
    named = {"first zoom factor": first, "second zoom factor": second}
    ranged = first_failure([_uniform(sample, 1.0, reach, name, {}) for name, sample in named.items()])
    return ranged if ranged.status is Status.FAIL else _independent(first, second, "the two zoom factors")


def mirrored_share(subject: ImplementationSubject) -> Finding:
    """FER-A-05, how often."""
    flips = _drawn(subject, "flip")
    if not np.isin(flips, (0, 1)).all():
        raise SubjectError(f"{CAPABILITY} gave a flip that is neither true nor false")
    share, wanted = float(flips.mean()), spec.load().value("FER-A-05", "flip_probability")
    holds = abs(share - wanted) <= FARTHEST
    return Finding(
        status=Status.PASS if holds else Status.FAIL,
        observed=f"{share:.4f} of {COUNT:,} images are mirrored",
        expected=f"{wanted} ± {FARTHEST:.4f}",
        difference=None if holds else share - wanted,
        likely=None if holds else "another probability, or one draw for a whole batch",
    )


def _drawn(subject: ImplementationSubject, name: str, each: int = 1) -> np.ndarray:
    """Return (COUNT,) values of one quantity, or (COUNT, each)."""
    answer = subject.ask(CAPABILITY, count=COUNT, height=HEIGHT, width=WIDTH, seed=SEED)
    values = [field(CAPABILITY, entry, name) for entry in rows(CAPABILITY, answer, COUNT)]
    return numbers(CAPABILITY, values, (COUNT,) if each == 1 else (COUNT, each))


def _uniform(sample: np.ndarray, middle: float, reach: float, what: str, mistakes: Mapping[str, float]) -> Finding:
    """Judge a sample by how many values differ, by its ends, and by its distribution function."""
    return first_failure(
        [
            _not_in_steps(sample, what),
            _in_range(sample, middle, reach, what, mistakes),
            _even(sample, middle, reach, what),
        ]
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


def _not_in_steps(sample: np.ndarray, what: str) -> Finding:
    distinct = len(np.unique(sample))
    holds = distinct >= LEAST_DISTINCT
    return Finding(
        status=Status.PASS if holds else Status.FAIL,
        observed=f"{what}: {distinct:,} different values among {COUNT:,}",
        expected=f"{what}: {LEAST_DISTINCT:,} or more",
        likely=None if holds else "values in steps, such as whole degrees or pixels, or shared by a batch",
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


def _independent(one: np.ndarray, other: np.ndarray, what: str) -> Finding:
    correlation = float(np.corrcoef(one, other)[0, 1])
    holds = abs(correlation) <= MOST_CORRELATED
    return Finding(
        status=Status.PASS if holds else Status.FAIL,
        observed=f"{what}: correlated by {correlation:.3f}",
        expected=f"{what}: by at most {MOST_CORRELATED:.3f}",
        likely=None if holds else "one draw for both",
    )


DRAW_CHECKS = (
    Check("FER-A-02", rotations, needs=(CAPABILITY,)),
    Check("FER-A-03", shifts, needs=(CAPABILITY,)),
    Check("FER-A-04", zooms, needs=(CAPABILITY,)),
)
