"""Cells of the grid: identifiers, selection and estimated costs."""

import csv
import statistics
from fnmatch import fnmatch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferspec import spec, zoo
from ferspec.errors import UserError
from ferspec.grid import costs
from ferspec.grid.cells import all_cells, find_cell
from ferspec.grid.selection import select
from ferspec.reference import models
from ferspec.spec.records import IDENTITY

SPEC = spec.load()
CELLS = tuple(all_cells().values())
PUBLISHED = SPEC.cells
PRETRAINED = (
    *("vgg16-imagenet", "vgg16-vggface", "vgg19", "densenet", "efficientnet", "inceptionv3", "mobil", "nasnet"),
    *("resnet50", "senet", "xception"),
)


def ids(*expressions):
    return {cell.id for cell in select(CELLS, expressions)}


# --- which there are ----------------------------------------------------------------------------------------------


def test_there_are_258_cells_and_each_network_on_synthetic_faces():
    assert len(PUBLISHED) == 258
    assert set(all_cells()) >= {cell.id for cell in PUBLISHED}
    synthetic = [cell for cell in CELLS if cell.dataset == "synthetic"]
    assert len(synthetic) == (23 + 20) * 2
    assert len(all_cells()) == 258 + len(synthetic)
    assert all(cell.btfer_accuracy() is None for cell in synthetic)


def test_an_id_names_every_field_of_its_cell():
    cell = find_cell("ResNet50-VGGFace-224-RAFDB-conservative")
    assert [str(getattr(cell, field)) for field in IDENTITY] == ["ResNet50", "vggface", "224", "RAF-DB", "conservative"]


# --- how they are selected ----------------------------------------------------------------------------------------


def test_without_expressions_all_published_cells_are_selected_in_their_order():
    assert select(CELLS) == PUBLISHED


@pytest.mark.parametrize(
    ("expression", "count"),
    [
        ("resolution=48 dataset=rafdb weights=scratch", 14 * 2),
        ("resolution=48", 23 * 6),
        ("resolution=48,224", 258),
        ("dataset=RAF-DB", 43 * 2),
        ("dataset=rafdb,FER2013", 43 * 4),
        ("architecture=vgg*", (3 + 1 + 1) * 6 * 2),
        ("architecture=SMMB balancing=simple", 3),
        ("vgg16-*-48-*", 3 * 6),
        ("vgg16-*-48-* dataset=fer2013 balancing=simple", 3),
        ("vgg16-*,vgg19-* resolution=224", 4 * 6),
        ("lenet5-scratch-48-rafdb-simple", 1),
        ("LeNet5-scratch-48-rafdb-simple,lenet5-scratch-48-rafdb-conservative", 2),
        ("*", 258),
        ("dataset=synthetic", 86),
        ("dataset=synthetic,rafdb resolution=224", 20 * 4),
        ("*-synthetic-* architecture=lenet5", 2),
        ("lenet5-scratch-48-synthetic-simple", 1),
        ("vgg19-*,lenet5-scratch-48-synthetic-simple", 2 * 6 + 1),
    ],
)
def test_an_expression_selects_as_many_cells_as_the_tables_have(expression, count):
    assert len(ids(expression)) == count


def test_terms_must_all_hold_and_expressions_add_up():
    assert ids("resolution=48 dataset=rafdb") == ids("resolution=48") & ids("dataset=rafdb")
    assert ids("resolution=48", "dataset=rafdb") == ids("resolution=48") | ids("dataset=rafdb")
    both = select(CELLS, ["weights=scratch", "weights=imagenet"])
    assert list(both) == [cell for cell in PUBLISHED if cell.weights in ("scratch", "imagenet")]


@given(st.sampled_from(PUBLISHED), st.sets(st.integers(0, 4)))
def test_a_glob_selects_matching_cells(cell, stars):
    glob = "-".join("*" if place in stars else part for place, part in enumerate(cell.id.split("-")))
    assert cell.id in ids(glob)
    assert ids(glob) == {other.id for other in PUBLISHED if fnmatch(other.id, glob)}


@given(st.sampled_from(CELLS))
def test_all_fields_together_name_one_cell(cell):
    assert ids(" ".join(f"{field}={getattr(cell, field)}" for field in IDENTITY)) == {cell.id}


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("wieghts=scratch", "unknown field 'wieghts' in the selection 'wieghts=scratch': did you mean weights?"),
        ("x=1", "unknown field 'x' .*: known are architecture, weights"),
        ("weights=imagnet", "unknown weights 'imagnet': did you mean imagenet"),
        ("resolution=96", "unknown resolution '96': known are 48, 224"),
        ("dataset=rafdb,fer13", "unknown dataset 'fer13': did you mean FER2013"),
        ("dataset=", "unknown dataset '': known are"),
        ("vgg16-imagenet-48-rafdb-simpl", "unknown cell .*: did you mean vgg16-imagenet-48-rafdb-simple"),
        ("architecture=yolo*", "architecture 'yolo\\*' matches no cell"),
        ("architecture=xception resolution=48", "matches no cell: 'ferspec grid list' shows all cells"),
        ("lenet5-scratch-48-rafdb-simple smmb-scratch-48-rafdb-simple", "matches no cell"),
        (" ", "matches no cell"),
    ],
)
def test_an_empty_selection_is_refused_with_similar_names(expression, message):
    with pytest.raises(UserError, match=message) as refused:
        ids("resolution=48", expression)
    assert "\n" not in str(refused.value)


# --- what they cost -----------------------------------------------------------------------------------------------


def test_parameters_are_those_of_the_zoo():
    zoo_has = {(row.name, row.weights, row.resolution): row.parameters for row in zoo.listed()}
    for cell in CELLS:
        assert costs.cost_of(cell).parameters == zoo_has[cell.architecture, cell.weights, cell.resolution]


def test_operations_are_those_of_the_networks_as_built():
    known = {(cell.architecture, cell.weights, cell.resolution): costs.cost_of(cell).flops for cell in PUBLISHED}
    assert known["VGG16", "scratch", 224] == pytest.approx(2 * 15.35e9, rel=0.01), "15.3 billion products of 224×224"
    for (network, weights, resolution), flops in known.items():
        assert models.cost(models.outline(network, resolution, weights)).flops == flops, (network, resolution)


@pytest.mark.parametrize(
    ("id", "images", "epochs"),
    [
        ("lenet5-scratch-48-rafdb-simple", 10_733, 103),
        ("vgg16-imagenet-48-fer2013-simple", 28_709, 80),
        ("vgg16-scratch-224-affectnet-simple", 20_778, 70),
        ("vgg16-vggface-48-affectnet-simple", 22_221, 80),
        ("vgg16-vggface-224-affectnet-simple", 20_778, 46),
    ],
)
def test_a_cell_costs_its_images_in_its_usual_epochs(id, images, epochs):
    cost = costs.cost_of(find_cell(id))
    assert (cost.images, cost.epochs) == (images, epochs)
    assert cost.training_flops == 3 * images * epochs * cost.flops


def test_the_whole_grid_adds_up():
    total = costs.total_of(map(costs.cost_of, PUBLISHED))
    assert total.cells == 258
    # 14 rows from scratch and 9 pre-trained at 48×48, 7 and 13 at 224×224
    assert total.epochs == 6 * (14 * 103 + 9 * 80 + 7 * 70 + 13 * 46)
    of_48 = 2 * (14 * 103 + 9 * 80) * (10_733 + 28_709 + 22_221)
    of_224 = 2 * (7 * 70 + 13 * 46) * (10_733 + 28_709 + 20_778)
    assert total.images_seen == of_48 + of_224


def test_the_cost_of_a_synthetic_cell_depends_on_its_images():
    cost = costs.cost_of(find_cell("lenet5-scratch-48-synthetic-simple"))
    assert (cost.images, cost.training_flops) == (None, None)
    assert costs.total_of([cost]).images_seen == 0


def test_usual_epochs_are_the_median_of_the_logs(reference):
    logged = {}
    for path in (reference / "training_logs").glob("*.csv"):
        start = "pretrained" if path.name.startswith(PRETRAINED) else "scratch"
        resolution = 224 if "-224-" in path.name else 48
        with path.open(newline="") as lines:
            rows = sum(row[0].replace(".", "").isdigit() for row in csv.reader(lines))
        logged.setdefault((start, resolution), []).append(rows)
    assert {key: len(rows) for key, rows in logged.items()} == {
        ("scratch", 48): 44,
        ("scratch", 224): 23,
        ("pretrained", 48): 27,
        ("pretrained", 224): 30,
    }
    for (start, resolution), rows in logged.items():
        known = dict(zip((48, 224), SPEC.value("FER-G-09", start), strict=True))
        assert known[resolution] == pytest.approx(statistics.median(rows), abs=0.5)
