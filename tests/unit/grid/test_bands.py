"""The bands of the cells: their terms, and how often further runs lie within them.

The rules of FER-G-06 to FER-G-08 are judged by the checks on an implementation.
"""

import math
import statistics
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from ferspec import spec
from ferspec.checks.implementation.bands.checks import HAIR, METRICS, RESOLUTIONS
from ferspec.checks.implementation.bands.replicates import differences, pairs_of, replicates
from ferspec.errors import UserError
from ferspec.grid.bands import bands
from ferspec.grid.bands.bands import bands_of
from ferspec.grid.bands.spread import spread, spread_of

SPEC = spec.load()
PROFILES = ("released", "paper")
COVERED = {"least": 0.90, "most": 0.98}
USEFUL = 0.15  # an accuracy so far off must be found
ROUNDED = 0.005


def without_dropped_images(band):
    """Return the ends of a band for a run that was evaluated on the same images."""
    dropped = next(cause for cause in band.contributions if cause.cause == bands.DROPPED)
    return band.low + dropped.below, band.high - dropped.above


def covered(pairs, figure, profile, ends):
    """Return whether each run lies in the band of its partner, derived from replicates without the two."""
    for first, second in pairs:
        others = [pair for pair in replicates(figure, first.resolution, profile) if pair != (first, second)]
        known = spread_of(differences(others, figure, profile))
        for published, further in ((first, second), (second, first)):
            low, high = ends(bands.band(published, figure, known, profile))
            yield low - HAIR <= further.metric(figure, profile) <= high + HAIR


@pytest.mark.parametrize(("figure", "profile"), list(product(METRICS, PROFILES)))
def test_replicates_lie_as_often_as_promised_in_bands_that_allow_for_dropped_images(figure, profile):
    pairs = [pair for resolution in RESOLUTIONS for pair in replicates(figure, resolution, profile)]
    share = statistics.fmean(covered(pairs, figure, profile, lambda band: (band.low, band.high)))
    assert COVERED["least"] <= share <= COVERED["most"]


@pytest.mark.parametrize(("measure", "pairs"), [("accuracy", 2 * 43), ("f1", 2 * 43 - 4)])
def test_the_promised_share_of_all_pairs_lies_in_bands(measure, pairs):
    """Pairs of which one run had other images count, although no spread was estimated from them."""
    within = [
        found
        for resolution, figure in product(RESOLUTIONS, (f"val_{measure}", f"btfer_{measure}"))
        for found in covered(pairs_of(figure, resolution, "released"), figure, "released", without_dropped_images)
    ]
    assert len(within) == 2 * pairs
    assert COVERED["least"] <= statistics.fmean(within) <= COVERED["most"]


def test_a_spread_over_runs_on_other_images_is_too_wide():
    """The plain deviation of all 43 pairs: a few runs of another kind would widen the bands of all."""
    everything = spread_of(differences(pairs_of("btfer_accuracy", 48, "released"), "btfer_accuracy", "released"))
    assert everything.reach(1, 0.95) > 2 * spread("btfer_accuracy", 48).reach(1, 0.95)


@pytest.mark.parametrize(("profile", "figure"), list(product(PROFILES, METRICS)))
def test_no_band_is_narrower_than_rounding_or_too_wide(profile, figure):
    found = [band for cell in SPEC.cells for band in bands_of(cell, profile) if band.figure == figure]
    known = [band for band in found if band.expected is not None]
    assert len(known) > 240
    for band in known:
        assert band.width > 2 * ROUNDED
        assert max(band.high - band.expected, band.expected - band.low) < USEFUL


# --- the spread of runs -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("figure", "resolution", "expected"),
    [
        ("val_accuracy", 48, 0.021),
        ("btfer_accuracy", 48, 0.021),
        ("val_accuracy", 224, 0.011),
        ("btfer_accuracy", 224, 0.021),
    ],
)
def test_the_robust_deviation_of_the_printed_pairs_is_that_of_the_reference_material(figure, resolution, expected):
    pairs = pairs_of(figure, resolution, "paper")
    printed = [[getattr(cell.printed, figure) for cell in pair] for pair in pairs]
    legible = [first - second for first, second in printed if None not in (first, second)]
    assert len(legible) == {48: 17, 224: 15}[resolution]
    assert spread_of(legible).typical == pytest.approx(expected, abs=0.0006)


def test_a_spread_needs_replicates():
    with pytest.raises(ValueError, match="at least one pair"):
        spread_of([])


@pytest.mark.parametrize("runs", [1, 4])
def test_the_mean_of_runs_lies_in_its_interval_as_often_as_promised(runs):
    """Simulated runs of known spread: 20 pairs, a published run and the mean of further ones."""
    draw, sd, trials = np.random.default_rng(6), 0.02, 4000
    pairs = draw.normal(0, sd, (trials, 20, 2))
    published, further = draw.normal(0, sd, trials), draw.normal(0, sd, (trials, runs)).mean(axis=1)
    reach = np.array([spread_of(pair.tolist()).reach(runs, 0.95) for pair in np.diff(pairs, axis=2)[..., 0]])
    error = 3 * math.sqrt(0.95 * 0.05 / trials)
    assert np.mean(abs(further - published) <= reach) == pytest.approx(0.95, abs=error)
    as_if_the_published_run_were_known_exactly = reach / math.sqrt(1 + runs)
    assert np.mean(abs(further - published) <= as_if_the_published_run_were_known_exactly) < 0.90


# --- what a band consists of --------------------------------------------------------------------------------------


def test_a_band_adds_up():
    found = next(
        band
        for band in bands_of(SPEC.cell("vgg16-imagenet-48-rafdb-simple"), runs=3)
        if band.figure == "btfer_accuracy"
    )
    distances = np.array(differences(replicates("btfer_accuracy", 48, "released"), "btfer_accuracy", "released"))
    runs = stats.t.ppf(0.975, len(distances)) * np.std([*distances, *-distances]) * math.sqrt((1 + 1 / 3) / 2)
    dropped = (2100 - 2048) / 2100
    assert (found.expected, found.source) == (0.52, "released")
    assert found.low == pytest.approx(0.52 - runs - 0.005 - dropped * 0.52)
    assert found.high == pytest.approx(0.52 + runs + 0.005 + dropped * 0.48)


@given(evaluated=st.integers(1, 2100), data=st.data())
def test_dropped_images_move_an_accuracy_no_further_than_the_band_allows(evaluated, data):
    right = data.draw(st.integers(0, evaluated))
    right_of_the_rest = data.draw(st.integers(0, 2100 - evaluated))
    allowed = bands.of_dropped_images(right / evaluated, 2100 - evaluated, 2100)
    whole = (right + right_of_the_rest) / 2100
    assert right / evaluated - allowed.below - HAIR <= whole <= right / evaluated + allowed.above + HAIR
    if right_of_the_rest == 0:
        assert whole == pytest.approx(right / evaluated - allowed.below)


@pytest.mark.parametrize(
    ("id", "figure", "dropped", "images"),
    [
        ("vgg16-imagenet-48-rafdb-simple", "val_f1", 4606 - 4544, 4606),
        ("vgg16-imagenet-48-fer2013-simple", "val_accuracy", 7178 - 7168, 7178),
        ("vgg16-imagenet-48-affectnet-simple", "val_accuracy", 5545 - 5504, 5545),
        ("mobilenetv2-imagenet-48-affectnet-simple", "val_accuracy", 5160 - 5120, 5160),
        ("vgg19-imagenet-224-affectnet-simple", "val_accuracy", 5160 - 5152, 5160),
        ("vgg19-imagenet-224-affectnet-simple", "btfer_accuracy", 2100 - 2080, 2100),
        ("vgg16-imagenet-48-affectnet-conservative", "val_accuracy", 5545 % 64, 5545),
        ("vgg16-imagenet-48-affectnet-conservative", "btfer_accuracy", 2100 % 64, 2100),
    ],
)
def test_images_dropped_are_those_of_the_last_partial_batch(id, figure, dropped, images):
    found = next(band for band in bands_of(SPEC.cell(id)) if band.figure == figure)
    allowed = next(cause for cause in found.contributions if cause.cause == bands.DROPPED)
    assert allowed.below + allowed.above == pytest.approx(dropped / images)


# --- where its expected value comes from --------------------------------------------------------------------------


def test_the_profile_decides_between_print_and_report_and_both_are_shown():
    cell = SPEC.cell("resnet18-scratch-48-rafdb-conservative")
    released, paper = (
        next(band for band in bands_of(cell, profile) if band.figure == "btfer_accuracy") for profile in PROFILES
    )
    assert (released.expected, released.source) == (0.55, "released")
    assert (paper.expected, paper.source) == (0.56, "printed")
    for band in (released, paper):
        assert (band.printed, band.released) == (0.56, 0.55)
        assert band.errata == ("ERR-23", "ERR-30", "ERR-31")


def test_spread_and_expected_value_are_read_under_the_same_profile():
    for cell, profile in product(SPEC.cells[::20], PROFILES):
        for found in bands_of(cell, profile):
            if found.expected is not None:
                assert found.spread == spread(found.figure, cell.resolution, profile)
    assert spread("val_f1", 48, "released") != spread("val_f1", 48, "paper")


def test_every_printed_figure_outside_its_band_stands_in_a_row_that_an_erratum_names():
    outside = {
        band.cell: band.errata
        for cell in SPEC.cells
        for band in bands_of(cell)
        if band.expected is not None and band.printed is not None and not band.low <= band.printed <= band.high
    }
    assert outside
    assert all({"ERR-29", "ERR-30", "ERR-31"}.intersection(errata) for errata in outside.values())


def test_an_unknown_metric_has_no_band_and_a_reason():
    for band in bands_of(SPEC.cell("alexnet-scratch-48-fer2013-simple")):
        assert (band.expected, band.low, band.high, band.width, band.spread) == (None,) * 5
        assert band.missing == "the printed metric is illegible and no report is released"


def test_every_cell_has_a_band_for_each_figure_and_higher_is_better():
    for cell in SPEC.cells:
        found = bands_of(cell)
        assert tuple(band.figure for band in found) == METRICS
        assert {band.direction for band in found} == {"higher is better"}
        assert all((band.low is None) == (band.missing is not None) for band in found)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"runs": 0}, "cannot give a band for the mean of 0 runs: give at least 1"),
        ({"profile": "printed"}, "unknown profile 'printed': known are released, paper"),
    ],
)
def test_a_band_that_means_nothing_is_refused(arguments, message):
    with pytest.raises(UserError, match=message):
        bands_of(SPEC.cells[0], **arguments)
