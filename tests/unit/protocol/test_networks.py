"""FER-N and FER-P-03 to FER-P-06: every network of the protocol, layer for layer, in both profiles.

Networks are built without weights. The layer tables they are held against are data files of the specification; the
totals below are typed from what Keras printed in the authors' notebooks.
"""

import csv
import re
from functools import cache

import pytest

from ferspec import spec
from ferspec.reference import models
from ferspec.reference.models.heads import base_layer
from ferspec.spec.layers import bases, layer_table
from ferspec.spec.recipes import layers_of

TOTALS = {
    "VGG16": 14_879_815,
    "VGG19": 20_189_511,
    "ResNet50": 24_146_055,
    "ResNet50 vggface": 24_119_495,
    "SENet50": 26_650_487,
    "MobileNet": 3_525_063,
    "MobileNetV2": 2_619_719,
    "EfficientNetV2B0": 6_281_047,
    "NASNetMobile": 4_574_107,
    "DenseNet121": 7_333_703,
    "Xception": 21_419_823,
    "InceptionV3": 22_361_127,
    "GoogLeNet 48": 5_909_319,
    "GoogLeNet 224": 5_916_999,
    "ResNet18 48": 11_710_919,
    "ResNet18 224": 11_718_599,
    "RepVGG": 26_454_023,
    "AlexNet": 21_612_295,
    "ZFNet": 21_589_127,
    "VGGNet 48": 33_625_927,
    "VGGNet 224": 134_289_223,
    "LeNet5": 169_271,
    "Sequential3Conv": 1_365_703,
    "Sequential4Conv": 2_840_775,
    "SequentialSimple 48": 2_489_671,
    "SequentialSimple 224": 88_997_191,
    "Ensemble": 2_001_045,
    "Modular 48": 5_337_735,
    "Modular 224": 103_379_591,
    "SMMB": 5_512_455,
    "MediaPipeVGGNet": 7_054_279,
}
# The text's head has 256 units where the released one has 128: 257 · 128 and 7 · 128 parameters more.
LARGER_HEAD = 33_792
PAPER_TOTALS = {
    # 3·9·32+32, 32·9·64+64, 64·9·128+128, 128·9·64+64, 64·9·64+64; then 64 or 64·12² values into 512, and 7 classes.
    "SequentialSimple 48": 896 + 18_496 + 73_856 + 73_792 + 36_928 + 65 * 512 + 513 * 7,
    "SequentialSimple 224": 896 + 18_496 + 73_856 + 73_792 + 36_928 + (64 * 144 + 1) * 512 + 513 * 7,
    # The released SMMB, whose emotion branch ends in 128 maps of 24² places instead of 12².
    "SMMB": 5_512_455 + 128 * (24**2 - 12**2) * 7,
    # Members of 32, 64 and 128 filters, twice, and of 64, 128 and 256; 4 parameters a normalised channel.
    "Ensemble": 2 * (896 + 18_496 + 73_856 + 4 * (32 + 64 + 128) + 129 * 512 + 513 * 7)
    + (1_792 + 73_856 + 295_168 + 4 * (64 + 128 + 256) + 257 * 512 + 513 * 7),
}
# Multiplications of one forward pass at 224×224 as the publications count them, in millions: bases and RepVGG-A2 fused,
# which has nine tenths of those in training form.
PUBLISHED_MULTIPLICATIONS = {
    "VGG16": 15_300,
    "VGG19": 19_500,
    "ResNet50": 3_860,
    "MobileNet": 569,
    "MobileNetV2": 300,
    "RepVGG": 5_100 * 10 / 9,
}
# Convolutions of the bases as their publications count them, plain, depthwise and separable, without the classifier.
# ResNet50: a stem, 16 blocks of three, four projections; a squeeze has two dense layers, built as 1x1 convolutions.
# MobileNet: a stem and 13 pairs. MobileNetV2: a stem, 17 blocks of three (the first does not expand), a last one.
# DenseNet121: a stem, 58 pairs, three transitions. Xception: 36 and four projections.
PUBLISHED_CONVOLUTIONS = {
    "VGG16": 13,
    "VGG19": 16,
    "ResNet50": 1 + 3 * 16 + 4,
    "SENet50": 1 + 3 * 16 + 4 + 2 * 16,
    "MobileNet": 1 + 2 * 13,
    "MobileNetV2": 1 + 3 * 17 - 1 + 1,
    "DenseNet121": 1 + 2 * 58 + 3,
    "Xception": 36 + 4,
    "InceptionV3": 94,
}
ROWS = models.rows()
PROFILES = ("released", "paper")


def sentence(row):
    return f"{row.network} from {row.weights} at {row.resolution}x{row.resolution}"


each_row = pytest.mark.parametrize("row", ROWS, ids=sentence)
each_profile = pytest.mark.parametrize("profile", PROFILES)


@cache
def outline(network, resolution, weights=None, profile="released", pooling=None):
    return models.outline(network, resolution, weights, profile=profile, pooling=pooling)


def typed_total(row, totals=TOTALS):
    keys = f"{row.network} {row.resolution}", f"{row.network} {row.weights}", row.network
    return next((totals[key] for key in keys if key in totals), None)


def departure(model, row, profile="released"):
    return models.departure(models.table_of(model), layer_table(row.network, row.weights, row.resolution, profile))


def test_the_protocol_trains_43_rows_and_one_network_beside_them():
    assert [sum(row.resolution == side for row in ROWS[:-1]) for side in (48, 224)] == [23, 20]
    assert ROWS[-1] == models.Row("MediaPipeVGGNet", "scratch", 48)
    assert len({row.network for row in ROWS}) == spec.load().value("FER-N-01", "architectures")


@each_profile
@each_row
def test_consists_of_the_specified_layers(row, profile):
    assert departure(outline(row.network, row.resolution, row.weights, profile), row, profile) is None


@each_row
def test_has_the_total_keras_printed(row):
    model = outline(row.network, row.resolution, row.weights)
    assert model.count_params() == row.parameters == typed_total(row)


@pytest.mark.parametrize("row", [row for row in ROWS if row.network != "RepVGG"], ids=sentence)
def test_has_the_total_the_text_implies(row):
    """RepVGG's, of its publication, is held against that below."""
    total = outline(row.network, row.resolution, row.weights, "paper").count_params()
    if base_layer(outline(row.network, row.resolution, row.weights)) is not None:
        assert total == typed_total(row) + LARGER_HEAD
    else:
        assert total == (typed_total(row, PAPER_TOTALS) or typed_total(row))


def test_repvgg_of_its_own_authors_has_their_28_million_parameters():
    """Ding et al. 2021, Table 4: RepVGG-A2 in training form, 28.21 million without running statistics, 1000 classes."""
    model = outline("RepVGG", 224, profile="paper")
    features = model.get_layer("classifier").input.shape[-1]
    published = models.cost(model).trainable_parameters + (features + 1) * (1000 - 7)
    assert round(published / 1e6, 2) == 28.21


@each_row
def test_trains_all_but_the_statistics_of_its_normalisation(row):
    model = outline(row.network, row.resolution, row.weights)
    statistics = [weight for weight in model.weights if weight.name in ("moving_mean", "moving_variance")]
    assert row.trainable_parameters == models.cost(model).trainable_parameters
    assert row.parameters - row.trainable_parameters == sum(weight.shape[0] for weight in statistics)


@each_row
def test_ends_in_seven_probabilities(row):
    model = outline(row.network, row.resolution, row.weights)
    table = models.table_of(model)
    assert model.output_shape == (None, 7)
    outputs = [layer for layer in table if layer.settings.get("activation") == "softmax"]
    assert len(outputs) == (3 if row.network == "Ensemble" else 1)


@pytest.mark.parametrize("pooling", ["GlobalAveragePooling2D", "Flatten"])
@each_profile
def test_a_head_pools_as_it_is_told(profile, pooling):
    model = outline("ResNet50", 48, "imagenet", profile, pooling)
    expected = layer_table("ResNet50", "imagenet", 48, profile, pooling)
    assert models.departure(models.table_of(model), expected) is None
    assert models.departure(models.table_of(model), layer_table("VGG16", "imagenet", 48, profile, pooling)) is not None


@pytest.mark.parametrize("network", ["VGG16", "ResNet50", "DenseNet121"])
def test_the_first_phase_trains_the_head_alone_and_the_second_everything(network):
    model = models.outline(network, 48, "imagenet")
    total, base = model.count_params(), base_layer(model).count_params()
    models.freeze_base(model)
    assert models.cost(model).trainable_parameters == total - base
    frozen = [layer for layer in base_layer(model).layers if type(layer).__name__ == "BatchNormalization"]
    assert not any(layer.trainable for layer in frozen)
    models.unfreeze(model)
    assert models.cost(model).trainable_parameters == models.cost(outline(network, 48, "imagenet")).trainable_parameters


@pytest.mark.parametrize(("network", "millions"), PUBLISHED_MULTIPLICATIONS.items())
def test_costs_the_multiplications_its_authors_count(network, millions):
    profile = "paper" if network == "RepVGG" else "released"
    flops = models.cost(outline(network, 224, profile=profile)).flops
    assert flops / 2e6 == pytest.approx(millions, rel=0.015)


def test_lenet5_keeps_the_activations_one_counts_by_hand():
    values = 44**2 * 6 + 22**2 * 6 + 18**2 * 16 + 9**2 * 16 + 1296 + 120 + 84 + 7
    assert models.cost(outline("LeNet5", 48)).activation_bytes == 4 * values


def test_branches_may_be_listed_in_any_order():
    table = layer_table("Modular", "scratch", 48)
    order = [1, *range(3, 25, 2), *range(2, 25, 2)]
    listed = [number for number in order if number <= len(table) - 2] + [len(table) - 1, len(table)]
    position = {number: place for place, number in enumerate(listed, start=1)}
    shuffled = [
        table[number - 1].model_copy(
            update={
                "number": position[number],
                "inputs": tuple(position[read] for read in table[number - 1].inputs),
            }
        )
        for number in listed
    ]
    assert models.departure(shuffled, table) is None


def test_the_layer_tables_are_those_keras_printed(reference):
    """Row for row, in Keras' own order."""
    files = sorted((reference / "architectures").glob("*.csv"))
    assert len(files) == 19
    for path in files:
        name, _, resolution = path.stem.rpartition("-")
        side = 224 if name == "sequential3conv" else int(resolution)
        with path.open() as lines:
            rows = list(csv.DictReader(lines))
        printed = [
            (row["type"], tuple(map(int, re.findall(r"\d+", row["output_shape"]))), int(row["params"])) for row in rows
        ]
        network = models.find(name).name
        for table in (layers_of(network, side), models.table_of(outline(network, side))):
            listed = [(layer.type, layer.shape, layer.parameters) for layer in table]
            assert listed[len(listed) - len(printed) :] == printed, path.name


def test_the_bases_and_the_released_head_make_the_totals():
    for base in bases():
        head = (base.features + 1) * 256 + 257 * 128 + 129 * 7
        for row in ROWS:
            if (row.network, row.weights) in {(base.network, weights) for weights in base.weights}:
                assert base.parameters + head == typed_total(row), base.network


@pytest.mark.parametrize(("network", "published"), PUBLISHED_CONVOLUTIONS.items(), ids=list(PUBLISHED_CONVOLUTIONS))
def test_a_base_has_the_convolutions_its_authors_count(network, published):
    for base in (base for base in bases() if base.network == network):
        counted = sum(number for kind, number in base.parts.items() if "Conv2D" in kind)
        assert counted == published


@pytest.mark.parametrize("erratum", ["ERR-05", "ERR-06", "ERR-28"])
def test_the_errata_of_the_head_touch_the_bases_alone(erratum):
    networks = spec.load().networks.values()
    touched = [network.name for network in networks if erratum in models.errata_of(network.name)]
    assert touched == [network.name for network in networks if network.origin == "keras"]


@pytest.mark.parametrize(
    ("network", "touching", "others"),
    [
        ("GoogLeNet", {"ERR-07", "ERR-35"}, {"ERR-08"}),
        ("MediaPipeVGGNet", {"ERR-08", "ERR-09", "ERR-10", "ERR-35"}, {"ERR-07"}),
        ("LeNet5", {"ERR-37"}, {"ERR-07", "ERR-08"}),
        ("Ensemble", {"ERR-14"}, {"ERR-07", "ERR-08"}),
        ("SMMB", {"ERR-15"}, {"ERR-07", "ERR-08"}),
        ("ResNet18", {"ERR-07", "ERR-23", "ERR-35"}, {"ERR-08"}),
        ("InceptionV3", {"ERR-08", "ERR-09"}, {"ERR-07", "ERR-35"}),
    ],
)
def test_a_network_shows_the_errata_that_touch_it(network, touching, others):
    shown = set(models.errata_of(network))
    assert touching <= shown
    assert not others & shown


@pytest.mark.parametrize(
    ("profile", "dropouts", "convolutions", "poolings"), [("released", 2, 6, 3), ("paper", 0, 3, 2)]
)
def test_the_tables_have_what_the_errata_say_of_either_profile(profile, dropouts, convolutions, poolings):
    """The counts that ERR-13 and ERR-14 set side by side."""
    table = layer_table("SequentialSimple", "scratch", 48, profile)
    assert len([layer for layer in table if layer.type == "Dropout" and len(layer.shape) == 3]) - 1 == dropouts
    types = [layer.type for layer in layer_table("Ensemble", "scratch", 48, profile)]
    assert types.count("Conv2D") == 3 * convolutions
    assert types.count("MaxPooling2D") == 3 * poolings
