"""FER-F: what the paper says of the grid in numbers, recomputed from trained cells.

Expected differences are computed by pandas and SciPy from the reference table. Planted grids show what each outcome
takes, and what wrong ways of comparing would have said: unpaired means, AffectNet among the balancings, pairs of one
network taken for independent ones.
"""

import math
from itertools import chain

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from ferspec import spec
from ferspec.errors import UserError
from ferspec.grid.findings import findings
from ferspec.grid.findings_questions import Contrast, Difference, Leading, question_of
from ferspec.grid.results import Result, published
from ferspec.grid.selection import select
from ferspec.grid.spread import spread
from ferspec.spec.records import Figures

SPEC = spec.load()
CLAUSES = [clause for clause in SPEC.select("F") if clause.source == "paper"]
TESTABLE = [clause.id for clause in CLAUSES if clause.status != "untestable"]
AXES = ["architecture", "weights", "resolution", "dataset", "balance"]
COLUMNS = {"val_accuracy": "val_acc", "btfer_accuracy": "btfer_acc"}
BOTH = list(COLUMNS)


def found(clause, figure, results, profile="released"):
    """Return the one finding of a clause about a figure."""
    said = findings(results, profile).findings
    return next(finding for finding in said if (finding.clause, finding.figure) == (clause, figure))


# --- The reference table, by pandas ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def table(reference):
    """The reference grid, with the accuracies of both profiles: one's own, the other's where it is blank."""
    grid = pd.read_csv(reference / "tables" / "grid.csv")
    for figure, column in COLUMNS.items():
        paper, released = grid[f"paper_{column}"], grid[f"released_{column}"]
        grid[f"{figure} released"], grid[f"{figure} paper"] = released.fillna(paper), paper.fillna(released)
    return grid


def merged(rows, axis, worse, better, column):
    """Return both sides of every pair, side by side."""
    keys = [key for key in AXES if key != axis]
    sides = [rows.loc[rows[axis] == level, [*keys, column]].dropna() for level in (worse, better)]
    return sides[0].merge(sides[1], on=keys, suffixes=("_worse", "_better"), validate="one_to_one")


def differences(rows, axis, worse, better, column):
    """Return better less worse of every pair, with the fields they share as columns."""
    pairs = merged(rows, axis, worse, better, column)
    return pairs.assign(difference=pairs[f"{column}_better"] - pairs[f"{column}_worse"])


def student(values):
    """Return mean and 95 % interval of independent values."""
    values = np.asarray(values)
    return values.mean(), *stats.t.interval(0.95, len(values) - 1, values.mean(), stats.sem(values))


DIFFERENCES = {
    "FER-F-02": ("dataset == 'RAF-DB'", "resolution", 48, 224),
    "FER-F-04": ("dataset == 'FER2013'", "resolution", 48, 224),
    "FER-F-05": ("dataset == 'AffectNet'", "resolution", 48, 224),
    "FER-F-14": ("dataset == 'RAF-DB'", "balance", "simple", "conservative"),
    "FER-F-16": (
        "resolution == 48 and weights == 'scratch' and dataset != 'AffectNet'",
        "balance",
        "simple",
        "conservative",
    ),
    "FER-F-19": ("resolution == 48 and balance == 'simple'", "dataset", "FER2013", "RAF-DB"),
    "FER-F-26": ("resolution == 224 and balance == 'conservative'", "dataset", "AffectNet", "RAF-DB"),
    "FER-F-27": ("resolution == 224", "dataset", "FER2013", "AffectNet"),
}
OF_VGG16 = {
    "FER-F-07": ("architecture == 'VGG16' and resolution == 48", "weights", "scratch", "imagenet"),
    "FER-F-08": ("architecture == 'VGG16' and resolution == 48", "weights", "vggface", "scratch"),
    "FER-F-09": ("architecture == 'VGG16' and resolution == 224", "weights", "scratch", "vggface"),
    "FER-F-13": (
        "architecture == 'VGG16' and resolution == 48 and dataset != 'AffectNet'",
        "balance",
        "simple",
        "conservative",
    ),
}


def agrees(estimate, value, low, high):
    assert (estimate.value, estimate.low, estimate.high) == pytest.approx((value, low, high), abs=1e-9)


@pytest.mark.parametrize("profile", ["released", "paper"])
@pytest.mark.parametrize("figure", BOTH)
@pytest.mark.parametrize("clause", DIFFERENCES)
def test_a_difference_is_the_mean_over_networks_of_their_paired_differences(clause, figure, profile, table):
    where, axis, worse, better = DIFFERENCES[clause]
    pairs = differences(table.query(where), axis, worse, better, f"{figure} {profile}")
    networks = pairs.groupby("architecture")["difference"].mean()

    estimate = found(clause, figure, published(profile), profile).estimate

    agrees(estimate, *student(networks))
    assert (estimate.count, estimate.of, estimate.networks) == (len(pairs), "pairs", len(networks))


@pytest.mark.parametrize("figure", BOTH)
@pytest.mark.parametrize("clause", OF_VGG16)
def test_a_difference_of_one_network_has_an_interval_over_its_pairs(clause, figure, table):
    where, axis, worse, better = OF_VGG16[clause]
    pairs = differences(table.query(where), axis, worse, better, f"{figure} released")

    estimate = found(clause, figure, published()).estimate

    agrees(estimate, *student(pairs["difference"]))
    resolution = 224 if clause == "FER-F-09" else 48
    runs = spread(figure, resolution)
    expected = stats.t.ppf(0.975, 20) * runs.sd * math.sqrt(2 / len(pairs))
    assert estimate.noise == pytest.approx(expected)


@pytest.mark.parametrize("figure", BOTH)
def test_a_relative_gain_is_a_share_of_the_lower_resolution_pair_by_pair(figure, table):
    column = f"{figure} released"
    pairs = merged(table.query("dataset == 'RAF-DB'"), "resolution", 48, 224, column)
    shares = pairs.assign(share=pairs[f"{column}_better"] / pairs[f"{column}_worse"] - 1)

    estimate = found("FER-F-03", figure, published()).estimate

    agrees(estimate, *student(shares.groupby("architecture")["share"].mean()))
    assert estimate.relative


@pytest.mark.parametrize("figure", BOTH)
def test_balancing_at_both_resolutions_is_compared_network_by_network(figure, table):
    rows = table.query("dataset != 'AffectNet'")
    gains = differences(rows, "balance", "simple", "conservative", f"{figure} released")
    wide = gains.pivot(index=["architecture", "weights", "dataset"], columns="resolution", values="difference").dropna()
    contrast = wide[48] - wide[224]

    estimate = found("FER-F-18", figure, published()).estimate

    agrees(estimate, *student(contrast.groupby("architecture").mean()))
    assert estimate.count == len(contrast)


@pytest.mark.parametrize("figure", BOTH)
def test_networks_from_scratch_and_pre_trained_ones_are_compared_as_two_groups(figure, table):
    rows = table.query("dataset != 'AffectNet' and resolution == 48")
    gains = differences(rows, "balance", "simple", "conservative", f"{figure} released")
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


def test_unpaired_means_would_have_said_something_else_of_resolution(table):
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


@pytest.mark.parametrize("clause", TESTABLE)
def test_every_side_of_a_comparison_selects_cells(clause):
    question = question_of(SPEC.clause(clause))
    where = question.where
    match question:
        case Difference():
            sides = [f"{where} {question.worse}", f"{where} {question.better}"]
        case Contrast():
            levels = (question.worse, question.better)
            sides = [f"{where} {side} {level}" for side in (question.more_in, question.less_in) for level in levels]
        case Leading():
            sides = [f"{where} {question.leaders}"]
        case _:
            sides = [where]
    assert all(select(SPEC.cells, [side]) for side in sides)


def test_an_untestable_statement_is_not_evaluated_and_says_why():
    for clause in SPEC.select("F", "untestable"):
        finding = found(clause.id, None, published())
        assert (finding.outcome, finding.reason, finding.estimate) == ("not evaluated", clause.reason, None)


def test_what_resolution_does_on_affectnet_is_said_not_to_be_resolution_alone():
    finding = found("FER-F-05", "val_accuracy", published())
    totals = SPEC.datasets["AffectNet"]
    at_48, at_224 = (totals.training_totals[size] + totals.validation_totals[size] for size in ("48", "224"))
    assert at_48 != at_224
    assert any(f"{at_48:,}" in caution and f"{at_224:,}" in caution for caution in finding.cautions)


# --- Planted grids --------------------------------------------------------------------------------------------------


def planted(value, cells=SPEC.cells, seed=0, noisy=True, **said):
    """Return a training of each cell, whose accuracies are ``value(cell)`` and the spread between runs."""
    chance = np.random.default_rng(seed)
    results = []
    for cell in cells:
        figures = {
            figure: float(np.clip(value(cell) + noisy * chance.normal(0, spread(figure, cell.resolution).sd), 0, 1))
            for figure in BOTH
        }
        results.append(Result(cell=cell.id, source="planted", figures=Figures(**figures), **said))
    return results


def by_network(cell):
    """An accuracy that depends on the network alone, and much."""
    return 0.3 + 0.01 * list(SPEC.networks).index(cell.architecture)


def gaining(gain):
    return lambda cell: by_network(cell) + gain * (cell.resolution == 224)


@pytest.mark.parametrize(
    ("gain", "outcome"), [(0.0, "within noise"), (0.06, "supported"), (-0.06, "not supported"), (0.3, "not supported")]
)
def test_a_gain_of_resolution_that_is_planted_comes_out(gain, outcome):
    assert found("FER-F-02", "val_accuracy", planted(gaining(gain))).outcome == outcome


def test_a_gain_without_a_stated_amount_is_supported_whatever_its_size():
    assert found("FER-F-04", "val_accuracy", planted(gaining(0.3))).outcome == "supported"


def test_an_effect_smaller_than_chance_explains_is_within_noise_however_regular():
    finding = found("FER-F-04", "val_accuracy", planted(gaining(0.004), noisy=False))
    assert finding.estimate.low > 0
    assert finding.outcome == "within noise"
    assert finding.reason == "chance explains it"


def test_where_there_is_no_effect_none_is_found_nineteen_times_of_twenty():
    """The bound is 95 of 100, less two standard errors of such a count."""
    outcomes = [found("FER-F-02", "val_accuracy", planted(by_network, seed=seed)).outcome for seed in range(100)]
    assert outcomes.count("within noise") >= 91


def test_networks_that_differ_among_themselves_show_no_common_effect():
    """Half of them gain much and half lose almost as much: far beyond chance each, but not on average."""
    networks = sorted(SPEC.networks)

    def value(cell):
        gain = 0.2 if networks.index(cell.architecture) % 2 else -0.12
        return 0.5 + gain * (cell.resolution == 224)

    finding = found("FER-F-04", "val_accuracy", planted(value, noisy=False))
    assert abs(finding.estimate.value) > finding.estimate.noise
    assert (finding.outcome, finding.reason) == ("within noise", "the interval holds 0")


@pytest.fixture(scope="module")
def repeated():
    """The same planted grid trained 120 times, as clause and figure to the values found."""
    values = {}
    for seed in range(120):
        for finding in findings(planted(gaining(0.2), seed=seed)).findings:
            if finding.estimate is not None:
                values.setdefault((finding.clause, finding.figure), []).append(finding.estimate.value)
    return values


@pytest.mark.parametrize("figure", BOTH)
@pytest.mark.parametrize("clause", ["FER-F-02", "FER-F-03", "FER-F-08", "FER-F-11", "FER-F-16", "FER-F-17", "FER-F-18"])
def test_the_noise_is_how_far_repeated_grids_lie_apart(clause, figure, repeated):
    """A standard deviation of 120 values is known to about 6.5 % of itself; three times that are allowed."""
    noise = found(clause, figure, planted(gaining(0.2), noisy=False)).estimate.noise
    freedom = spread(figure, 48).pairs
    assert np.std(repeated[clause, figure], ddof=1) == pytest.approx(noise / stats.t.ppf(0.975, freedom), rel=0.2)


def test_networks_without_a_counterpart_do_not_count():
    """Unpaired means would call resolution a gain: the networks of one resolution alone are the better ones."""
    both = {cell.architecture for cell in SPEC.cells if cell.resolution == 48} & {
        cell.architecture for cell in SPEC.cells if cell.resolution == 224
    }
    results = planted(lambda cell: 0.5 + 0.4 * (cell.architecture not in both and cell.resolution == 224))
    assert found("FER-F-02", "val_accuracy", results).outcome == "within noise"


def test_pairs_of_one_network_count_as_one():
    """VGG16 has six of 32 pairs, of three starting weights; it weighs as much as a network of two."""
    results = planted(lambda cell: 0.5 + 0.12 * (cell.architecture == "VGG16" and cell.resolution == 224), noisy=False)
    estimate = found("FER-F-02", "val_accuracy", results).estimate
    assert (estimate.count, estimate.networks) == (32, 14)
    assert estimate.value == pytest.approx(0.12 / 14)


def test_affectnet_takes_no_part_in_the_comparison_of_balancings():
    def value(cell):
        return 0.5 + 0.2 * (cell.dataset == "AffectNet" and cell.balancing == "conservative")

    said = findings(planted(value, noisy=False)).findings
    balancings = [finding for finding in said if any("left out" in caution for caution in finding.cautions)]
    assert {finding.clause for finding in balancings} == {f"FER-F-{n}" for n in (13, 14, 16, 17, 18)}
    assert {(finding.outcome, finding.estimate.value) for finding in balancings} == {("within noise", 0)}


def test_a_gain_of_conservative_weighting_is_found_without_affectnet():
    def value(cell):
        return 0.5 + 0.1 * (cell.dataset != "AffectNet" and cell.balancing == "conservative")

    assert found("FER-F-16", "val_accuracy", planted(value)).outcome == "supported"
    assert found("FER-F-18", "val_accuracy", planted(value)).outcome == "within noise"


def test_a_pair_beyond_an_upper_bound_refutes_it():
    def value(cell):
        return 0.5 + 0.3 * (cell.id == "vgg16-imagenet-48-rafdb-conservative")

    finding = found("FER-F-13", "val_accuracy", planted(value, noisy=False))
    assert finding.outcome == "not supported"
    assert finding.reason == "a pair differs by +0.300, more than 0.03 and chance"


def test_the_largest_of_six_pairs_may_exceed_an_upper_bound_by_chance():
    """Two runs differ by 0.13 in fewer than 5 of 100 cases; that one pair of six does is no surprise."""

    def value(cell):
        return 0.5 + 0.13 * (cell.id == "vgg16-imagenet-48-rafdb-conservative")

    assert found("FER-F-13", "val_accuracy", planted(value, noisy=False)).outcome == "within noise"


def test_a_slight_gain_below_the_upper_bound_is_supported_only_with_enough_runs():
    def value(cell):
        return 0.5 + 0.03 * (cell.balancing == "conservative")

    assert found("FER-F-13", "val_accuracy", planted(value, noisy=False)).outcome == "within noise"
    assert found("FER-F-13", "val_accuracy", 9 * planted(value, noisy=False)).outcome == "supported"


@pytest.mark.parametrize(("lead", "outcome"), [(0.15, "supported"), (0.03, "within noise"), (-0.15, "not supported")])
def test_the_best_network_leads_by_more_than_two_runs_differ(lead, outcome):
    def value(cell):
        return 0.6 + lead * (cell.architecture == "ResNet18")

    assert found("FER-F-31", "val_accuracy", planted(value, noisy=False)).outcome == outcome


def test_a_small_network_reaches_a_value_that_only_large_ones_reach_otherwise():
    def large(cell):
        return 0.9 if cell.architecture in ("VGGNet", "RepVGG", "ResNet50", "AlexNet", "ZFNet") else 0.5

    assert found("FER-F-34", "val_accuracy", planted(large, noisy=False)).outcome == "not supported"
    with_small = planted(lambda cell: max(large(cell), 0.9 * (cell.architecture == "LeNet5")), noisy=False)
    finding = found("FER-F-34", "val_accuracy", with_small)
    assert finding.outcome == "supported"
    assert "LeNet5-scratch 0.900" in finding.reason


def test_the_best_of_many_small_networks_may_exceed_a_value_by_chance():
    """A mean of two runs strays by 0.055 in fewer than 5 of 100 cases; that one of 18 does is no surprise."""
    results = planted(lambda cell: 0.755 if cell.architecture == "LeNet5" else 0.5, noisy=False)
    assert found("FER-F-34", "val_accuracy", results).outcome == "within noise"


# --- Which trainings count ------------------------------------------------------------------------------------------


def test_several_runs_of_a_cell_count_by_their_mean_and_lessen_the_noise():
    once = found("FER-F-02", "val_accuracy", planted(gaining(0.06), noisy=False))
    apart = [planted(lambda cell, by=by: gaining(0.06)(cell) + by, noisy=False) for by in (-0.03, 0.0, 0.03)]
    thrice = found("FER-F-02", "val_accuracy", chain(*apart))
    assert (thrice.estimate.value, thrice.estimate.count) == (pytest.approx(once.estimate.value), once.estimate.count)
    assert thrice.estimate.noise == pytest.approx(once.estimate.noise / math.sqrt(3))


def test_too_few_networks_are_not_evaluated():
    cells = [cell for cell in SPEC.cells if cell.architecture in ("VGG19", "ResNet18")]
    finding = found("FER-F-02", "val_accuracy", planted(gaining(0.06), cells))
    assert finding.outcome == "not evaluated"
    assert finding.reason == "4 pairs of 2 networks, at least 3 are needed"


def test_cells_of_one_side_alone_are_not_evaluated():
    cells = [cell for cell in SPEC.cells if cell.resolution == 48]
    assert found("FER-F-02", "val_accuracy", planted(gaining(0.06), cells)).outcome == "not evaluated"


def test_a_ranking_of_few_of_its_cells_is_not_evaluated():
    cells = [cell for cell in SPEC.cells if cell.architecture in ("ResNet18", "LeNet5")]
    finding = found("FER-F-31", "val_accuracy", planted(by_network, cells))
    assert finding.outcome == "not evaluated"
    assert finding.reason == "9% of the cells are known, a ranking needs 90%"


def test_no_trainings_at_all_support_nothing():
    assert {finding.outcome for finding in findings(()).findings} == {"not evaluated"}


def test_unfinished_deviating_and_synthetic_trainings_are_left_out_and_counted():
    cell = SPEC.cells[0]
    synthetic = Result(cell=cell.id.replace("rafdb", "synthetic"), source="planted", figures=Figures(val_accuracy=0.9))
    wrong = [
        *planted(lambda cell: 0.9, [cell], complete=False),
        *planted(lambda cell: 0.9, [cell], deviations=("FER-S-05 --epochs-cap 1",)),
        synthetic,
    ]
    good = planted(by_network)
    said = findings([*good, *wrong])
    assert (said.trainings, said.left_out) == (258, 3)
    assert said.findings == findings(good).findings


def test_an_unknown_cell_is_a_mistake_of_the_users():
    with pytest.raises(UserError, match="unknown cell 'vgg61-imagenet-48-rafdb-simple': did you mean vgg1"):
        findings([Result(cell="vgg61-imagenet-48-rafdb-simple", source="planted", figures=Figures())])
