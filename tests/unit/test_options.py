"""Records of options: the command line fills them, and they render the command that repeats them."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated, Literal

import pytest
import typer
from typer.testing import CliRunner

import ferspec
from ferspec.api.requests import (
    AuditRequest,
    CertifyRequest,
    CompareRequest,
    ConformRequest,
    FindingsRequest,
    InspectRequest,
    JudgeRequest,
    Request,
    VerifyRequest,
)
from ferspec.commands.fields import with_fields
from ferspec.errors import UserError
from ferspec.options import Argument, Option, shell_command
from ferspec.records import Record
from ferspec.reference.training.settings import TrainingSettings
from helpers.processes import run

ALL_GIVEN = {
    "certify": CertifyRequest(
        model="my model.keras", dataset="B/", claims=("accuracy>=0.6", "ece<=0.1"), trust_code=True, select="FER-B"
    ),
    "compare": CompareRequest(models=("a.keras", "b.onnx"), dataset="B/", contract_b="b.toml", margin=0.01),
    "verify": VerifyRequest(certificate="c.json", model="m.keras", dataset="B/", public_keys=("a.pub", "b.pub")),
    "conform": ConformRequest(command="Rscript fer.R", profile="paper", time_limit=2.5),
    "grid judge": JudgeRequest(artifacts=("runs/",), cells=("dataset=rafdb resolution=48",), profile="paper"),
    "grid findings": FindingsRequest(results=("runs/", "more.csv")),
    "audit": AuditRequest(paths=("a.csv", "b.csv"), weights="imagenet", reported="0.83"),
    "dataset inspect": InspectRequest(
        dataset="B/", against=("R/", "F/"), as_="btfer", predictions="p.csv", clusters=True
    ),
}
COMMANDS = {
    "certify": "ferspec certify 'my model.keras' --dataset B/ --claim 'accuracy>=0.6' --claim 'ece<=0.1' --trust-code",
    "compare": "ferspec compare a.keras b.onnx --dataset B/ --contract-b b.toml --margin 0.01",
    "verify": "ferspec verify c.json --dataset B/ --model m.keras --public-key a.pub --public-key b.pub",
    "conform": "ferspec conform --command 'Rscript fer.R' --profile paper --time-limit 2.5",
    "grid judge": "ferspec grid judge runs/ --select 'dataset=rafdb resolution=48' --profile paper",
    "grid findings": "ferspec grid findings runs/ more.csv",
    "audit": "ferspec audit a.csv b.csv --weights imagenet --reported 0.83",
    "dataset inspect": "ferspec dataset inspect B/ --against R/ --against F/ --as btfer --predictions p.csv --clusters",
}


class Example(Record):
    """Every kind of field that a command can take."""

    name: Annotated[str | Path, Argument("A name.", "NAME")]
    mode: Annotated[Literal["fast", "slow"], Option("A choice.", ("--mode", "-m"))] = "fast"
    tags: Annotated[tuple[str, ...], Option("Tags.", ("--tag",))] = ()
    count: Annotated[int | None, Option("A number.")] = None
    reported: Annotated[float | str | None, Option("A number as it is written.")] = None
    loud: Annotated[bool, Option("A switch.")] = False
    internal: int = 7


def parsed(*words: str) -> tuple[int, Example | None, str]:
    """Return exit status, record and output of a command that takes the fields of ``Example``."""
    records: list[Example] = []
    app = typer.Typer(add_completion=False)

    @app.command()
    @with_fields
    def command(example: Example, count: Annotated[int, typer.Option()] = 3) -> None:
        """Take an example."""
        records.append(example.model_copy(update={"internal": count}))

    ended = CliRunner().invoke(app, words)
    return ended.exit_code, records[0] if records else None, ended.output


def test_a_command_takes_every_field_that_has_a_marker():
    words = ("a", "-m", "slow", "--tag", "x", "--tag", "y", "--reported", "0.830", "--loud", "--count", "5")
    expected = Example(name="a", mode="slow", tags=("x", "y"), reported="0.830", loud=True, internal=5)
    assert parsed(*words) == (0, expected, "")


def test_an_option_of_the_command_replaces_the_field_of_its_name():
    assert parsed("a") == (0, Example(name="a", internal=3), "")


def test_the_help_of_a_command_shows_each_field():
    _, _, text = parsed("--help")
    assert all(word in text for word in ("NAME", "--mode", "<fast|slow>", "--tag", "--reported", "--loud"))
    assert "--internal" not in text


def test_a_value_outside_the_choices_is_refused():
    status, record, text = parsed("a", "--mode", "medium")
    assert (status, record) == (2, None)
    assert "'medium' is not one of 'fast', 'slow'" in " ".join(text.replace("│", " ").split())


@pytest.mark.parametrize("verb", ALL_GIVEN)
def test_a_request_renders_the_command_that_asks_the_same(verb: str):
    assert ALL_GIVEN[verb].reproduce == COMMANDS[verb]


@pytest.mark.parametrize("verb", ALL_GIVEN)
def test_the_command_that_a_request_renders_is_parsed_to_the_same_request(verb: str):
    request = ALL_GIVEN[verb]
    found: list[Request] = []
    app = typer.Typer(add_completion=False)

    def command(request: Request) -> None:
        found.append(request)

    command.__annotations__["request"] = type(request)
    app.command()(with_fields(command))
    ended = CliRunner().invoke(app, shlex.split(request.reproduce)[1 + len(verb.split()) :])
    assert ended.exit_code == 0, ended.output
    assert found == [type(request)(**request.model_dump() | ({"select": ""} if "select" in dict(request) else {}))]


def test_the_settings_of_a_training_render_as_options_other_than_the_default():
    settings = TrainingSettings(seed=3, jit=True, epochs_cap=5)
    words = shell_command(("ferspec", "train", "CELL"), settings)
    assert words == "ferspec train CELL --seed 3 --epochs-cap 5 --jit"


def test_a_request_refuses_an_unknown_value():
    with pytest.raises(UserError, match="weights 'random': input should be 'imagenet', 'vggface' or 'scratch'"):
        AuditRequest(paths=("a.csv",), weights="random")


@pytest.mark.parametrize("name", ["audit", "build_model", "certify", "compare", "conform", "verify"])
def test_public_names_are_listed_and_importable(name: str):
    assert name in dir(ferspec)
    assert callable(getattr(ferspec, name))


@pytest.mark.slow
def test_a_type_checker_sees_the_signature_of_a_verb(tmp_path: Path):
    module = tmp_path / "user.py"
    module.write_text("import ferspec\nreveal_type(ferspec.certify)\nreveal_type(ferspec.build_model)\n")
    words = (sys.executable, "-m", "mypy", "--follow-imports=silent", f"--cache-dir={tmp_path / 'cache'}", str(module))
    text = run(words, cwd=Path(ferspec.__file__).parents[1]).stdout
    assert "def (model: object, dataset: object =, contract: " in text
    assert "-> ferspec.api.results.certification.Certification" in text
    assert "def (name: str" in text


def test_the_package_says_that_it_is_typed():
    assert Path(ferspec.__file__).with_name("py.typed").is_file()
