"""Conversion of the demo model to every format, and what cannot be converted."""

import numpy as np
import onnx
import pytest

from ferspec.edge.conversion import convert
from ferspec.edge.conversion.routes import route_to
from ferspec.edge.records import FORMATS, Conversion
from ferspec.errors import UserError
from ferspec.subjects.models.contracts.files import load_contract
from ferspec.subjects.models.from_names import find_contract
from ferspec.synthetic.demo import demo_model_path
from helpers.conversions import DEMO, agreement, answers, faces

pytest.importorskip("ai_edge_quantizer", reason="the extra edge is not installed")
pytest.importorskip("tf2onnx", reason="the extra edge is not installed")
LEAST = {"tflite-float32": 1, "tflite-float16": 1, "onnx-float32": 1}
LEAST |= {"tflite-dynamic-int8": 0.95, "tflite-full-int8": 0.95, "onnx-int8": 0.95}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The conversions of the demo model by their formats."""
    images, _ = faces(8, 5)
    conversions = convert(demo_model_path(), DEMO, tmp_path_factory.mktemp("edge"), [images[:30], images[30:]])
    return {conversion.format: conversion for conversion in conversions}


@pytest.fixture(scope="module")
def original():
    """Other faces, and the demo model's answers to them."""
    images, _ = faces(12, 6)
    return images, answers(demo_model_path(), DEMO, images)


def test_every_format_has_a_file_or_a_reason(made):
    assert list(made) == list(FORMATS)
    assert [name for name, conversion in made.items() if conversion.reason] == ["executorch"]


@pytest.mark.parametrize("name", LEAST)
def test_a_converted_file_predicts_the_classes_of_the_original(name, made, original):
    images, expected = original
    got = answers(made[name].path, made[name].contract, images)
    assert agreement(got, expected) >= LEAST[name]
    if LEAST[name] == 1:
        np.testing.assert_allclose(got, expected, atol=0.01)


def test_the_contract_beside_a_file_is_that_of_the_conversion(made):
    for name in LEAST:
        beside = find_contract(made[name].path)
        assert beside.output == made[name].contract.output
        assert beside.input.layout == made[name].contract.input.layout


def test_int8_files_are_a_third_of_the_original_at_most(made):
    size = made["tflite-float32"].path.stat().st_size
    for name in ("tflite-dynamic-int8", "tflite-full-int8", "onnx-int8"):
        assert made[name].path.stat().st_size < size / 3


@pytest.mark.parametrize("name", ["tflite-full-int8", "onnx-int8"])
def test_a_wrong_calibration_range_spoils_a_quantisation(name, tmp_path, original):
    images, expected = original
    wrong = faces(8, 5)[0] * 0.05
    (spoiled,) = convert(demo_model_path(), DEMO, tmp_path, [wrong], formats=[name])
    assert agreement(answers(spoiled.path, spoiled.contract, images), expected) < 0.6


def test_only_wanted_files_are_written(tmp_path):
    convert(demo_model_path(), DEMO, tmp_path / "new", [], formats=["tflite-float16"])
    names = sorted(path.name for path in (tmp_path / "new").iterdir())
    assert names == ["model.tflite-float16.tflite", "model.tflite-float16.tflite.contract.toml"]


def test_without_images_calibrated_formats_say_what_is_missing(tmp_path):
    found = convert(demo_model_path(), DEMO, tmp_path, [], formats=["tflite-full-int8", "onnx-int8"])
    assert all("needs calibration images" in conversion.reason for conversion in found)
    assert not list(tmp_path.iterdir())


def test_a_quantised_file_is_not_quantised_again(made, tmp_path):
    source = made["tflite-full-int8"]
    found = convert(source.path, source.contract, tmp_path, faces(8, 5)[:1], formats=["tflite-float16"])
    assert "takes int8, not float32" in found[0].reason


def test_images_of_another_size_are_refused(tmp_path):
    with pytest.raises(UserError, match=r"shape \(32, 32, 3\), but the contract says \(48, 48, 3\)"):
        convert(demo_model_path(), DEMO, tmp_path, [np.zeros((2, 32, 32, 3), np.float32)])


def test_an_unknown_format_is_refused_with_all_known_ones(tmp_path):
    with pytest.raises(UserError, match=r"tflite-int4 is not a format: expected tflite-float32"):
        convert(demo_model_path(), DEMO, tmp_path, [], formats=["tflite-int4"])


def test_a_missing_converter_is_one_line_with_the_command_that_installs_it(monkeypatch, tmp_path):
    monkeypatch.setattr("ferspec.edge.conversion.routes.find_spec", lambda name: None)
    (found,) = convert(demo_model_path(), DEMO, tmp_path, [], formats=["onnx-float32"])
    assert found.reason == "needs tf2onnx: pip install 'ferspec[edge]'"


def test_a_conversion_has_a_file_or_a_reason_and_not_both(made):
    with pytest.raises(ValueError, match="a file and its contract, or a reason"):
        Conversion(format="executorch")
    with pytest.raises(ValueError, match="tflite-int4 is not a format"):
        Conversion(format="tflite-int4", reason="none")


def test_every_format_but_executorch_has_a_route_from_keras():
    assert [name for name in FORMATS if route_to(name, "keras") is None] == ["executorch"]


def test_a_written_contract_reads_as_it_was(made):
    path = made["onnx-int8"].path
    assert load_contract(path.with_name(f"{path.name}.contract.toml")).input.size == (48, 48)


def test_a_network_of_a_fixed_batch_size_is_quantised(made, original, tmp_path):
    file = onnx.load(made["onnx-float32"].path)
    for values in (file.graph.input, file.graph.output):
        values[0].type.tensor_type.shape.dim[0].dim_value = 4
    onnx.save(file, tmp_path / "fours.onnx")
    contract = made["onnx-float32"].contract
    (found,) = convert(tmp_path / "fours.onnx", contract, tmp_path / "out", [faces(2, 5)[0]], formats=["onnx-int8"])
    assert found.reason is None
    images, expected = original
    assert agreement(answers(found.path, found.contract, images), expected) >= 0.95
