"""The content of the specification agrees with the reference material."""

import csv
import re
from collections import Counter

import pytest

from ferspec import spec
from ferspec.checks.implementation.answers.specification import stated
from ferspec.outcomes import Status

SPEC = spec.load()
METRICS = {"p": "precision", "r": "recall", "f1": "f1", "acc": "accuracy"}

# Parameters of the bases without their tops, as keras.applications (and keras-vggface) document or print them.
BASES = {
    ("VGG16", "imagenet"): 14_714_688,
    ("VGG19", "imagenet"): 20_024_384,
    ("ResNet50", "imagenet"): 23_587_712,
    ("ResNet50", "vggface"): 23_561_152,
    ("SENet50", "vggface"): 26_092_144,
    ("MobileNet", "imagenet"): 3_228_864,
    ("MobileNetV2", "imagenet"): 2_257_984,
    ("EfficientNetV2B0", "imagenet"): 5_919_312,
    ("NASNetMobile", "imagenet"): 4_269_716,
    ("DenseNet121", "imagenet"): 7_037_504,
    ("Xception", "imagenet"): 20_861_480,
    ("InceptionV3", "imagenet"): 21_802_784,
}
POOLED_FEATURES = {
    "VGG16": 512,
    "VGG19": 512,
    "ResNet50": 2048,
    "SENet50": 2048,
    "MobileNet": 1024,
    "MobileNetV2": 1280,
    "EfficientNetV2B0": 1280,
    "NASNetMobile": 1056,
    "DenseNet121": 1024,
    "Xception": 2048,
    "InceptionV3": 2048,
}


def rows(path):
    with path.open(newline="") as lines:
        return list(csv.DictReader(lines))


# What it holds


def test_certification_has_its_clauses():
    wanted = [f"FER-B-{n:02}" for n in range(1, 9)] + [f"FER-X-{n:02}" for n in range(1, 10)]
    for id in wanted:
        assert SPEC.clause(id).source == "suite"


def test_every_family_of_the_protocol_has_clauses():
    assert {clause.family for clause in SPEC.clauses} >= {f"FER-{letter}" for letter in "CWASMDNPGVBXZ"}


def test_the_cap_of_conservative_weights_is_a_value_of_its_clause():
    assert SPEC.value("FER-W-02", "cap") == 3
    with pytest.raises(KeyError, match="no value 'cup'"):
        SPEC.value("FER-W-02", "cup")


@pytest.mark.parametrize(
    ("clause", "name", "released", "paper"),
    [("FER-P-04", "units", (256, 128), (256, 256)), ("FER-N-01", "architectures", 25, 23)],
)
def test_a_contradicted_value_depends_on_the_profile(clause, name, released, paper):
    assert SPEC.value(clause, name) == SPEC.value(clause, name, "released") == released
    assert SPEC.value(clause, name, "paper") == paper


def test_every_contradicted_clause_is_explained_by_an_erratum():
    contradicted = SPEC.select(status="contradicted")
    assert contradicted
    assert all(clause.errata for clause in contradicted)


def test_an_erratum_takes_its_values_from_the_clause():
    readings = {reading.profile: reading.value for reading in SPEC.erratum("ERR-05").readings}
    assert readings == {"released": "256, 128", "paper": "256, 256"}
    assert SPEC.erratum("ERR-05").default.profile == "released"


def test_the_grid_has_the_rows_of_tables_2_and_3():
    assert len(SPEC.cells) == 258
    trained = Counter((cell.architecture, cell.weights, cell.resolution) for cell in SPEC.cells)
    assert set(trained.values()) == {3 * 2}
    assert Counter(resolution for *_, resolution in trained) == {48: 23, 224: 20}
    assert SPEC.value("FER-G-01", "rows") == (23, 20)
    assert {cell.dataset for cell in SPEC.cells} == set(SPEC.value("FER-G-02", "datasets"))
    assert {cell.balancing for cell in SPEC.cells} == set(SPEC.value("FER-G-02", "balancings"))
    assert {cell.resolution for cell in SPEC.cells} == set(SPEC.value("FER-G-02", "resolutions"))
    assert sum(cell.dataset == "AffectNet" for cell in SPEC.cells) == 2 * 43


def test_the_datasets_have_the_totals_that_table_1_prints():
    totals = {name: dataset.total for name, dataset in SPEC.datasets.items()}
    assert totals == {"RAF-DB": 15_339, "FER2013": 35_887, "AffectNet": 25_938, "BTFER": 2_100}


def test_a_value_that_both_profiles_share_stands_under_values():
    for clause in SPEC.clauses:
        paper = clause.profiles.get("paper", {})
        assert all(paper[name] != value for name, value in clause.profiles.get("released", {}).items()), clause.id


def test_architectures_are_those_of_the_grid_and_one_that_is_in_no_table():
    assert len(SPEC.networks) == SPEC.value("FER-N-01", "architectures")
    assert set(SPEC.networks) - {cell.architecture for cell in SPEC.cells} == {"MediaPipeVGGNet"}


def test_a_profile_chooses_between_print_and_released_report():
    cell = SPEC.cell("resnet18-scratch-48-rafdb-conservative")
    assert (cell.btfer_accuracy(), cell.btfer_accuracy("paper")) == (0.55, 0.56)
    assert (cell.val_accuracy(), cell.val_accuracy("paper")) == (0.79, 0.81)


def test_a_profile_falls_back_where_a_figure_is_missing():
    illegible = SPEC.cell("senet50-vggface-224-rafdb-simple")
    assert (illegible.btfer_accuracy("paper"), illegible.origin("btfer_accuracy", "paper")) == (0.59, "released")
    unreleased = SPEC.cell("vgg16-vggface-224-fer2013-conservative")
    assert (unreleased.btfer_accuracy(), unreleased.origin("btfer_accuracy")) == (0.56, "printed")
    assert SPEC.cell("alexnet-scratch-48-fer2013-simple").btfer_accuracy() is None


def test_evaluations_of_the_runs_have_whole_batches_only():
    """FER-V-03, ERR-18: every count of a released report is a multiple of a batch that fits its set."""
    validation = {
        ("RAF-DB", 48): [15_339 - 10_733],
        ("RAF-DB", 224): [15_339 - 10_733],
        ("FER2013", 48): [7_178],
        ("FER2013", 224): [7_178],
        ("AffectNet", 48): [5_545, 5_160],
        ("AffectNet", 224): [5_160],
    }
    batches = SPEC.value("FER-V-03", "batch_sizes")
    judged = [cell for cell in SPEC.cells if cell.released_val_n is not None]
    assert len(judged) == 242
    for cell in judged:
        totals = validation[cell.dataset, cell.resolution]
        assert cell.released_val_n in {total // batch * batch for total in totals for batch in batches}, cell.id
        assert cell.released_btfer_n in {2100 // batch * batch for batch in batches}, cell.id


def test_fer2013_s_training_part_fits_its_published_total_and_table_1():
    fer2013 = SPEC.datasets["FER2013"]
    assert sum(fer2013.training_counts) == 28_709
    assert all(training < count for training, count in zip(fer2013.training_counts, fer2013.counts, strict=True))


@pytest.mark.parametrize(("name", "weights"), BASES)
def test_parameter_totals_are_base_and_head(name, weights):
    """FER-N-02, FER-P-04: the head's units alone decide, so that those of the text give another total."""

    def total(units):
        features, head = POOLED_FEATURES[name], 0
        for width in (*units, len(SPEC.classes)):
            head += (features + 1) * width
            features = width
        return BASES[name, weights] + head

    run = SPEC.networks[name].parameter_total(weights, 224)
    assert total(SPEC.value("FER-P-04", "units")) == run
    assert total(SPEC.value("FER-P-04", "units", "paper")) == run + 33_792


def test_printed_parameter_counts_that_fit_no_run_are_errata():
    off = set()
    for network in SPEC.networks.values():
        for resolution, millions in network.printed_millions.items():
            weights = "vggface" if network.name == "SENet50" else "imagenet"
            if abs(network.parameter_total(weights, int(resolution)) - 1e6 * millions) > 0.5e6:
                off.add((network.name, int(resolution)))
    err_07 = {("SequentialSimple", 224), ("VGGNet", 224), ("ResNet18", 224), ("GoogLeNet", 224)}
    err_08 = {(name, size) for name in ("MobileNet", "MobileNetV2") for size in (48, 224)}
    err_08 |= {("InceptionV3", 224), ("RepVGG", 224), ("VGGNet", 48)}
    assert off == err_07 | err_08


# That it agrees with the reference material


def test_cells_agree_with_the_reference_table(reference):
    table = {row["cell"]: row for row in rows(reference / "tables" / "grid.csv")}
    assert set(table) == {cell.id for cell in SPEC.cells}
    for cell in SPEC.cells:
        row = table[cell.id]
        for split in ("val", "btfer"):
            for short, name in METRICS.items():
                for kind, column in (("printed", "paper"), ("released", "released")):
                    wanted = row[f"{column}_{split}_{short}"]
                    value = getattr(getattr(cell, kind), f"{split}_{name}")
                    assert value == (float(wanted) if wanted else None), (cell.id, kind, split, name)
        assert [str(n or "") for n in (cell.released_val_n, cell.released_btfer_n)] == [
            row["released_val_n"],
            row["released_btfer_n"],
        ]


def test_agreement_of_print_and_report_follows_the_reference(reference):
    words = {"released only": "paper-illegible", "printed only": "released-missing", "neither": "released-missing"}
    table = {row["cell"]: row["agreement"] for row in rows(reference / "tables" / "grid.csv")}
    assert {cell.id: words.get(cell.agreement, cell.agreement) for cell in SPEC.cells} == table
    assert Counter(cell.agreement for cell in SPEC.cells)["agree"] == 165
    assert [len(SPEC.erratum(id).cells) for id in ("ERR-29", "ERR-30", "ERR-33")] == [11, 19, 3]


def test_table_1_agrees_with_the_reference(reference):
    for row in rows(reference / "tables" / "dataset_counts.csv"):
        dataset = SPEC.datasets[row["dataset"]]
        assert dataset.counts == tuple(int(row[name]) for name in SPEC.classes)
        assert (dataset.total, "x".join(map(str, dataset.size))) == (
            int(row["total_printed"]),
            row["native_resolution"],
        )


def test_the_released_reports_fit_the_parts_of_fer2013(reference):
    fer2013 = SPEC.datasets["FER2013"]
    rest = dict(
        zip(SPEC.classes, (a - b for a, b in zip(fer2013.counts, fer2013.training_counts, strict=True)), strict=True)
    )
    cells = {cell.id for cell in SPEC.cells if cell.dataset == "FER2013"}
    supports = [
        row
        for row in rows(reference / "tables" / "released_per_class.csv")
        if row["cell"] in cells and row["split"] == "val" and row["row"] in rest
    ]
    assert len({row["cell"] for row in supports}) == 76
    # The dropped tail is at most 10 images, whichever classes they are of.
    assert all(0 <= rest[row["row"]] - int(row["support"]) <= 10 for row in supports)


def test_layer_tables_add_up_to_the_parameter_totals(reference):
    spelled = {name.lower(): network for name, network in SPEC.networks.items()}
    tables = sorted((reference / "architectures").glob("*.csv"))
    assert tables
    for path in tables:
        name, _, resolution = path.stem.rpartition("-")
        total = sum(int(row["params"]) for row in rows(path))
        assert spelled[name.replace("-", "")].parameter_total("scratch", int(resolution)) == total, path.stem


def test_the_logs_begin_most_phases_at_the_learning_rate_of_both_profiles(reference):
    """FER-S-02, ERR-16: counted over the first rate of every log that has a column of them."""
    first = Counter()
    for path in (reference / "training_logs").glob("*.csv"):
        with path.open(newline="") as lines:
            row = next(csv.DictReader(lines))
        if "lr" in row:
            first[float(row["lr"])] += 1
    released = SPEC.value("FER-S-02", "initial_rates")
    assert first.most_common(1)[0][0] == pytest.approx(released[0], rel=1e-6)
    assert SPEC.value("FER-S-02", "initial_rates", "paper") == released[:1]


PRE_TRAINED = re.compile(r"densenet|vgg16-(imagenet|vggface)|vgg19|mobi|efficient|nasnet|resnet50|senet|xception|incep")


def test_the_logs_train_the_head_as_long_as_the_released_profile_says(reference):
    """FER-S-08, ERR-17: the lengths of first phases, read off where the epochs of a log start from 0 again."""
    lengths = Counter()
    for path in (reference / "training_logs").glob("*.csv"):
        epochs = [int(line.split(",")[0]) for line in path.read_text().splitlines() if line[:1].isdigit()]
        starts = [place for place in range(1, len(epochs)) if epochs[place] <= epochs[place - 1]]
        if PRE_TRAINED.match(path.stem) and starts:
            lengths[starts[0]] += 1
    released = SPEC.value("FER-S-08", "frozen_epochs")
    assert sorted(released, key=lambda length: -lengths[length]) == list(released)
    assert all(lengths[length] for length in released)


def test_a_value_other_than_the_witness_is_blamed_on_its_file():
    assert stated("FER-S-08", "frozen_epochs", (30,), "paper").status is Status.PASS
    assert stated("FER-S-02", "initial_rates", (1e-3,), "paper").message == (
        "FER-S-02 initial_rates in ferspec/spec/data/clauses/schedule.toml is 0.0001; "
        "expected 0.001 (paper 4.2; training logs)"
    )
