"""FER-F: planted effects of a grid are found, and no others.

Grids in which a statement is true or false beyond doubt are among the mutants.
"""

import math
from itertools import chain

import numpy as np
import pytest
from scipy import stats

from ferspec.errors import UserError
from ferspec.grid.bands.spread import spread
from ferspec.grid.finding.findings import findings
from ferspec.grid.judging.results import Result
from ferspec.spec.records import CellMetrics
from helpers.planted_grids import BOTH, SPEC, by_network, found, gaining, planted


def test_an_effect_smaller_than_chance_explains_is_within_noise_however_regular():
    finding = found("FER-F-04", "val_accuracy", planted(gaining(0.004), noisy=False))
    assert finding.estimate.low > 0
    assert finding.outcome == "within noise"
    assert finding.reason == "chance explains it"


def test_without_an_effect_none_is_found_in_nineteen_of_twenty_cases():
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
    assert (finding.outcome, finding.reason) == ("within noise", "the interval contains 0")


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
    balancings = [finding for finding in said if any("AffectNet is skipped" in caution for caution in finding.cautions)]
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
    assert finding.reason == "a pair differs by +0.300, more than 0.03 and chance allow"


def test_the_largest_of_six_pairs_may_exceed_an_upper_bound_by_chance():
    """Two runs differ by 0.13 in fewer than 5 of 100 cases; among six pairs, one is expected."""

    def value(cell):
        return 0.5 + 0.13 * (cell.id == "vgg16-imagenet-48-rafdb-conservative")

    assert found("FER-F-13", "val_accuracy", planted(value, noisy=False)).outcome == "within noise"


def test_a_slight_gain_below_the_upper_bound_is_supported_only_with_enough_runs():
    def value(cell):
        return 0.5 + 0.03 * (cell.balancing == "conservative")

    assert found("FER-F-13", "val_accuracy", planted(value, noisy=False)).outcome == "within noise"
    assert found("FER-F-13", "val_accuracy", 9 * planted(value, noisy=False)).outcome == "supported"


def test_a_network_that_leads_by_less_than_two_runs_differ_may_do_so_by_chance():
    results = planted(lambda cell: 0.6 + 0.03 * (cell.architecture == "ResNet18"), noisy=False)
    assert found("FER-F-31", "val_accuracy", results).outcome == "within noise"


def test_a_small_network_that_reaches_a_value_is_named():
    results = planted(lambda cell: 0.9 if cell.architecture == "LeNet5" else 0.5, noisy=False)
    finding = found("FER-F-34", "val_accuracy", results)
    assert finding.outcome == "supported"
    assert "LeNet5-scratch 0.900" in finding.reason


def test_the_best_of_many_small_networks_may_exceed_a_value_by_chance():
    """A mean of two runs strays by 0.055 in fewer than 5 of 100 cases; among 18, one is expected."""
    results = planted(lambda cell: 0.755 if cell.architecture == "LeNet5" else 0.5, noisy=False)
    assert found("FER-F-34", "val_accuracy", results).outcome == "within noise"


# --- Which trainings count ------------------------------------------------------------------------------------------


def test_several_runs_of_a_cell_count_by_their_mean_and_lessen_the_noise():
    once = found("FER-F-02", "val_accuracy", planted(gaining(0.06), noisy=False))
    grids = [planted(lambda cell, by=by: gaining(0.06)(cell) + by, noisy=False) for by in (-0.03, 0.0, 0.03)]
    thrice = found("FER-F-02", "val_accuracy", chain(*grids))
    assert (thrice.estimate.value, thrice.estimate.count) == (pytest.approx(once.estimate.value), once.estimate.count)
    assert thrice.estimate.noise == pytest.approx(once.estimate.noise / math.sqrt(3))


def test_too_few_networks_are_not_evaluated():
    cells = [cell for cell in SPEC.cells if cell.architecture in ("VGG19", "ResNet18")]
    finding = found("FER-F-02", "val_accuracy", planted(gaining(0.06), cells))
    assert finding.outcome == "not evaluated"
    assert finding.reason == "4 pairs of 2 networks; at least 3 are needed"


def test_cells_without_a_counterpart_are_not_evaluated():
    cells = [cell for cell in SPEC.cells if cell.resolution == 48]
    assert found("FER-F-02", "val_accuracy", planted(gaining(0.06), cells)).outcome == "not evaluated"


def test_a_ranking_of_few_of_its_cells_is_not_evaluated():
    cells = [cell for cell in SPEC.cells if cell.architecture in ("ResNet18", "LeNet5")]
    finding = found("FER-F-31", "val_accuracy", planted(by_network, cells))
    assert finding.outcome == "not evaluated"
    assert finding.reason == "9% of the cells are known, but a ranking needs 90%"


def test_no_trainings_at_all_support_nothing():
    assert {finding.outcome for finding in findings(()).findings} == {"not evaluated"}


def test_unfinished_deviating_and_synthetic_trainings_are_left_out_and_counted():
    cell = SPEC.cells[0]
    synthetic = Result(
        cell=cell.id.replace("rafdb", "synthetic"), source="planted", figures=CellMetrics(val_accuracy=0.9)
    )
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
        findings([Result(cell="vgg61-imagenet-48-rafdb-simple", source="planted", figures=CellMetrics())])
