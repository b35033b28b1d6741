"""The short list: a Pareto set of parameters and accuracies, with places shared by ties."""

from itertools import product

import pytest

from ferspec import spec
from ferspec.grid.advising.constraints import parameters_of
from ferspec.grid.advising.shortlist import shortlist
from ferspec.spec.records import CellMetrics

CELLS = {cell.id: cell for cell in spec.load().cells}
# their parameters, from the published totals: 0.17, 2.84, 11.7, 14.9 million
LENET, FOUR, RESNET, VGG = (
    "lenet5-scratch-48-rafdb-simple",
    "sequential4conv-scratch-48-rafdb-simple",
    "resnet18-scratch-48-rafdb-simple",
    "vgg16-imagenet-48-rafdb-simple",
)


def with_accuracies(id, validation, btfer):
    figures = CellMetrics(val_accuracy=validation, btfer_accuracy=btfer)
    return CELLS[id].model_copy(update={"released": figures, "printed": CellMetrics()})


def listed(*cells):
    return [(option.place, option.cell) for option in shortlist(cells, {}).options]


def test_a_larger_network_that_is_not_better_is_not_listed():
    cells = [with_accuracies(FOUR, 0.80, 0.60), with_accuracies(VGG, 0.80, 0.60), with_accuracies(RESNET, 0.70, 0.50)]
    assert listed(*cells) == [(1, FOUR)]


def test_a_larger_network_that_is_better_in_one_accuracy_is_listed():
    cells = [with_accuracies(FOUR, 0.80, 0.60), with_accuracies(VGG, 0.81, 0.50), with_accuracies(RESNET, 0.70, 0.61)]
    assert {cell for _, cell in listed(*cells)} == {FOUR, VGG, RESNET}


def test_differences_by_chance_share_a_place_and_larger_ones_do_not():
    # one run differs from another by 0.02 to 0.03 (SD): 0.01 is chance, 0.30 is not
    cells = [with_accuracies(LENET, 0.50, 0.30), with_accuracies(FOUR, 0.79, 0.60), with_accuracies(RESNET, 0.80, 0.61)]
    assert listed(*cells) == [(1, RESNET), (1, FOUR), (3, LENET)]
    assert [option.ties for option in shortlist(cells, {}).options] == [(FOUR,), (RESNET,), ()]


def test_a_tie_needs_both_accuracies():
    cells = [with_accuracies(FOUR, 0.40, 0.60), with_accuracies(RESNET, 0.80, 0.61)]
    assert listed(*cells) == [(1, RESNET), (2, FOUR)]


def test_validation_accuracies_on_other_images_are_not_compared():
    other = "vgg16-imagenet-48-fer2013-simple"
    worse_there = with_accuracies(other, 0.99, 0.50)
    assert listed(with_accuracies(FOUR, 0.60, 0.60), worse_there) == [(1, FOUR)]
    same_images = with_accuracies(VGG, 0.99, 0.50)
    assert len(listed(with_accuracies(FOUR, 0.60, 0.60), same_images)) == 2


def test_a_cell_that_only_chance_excludes_is_counted():
    cells = [with_accuracies(FOUR, 0.80, 0.60), with_accuracies(RESNET, 0.79, 0.59), with_accuracies(VGG, 0.79, 0.20)]
    found = shortlist(cells, {})
    assert {other.cell: other.by_chance for other in found.others} == {RESNET: True, VGG: False}


def test_a_cell_without_a_known_accuracy_is_named_and_not_ranked():
    unknown = CELLS[VGG].model_copy(update={"released": CellMetrics(val_accuracy=0.9), "printed": CellMetrics()})
    found = shortlist([with_accuracies(FOUR, 0.80, 0.60), unknown], {})
    assert (found.unknown, found.candidates) == ((VGG,), 1)


@pytest.mark.parametrize("resolution", [48, 224])
def test_no_published_cell_dominates_a_listed_one(resolution):
    cells = [cell for cell in CELLS.values() if cell.resolution == resolution and cell.dataset == "RAF-DB"]
    chosen = {option.cell for option in shortlist(cells, {}).options}
    scores = {
        cell.id: (-parameters_of(cell), cell.val_accuracy(), cell.btfer_accuracy())
        for cell in cells
        if cell.val_accuracy() is not None and cell.btfer_accuracy() is not None
    }
    beaten = {
        low
        for (low, one), (high, other) in product(scores.items(), repeat=2)
        if one != other and all(a <= b for a, b in zip(one, other, strict=True))
    }
    assert chosen == scores.keys() - beaten


def test_the_band_of_a_listed_cell_holds_its_accuracy():
    for option in shortlist([CELLS[FOUR.replace("simple", "conservative")], CELLS[VGG]], {}).options:
        for accuracy in (option.validation, option.btfer):
            assert accuracy.low < accuracy.value < accuracy.high
