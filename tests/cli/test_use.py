"""Declaring a use: it stands in the certificate, survives a verification, and changes no verdict."""

import json
from pathlib import Path

import pytest

from ferspec.subjects.models.contracts.files import save_contract
from helpers.miniatures import colour_patches, contract

RIGHT = "helpers.callables:right"


@pytest.fixture
def certify(ferspec, tmp_path, monkeypatch):
    colour_patches(tmp_path)
    save_contract(contract(), tmp_path / "contract.toml")
    monkeypatch.chdir(tmp_path)
    given = ("--dataset", "patches.npz", "--contract", "contract.toml", "--out", "there")
    return lambda *words: ferspec("certify", RIGHT, *given, *words)


def test_a_prohibited_use_changes_neither_status_nor_verdict_and_survives_a_verification(ferspec, certify):
    plain = certify()
    before = json.loads(Path("there/certificate.json").read_text())
    status, out, _ = certify("--use", "Education", "--place", "Finland", "--date", "2026-12-01")
    document = json.loads(Path("there/certificate.json").read_text())
    assert (status, document["verdict"]) == (plain[0], before["verdict"])
    assert document["use"] == {"use": "education", "place": "EU", "date": "2026-12-01"}
    assert "use" not in before
    assert out.splitlines()[1].startswith("use: PROHIBITED for education (EU) on 2026-12-01: EU AI Act")
    verified = ferspec("verify", "there/certificate.json", "-d", "patches.npz", "-m", RIGHT, "--json")
    found = json.loads(verified[1])
    assert (verified[0], found["finding"]) == (0, "REPRODUCED")
    assert found["claimed"]["use"] == "education, EU, 2026-12-01"


def test_a_changed_use_breaks_the_digest_and_an_unknown_one_the_document(ferspec, certify):
    certify("--use", "education", "--place", "EU", "--date", "2026-12-01")
    path = Path("there/certificate.json")
    document = json.loads(path.read_text())
    for use in ("marketing", "nothing"):
        path.write_text(json.dumps(document | {"use": document["use"] | {"use": use}}))
        assert ferspec("verify", path)[0] == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--use", "war", "--place", "EU"), "unknown use 'war': known are marketing, education"),
        (("--use", "work", "--place", "Mars"), "unknown place 'Mars': known are EU, California, Illinois, other"),
        (("--use", "work"), "a declared use needs --place: known are EU, California"),
        (("--place", "EU"), "a declared use needs --use: known are marketing"),
        (("--date", "2026-12-01"), "a declared use needs --use"),
        (("--use", "work", "--place", "EU", "--date", "1.12.2026"), "expected a day such as 2026-12-01"),
    ],
)
def test_a_use_that_is_not_known_is_one_line_and_nothing_is_written(certify, words, said):
    status, out, err = certify(*words)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert said in err
    assert not Path("there").exists()
