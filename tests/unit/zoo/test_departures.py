"""A network that differs from its layer table is rejected at its first wrong layer.

Which wrong layers are found in a layer table is shown by the mutants.
"""

import pytest

from ferspec.reference import models
from ferspec.reference.models.weightless import weightless
from ferspec.spec.layers import layer_table

VGG16 = models.Row("VGG16", "imagenet", 48)


def departure(model, row):
    return models.departure(models.table_of(model), layer_table(row.network, row.weights, row.resolution))


def test_the_network_of_the_text_is_rejected_where_the_runs_differ_from_it():
    found = departure(models.outline("SMMB", 48, profile="paper"), models.Row("SMMB", "scratch", 48))
    assert (found.layer, found.expected) == (8, "MaxPooling2D 12x12x256, 0 parameters")


def test_a_base_without_a_layer_is_rejected_as_a_base():
    smaller = models.outline("VGG16", 48)
    found = departure(smaller, models.Row("VGG19", "imagenet", 48))
    assert (found.layer, "20,024,384" in found.expected, "14,714,688" in found.observed) == (2, True, True)


def changed_base(network, change):
    """Return a network of a base with the head it has, its base changed layer by layer before it was built."""
    import keras

    from ferspec.reference.models.heads import add_head

    def build():
        base = getattr(keras.applications, network)(include_top=False, weights=None, input_shape=(48, 48, 3))
        return add_head(keras.models.clone_model(base, clone_function=change), network.lower(), 7, "released", None)

    return weightless(build)


def averaging(layer):
    from keras import layers

    if type(layer).__name__ != "MaxPooling2D":
        return layer.__class__.from_config(layer.get_config())
    settings = {key: layer.get_config()[key] for key in ("name", "pool_size", "strides", "padding")}
    return layers.AveragePooling2D(**settings)


def linear(layer):
    config = layer.get_config()
    if config.get("activation") == "relu":
        config["activation"] = "linear"
    return layer.__class__.from_config(config)


def leaky(layer):
    from keras import layers

    if type(layer).__name__ == "Activation":
        return layers.LeakyReLU(name=layer.name)
    return layer.__class__.from_config(layer.get_config())


@pytest.mark.parametrize(
    ("network", "change", "observed", "wanted"),
    [
        ("VGG16", averaging, "layer 4: AveragePooling2D 24x24x64", "with no AveragePooling2D"),
        ("VGG16", linear, "layer 2: Conv2D 48x48x64", "with no Conv2D"),
        ("ResNet50", averaging, "AveragePooling2D 12x12x64, 0 parameters", "with no AveragePooling2D"),
        ("ResNet50", linear, "Activation 24x24x64, 0 parameters activation=linear", "with no Activation"),
        ("DenseNet121", averaging, "AveragePooling2D 1x1x512, 0 parameters", "with 3 AveragePooling2D"),
        ("ResNet50", leaky, "LeakyReLU 24x24x64, 0 parameters", "with no LeakyReLU"),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_a_base_of_other_layers_is_rejected_at_the_first_of_them(network, change, observed, wanted):
    found = departure(changed_base(network, change), models.Row(network, "imagenet", 48))
    assert observed in str(found)
    assert found.expected.endswith(wanted)


def test_a_base_with_added_dropout_is_rejected_at_the_first():
    def build():
        import keras
        from keras import layers

        base = keras.applications.VGG16(include_top=False, weights=None, input_shape=(48, 48, 3))
        x = base.input
        for layer in base.layers[1:]:
            x = layer(x)
            if layer.name.endswith("conv1"):
                x = layers.Dropout(0.9, name=f"{layer.name}_dropout")(x)
        for layer in flat().layers[-5:]:
            x = layer(x)
        return keras.Model(base.input, x)

    found = departure(weightless(build), VGG16)
    assert str(found).startswith("layer 3: Dropout 48x48x64")
    assert found.expected.endswith("with no Dropout")


def test_a_missing_kind_of_layer_is_named():
    observed = models.table_of(models.outline("VGG16", 48))
    expected = layer_table("VGG16", "imagenet", 48)
    larger = expected[1].model_copy(update={"parts": {**expected[1].parts, "ZeroPadding2D": 1}})
    found = models.departure(observed, (expected[0], larger, *expected[2:]))
    assert found.layer == 2
    assert found.expected.endswith("with 1 ZeroPadding2D")
    assert found.observed.endswith("with 0 ZeroPadding2D")


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
    assert departure(weightless(flat), VGG16) is None


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

    found = departure(weightless(build), VGG16)
    assert (found.layer, wanted in found.expected, observed in found.observed) == (layer, True, True)


def test_a_layer_too_many_is_rejected():
    expected = layer_table("LeNet5", "scratch", 48)
    spare = expected[-1].model_copy(update={"number": 10, "inputs": (9,), "type": "Activation", "parameters": 0})
    found = models.departure((*expected, spare), expected)
    assert (found.layer, found.expected) == (10, "no such layer")
