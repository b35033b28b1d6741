"""Size, operators and types of a file exclude devices, and every row of the data has a source."""

from dataclasses import replace

import pytest

from ferspec.edge.devices import devices, fit, runtimes
from ferspec.subjects.models.content import Content
from ferspec.subjects.models.formats import load_model
from ferspec.subjects.models.onnx.content import content_of
from ferspec.synthetic.demo import demo_model_path
from helpers.onnx_files import onnx_file

SMALL = Content(operators={"CONV_2D": 3, "SOFTMAX": 1}, types=("INT32", "INT8"), least_memory=40_000)


def on(name, content, size=200_000, suffix=".tflite"):
    return fit(devices()[name], suffix, size, content)


def test_a_small_file_of_integers_is_not_excluded_anywhere():
    assert {on(name, SMALL).outcome for name in devices()} == {"nothing found against it"}


@pytest.mark.parametrize(
    ("changed", "size", "suffix", "reason"),
    [
        ({"operators": {"CONV_3D": 1, "ADD": 2}}, 1, ".tflite", "TFLite Micro does not have CONV_3D"),
        ({"operators": {"CUSTOM:Own": 1}}, 1, ".tflite", "does not have CUSTOM:Own"),
        ({"types": ("FLOAT16", "FLOAT32")}, 1, ".tflite", "does not compute with FLOAT16"),
        ({"hybrid": ("CONV_2D",)}, 1, ".tflite", "weights of another type than the values, as in CONV_2D"),
        ({}, 1_048_577, ".tflite", "the file has 1,025 KiB, the flash 1,024 KiB"),
        ({"least_memory": 262_145}, 1, ".tflite", "it needs at least 257 KiB of memory, but the device has 256 KiB"),
        ({}, 1, ".onnx", "nothing listed there runs .onnx files"),
    ],
)
def test_a_microcontroller_excludes_what_it_cannot_hold_or_run(changed, size, suffix, reason):
    found = on("microcontroller", SMALL.model_copy(update=changed), size, suffix)
    assert found.outcome == "does not fit"
    assert any(reason in one for one in found.reasons)


def test_a_custom_operator_runs_nowhere_and_a_device_without_flash_holds_the_file_in_memory():
    custom = SMALL.model_copy(update={"operators": {"CUSTOM:Own": 1}})
    assert on("phone", custom).reasons == ("LiteRT does not have CUSTOM:Own",)
    assert on("single-board-computer", SMALL, 600 * 1024**2).outcome == "does not fit"
    assert on("phone", SMALL, 600 * 1024**2).outcome == "nothing found against it"


def test_a_file_of_unknown_operators_is_unknown_unless_it_is_too_large():
    assert on("phone", None, suffix=".pte").outcome == "unknown"
    assert on("microcontroller", None, 2_000_000).outcome == "does not fit"


def test_every_row_has_a_source_and_a_date():
    rows = [*devices().values(), *runtimes().values()]
    assert all(row.source and row.as_of.year >= 2026 for row in rows)
    assert {*devices()} == {"microcontroller", "phone", "single-board-computer"}


def test_the_operators_of_a_tflite_file_are_counted():
    found = load_model(demo_model_path()).content
    # the network of the demo has seven convolutions and one dense layer; the second reads 24 maps and writes 32
    assert (found.operators["CONV_2D"], found.operators["FULLY_CONNECTED"]) == (7, 1)
    assert found.least_memory == (48 * 48 * 24 + 24 * 24 * 32) * 4
    assert (found.types, found.hybrid, found.custom) == (("FLOAT32", "INT32"), (), ())


def test_the_operators_of_an_onnx_file_are_counted_and_foreign_ones_named(tmp_path):
    import onnx

    path = onnx_file(tmp_path / "m.onnx")
    proto = onnx.load_model(str(path))
    known = content_of(proto)
    assert sum(known.operators.values()) == len(proto.graph.node)
    assert known.custom == ()
    proto.graph.node[0].domain = "org.example"
    assert content_of(proto).custom == (f"CUSTOM:{proto.graph.node[0].op_type}",)


def test_names_of_operators_are_printable(tmp_path):
    model = replace(load_model(demo_model_path()), content=Content(operators={"A\x1b[31m\nB": 1}))
    assert [*model.content.plain().operators] == ["A [31m B"]
