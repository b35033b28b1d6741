"""Networks, heads and initial weights with one mistake each, and unusual right ones.

A wrong network is the specification's table with a layer changed, so that none has to be built.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ferspec import spec
from ferspec.checks.implementation.networks.mistakes import TOTALS, counted, total_of
from ferspec.checks.implementation.networks.witness import LARGER_HEAD
from ferspec.spec.layers import layer_table
from mutants.kinds import Mutant, mistaken, right, wrong

Table = list[dict[str, Any]]
NAMES = tuple(spec.load().networks)
HEAD: Table = [
    {"layer": "GlobalAveragePooling2D"},
    {"layer": "Dense", "units": 256, "activation": "relu"},
    {"layer": "Dropout", "rate": 0.2},
    {"layer": "Dense", "units": 128, "activation": "relu"},
    {"layer": "Dense", "units": 7, "activation": "softmax"},
]
POOLING, FIRST, DROPOUT, SECOND, OUTPUT = HEAD
TWO, RELU = {"pool": "2x2"}, {"activation": "relu"}
FROZEN, FREE = {"frozen": "base", "epochs": 20}, {"frozen": None, "epochs": None}


def table_of(architecture: str, weights: str, resolution: int, profile: str = "released") -> Table:
    return [layer.model_dump() for layer in layer_table(architecture, weights, resolution, profile)]


def tables(change: Callable[[Table], Table], profile: str = "released") -> dict[str, Callable]:
    def changed(architecture, weights, resolution):
        return change(table_of(architecture, weights, resolution, profile))

    return {"layer_table": changed}


def layers(kind: str, *places: int, settings: dict[str, str] | None = None, **changes: Any) -> dict[str, Callable]:
    """Return tables in which the layers of a kind, those at these places among them or all, are changed."""

    def change(table: Table) -> Table:
        found = [layer for layer in table if layer["type"] == kind]
        for place, layer in enumerate(found):
            if not places or place in places:
                layer.update(changes)
                layer["settings"].update(settings or {})
        return table

    return tables(change)


def of(network: str, changed: dict[str, Callable]) -> dict[str, Callable]:
    """Return tables that are changed for one network alone."""

    def layer_table(architecture, weights, resolution):
        tables_of = changed["layer_table"] if architecture == network else table_of
        return tables_of(architecture, weights, resolution)

    return {"layer_table": layer_table}


def without(kind: str, *places: int) -> dict[str, Callable]:
    """Return tables without some layers of a kind, or all; what read them reads what they read."""

    def change(table: Table) -> Table:
        found = [layer["number"] for layer in table if layer["type"] == kind]
        left_out = {number for place, number in enumerate(found) if not places or place in places}
        reads: dict[int, int] = {}
        kept = []
        for layer in table:
            inputs = [reads[read] for read in layer["inputs"]]
            if layer["number"] in left_out:
                reads[layer["number"]] = inputs[0]
            else:
                kept.append({**layer, "number": len(kept) + 1, "inputs": inputs})
                reads[layer["number"]] = len(kept)
        return kept

    return tables(change)


def filters(place: int, count: int, parameters: int) -> dict[str, Callable]:
    """Return tables in which one convolution has another number of filters."""

    def change(table: Table) -> Table:
        layer = [layer for layer in table if layer["type"] == "Conv2D"][place]
        layer.update(shape=[*layer["shape"][:2], count], parameters=parameters)
        return table

    return tables(change)


def head(*parts: dict[str, Any]) -> dict[str, Callable]:
    return {"head": lambda weights: list(parts)}


def starts(change: Callable[[str, list[str]], list[str]]) -> dict[str, Callable]:
    def starting_weights(architecture):
        cells = [cell for cell in spec.load().cells if cell.architecture == architecture]
        return change(architecture, list(dict.fromkeys(cell.weights for cell in cells)))

    return {"starting_weights": starting_weights}


def from_another(network: str, weights: str) -> dict[str, Callable]:
    return starts(lambda name, known: [weights] if name == network else known)


def phases(*answers: dict[str, Any]) -> dict[str, Callable]:
    return {"phases": lambda weights: list(answers)}


def as_the_text_has_it(clause: str, name: str) -> Mutant:
    """Return the networks of the profile ``paper`` where those of the runs are asked for."""
    cause = "it is the network of the profile paper"
    return wrong(clause, name, cause=cause, **tables(lambda table: table, "paper"))


def as_run(clause: str, name: str) -> Mutant:
    """Return the networks of the runs where those of the profile ``paper`` are asked for."""
    cause = "it is the network of the profile released"
    return wrong(clause, name, "paper", cause, **tables(lambda table: table))


def with_a_layer_more(table: Table) -> Table:
    return [*table, {**table[-1], "number": len(table) + 1, "inputs": [len(table)], "type": "Activation"}]


def with_tanh(table: Table) -> Table:
    """Return a table in which every rectified layer has another activation."""
    for layer in table:
        if layer["settings"].get("activation") == "relu":
            layer["settings"]["activation"] = "tanh"
    return table


def renamed(table: Table) -> Table:
    return [{**layer, "name": f"features.{layer['number']}"} for layer in table]


def with_extra_keys(table: Table) -> Table:
    return [
        {**layer, "trainable": True, "comment": "", "settings": {**layer["settings"], "bias": True}} for layer in table
    ]


def branches_one_by_one(table: Table) -> Table:
    """Return a table sorted by how far back a branch started, each layer as late as what reads it allows."""
    order: list[int] = []

    def list_after_inputs(number: int) -> None:
        for read in sorted(table[number - 1]["inputs"], reverse=True):
            list_after_inputs(read)
        if number not in order:
            order.append(number)

    list_after_inputs(len(table))
    place = {number: position for position, number in enumerate(order, start=1)}
    return [
        {
            **table[number - 1],
            "number": place[number],
            "inputs": [place[read] for read in table[number - 1]["inputs"]],
        }
        for number in order
    ]


def settings_as_numbers(table: Table) -> Table:
    """Return a table with the types that another framework's settings have, a rate in float32 among them."""

    def typed(name: str, value: str) -> Any:
        if name == "rate":
            return {"0.1": 0.10000000149011612, "0.2": 0.20000000298023224}.get(value, float(value))
        return list(map(int, value.split("x"))) if "x" in value and value[0].isdigit() else value

    return [
        {**layer, "settings": {name: typed(name, value) for name, value in layer["settings"].items()}}
        for layer in table
    ]


RENAMED = ["ResNet50V2" if name == "ResNet50" else name for name in NAMES]
PADDED = layers("Conv2D", 0, shape=[48, 48, 64])
SIGMOID = layers("Dense", 2, settings={"activation": "sigmoid"})
SMALL = layers("MaxPooling2D", 2, settings=TWO)
LARGE = layers("MaxPooling2D", 0, settings={"pool": "3x3"})
RELEASED_UNITS, PAPER_UNITS = (f"the units of the profile {profile}" for profile in ("released", "paper"))
MAXIMA = layers("GlobalAveragePooling2D", type="GlobalMaxPooling2D")
WITH_LARGER_HEADS = counted(lambda row, profile: total_of(row, profile) + LARGER_HEAD)
AT_48 = counted(lambda row, profile: total_of(replace(row, resolution=48), profile))
MUTANTS = (
    wrong("FER-N-01", "one architecture is missing", architectures=lambda: list(NAMES[:-1])),
    wrong("FER-N-01", "an architecture has another name", architectures=lambda: RENAMED),
    wrong("FER-N-01", "an architecture counts twice", architectures=lambda: [*NAMES, "VGG16"]),
    wrong("FER-N-01", "as many as the runs where the text is asked for", "paper", architectures=lambda: list(NAMES)),
    *mistaken("FER-N-02", "parameter_total", TOTALS),
    wrong("FER-N-02", "a head of 256 and 256 units", parameter_total=WITH_LARGER_HEADS),
    wrong("FER-N-02", "the total at 48x48 at every resolution", parameter_total=AT_48),
    wrong(
        "FER-N-02",
        "the totals of the runs where the text is asked for",
        "paper",
        "that of the other profile",
        parameter_total=counted(total_of),
    ),
    wrong("FER-N-02", "no output layer", **tables(lambda table: table[:-1])),
    wrong("FER-N-02", "a layer too many", **tables(with_a_layer_more)),
    wrong("FER-N-02", "a base of another size", **of("VGG19", layers("Base", 0, parameters=14_714_688))),
    wrong("FER-N-02", "average for maximum pooling", **layers("MaxPooling2D", 0, type="AveragePooling2D")),
    wrong("FER-N-02", "a padded convolution in the grey network", **of("MediaPipeVGGNet", PADDED)),
    wrong("FER-N-02", "independent outputs for classes that exclude each other", **of("LeNet5", SIGMOID)),
    wrong("FER-N-02", "windows of 2x2 in inception modules", **of("GoogLeNet", SMALL)),
    wrong("FER-N-02", "windows of 3x3 in LeNet5", **of("LeNet5", LARGE)),
    *(
        wrong(clause, "tanh for rectified units", **tables(with_tanh))
        for clause in ("FER-N-02", "FER-N-03", *(f"FER-N-{number:02}" for number in range(5, 13)))
    ),
    wrong("FER-N-03", "a convolution rectified before its normalisation", **layers("Conv2D", 0, settings=RELU)),
    wrong("FER-N-03", "ResNet18 without the dense layer", **without("Dense", 0)),
    wrong("FER-N-03", "ResNet18 without the second dropout", **without("Dropout", 1)),
    wrong("FER-N-03", "first dropout of 0.5", **layers("Dropout", 0, settings={"rate": "0.5"})),
    wrong("FER-N-03", "no shortcut in the first block", **layers("Add", 0, type="Activation", inputs=[9])),
    wrong("FER-N-03", "stem of 32 filters", **filters(0, 32, 864)),
    as_the_text_has_it("FER-N-04", "RepVGG as published, which folds"),
    as_run("FER-N-04", "RepVGG as run where the text is asked for"),
    wrong("FER-N-04", "no layers that stop the gradient", **without("GradientCheckpointing")),
    wrong("FER-N-05", "AlexNet's pooling windows do not overlap", **layers("MaxPooling2D", settings={"pool": "2x2"})),
    wrong("FER-N-05", "first kernel of 7", **layers("Conv2D", 0, settings={"kernel": "7x7"}, parameters=14_208)),
    wrong("FER-N-05", "first stride of 2", **layers("Conv2D", 0, settings={"strides": "2x2"}, shape=[19, 19, 96])),
    wrong("FER-N-05", "second kernel of 3", **layers("Conv2D", 1, settings={"kernel": "3x3"}, parameters=221_440)),
    wrong("FER-N-06", "ZFNet's first stride is 4", **layers("Conv2D", 0, settings={"strides": "4x4"})),
    wrong("FER-N-06", "second convolution of stride 1", **layers("Conv2D", 1, settings={"strides": "1x1"})),
    wrong("FER-N-06", "first convolution is padded", **layers("Conv2D", 0, settings={"padding": "same"})),
    wrong("FER-N-06", "a window of 2x2 for 3x3", **layers("MaxPooling2D", 0, settings=TWO)),
    wrong("FER-N-06", "sigmoid outputs", **layers("Dense", 2, settings={"activation": "sigmoid"})),
    wrong("FER-N-07", "padding same for valid", **layers("Conv2D", 1, shape=[48, 48, 64])),
    wrong("FER-N-07", "256 filters in the last convolution", **filters(4, 256, 295_168)),
    wrong("FER-N-07", "no dropout in the first block", **without("Dropout", 0)),
    wrong("FER-N-07", "no batch normalisation", **without("BatchNormalization")),
    wrong("FER-N-07", "Flatten for global pooling", **layers("GlobalAveragePooling2D", type="Flatten", shape=[8192])),
    wrong("FER-N-07", "global pooling of maxima", **MAXIMA),
    wrong("FER-N-08", "global pooling where the run flattens", **layers("Flatten", type="GlobalAveragePooling2D")),
    as_run("FER-N-08", "Flatten where the text pools globally"),
    wrong("FER-N-08", "dense dropout of 0.2", **layers("Dropout", 4, settings={"rate": "0.2"})),
    wrong("FER-N-08", "average for maximum pooling", **layers("MaxPooling2D", type="AveragePooling2D")),
    wrong("FER-N-08", "a dense layer of 512", **layers("Dense", 0, shape=[512], parameters=262_656)),
    as_the_text_has_it("FER-N-09", "two more convolutions of 64, as the text says"),
    wrong("FER-N-09", "a dense dropout of 0.5", **layers("Dropout", 3, settings={"rate": "0.5"})),
    wrong("FER-N-09", "no dropout in the second block", **without("Dropout", 1, 2)),
    wrong("FER-N-09", "65 filters for 64", **filters(1, 65, 18_785)),
    wrong("FER-N-09", "tanh in the first convolution", **layers("Conv2D", 0, settings={"activation": "tanh"})),
    as_the_text_has_it("FER-N-10", "single convolutions, as the text says"),
    as_run("FER-N-10", "pairs of convolutions where the text is asked for"),
    wrong("FER-N-10", "a dropout of 0.3 in one of equal branches", **layers("Dropout", 1, settings={"rate": "0.3"})),
    wrong("FER-N-10", "the largest of the three members counts", **layers("Average", type="Maximum")),
    wrong("FER-N-10", "two members in place of three", **layers("Average", inputs=[83, 84])),
    wrong("FER-N-10", "last dropout of 0.25", **layers("Dropout", 9, settings={"rate": "0.25"})),
    wrong("FER-N-10", "sigmoid outputs of the members", **layers("Dense", settings={"activation": "sigmoid"})),
    wrong("FER-N-10", "the convolutions are rectified twice", **layers("Conv2D", settings={"activation": "relu"})),
    wrong("FER-N-11", "kernels of 3 in the global branch", **layers("Conv2D", 1, parameters=896)),
    wrong("FER-N-11", "kernels of 7 in the global branch", **layers("Conv2D", 1, settings={"kernel": "7x7"})),
    wrong("FER-N-11", "no dropout after the second dense layers", **without("Dropout", 2, 3)),
    wrong("FER-N-11", "linear for rectified units", **layers("Conv2D", 2, settings={"activation": "linear"})),
    wrong("FER-N-11", "branches are added", **layers("Concatenate", type="Add", shape=[256])),
    wrong("FER-N-11", "the global branch sees what the local one made", **layers("Conv2D", 3, inputs=[4])),
    wrong("FER-N-12", "convolutions are not padded", **layers("Conv2D", settings={"padding": "valid"})),
    wrong("FER-N-12", "seven heads of attention", **layers("MultiHeadAttention", settings={"heads": "7"})),
    wrong("FER-N-12", "keys of size 64", **layers("MultiHeadAttention", settings={"key": "64"}, parameters=263_040)),
    wrong("FER-N-12", "a residual around the attention", **layers("LayerNormalization", inputs=[9, 8])),
    as_the_text_has_it("FER-N-12", "one pooling in the emotion branch"),
    wrong("FER-P-01", "VGGFace is missing", **starts(lambda _, known: [kind for kind in known if kind != "vggface"])),
    wrong("FER-P-01", "nothing from scratch", **starts(lambda _, known: [k for k in known if k != "scratch"])),
    wrong("FER-P-01", "a fourth kind of weights", **starts(lambda _, known: [*known, "affectnet"])),
    wrong("FER-P-02", "MobileNet from scratch", **from_another("MobileNet", "scratch")),
    wrong("FER-P-02", "SENet50 from ImageNet", **from_another("SENet50", "imagenet")),
    wrong("FER-P-02", "a fourth kind of weights", **starts(lambda _, known: [*known, "affectnet"])),
    wrong("FER-P-02", "VGG16 from ImageNet alone", **starts(lambda _, known: known[:1])),
    wrong("FER-P-02", "ImageNet for all", **starts(lambda _, known: sorted({*known, "imagenet"}))),
    wrong("FER-P-03", "Flatten for global pooling", **head({"layer": "Flatten"}, *HEAD[1:])),
    wrong("FER-P-03", "maxima are pooled", **head({"layer": "GlobalMaxPooling2D"}, *HEAD[1:])),
    wrong("FER-P-03", "the head pools twice", **head(POOLING, {"layer": "Flatten"}, *HEAD[1:])),
    wrong("FER-P-03", "dense layers before the pooling", **head(FIRST, DROPOUT, SECOND, POOLING, OUTPUT)),
    wrong("FER-P-03", "Flatten in the networks", **layers("GlobalAveragePooling2D", type="Flatten")),
    wrong("FER-P-03", "maxima are pooled, by the text too", "paper", **MAXIMA),
    wrong("FER-P-03", "maxima are pooled in one network", **of("MobileNetV2", MAXIMA)),
    wrong("FER-P-04", "a head of 512 units", **head(POOLING, FIRST | {"units": 512}, *HEAD[2:])),
    wrong("FER-P-04", "256 and 256 units", **head(*HEAD[:3], SECOND | {"units": 256}, OUTPUT)),
    wrong("FER-P-04", "256 and 128 units where the text is asked for", "paper", RELEASED_UNITS, **head(*HEAD)),
    wrong("FER-P-04", "128 before 256", **head(POOLING, SECOND, DROPOUT, FIRST, OUTPUT)),
    wrong("FER-P-04", "a single dense layer", **head(POOLING, FIRST, DROPOUT, OUTPUT)),
    wrong("FER-P-04", "three dense layers", **head(*HEAD[:4], {**SECOND, "units": 64}, OUTPUT)),
    wrong("FER-P-04", "256 and 256 units in the networks", cause=PAPER_UNITS, **tables(lambda table: table, "paper")),
    wrong("FER-P-04", "512 units in one network", **of("VGG19", layers("Dense", 0, shape=[512]))),
    wrong("FER-P-05", "dropout after the second dense layer", **head(POOLING, FIRST, SECOND, DROPOUT, OUTPUT)),
    wrong("FER-P-05", "dropout after both dense layers", **head(*HEAD[:4], DROPOUT, OUTPUT)),
    wrong("FER-P-05", "no dropout", **head(POOLING, FIRST, SECOND, OUTPUT)),
    wrong("FER-P-05", "dropout of 0.5", **head(POOLING, FIRST, {"layer": "Dropout", "rate": 0.5}, SECOND, OUTPUT)),
    wrong("FER-P-05", "sigmoid outputs", **head(*HEAD[:4], OUTPUT | {"activation": "sigmoid"})),
    wrong("FER-P-05", "eight outputs", **head(*HEAD[:4], OUTPUT | {"units": 8})),
    wrong("FER-P-05", "the second dense layer is linear", **head(*HEAD[:3], SECOND | {"activation": "linear"}, OUTPUT)),
    wrong("FER-P-05", "no dropout in the networks", **without("Dropout")),
    *(
        wrong("FER-P-05", f"{what} in {network}", **of(network, layers(kind, place, settings=settings)))
        for network, what, kind, place, settings in (
            ("Xception", "dropout of 0.9", "Dropout", 0, {"rate": "0.9"}),
            ("SENet50", "tanh in the first dense layer", "Dense", 0, {"activation": "tanh"}),
            ("MobileNet", "sigmoid outputs", "Dense", 2, {"activation": "sigmoid"}),
        )
    ),
    wrong("FER-P-06", "the base is not frozen", **phases(FREE, FREE)),
    wrong("FER-P-06", "the base stays frozen", **phases(FROZEN, FROZEN)),
    wrong("FER-P-06", "the base is frozen last", **phases(FREE, FROZEN)),
    wrong("FER-P-06", "the head is frozen", **phases({"frozen": "head", "epochs": 20}, FREE)),
    right("FER-N-01", "names in small letters, in another order", architectures=lambda: [*map(str.lower, NAMES[::-1])]),
    right("FER-N-01", "names with spaces", architectures=lambda: [name.replace("Net", " Net") for name in NAMES]),
    right("FER-N-02", "totals as floating-point numbers", parameter_total=counted(lambda *row: float(total_of(*row)))),
    right("FER-N-03", "layers have other names", **tables(renamed)),
    right("FER-N-09", "settings as numbers, rates in float32", **tables(settings_as_numbers)),
    right("FER-N-05", "settings as lists of numbers", **tables(settings_as_numbers)),
    right("FER-N-10", "members one after another", **tables(branches_one_by_one)),
    right("FER-N-11", "parallel branches listed in another order", **tables(branches_one_by_one)),
    right("FER-N-12", "keys and settings beyond those asked for", **tables(with_extra_keys)),
    right("FER-P-02", "starting weights in another order", **starts(lambda _, known: known[::-1])),
    right("FER-P-03", "the text also allows Flatten", "paper", **head({"layer": "Flatten"}, *HEAD[1:])),
    right(
        "FER-P-05", "a dropout rate in float32", **head(*HEAD[:2], DROPOUT | {"rate": 0.20000000298023224}, *HEAD[3:])
    ),
    right("FER-P-05", "layers with more than is asked for", **head(*({**part, "name": "x"} for part in HEAD))),
)
