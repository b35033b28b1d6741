"""The command ``ferspec spec``: list, show, errata and refusals."""

import json

import pytest
from typer.testing import CliRunner

from ferspec import spec
from ferspec.commands.spec import app
from ferspec.commands.tables.spec import FAMILIES
from ferspec.errors import UserError
from helpers.processes import run_python

SPEC = spec.load()


def ferspec_spec(*arguments):
    return CliRunner().invoke(app, arguments, catch_exceptions=False)


def test_list_shows_the_clauses_of_a_family():
    shown = ferspec_spec("list", "--family", "W").stdout
    assert "FER-W-02" in shown
    assert "FER-Z-01" not in shown


def test_list_explains_each_letter():
    assert sorted(FAMILIES) == sorted({clause.family.removeprefix("FER-") for clause in SPEC.clauses})
    shown = " ".join(ferspec_spec("list", "--family", "W").stdout.split())
    assert "families: A augmentation; B behaviour of a model;" in shown


def test_list_as_json_is_filtered_by_status():
    listed = json.loads(ferspec_spec("list", "--status", "contradicted", "--json").stdout)
    assert {entry["status"] for entry in listed} == {"contradicted"}
    assert len(listed) == len(SPEC.select(status="contradicted"))


@pytest.mark.parametrize(
    ("id", "expected"),
    [
        ("fer-w-02", ["conservative weights are capped at 3", "paper 3.4, Fig. 13", "3.0", "ERR-25"]),
        ("FER-P-04", ["256, 128", "256, 256", "ERR-05"]),
        ("FER-C-02", ["data file classes.toml", '"angered"', '"joyful"', "[label_orders.AffectNet]"]),
        ("FER-G-01", ["data file grid.csv", "'ferspec grid list'"]),
        ("FER-D-09", ["cannot be tested", "neither the faces"]),
        ("ERR-23", ["0.55 *", "0.56", "resnet18-scratch-48-rafdb-conservative", "0.81", "0.79"]),
        ("resnet18-scratch-48-rafdb-conservative", ["printed", "0.56", "released", "0.55", "ERR-23", "ERR-30"]),
    ],
)
def test_show_prints_all_facts_about(id, expected):
    shown = ferspec_spec("show", id).stdout
    assert [words for words in expected if words not in shown] == []


def test_show_as_json_names_the_errata():
    shown = json.loads(ferspec_spec("show", "FER-S-08", "--json").stdout)
    assert shown["profiles"]["paper"] == {"frozen_epochs": [30]}
    assert [erratum["id"] for erratum in shown["errata"]] == ["ERR-17"]


def test_errata_lists_every_one():
    shown = ferspec_spec("errata").stdout
    assert [erratum.id for erratum in SPEC.errata if erratum.id not in shown] == []
    assert len(json.loads(ferspec_spec("errata", "--json").stdout)) == len(SPEC.errata)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("show", "FER-W-2"), "did you mean FER-W-02"),
        (("show", "resnet18-scratch-48-rafdb-conservativ"), "did you mean resnet18-scratch-48-rafdb-conservative"),
        (("show", "zebra"), "ferspec spec list"),
        (("list", "--family", "Q"), "unknown family 'Q': known are FER-A"),
        (("list", "--status", "wrong"), "unknown status 'wrong': known are normative"),
    ],
)
def test_an_unknown_id_is_refused_with_similar_ones(arguments, message):
    with pytest.raises(UserError, match=message):
        ferspec_spec(*arguments)


@pytest.mark.parametrize("command", ["list", "show", "errata"])
def test_help_has_an_example(command):
    assert f"Example: ferspec spec {command}" in ferspec_spec(command, "--help").stdout


def test_the_specification_and_its_command_load_no_framework():
    heavy = {"tensorflow", "keras", "numpy", "pandas", "cv2", "rich.table"}
    program = "import sys, ferspec.commands.spec, ferspec.spec; ferspec.spec.load(); print(*sys.modules)"
    run = run_python(program, check=True)
    assert not heavy & set(run.stdout.split())
