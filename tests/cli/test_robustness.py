"""Robustness on the command line and from Python: measured when asked for, verified, and refused in one line."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ferspec.api.certify import certify as certified
from ferspec.errors import UserError
from ferspec.subjects.certificates.document import digest_of
from ferspec.subjects.models.contracts.files import save_contract
from helpers.miniatures import CLASSES, colour_patches, contract

MODEL = "helpers.callables:right_with_some_noise"


@pytest.fixture
def files(tmp_path, monkeypatch):
    """A folder with images and a contract, in which the test runs."""
    colour_patches(tmp_path)
    save_contract(contract(), tmp_path / "contract.toml")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_certificate_with_robustness_is_reproduced_and_an_edited_loss_is_not(ferspec, files):
    given = ("--dataset", "patches.npz", "--contract", "contract.toml", "--out", "there")
    status, out, _ = ferspec("certify", MODEL, *given, "--robustness")
    assert status == 0
    assert "changed images, worst level" in out
    assert 'id="robustness"' in Path("there/report.html").read_text()
    path = Path("there/certificate.json")
    document = json.loads(path.read_text())
    assert document["environment"]["seconds"]["robustness"] > 0
    at_hand = ("-d", "patches.npz", "-m", MODEL, "--json")
    assert json.loads(ferspec("verify", path, *at_hand)[1])["finding"] == "REPRODUCED"
    level = document["robustness"]["conditions"][1]["levels"][-1]
    level["only_unchanged"] = 5
    path.write_text(json.dumps(document | {"digest": digest_of(document)}))
    status, out, _ = ferspec("verify", path)
    assert (status, "FER-X-15" in out) == (1, True)


def test_a_command_for_one_check_does_not_measure_robustness_again(ferspec, files):
    words = ("--dataset", "patches.npz", "--contract", "contract.toml", "--claim", "accuracy>=0.999", "--robustness")
    status, out, _ = ferspec("certify", MODEL, *words, "--json")
    (failed,) = [outcome for outcome in json.loads(out)["outcomes"] if outcome["clause"] == "FER-B-08"]
    assert status == 1
    assert "--robustness" not in failed["reproduce"]
    status, out, err = ferspec("certify", MODEL, *words, "-k", "FER-B-04")
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "--robustness adds to a whole report: leave out -k" in err


def test_a_table_of_predictions_is_refused_in_one_line(ferspec, files):
    with np.load("patches.npz") as patches:
        labels = patches["labels"]
    frame = pd.DataFrame(np.eye(7)[[CLASSES.index(label) for label in labels]], columns=CLASSES)
    frame.assign(image=range(len(labels))).to_csv("answers.csv", index=False)
    status, out, err = ferspec("certify", "answers.csv", "--dataset", "patches.npz", "--robustness", "--out", "there")
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "answers.csv holds predictions, which cannot be asked about changed images" in err
    assert "give the model, or leave out --robustness" in err
    assert not Path("there").exists()
    with pytest.raises(UserError, match="leave out robustness"):
        certified(frame.assign(image=list(map(str, range(len(labels))))), "patches.npz", robustness=True)


def test_from_python_the_losses_are_a_frame_and_a_plot(files):
    from helpers.callables import right_with_some_noise

    result = certified(right_with_some_noise, "patches.npz", contract(), robustness=True)
    losses = result.losses
    assert set(losses["kind"]) == {"control", "condition", "preprocessing"}
    assert losses.loc[losses["condition"] == "unchanged, asked again", "loss"].tolist() == [0.0]
    assert losses["loss"].isna().equals(losses["undefined"].notna())
    labels = [text.get_text() for text in result.plot_losses().get_yticklabels()]
    worst = losses.loc[losses.loc[losses["kind"] == "condition", "loss"].idxmax()]
    assert labels[0] == f"{worst['condition']}, {worst['level']}"
    plain = certified(right_with_some_noise, "patches.npz", contract())
    assert plain.robustness is None
    for ask in (lambda: plain.losses, plain.plot_losses):
        with pytest.raises(ValueError, match="robustness=True"):
            ask()
