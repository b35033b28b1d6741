"""FER-F: statements of the paper about the grid, recomputed from trained cells.

Expected differences are computed by pandas and SciPy from the reference table.
"""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from ferspec import spec
from ferspec.grid.bands.spread import spread
from ferspec.grid.finding.findings import findings
from ferspec.grid.finding.questions import question_of
from ferspec.grid.judging.results import published
from helpers.planted_grids import BOTH, found

SPEC = spec.load()
CLAUSES = [clause for clause in SPEC.select("F") if clause.source == "paper"]
TESTABLE = [clause.id for clause in CLAUSES if clause.status != "untestable"]
AXES = ["architecture", "weights", "resolution", "dataset", "balance"]
COLUMNS = {"val_accuracy": "val_acc", "btfer_accuracy": "btfer_acc"}


# --- The reference table, by pandas ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def table(reference):
    """The reference grid, with the accuracies of both profiles: one's own, the other's where it is blank."""
    grid = pd.read_csv(reference / "tables" / "grid.csv")
    for figure, column in COLUMNS.items():
        paper, released = grid[f"paper_{column}"], grid[f"released_{column}"]
        grid[f"{figure} released"], grid[f"{figure} paper"] = released.fillna(paper), paper.fillna(released)
    return grid


def paired(rows, axis, worse, better, column):
    """Return every pair with its fields, both values, their difference and its share of the worse one."""
    keys = [key for key in AXES if key != axis]
    below, above = (rows.loc[rows[axis] == level, [*keys, column]].dropna() for level in (worse, better))
    pairs = below.merge(above, on=keys, suffixes=("_worse", "_better"), validate="one_to_one")
    difference = pairs[f"{column}_better"] - pairs[f"{column}_worse"]
    return pairs.assign(difference=difference, share=difference / pairs[f"{column}_worse"])


def student(values):
    """Return mean and 95 % interval of independent values."""
    values = np.asarray(values)
    return values.mean(), *stats.t.interval(0.95, len(values) - 1, values.mean(), stats.sem(values))


def agrees(estimate, value, low, high):
    assert (estimate.value, estimate.low, estimate.high) == pytest.approx((value, low, high), abs=1e-9)


SIDES, WEIGHTED = ("resolution", 48, 224), ("balance", "simple", "conservative")
FROM_SCRATCH = "resolution == 48 and weights == 'scratch' and dataset != 'AffectNet'"
OF_NETWORKS = {
    "FER-F-02": ("dataset == 'RAF-DB'", *SIDES),
    "FER-F-03": ("dataset == 'RAF-DB'", *SIDES),
    "FER-F-04": ("dataset == 'FER2013'", *SIDES),
    "FER-F-05": ("dataset == 'AffectNet'", *SIDES),
    "FER-F-14": ("dataset == 'RAF-DB'", *WEIGHTED),
    "FER-F-16": (FROM_SCRATCH, *WEIGHTED),
    "FER-F-19": ("resolution == 48 and balance == 'simple'", "dataset", "FER2013", "RAF-DB"),
    "FER-F-26": ("resolution == 224 and balance == 'conservative'", "dataset", "AffectNet", "RAF-DB"),
    "FER-F-27": ("resolution == 224", "dataset", "FER2013", "AffectNet"),
}
OF_VGG16 = {
    "FER-F-07": ("resolution == 48", "weights", "scratch", "imagenet"),
    "FER-F-08": ("resolution == 48", "weights", "vggface", "scratch"),
    "FER-F-09": ("resolution == 224", "weights", "scratch", "vggface"),
    "FER-F-13": ("resolution == 48 and dataset != 'AffectNet'", *WEIGHTED),
}
RELATIVE = "FER-F-03"


@pytest.mark.parametrize("profile", ["released", "paper"])
@pytest.mark.parametrize("figure", BOTH)
@pytest.mark.parametrize("clause", OF_NETWORKS)
def test_a_difference_is_the_mean_over_networks_of_their_paired_differences(clause, figure, profile, table):
    where, axis, worse, better = OF_NETWORKS[clause]
    pairs = paired(table.query(where), axis, worse, better, f"{figure} {profile}")
    networks = pairs.groupby("architecture")["share" if clause == RELATIVE else "difference"].mean()

    estimate = found(clause, figure, published(profile), profile).estimate

    agrees(estimate, *student(networks))
    assert (estimate.count, estimate.of, estimate.networks) == (len(pairs), "pairs", len(networks))
    assert estimate.relative == (clause == RELATIVE)


@pytest.mark.parametrize("figure", BOTH)
@pytest.mark.parametrize("clause", OF_VGG16)
def test_a_difference_of_one_network_has_an_interval_over_its_pairs(clause, figure, table):
    where, axis, worse, better = OF_VGG16[clause]
    pairs = paired(table.query(f"architecture == 'VGG16' and {where}"), axis, worse, better, f"{figure} released")

    estimate = found(clause, figure, published()).estimate

    agrees(estimate, *student(pairs["difference"]))
    runs = spread(figure, 224 if clause == "FER-F-09" else 48)
    assert estimate.noise == pytest.approx(stats.t.ppf(0.975, 20) * runs.sd * math.sqrt(2 / len(pairs)))


@pytest.mark.parametrize("figure", BOTH)
def test_balancing_at_both_resolutions_is_compared_network_by_network(figure, table):
    rows = table.query("dataset != 'AffectNet'")
    gains = paired(rows, *WEIGHTED, f"{figure} released")
    wide = gains.pivot(index=["architecture", "weights", "dataset"], columns="resolution", values="difference").dropna()
    contrast = wide[48] - wide[224]

    estimate = found("FER-F-18", figure, published()).estimate

    agrees(estimate, *student(contrast.groupby("architecture").mean()))
    assert estimate.count == len(contrast)


@pytest.mark.parametrize("figure", BOTH)
def test_networks_from_scratch_and_pre_trained_ones_are_compared_as_two_groups(figure, table):
    rows = table.query("dataset != 'AffectNet' and resolution == 48")
    gains = paired(rows, *WEIGHTED, f"{figure} released")
    scratch, trained = (
        part.groupby("architecture")["difference"].mean()
        for part in (gains.query("weights == 'scratch'"), gains.query("weights != 'scratch'"))
    )
    welch = stats.ttest_ind(scratch, trained, equal_var=False)

    estimate = found("FER-F-17", figure, published()).estimate

    agrees(estimate, scratch.mean() - trained.mean(), *welch.confidence_interval(0.95))


@pytest.mark.parametrize("figure", BOTH)
def test_the_fifth_of_the_leaders_is_compared_with_the_best_of_the_others(figure, table):
    rows = table.query("dataset == 'RAF-DB' and resolution == 224")
    by_weights = rows.groupby(rows["weights"] == "vggface")[f"{figure} released"]
    lead = by_weights.nlargest(5)[True].iloc[-1] - by_weights.max()[False]

    estimate = found("FER-F-33", figure, published()).estimate

    assert estimate.value == pytest.approx(lead)
    assert estimate.noise == pytest.approx(stats.t.ppf(0.975, 20) * spread(figure, 224).sd * math.sqrt(2))


def test_unpaired_means_give_another_effect_of_resolution(table):
    rows = table.query("dataset == 'RAF-DB'").groupby("resolution")["val_accuracy released"].mean()
    unpaired = rows[224] - rows[48]
    estimate = found("FER-F-02", "val_accuracy", published()).estimate
    assert unpaired == pytest.approx(0.110, abs=5e-4)
    assert unpaired > estimate.high


# --- What the paper states ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("clause", "stated"),
    [
        ("FER-F-02", ["about +0.06", "about +0.09"]),
        ("FER-F-03", ["about +9%", "about +19%"]),
        ("FER-F-13", ["higher, by up to 0.03"] * 2),
        ("FER-F-33", ["the 5 best"] * 2),
        ("FER-F-34", ["above 0.7"]),
    ],
)
def test_the_amounts_are_those_of_the_paper(clause, stated):
    assert [finding.stated for finding in findings(()).findings if finding.clause == clause] == stated


def test_every_statement_comes_out_once_for_each_figure_it_is_about():
    said = [(finding.clause, finding.figure) for finding in findings(published()).findings]
    expected = [
        (clause.id, figure)
        for clause in CLAUSES
        for figure in (question_of(clause).figures if clause.id in TESTABLE else (None,))
    ]
    assert said == expected
    assert len(CLAUSES) == 34


def test_an_untestable_statement_is_not_evaluated_and_says_why():
    for clause in SPEC.select("F", "untestable"):
        finding = found(clause.id, None, published())
        assert (finding.outcome, finding.reason, finding.estimate) == ("not evaluated", clause.reason, None)


def test_the_effect_of_resolution_on_affectnet_is_marked_as_confounded():
    finding = found("FER-F-05", "val_accuracy", published())
    totals = SPEC.datasets["AffectNet"]
    at_48, at_224 = (totals.training_totals[size] + totals.validation_totals[size] for size in ("48", "224"))
    assert at_48 != at_224
    assert any(f"{at_48:,}" in caution and f"{at_224:,}" in caution for caution in finding.cautions)
