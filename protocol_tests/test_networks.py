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
from ferspec.reference.models.weightless import weightless
from ferspec.spec.layers import bases, layer_table, read_tables

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
ROWS = models.rows()
PROFILES = ("released", "paper")

each_row = pytest.mark.parametrize(
    "row", ROWS, ids=lambda row: f"{row.network} from {row.weights} at {row.resolution}x{row.resolution}"
)
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


@each_row
def test_has_the_total_the_text_implies(row):
    total = outline(row.network, row.resolution, row.weights, "paper").count_params()
    if base_layer(outline(row.network, row.resolution, row.weights)) is not None:
        assert total == typed_total(row) + LARGER_HEAD
    elif typed_total(row, PAPER_TOTALS) is not None:
        assert total == typed_total(row, PAPER_TOTALS)
    elif row.network not in ("RepVGG", "SMMB", "Ensemble"):
        assert total == typed_total(row)


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


def changed(network, resolution, change, profile="released"):
    """Return a network whose configuration was changed, layer by layer, before it was built."""
    model = outline(network, resolution, profile=profile)
    config = model.get_config()
    layers = [layer for layer in map(change, config["layers"]) if layer is not None]
    # What a layer was built for is left out, so that it is built for what the change makes of its input.
    config["layers"] = [{key: value for key, value in layer.items() if key != "build_config"} for layer in layers]
    config.pop("build_input_shape", None)
    return weightless(lambda: type(model).from_config(config))


def with_setting(number, kind, **settings):
    """Return a change of the n-th layer of a kind."""
    seen = []

    def change(layer):
        if layer["class_name"] == kind:
            seen.append(layer)
            if len(seen) == number:
                return {**layer, "config": {**layer["config"], **settings}}
        return layer

    return change


def without(number, kind):
    seen = []

    def change(layer):
        if layer["class_name"] == kind:
            seen.append(layer)
            return None if len(seen) == number else layer
        return layer

    return change


def as_kind(number, kind, other):
    seen = []

    def change(layer):
        if layer["class_name"] == kind:
            seen.append(layer)
            if len(seen) == number:
                config = {
                    key: layer["config"][key] for key in ("name", "pool_size", "strides") if key in layer["config"]
                }
                return {"module": "keras.layers", "class_name": other, "config": config, "registered_name": None}
        return layer

    return change


WRONG = {
    "a filter count of 65 for 64": (
        ("SequentialSimple", 48, with_setting(2, "Conv2D", filters=65)),
        (3, "Conv2D 44x44x64, 18,496 parameters", "Conv2D 44x44x65"),
    ),
    "padding same for valid": (
        ("Sequential3Conv", 48, with_setting(2, "Conv2D", padding="same")),
        (3, "Conv2D 46x46x64", "Conv2D 48x48x64"),
    ),
    "no padding where SMMB has one": (
        ("SMMB", 48, with_setting(1, "Conv2D", padding="valid")),
        (2, "Conv2D 48x48x32", "Conv2D 46x46x32"),
    ),
    "a missing dropout": (
        ("SequentialSimple", 48, without(4, "Dropout")),
        (14, "Dropout 512", "Dense 7"),
    ),
    "a dropout of another rate": (
        ("SequentialSimple", 48, with_setting(4, "Dropout", rate=0.5)),
        (14, "rate=0.2", "rate=0.5"),
    ),
    "a dropout of another rate in one of two equal branches": (
        ("Ensemble", 48, with_setting(2, "Dropout", rate=0.3)),
        (24, "rate=0.25", "rate=0.3"),
    ),
    "average for maximum pooling": (
        ("LeNet5", 48, as_kind(1, "MaxPooling2D", "AveragePooling2D")),
        (3, "MaxPooling2D 22x22x6", "AveragePooling2D 22x22x6"),
    ),
    "Flatten for global pooling": (
        ("Sequential3Conv", 48, as_kind(1, "GlobalAveragePooling2D", "Flatten")),
        (14, "GlobalAveragePooling2D 512", "Flatten 8192"),
    ),
    "a 3x3 kernel at the global branch of Modular": (
        ("Modular", 48, with_setting(2, "Conv2D", kernel_size=(3, 3))),
        (3, "Conv2D 48x48x32, 2,432 parameters", "Conv2D 48x48x32, 896 parameters"),
    ),
    "seven heads of attention": (
        ("SMMB", 48, with_setting(1, "MultiHeadAttention", num_heads=7)),
        (9, "MultiHeadAttention 12x12x256, 131,712 parameters", "MultiHeadAttention 12x12x256, 230,"),
    ),
}


@pytest.mark.parametrize(("variant", "expected"), WRONG.values(), ids=list(WRONG))
def test_a_wrong_network_is_rejected_at_its_first_wrong_layer(variant, expected):
    network, resolution, _ = variant
    found = departure(changed(*variant), models.Row(network, "scratch", resolution))
    layer, wanted, observed = expected
    assert found.layer == layer
    assert wanted in found.expected
    assert observed in found.observed


@pytest.mark.parametrize(
    ("row", "layer", "wanted"),
    [
        (models.Row("VGG16", "imagenet", 48), 6, "Dense 128"),
        (models.Row("SequentialSimple", "scratch", 224), 8, "Dropout 54x54x128"),
        (models.Row("SMMB", "scratch", 48), 8, "MaxPooling2D 12x12x256"),
        (models.Row("RepVGG", "scratch", 48), 2, "Conv2D 24x24x64, 1,792 parameters"),
    ],
    ids=["head of 256 + 256", "Sequential Simple", "SMMB", "RepVGG"],
)
def test_the_network_of_the_text_is_rejected_where_the_runs_differ_from_it(row, layer, wanted):
    found = departure(outline(row.network, row.resolution, row.weights, "paper"), row, "released")
    assert (found.layer, found.expected[: len(wanted)]) == (layer, wanted)


def test_a_base_without_a_layer_is_rejected_as_a_base():
    smaller = outline("VGG16", 48)
    found = departure(smaller, models.Row("VGG19", "imagenet", 48))
    assert (found.layer, "20,024,384" in found.expected, "14,714,688" in found.observed) == (2, True, True)


def flat(change=None):
    """Return VGG16 with its head as most people build it: the base's layers in one model with those of the head."""
    import keras
    from keras import layers

    base = keras.applications.VGG16(include_top=False, weights=None, input_shape=(48, 48, 3))
    parts = {
        "pooling": layers.GlobalAveragePooling2D(),
        "first": layers.Dense(256, activation="relu"),
        "dropout": layers.Dropout(0.2),
        "second": layers.Dense(128, activation="relu"),
        "output": layers.Dense(7, activation="softmax"),
    }
    parts |= change or {}
    x = base.output
    for part in parts.values():
        x = x if part is None else part(x)
    return keras.Model(base.input, x)


def test_a_base_may_be_part_of_the_model_or_a_model_in_it():
    row = models.Row("VGG16", "imagenet", 48)
    assert departure(weightless(flat), row) is None


@pytest.mark.parametrize(
    ("change", "layer", "wanted", "observed"),
    [
        ("pooling", 3, "GlobalAveragePooling2D 512", "GlobalMaxPooling2D 512"),
        ("dropout", 5, "Dropout 256", "Dense 128"),
        ("second", 6, "activation=relu", "activation=linear"),
    ],
)
def test_a_wrong_head_is_rejected_at_its_first_wrong_layer(change, layer, wanted, observed):
    def build():
        from keras import layers

        return flat(
            {
                "pooling": {"pooling": layers.GlobalMaxPooling2D()},
                "dropout": {"dropout": None},
                "second": {"second": layers.Dense(128)},
            }[change]
        )

    found = departure(weightless(build), models.Row("VGG16", "imagenet", 48))
    assert (found.layer, wanted in found.expected, observed in found.observed) == (layer, True, True)


def test_a_layer_too_many_is_rejected():
    expected = layer_table("LeNet5", "scratch", 48)
    spare = expected[-1].model_copy(update={"number": 10, "inputs": (9,), "type": "Activation", "parameters": 0})
    found = models.departure((*expected, spare), expected)
    assert (found.layer, found.expected) == (10, "no such layer")


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
        for table in (read_tables()[network, side, "released"], models.table_of(outline(network, side))):
            listed = [(layer.type, layer.shape, layer.parameters) for layer in table]
            assert listed[len(listed) - len(printed) :] == printed, path.name


def test_the_bases_and_the_released_head_make_the_totals():
    for base in bases():
        head = (base.features + 1) * 256 + 257 * 128 + 129 * 7
        for row in ROWS:
            if (row.network, row.weights) in {(base.network, weights) for weights in base.weights}:
                assert base.parameters + head == typed_total(row), base.network
