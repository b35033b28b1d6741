"""Behaviour of all commands: help, usage errors, ``--json``, and protection of existing files."""

import inspect
import json
import sys
from pathlib import Path

import pytest
import typer

from ferspec.cli import app
from ferspec.subjects.models.contracts.files import save_contract
from helpers.miniatures import colour_patches, contract, tinted_patches
from helpers.processes import run

RIGHT, OTHER = "helpers.callables:right", "helpers.callables:right_with_some_noise"


def commands(command=None, path=()):
    """Yield every command of the command line with its words."""
    command = command or typer.main.get_command(app)
    inner = getattr(command, "commands", None)
    if inner is None:
        yield path, command
    for name, one in (inner or {}).items():
        yield from commands(one, (*path, name))


EVERY = [pytest.param(path, command, id=" ".join(path)) for path, command in commands()]


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    """A folder with two datasets and a contract, in which the commands are run."""
    colour_patches(tmp_path)
    (tmp_path / "others").mkdir()
    tinted_patches(tmp_path / "others")
    save_contract(contract(), tmp_path / "contract.toml")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(("path", "command"), EVERY)
def test_every_command_takes_json_and_shows_an_example(path, command):
    assert "--json" in {option for parameter in command.params for option in parameter.opts}
    assert f"Example: ferspec {' '.join(path)}" in command.epilog


@pytest.mark.parametrize(("path", "command"), EVERY)
def test_help_breaks_lines_where_the_terminal_ends_and_nowhere_else(path, command):
    paragraphs = command.help.split("\n\n")
    assert not [paragraph for paragraph in paragraphs if "\n" in paragraph]
    assert " ".join(" ".join(paragraphs).split()) == " ".join(inspect.getdoc(command.callback).split())


@pytest.mark.parametrize("group", [(), ("grid",), ("contract",), ("dataset",), ("models",), ("spec",)])
def test_without_a_command_there_is_help_and_no_empty_message(ferspec, group):
    status, out, err = ferspec(*group)
    assert (status, err) == (2, "")
    assert f"Usage: {' '.join(['ferspec', *group])}" in out
    assert "Example: ferspec" in out


@pytest.mark.parametrize(
    ("words", "help"),
    [
        (("absent",), "ferspec --help"),
        (("certify", "--nope"), "ferspec certify --help"),
        (("grid", "judge", "--nope"), "ferspec grid judge --help"),
        (("contract", "init"), "ferspec contract init --help"),
    ],
)
def test_a_usage_error_names_the_help_of_the_command(ferspec, words, help):
    status, out, err = ferspec(*words)
    assert (status, out) == (2, "")
    assert err.endswith(f"({help} shows how)\n")


def test_the_published_metrics_as_json_name_their_file(ferspec, tmp_path):
    status, out, _ = ferspec("grid", "export-published", tmp_path / "printed.csv", "--json")
    assert (status, json.loads(out)) == (
        0,
        {"path": str(tmp_path / "printed.csv"), "cells": 258, "profile": "paper"},
    )


def test_published_figures_replace_no_other_file(ferspec, tmp_path):
    out = tmp_path / "results.csv"
    out.write_text("cell\nmine\n")
    status, _, err = ferspec("grid", "export-published", out)
    assert (status, err.count("\n"), "--force" in err) == (2, 1, True)
    assert out.read_text() == "cell\nmine\n"
    assert [ferspec("grid", "export-published", out, *more)[0] for more in (("--force",), ())] == [0, 0]


def words(model, dataset="patches.npz", *more):
    return model, "--dataset", dataset, "--contract", "contract.toml", "--out", "there", *more


def certify(ferspec, *given):
    return ferspec("certify", *words(*given))


@pytest.fixture
def certificate(certified, workplace):
    """The path of a certificate of RIGHT that a test may change."""
    certified(*words(RIGHT))
    return Path("there/certificate.json")


def test_the_same_command_works_again_and_a_corrected_contract_or_another_claim_too(ferspec, certificate):
    assert certify(ferspec, RIGHT)[0] == 0
    assert certify(ferspec, RIGHT, "patches.npz", "--claim", "accuracy>=0.5")[0] == 0
    assert json.loads(Path("there/certificate.json").read_text())["claims"] == ["accuracy>=0.5"]


@pytest.mark.parametrize(
    ("model", "dataset"), [(OTHER, "patches.npz"), (RIGHT, "others/patches.npz")], ids=["another model", "other images"]
)
def test_a_certificate_of_another_model_or_other_images_does_not_replace_one(ferspec, certificate, model, dataset):
    before = {path: path.read_bytes() for path in Path("there").iterdir()}
    status, out, err = certify(ferspec, model, dataset)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "there/certificate.json is of another model or other images" in err
    assert {path: path.read_bytes() for path in Path("there").iterdir()} == before
    assert certify(ferspec, model, dataset, "--force")[0] == 0
    assert Path("there/certificate.json").read_bytes() != before[Path("there/certificate.json")]


def test_a_file_that_is_not_a_certificate_is_not_replaced(ferspec, workplace):
    Path("there").mkdir()
    Path("there/certificate.json").write_text("[]")
    assert certify(ferspec, RIGHT)[0] == 2
    assert Path("there/certificate.json").read_text() == "[]"


def test_a_verified_failure_is_reported_as_a_failure(ferspec, workplace):
    certify(ferspec, RIGHT, "patches.npz", "--claim", "ece<=0.0000001")
    status, out, _ = ferspec("verify", "there/certificate.json")
    assert status == 0
    assert " ".join(out.split()).startswith("CONSISTENT: nothing outside the document was compared")
    assert "the document says: FAIL, evaluation, 140 images" in out
    assert f"claimed: model {RIGHT}, images patches" in out
    accuracy = json.loads(Path("there/certificate.json").read_text())["metrics"]["accuracy"]["value"]
    assert f"accuracy {100 * accuracy:.1f} %" in " ".join(out.split())
    document = json.loads(ferspec("verify", "there/certificate.json", "--json")[1])
    assert (document["verdict"], document["says"]["verdict"], document["says"]["kind"]) == (
        "pass",
        "fail",
        "evaluation",
    )
    assert document["says"]["accuracy"] == accuracy
    assert (document["claimed"]["model"], document["claimed"]["images"]) == (RIGHT, "patches")
    assert "name" not in {*document["says"]["subject"], *document["says"]["dataset"]}


def test_an_edited_certificate_is_not_consistent_and_shows_how_to_see_it_again(ferspec, certificate):
    path = certificate
    path.write_text(path.read_text().replace('"verdict": "pass"', '"verdict": "fail"'))
    status, out, _ = ferspec("verify", path)
    assert status == 1
    assert out.startswith("NOT CONSISTENT: 2 checks fail")
    assert f"reproduce: ferspec verify {path} -k FER-X-02" in out
    status, out, _ = ferspec("verify", path, "-k", "FER-X-02", "--json")
    assert (status, [outcome["check"] for outcome in json.loads(out)["outcomes"]]) == (1, ["FER-X-02"])
    path.write_text("{}")
    assert ferspec("verify", path)[1].startswith("NOT CONSISTENT: the document is broken")
    assert ferspec("verify", path, "-k", "FER-B")[0] == 2


def test_a_contract_cannot_be_given_for_a_training(ferspec, workplace):
    Path("run").mkdir()
    Path("run/run.json").write_text("{}")
    status, _, err = ferspec("contract", "init", "run")
    assert (status, err.count("\n"), "run/contract.toml" in err) == (2, 1, True)
    assert not Path("run.contract.toml").exists()


def test_commands_that_need_model_and_images_ask_for_both(ferspec, certificate):
    out = ferspec("verify", certificate, "-k", "FER-X-08")[1]
    assert "add --model and --dataset" in out


def test_the_package_runs_as_a_module():
    ran = run([sys.executable, "-m", "ferspec", "spec", "show", "FER-W-02"])
    assert ran.returncode == 0
    assert "stated in ferspec/spec/data/clauses/weighting.toml" in ran.stdout


@pytest.mark.hostile("models that cheat")
def test_no_file_of_the_current_folder_stands_for_a_package_of_the_judge(tmp_path):
    (tmp_path / "pydantic.py").write_text("raise SystemExit('the file beside the model was imported')\n")
    done = run([sys.executable, "-m", "ferspec", "spec", "show", "FER-W-02"], cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
