"""Certifying until the claims are decided, and certifying one lineage again on the same images."""

import json
import shutil
from pathlib import Path

import pytest

from ferspec.subjects.models.contracts.files import save_contract
from ferspec.subjects.models.lineage import Lineage
from helpers import callables
from helpers.miniatures import colour_patches, contract

# a copy in the folder of each test, since other tests read the folder of the helpers meanwhile
NOISY = "patches_model:right_with_some_noise"
GIVEN = ("--dataset", "patches.npz", "--contract", "contract.toml")
SEQUENTIAL = ("certify", NOISY, *GIVEN, "--sequential", "--claim")


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    """A folder with 560 images and a contract, in which the commands are run."""
    colour_patches(tmp_path, per_class=80)
    shutil.copy(callables.__file__, tmp_path / "patches_model.py")
    save_contract(contract(), tmp_path / "contract.toml")
    monkeypatch.chdir(tmp_path)


def document(folder):
    return json.loads(Path(folder, "certificate.json").read_text("utf-8"))


def test_a_certificate_of_some_images_is_reproduced(ferspec, workplace):
    rows = [f"{index},{'young' if index % 2 else 'old'}" for index in range(560)]
    Path("groups.csv").write_text("\n".join(["image,age", *rows]))
    grouped = ("--groups", "groups.csv")
    status, out, err = ferspec(*SEQUENTIAL, "recall[Sad]>=0.2", "--claim", "accuracy>=0.4", *grouped, "--out", "there")
    assert (status, err.count("images: ")) == (0, 1)
    assert "512 of 560 images were asked" in " ".join(out.split())
    made = document("there")
    assert len(made["predictions"]) == len(set(made["sequential"]["order"])) == made["metrics"]["n"] == 512
    assert (made["dataset"]["n"], made["sequential"]["stopped"]) == (560, "all claims are decided")
    given = ("--dataset", "patches.npz", "--model", NOISY, *grouped)
    status, out, _ = ferspec("verify", "there/certificate.json", *given)
    assert (status, out.partition(":")[0]) == (0, "REPRODUCED"), out
    status, _, err = ferspec("compare", "there/certificate.json", NOISY, *given[:2])
    assert (status, "answers to 512 of 560 images: certify the model without --sequential" in err) == (2, True)


def test_a_claim_at_the_accuracy_is_not_decided_by_all_images(ferspec, workplace):
    claimed = str(round(json.loads(ferspec("certify", NOISY, *GIVEN, "--json")[1])["metrics"]["accuracy"]["value"], 2))
    status, out, _ = ferspec(*SEQUENTIAL, f"accuracy>={claimed}", "--json")
    made = json.loads(out)
    assert (status, made["sequential"]["stopped"]) == (3, "all images were asked")
    assert made["outcomes"][-1]["message"] == "all images were asked, and the claim is not decided"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--claim", "macro_f1>=0.5"), "macro_f1 is not a share of images"),
        (("--claim", "f1>=0.5"), "f1 is not a share of images"),
        (("--claim", "gap[age]<=0.5"), "gap[age] is not a share of images"),
        (("--claim", "accuracy>=1"), "between 0 and 1"),
        ((), "add --claim"),
    ],
)
def test_what_cannot_be_judged_sequentially_is_one_clear_line(ferspec, workplace, words, says):
    status, _, err = ferspec("certify", NOISY, *GIVEN, "--sequential", *words)
    assert (status, err.count("\n")) == (2, 1)
    assert says in err
    assert not Path("ferspec-patches_model-right_with_some_noise").exists()


def test_certifications_of_a_lineage_on_the_same_images_share_the_error(ferspec, workplace):
    """The claim lies within the 99.2 % interval, and outside the 95 % one."""
    lineage = (*GIVEN, "--lineage", "my model", "--json", "--claim")
    accuracy = json.loads(ferspec("certify", NOISY, *lineage, "accuracy>=0.1")[1])["metrics"]["accuracy"]
    claim = f"accuracy>={accuracy['low'] - 0.003:.4f}"
    assert ferspec("certify", NOISY, *GIVEN, "--claim", claim)[0] == 0
    status, out, _ = ferspec("certify", NOISY, *lineage, claim)
    made = json.loads(out)
    assert (status, made["lineage"]) == (3, {"name": "my model", "certifications": 2})
    assert (
        json.loads(Path("ferspec-lineage-my-model.json").read_text())["images"]
        == [made["dataset"]["manifest_digest"]] * 2
    )
    Path("there.json").write_text(out)
    status, out, _ = ferspec("verify", "there.json")
    assert (status, out.partition(":")[0]) == (0, "CONSISTENT")
    assert "lineage my model, certification 2" in " ".join(out.split())


def test_errors_of_all_certifications_sum_to_at_most_one():
    """An owner who certifies until a claim passes spends the sum of them."""
    shares = [Lineage(name="x", certifications=count).share for count in range(1, 10_001)]
    assert 0.999 < sum(shares) <= 1


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"lineage": "other", "images": []}', '{"lineage": "x", "images": ["a"]}']
)
def test_a_foreign_record_of_a_lineage_is_refused(ferspec, workplace, content):
    Path("ferspec-lineage-x.json").write_text(content)
    status, _, err = ferspec("certify", NOISY, *GIVEN, "--lineage", "x")
    assert (status, err.count("\n")) == (2, 1)
    assert "ferspec-lineage-x.json is" in err
