"""What a user requires of a network, and what is said where nothing meets it."""

import json

import pytest

from ferspec.errors import UserError
from ferspec.grid.advising.constraints import Constraints, parameter_count, select_cells
from ferspec.grid.advising.measured import by_network, read_measured

FAST = {
    "model": "four.tflite",
    "cell": "sequential4conv-scratch-48-rafdb-simple",
    "milliseconds": 4.0,
    "bytes": 2_900_000,
}
SLOW = {"model": "vgg.tflite", "cell": "vgg16-imagenet-48-rafdb-simple", "milliseconds": 80.0, "bytes": 15_000_000}
ABOUT = {"kind": "ferspec measurements", "version": "1", "device": "a phone"}


@pytest.fixture
def write(tmp_path):
    def write(*measurements, **about):
        path = tmp_path / "edge.json"
        path.write_text(json.dumps(ABOUT | {"measurements": measurements} | about))
        return path

    return write


@pytest.mark.parametrize(
    ("text", "count"),
    [("5M", 5_000_000), ("250k", 250_000), ("2.5m", 2_500_000), ("5,000,000", 5_000_000), (7, 7)],
)
def test_a_number_of_parameters_takes_a_unit(text, count):
    assert parameter_count(text) == count


@pytest.mark.parametrize("text", ["", "many", "0", "-5M", "5MB", "nan", "1e6"])
def test_another_number_of_parameters_is_refused(text):
    with pytest.raises(UserError, match="such as 5M, 250k"):
        parameter_count(text)


def test_every_constraint_selects_cells():
    found = select_cells(Constraints(resolution=48, parameters=3_000_000, pretrained="yes", dataset="rafdb"), {})
    # MobileNetV2 (2.6 million) is the only pre-trained network of at most 3 million
    assert {(cell.architecture, cell.dataset, cell.resolution) for cell in found.cells} == {
        ("MobileNetV2", "RAF-DB", 48)
    }
    assert (found.total, [one.option.split()[0] for one in found.requirements]) == (
        258,
        ["--resolution", "--max-params", "--pretrained", "--dataset"],
    )


def test_where_nothing_is_left_the_message_says_what_each_constraint_leaves():
    with pytest.raises(UserError) as refusal:
        select_cells(Constraints(resolution=48, parameters=200_000, pretrained="yes"), {})
    # Table 2: 23 models, 9 of them from published weights, x 3 datasets x 2 balancings; only LeNet5 is that small
    assert str(refusal.value) == (
        "no cell meets all constraints: of 258, --resolution 48 leaves 138, --max-params 200,000 leaves 6, "
        "--pretrained yes leaves 0; without --max-params 200,000 it would be 54; "
        "without --pretrained yes it would be 6"
    )


def test_a_latency_selects_the_measured_networks_whatever_they_were_trained_on(write):
    measured = by_network(read_measured([write(FAST, SLOW)]))
    found = select_cells(Constraints(milliseconds=20.0), measured)
    assert {cell.architecture for cell in found.cells} == {"Sequential4Conv"}
    assert (len(found.cells), found.requirements[0].unmeasured) == (6, 258 - 12)


def test_the_fastest_file_of_a_network_counts(write):
    quantised = FAST | {
        "model": "four-int8.tflite",
        "milliseconds": 1.5,
        "cell": FAST["cell"].replace("rafdb", "fer2013"),
    }
    (found,) = by_network(read_measured([write(FAST, quantised)])).values()
    assert (found.model, found.device) == ("four-int8.tflite", "a phone")


def test_a_latency_without_measurements_is_refused():
    with pytest.raises(UserError, match="add --measured FILE"):
        select_cells(Constraints(milliseconds=20.0), {})


@pytest.mark.parametrize("milliseconds", [0.0, -1.0, float("nan")])
def test_a_latency_that_no_model_can_have_is_refused(write, milliseconds):
    with pytest.raises(UserError, match="above 0"):
        select_cells(Constraints(milliseconds=milliseconds), by_network(read_measured([write(FAST)])))


def test_further_fields_of_a_measurement_are_ignored(write):
    (found,) = read_measured([write(FAST | {"p95_milliseconds": 5.0, "device": "a camera"}, date="2026-12-01")])
    assert (found.milliseconds, found.bytes, found.device) == (4.0, 2_900_000, "a camera")


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ({"milliseconds": 0}, "milliseconds"),
        ({"milliseconds": "fast"}, "milliseconds"),
        ({"bytes": -1}, "bytes"),
        ({"model": ""}, "model"),
        ({"cell": "resnet19"}, "unknown cell 'resnet19'"),
    ],
)
def test_a_wrong_measurement_is_refused_in_one_line(write, broken, reason):
    with pytest.raises(UserError) as refusal:
        read_measured([write(FAST | broken)])
    assert reason in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"kind": "ferspec measurements"}', b"\xff", b"[" * 10_000])
def test_another_document_is_refused_in_one_line(tmp_path, content):
    path = tmp_path / "other.json"
    path.write_bytes(content)
    with pytest.raises(UserError, match="is not a document of measurements") as refusal:
        read_measured([path])
    assert "\n" not in str(refusal.value)
