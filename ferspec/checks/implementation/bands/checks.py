"""FER-G-06 to FER-G-08: the spread between runs of a cell, and the bands of further runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ferspec import spec
from ferspec.checks.implementation.answers.explain import explained, near
from ferspec.checks.implementation.answers.judge import close, field, first_failure, numbers, shown
from ferspec.checks.implementation.answers.specification import stated
from ferspec.checks.implementation.bands.expected import Band, ends
from ferspec.checks.implementation.bands.mistakes import BANDS, GRID_SPREADS, SPREADS, estimates
from ferspec.checks.implementation.bands.replicates import differences, known, replicates
from ferspec.engine import checks_by_case
from ferspec.errors import SubjectError
from ferspec.outcomes import CheckResult, Status
from ferspec.spec.records import CellMetrics
from ferspec.subjects.implementations.subject import ImplementationSubject

RESOLUTIONS = (48, 224)
METRICS = ("val_accuracy", "val_f1", "btfer_accuracy", "btfer_f1")
ESTIMATES = ("pairs", "sd", "typical")
ROUNDING_ERROR = 2e-6
HAIR = 1e-9
# a witness of FER-G-08
COVERAGE, USEFUL_REACH = (0.9, 0.98), 0.15

# differences of pairs, and the spread computed by hand
SPREAD_BY_HAND = {
    "three pairs": ([0.02, 0.04, 0.04], 0.0244948974),
    "two pairs": ([0.03, 0.04], 0.025),
    "differences of either sign": ([0.02, -0.02, 0.02, -0.02], 0.0141421356),
    "a pair far out": ([0.01, -0.01, 0.01, 0.01, -0.01, 0.01, 0.01, 0.01, 0.01, -0.21], 0.0474341649),
    "one pair": ([0.05], 0.0353553391),
    "pairs that do not differ": ([0.0, 0.0], 0.0),
}
# Tables of Student's t give 4.303 at 2 degrees of freedom, 2.086 at 20.
BAND_BY_HAND = {
    "two pairs, four runs, worked out by hand": (
        Band(0.50, 0.02, 2, 4, 10, 100),
        (0.50 - 4.303 * 0.02 * 1.11803 - 0.055, 0.50 + 4.303 * 0.02 * 1.11803 + 0.055),
    ),
    "one run, worked out by hand": (
        Band(0.50, 0.02, 20, 1, 0, 100),
        (0.50 - 2.086 * 0.02 * 1.41421 - 0.005, 0.50 + 2.086 * 0.02 * 1.41421 + 0.005),
    ),
    "runs that never differ, worked out by hand": (Band(0.50, 0.0, 20, 1, 0, 2100), (0.49, 0.51)),
}
HAND_ERROR = 1e-4
BAND_CASES = {
    "one run": Band(0.52, 0.025, 20, 1, 0, 2100),
    "three runs and 52 dropped images": Band(0.52, 0.025, 20, 3, 52, 2100),
    "62 dropped images": Band(0.81, 0.013, 17, 1, 62, 4606),
    "500 dropped images": Band(0.30, 0.013, 17, 2, 500, 2100),
    "one pair": Band(0.60, 0.004, 1, 1, 0, 5160),
    "four pairs and ten runs": Band(0.55, 0.030, 4, 10, 20, 2100),
    "1,000 runs": Band(0.55, 0.030, 20, 1000, 0, 2100),
    "1,000 pairs": Band(0.55, 0.030, 1000, 1, 0, 2100),
    "near 1": Band(0.99, 0.020, 20, 1, 52, 2100),
    "near 0": Band(0.01, 0.020, 20, 1, 52, 2100),
    "runs that hardly differ": Band(0.70, 0.001, 20, 1, 0, 2100),
    "runs that never differ, and ten dropped images": Band(0.50, 0.0, 20, 1, 10, 2100),
}


def spreads_as_single_runs_do(
    subject: ImplementationSubject, differences: Sequence[float], expected: float
) -> CheckResult:
    """FER-G-06: the spread of a single run is the root mean square difference of the pairs, over √2."""
    observed = _spread(subject, differences)
    finding = close(observed, expected, ROUNDING_ERROR, [str(differences)])
    return explained(finding, observed, SPREADS, {"differences": differences}, near(absolute=ROUNDING_ERROR))


def spreads_as_the_grid_does(subject: ImplementationSubject, metric: str, resolution: int) -> CheckResult:
    """FER-G-06: the spread is that of the AffectNet pairs whose runs had the same images."""
    answer = subject.ask("grid_spread", metric=metric, resolution=resolution)
    observed = {name: float(numbers("grid_spread", field("grid_spread", answer, name), ())) for name in ESTIMATES}
    expected = estimates(replicates(metric, resolution, subject.profile), metric, subject.profile)
    finding = close(list(observed.values()), list(expected.values()), ROUNDING_ERROR, ESTIMATES)
    asked = {"metric": metric, "resolution": resolution, "profile": subject.profile}
    return explained(finding, observed, GRID_SPREADS, asked, _same_estimates)


def bands_further_runs(
    subject: ImplementationSubject, band: Band, by_hand: tuple[float, float] | None = None
) -> CheckResult:
    """FER-G-07: a band is a prediction interval for further runs, with rounding and dropped images added."""
    observed = _band(subject, band)
    expected, tolerance = (ends(band), ROUNDING_ERROR) if by_hand is None else (by_hand, HAND_ERROR)
    names = [f"{end} end ({band})" for end in ("low", "high")]
    finding = close(observed, expected, tolerance, names)
    return explained(finding, observed, BANDS, band._asdict(), near(absolute=ROUNDING_ERROR))


def covers_further_runs(subject: ImplementationSubject, metric: str) -> CheckResult:
    """FER-G-08: 90 to 98 % of the replicates lie in the band of their partner, computed without the pair."""
    least, most = COVERAGE
    within = [covered for resolution in RESOLUTIONS for covered in _covered(subject, metric, resolution)]
    share = sum(within) / len(within)
    holds = least <= share <= most
    found = CheckResult(
        status=Status.PASS if holds else Status.FAIL,
        observed=f"{metric}: {share:.3f} of {len(within)} replicates in the band of their partner",
        expected=f"{metric}: {least} to {most}",
        difference=None if holds else share - (least if share < least else most),
        likely=None if holds else f"bands are too {'narrow' if share < least else 'wide'}",
    )
    return first_failure([stated("FER-G-08", "coverage", COVERAGE, subject.profile), found])


def is_of_use(subject: ImplementationSubject, metric: str, resolution: int) -> CheckResult:
    """FER-G-08: each end of a band is nearer to the expected value than the useful reach."""
    gaps = differences(replicates(metric, resolution, subject.profile), metric, subject.profile)
    sd = _spread(subject, gaps)
    reach = 0.0
    # dropped images move an end more where the expected value is far from it
    for expected in _extremes(subject, metric, resolution):
        low, high = _band(subject, Band(expected, sd, len(gaps), 1, *_most_dropped(metric)))
        reach = max(reach, expected - low, high - expected)
    found = CheckResult(
        status=Status.PASS if reach < USEFUL_REACH else Status.FAIL,
        observed=f"{metric} at {resolution}: an end {reach:.4f} from the expected value",
        expected=f"{metric} at {resolution}: less than {USEFUL_REACH}",
        difference=None if reach < USEFUL_REACH else reach - USEFUL_REACH,
        likely=None if reach < USEFUL_REACH else "bands are too wide",
    )
    return first_failure([stated("FER-G-08", "useful_reach", USEFUL_REACH, subject.profile), found])


def _covered(subject: ImplementationSubject, metric: str, resolution: int) -> Iterator[bool]:
    """Yield whether each replicate lies in the band of its partner, computed without the pair."""
    pairs = replicates(metric, resolution, subject.profile)
    for left_out, pair in enumerate(pairs):
        gaps = differences(pairs[:left_out] + pairs[left_out + 1 :], metric, subject.profile)
        sd = _spread(subject, gaps)
        first, second = (known(cell, metric, subject.profile) for cell in pair)
        for published, further in ((first, second), (second, first)):
            # both were evaluated on the same images, so no image counts as dropped
            low, high = _band(subject, Band(published, sd, len(gaps), 1, 0, 1))
            yield bool(low - HAIR <= further <= high + HAIR)


def _extremes(subject: ImplementationSubject, metric: str, resolution: int) -> tuple[float, float]:
    """Return the lowest and the highest published value of a metric."""
    published = [cell.metric(metric, subject.profile) for cell in spec.load().cells if cell.resolution == resolution]
    values = [value for value in published if value is not None]
    return min(values), max(values)


def _most_dropped(metric: str) -> tuple[int, int]:
    """Return the largest dropped share as dropped images and all images (FER-V-02)."""
    batch = max(spec.load().integers("FER-V-03", "batch_sizes"))
    data = spec.load().datasets
    sizes = [data["BTFER"].total]
    if metric.startswith("val"):
        sizes = [dataset.total - sum(dataset.training_counts) for dataset in data.values() if dataset.training_counts]
        sizes += data["AffectNet"].validation_totals.values()
    return max(((size % batch, size) for size in sizes), key=lambda dropped: dropped[0] / dropped[1])


def _spread(subject: ImplementationSubject, differences: Sequence[float]) -> float:
    return float(numbers("spread", subject.ask("spread", differences=list(differences)), ()))


def _band(subject: ImplementationSubject, band: Band) -> np.ndarray:
    low, high = found = numbers("band", subject.ask("band", **band._asdict()), (2,))
    if low > high:
        raise SubjectError(f"band gave {shown(found.tolist())}, the low end above the high one")
    return found


def _same_estimates(observed: dict[str, float], others: dict[str, float]) -> bool:
    return bool(np.allclose(list(observed.values()), list(others.values()), 0, ROUNDING_ERROR))


CHECKS = (
    *checks_by_case("FER-G-06", spreads_as_single_runs_do, SPREAD_BY_HAND, ("spread",)),
    *checks_by_case(
        "FER-G-06",
        spreads_as_the_grid_does,
        {f"{metric} at {side}": (metric, side) for metric in CellMetrics.model_fields for side in RESOLUTIONS},
        ("grid_spread",),
    ),
    *checks_by_case("FER-G-07", bands_further_runs, BAND_BY_HAND, ("band",)),
    *checks_by_case("FER-G-07", bands_further_runs, {name: (band,) for name, band in BAND_CASES.items()}, ("band",)),
    *checks_by_case(
        "FER-G-08", covers_further_runs, {f"coverage of {metric}": (metric,) for metric in METRICS}, ("spread", "band")
    ),
    *checks_by_case(
        "FER-G-08",
        is_of_use,
        {f"reach of {metric} at {side}": (metric, side) for metric in METRICS for side in RESOLUTIONS},
        ("spread", "band"),
    ),
)
