"""Properties of the networks of the zoo, built without weights, that no check asks for."""

import csv
import re
from functools import cache

import pytest

from ferspec import spec
from ferspec.reference import models
from ferspec.reference.models.heads import base_layer
from ferspec.spec.layers import bases, layer_table
from ferspec.spec.recipes import layers_of

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


@cache
def outline(network, resolution, weights=None, profile="released", pooling=None):
    return models.outline(network, resolution, weights, profile=profile, pooling=pooling)


def test_the_protocol_trains_43_rows_and_one_network_beside_them():
    assert [sum(row.resolution == side for row in ROWS[:-1]) for side in (48, 224)] == [23, 20]
    assert ROWS[-1] == models.Row("MediaPipeVGGNet", "scratch", 48)


def test_repvgg_of_its_own_authors_has_their_28_million_parameters():
    """Ding et al. 2021, Table 4: RepVGG-A2 in training form, 28.21 million without running statistics, 1000 classes."""
    model = outline("RepVGG", 224, profile="paper")
    features = model.get_layer("classifier").input.shape[-1]
    published = models.cost(model).trainable_parameters + (features + 1) * (1000 - 7)
    assert round(published / 1e6, 2) == 28.21


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_all_weights_except_normalisation_statistics_are_trained(row):
    model = outline(row.network, row.resolution, row.weights)
    statistics = [weight for weight in model.weights if weight.name in ("moving_mean", "moving_variance")]
    assert row.trainable_parameters == models.cost(model).trainable_parameters
    assert row.parameters - row.trainable_parameters == sum(weight.shape[0] for weight in statistics)


@pytest.mark.parametrize("pooling", ["GlobalAveragePooling2D", "Flatten"])
@pytest.mark.parametrize("profile", ["released", "paper"])
def test_a_head_pools_as_asked(profile, pooling):
    observed = models.table_of(outline("ResNet50", 48, "imagenet", profile, pooling))
    assert models.departure(observed, layer_table("ResNet50", "imagenet", 48, profile, pooling)) is None
    assert models.departure(observed, layer_table("VGG16", "imagenet", 48, profile, pooling)) is not None


@pytest.mark.parametrize("network", ["VGG16", "ResNet50", "DenseNet121"])
def test_the_first_phase_trains_only_the_head_and_the_second_everything(network):
    model = models.outline(network, 48, "imagenet")
    total, base = model.count_params(), base_layer(model).count_params()
    models.freeze_base(model)
    assert models.cost(model).trainable_parameters == total - base
    frozen = [layer for layer in base_layer(model).layers if type(layer).__name__ == "BatchNormalization"]
    assert not any(layer.trainable for layer in frozen)
    models.unfreeze(model)
    assert models.cost(model).trainable_parameters == models.cost(outline(network, 48, "imagenet")).trainable_parameters


@pytest.mark.parametrize(("network", "millions"), PUBLISHED_MULTIPLICATIONS.items())
def test_the_number_of_multiplications_is_that_of_the_authors(network, millions):
    profile = "paper" if network == "RepVGG" else "released"
    flops = models.cost(outline(network, 224, profile=profile)).flops
    assert flops / 2e6 == pytest.approx(millions, rel=0.015)


def test_lenet5_keeps_the_activations_one_counts_by_hand():
    values = 44**2 * 6 + 22**2 * 6 + 18**2 * 16 + 9**2 * 16 + 1296 + 120 + 84 + 7
    assert models.cost(outline("LeNet5", 48)).activation_bytes == 4 * values


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


@pytest.mark.parametrize(("network", "published"), PUBLISHED_CONVOLUTIONS.items(), ids=list(PUBLISHED_CONVOLUTIONS))
def test_a_base_has_the_convolutions_its_authors_count(network, published):
    for base in (base for base in bases() if base.network == network):
        counted = sum(number for kind, number in base.parts.items() if "Conv2D" in kind)
        assert counted == published


@pytest.mark.parametrize("erratum", ["ERR-05", "ERR-06", "ERR-28"])
def test_the_errata_of_the_head_concern_only_the_bases(erratum):
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
