"""The folder of a finished run is accepted wherever a model is named."""

import json
import shutil
from pathlib import Path

import pytest
import yaml

from ferspec.subjects.models.contracts.files import save_contract
from ferspec.subjects.runs.artifacts.manifest import read_manifest
from ferspec.subjects.runs.artifacts.record import CONTRACT, MANIFEST, MODEL, RUN, read_run
from ferspec.subjects.runs.data.splits import TrainingData
from helpers.miniatures import colour_patches, contract
from helpers.processes import run_ferspec
from helpers.tiny import runs as tiny_runs


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A run that was tested on 14 synthetic faces."""
    folder = tmp_path_factory.mktemp("finished") / "run"
    parts = tiny_runs.patches(4, seed=1), tiny_runs.patches(4, seed=2), tiny_runs.faces(2, 32, seed=5)
    tiny_runs.finished_run(folder, TrainingData(*parts))
    return folder


@pytest.fixture
def run(finished, tmp_path, monkeypatch):
    """A copy of a finished run that may be changed, in the folder where the commands are run."""
    monkeypatch.chdir(tmp_path)
    return shutil.copytree(finished, tmp_path / "run").relative_to(tmp_path)


def change_record(folder, change):
    record = json.loads((folder / RUN).read_text())
    change(record)
    (folder / RUN).write_text(json.dumps(record))


def test_a_run_on_synthetic_faces_is_certified_on_the_same_faces(ferspec, run):
    status, out, _ = ferspec("certify", run, "--json", "--out", "there")
    document, record = json.loads(out), read_run(run)
    assert status in (0, 1)
    assert document["subject"]["name"] == tiny_runs.CELL
    assert document["subject"]["digest"] == record.files[MODEL]
    assert document["kind"] == "demonstration"
    trained = read_manifest(run / MANIFEST)["btfer"]
    assert [entry["bytes_sha256"] for entry in document["manifest"]] == [entry.bytes_sha256 for entry in trained]
    recorded = json.loads((run / "report.json").read_text())["parts"]["btfer"]["metrics"]
    assert document["metrics"]["confusion_matrix"] == recorded["confusion_matrix"]
    index = yaml.safe_load(Path("there/model-index.yml").read_text())
    assert index["model-index"][0]["name"] == tiny_runs.CELL


@pytest.fixture(scope="module")
def certified(finished, tmp_path_factory):
    """A run beside a contract that is not its own, and what certifying it on named images with a claim printed."""
    folder = tmp_path_factory.mktemp("certified")
    shutil.copytree(finished, folder / "run")
    colour_patches(folder)
    save_contract(contract(range=(0.0, 255.0)), folder / CONTRACT)
    command = ("certify", "run", "--dataset", "patches.npz", "--claim", "accuracy>=0.5", "--out", "there", "--json")
    ended = run_ferspec(*command, cwd=folder)
    assert ended.returncode == 0, ended.stderr
    return folder, json.loads(ended.stdout)


def test_a_run_is_certified_on_a_named_dataset_with_claims(certified):
    _, document = certified
    assert document["dataset"]["n"] == 140
    assert document["claims"] == ["accuracy>=0.5"]


def test_a_certificate_of_a_run_is_verified_against_the_run(ferspec, certified, monkeypatch):
    monkeypatch.chdir(certified[0])
    given = ("--dataset", "patches.npz", "--model", "run")
    status, out, _ = ferspec("verify", "there/certificate.json", *given, "--json")
    assert status == 0
    assert (json.loads(out)["finding"], json.loads(out)["counts"]["not_evaluated"]) == ("REPRODUCED", 1)


def test_the_runs_own_contract_is_used_and_not_that_of_the_folder_it_is_in(certified):
    assert certified[1]["subject"]["contract"]["input"]["range"] == [0.0, 1.0]


def add_a_byte(name):
    def change(folder):
        with (folder / name).open("ab") as file:
            file.write(b"\n")

    return change


def drawn(**values):
    return lambda folder: change_record(folder, lambda record: record["data"]["btfer"]["drawn"].update(values))


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        pytest.param(
            lambda folder: change_record(folder, lambda record: record.update(status="running")),
            "this training is not finished",
            id="unfinished",
        ),
        pytest.param(add_a_byte(MODEL), "model.keras is not the file that run.json names", id="another network"),
        pytest.param(add_a_byte(CONTRACT), "contract.toml is not the file that run.json names", id="another contract"),
        pytest.param(lambda folder: (folder / MODEL).unlink(), "model.keras is missing", id="no network"),
        pytest.param(
            lambda folder: change_record(folder, lambda record: record["files"].pop(MODEL)),
            "is not the file that run.json names",
            id="a record that does not name the network",
        ),
        pytest.param(
            lambda folder: change_record(folder, lambda record: record["data"].pop("btfer")),
            "add --dataset",
            id="not tested on BTFER",
        ),
        pytest.param(
            lambda folder: change_record(folder, lambda record: record["data"]["btfer"].update(drawn=None)),
            "add --dataset",
            id="tested on photographs",
        ),
        pytest.param(drawn(counts=[10**9] * 7), "asks for 1,000,000,000 faces", id="a billion faces"),
        pytest.param(drawn(size=10**6), "at 1,000,000 pixels", id="faces of a million pixels"),
        pytest.param(
            drawn(counts=[-1] * 7),
            "drawn.counts.0: Input should be greater than or equal to 0",
            id="fewer than no face",
        ),
        pytest.param(lambda folder: (folder / RUN).write_text("{"), "is not the record of a run", id="half a record"),
        pytest.param(
            lambda folder: (folder / RUN).write_text("[" * 100_000), "is not the record of a run", id="a deep record"
        ),
    ],
)
def test_a_run_that_is_not_whole_is_one_line(ferspec, run, damage, words):
    damage(run)
    status, out, err = ferspec("certify", run)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert words in err
    assert {path.name for path in Path().iterdir()} == {"run"}


def test_two_runs_are_compared_on_the_faces_of_the_first(ferspec, run):
    status, out, _ = ferspec("compare", run, "demo", "--json")
    assert status in (0, 1, 3)
    assert json.loads(out)["dataset"]["synthetic"]
    shutil.copytree(run, "other")
    assert "are the same model" in ferspec("compare", run, "other")[2]
