"""The command verify: its words, its exit statuses, and signing by an issuer and by a second party."""

import json
import shutil
from pathlib import Path

import pytest

from ferspec.subjects.certificates.document import digest_of
from ferspec.subjects.models.contracts.files import save_contract
from helpers import callables
from helpers.html_pages import Page
from helpers.keys import write_pair
from helpers.miniatures import colour_patches, contract

# a copy in the folder of each test, since other tests read the folder of the helpers meanwhile
MODEL = "patches_model:right_with_some_noise"
CERTIFICATE = Path("there/certificate.json")
IMAGES, RUN = ("--dataset", "patches.npz"), ("--model", MODEL)
EVERYTHING = (*IMAGES, *RUN)
DECIDED = "images: 140 of patches (npz): 20 of each class\n"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with images, a contract and the keys of an owner and of a laboratory; tests do not change it."""
    folder = tmp_path_factory.mktemp("place")
    colour_patches(folder)
    shutil.copy(callables.__file__, folder / "patches_model.py")
    save_contract(contract(), folder / "contract.toml")
    for name in ("owner", "lab"):
        write_pair(folder, name)
    return folder


@pytest.fixture
def workplace(place, tmp_path, monkeypatch):
    """A copy of it, in which the commands are run."""
    shutil.copytree(place, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def certify(certified, workplace):
    return lambda *more: certified(MODEL, *IMAGES, "--contract", "contract.toml", "--out", "there", "--force", *more)


@pytest.fixture
def verify(ferspec):
    return lambda *more: ferspec("verify", CERTIFICATE, *more)


def words(out):
    return " ".join(out.split())


def edit(change):
    document = json.loads(CERTIFICATE.read_text())
    change(document)
    document["digest"] = digest_of(document)
    CERTIFICATE.write_text(json.dumps(document))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ((), "CONSISTENT: nothing outside the document was compared; without the images and the model"),
        (IMAGES, "CONSISTENT: the images are those of the document; without the model"),
        (RUN, "CONSISTENT: the model has the digest that the document states; without the images"),
        (EVERYTHING, "REPRODUCED: the model was run again on the images"),
    ],
    ids=["alone", "images", "model", "images and model"],
)
def test_the_headline_says_what_was_compared_and_repeats_no_name(certify, verify, given, says):
    certify()
    status, out, _ = verify(*given)
    assert status == 0
    assert words(out).startswith(says)
    headline = out.partition("the document says")[0]
    assert "patches" not in headline
    assert MODEL not in headline
    assert f"claimed: model {MODEL}, images patches" in words(out)


def test_recorded_predictions_are_never_reproduced(ferspec, workplace):
    rows = [f"{index},{'Sad' if index % 2 else 'Fear'}" for index in range(7 * 20)]
    Path("predictions.csv").write_text("\n".join(["image,class", *rows]))
    ferspec("certify", "predictions.csv", *IMAGES, "--out", "there", "--claim", "accuracy<=0.9")
    given = ("verify", CERTIFICATE, *IMAGES, "--model", "predictions.csv")
    status, out, _ = ferspec(*given)
    assert status == 0
    assert words(out).startswith("CONSISTENT: the images and the file of predictions are those of the document; no mod")
    status, _, err = ferspec(*given, "--sign", "lab.pem")
    assert (status, err.count("\n")) == (2, 2)
    assert "not signed: the result is CONSISTENT" in err


def test_groups_are_claims_without_their_file(ferspec, certify, verify, workplace):
    rows = [f"{index},{'young' if index % 3 else 'old'}" for index in range(7 * 20)]
    Path("groups.csv").write_text("\n".join(["image,age", *rows]))
    certify("--groups", "groups.csv")
    assert "without the file of groups (--groups), the values of age are claims" in words(verify(*EVERYTHING)[1])
    assert "are claims" not in words(verify(*EVERYTHING, "--groups", "groups.csv")[1]).partition("the document")[0]
    status, _, err = verify("--groups", "groups.csv")
    assert (status, err) == (2, "ferspec: groups belong to images: add --dataset\n")
    edit(lambda document: document["dataset"]["notes"].append("confirmed by the publisher of BTFER"))
    assert verify(*EVERYTHING)[1].startswith("NOT REPRODUCED")


@pytest.mark.parametrize(
    "change",
    [{"channels": 1, "colour": "gray"}, {"colour": "bgr"}, {"layout": "channels_first"}, {"range": [0.0, 255.0]}],
    ids=["that the model cannot take", "of another colour", "of another layout", "of another range"],
)
def test_an_edited_contract_is_not_reproduced(certify, verify, change):
    certify()
    edit(lambda document: document["subject"]["contract"]["input"].update(change))
    status, out, err = verify(*EVERYTHING)
    assert (status, out.startswith("NOT REPRODUCED: "), err) == (1, True, DECIDED)


def test_other_images_are_not_reproduced(certify, verify, tmp_path):
    certify()
    colour_patches(tmp_path, per_class=3)
    status, out, _ = verify(*EVERYTHING)
    assert (status, out.startswith("NOT REPRODUCED: ")) == (1, True)


def test_a_certificate_of_an_earlier_format_names_the_ferspec_that_verifies_it(ferspec, fixtures):
    path = fixtures / "certificates" / "format-1.json"
    status, out, err = ferspec("verify", path)
    assert (status, out) == (2, "")
    said = f"{path} was made by ferspec with certificate format 1: verify it with ferspec 0.1"
    assert err == f"ferspec: {said}\n"


def test_a_certificate_of_a_later_format_asks_for_a_later_ferspec(certify, verify):
    certify()
    edit(lambda document: document.update(schema_version="3"))
    status, out, err = verify()
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "certificate format 3" in err
    assert "verify it with a later ferspec" in err


def test_a_certificate_of_another_specification_is_inconclusive(certify, verify):
    certify()
    edit(lambda document: document["spec"].update(version="9.9", digest="0" * 64))
    status, out, _ = verify(*EVERYTHING)
    assert status == 3
    assert words(out).startswith("INCONCLUSIVE: it was made by another version of ferspec: verify it with that one")


def test_a_signed_certificate_is_still_self_asserted(certify, verify):
    status, out, _ = certify("--sign", "owner.pem")
    assert status == 0
    assert "data:image/" not in Path("there/report.html").read_text()
    assert "assurance: self-asserted; signed by owner.pem (SHA-256 " in words(out)
    status, out, _ = verify("--public-key", "owner.pub", "--json")
    assurance = json.loads(out)["assurance"]
    assert (status, assurance["level"], assurance["issued_by"][0]["name"]) == (0, "self-asserted", "owner.pub")


def test_who_reproduced_a_certificate_is_on_every_page(certify, verify):
    certify("--sign", "owner.pem", "--images")
    assert "self-asserted; signed by owner.pem" in Path("there/report.html").read_text()
    status, out, _ = verify(*EVERYTHING, "--sign", "lab.pem", "--public-key", "owner.pub")
    assert status == 0
    assert "assurance: reproduced by lab.pem (SHA-256 " in words(out)
    for name in ("report.html", "badge.svg", "model-index.yml", "documentation.md"):
        assert "reproduced by lab.pem (SHA-256 " in words(Path("there", name).read_text()), name
    assert Page(Path("there/report.html").read_text()).text("section", id="worst")
    status, out, _ = verify("--public-key", "owner.pub", "--public-key", "lab.pub", "--json")
    assert (status, json.loads(out)["assurance"]["level"]) == (0, "reproduced")


def test_a_certificate_that_is_not_signed_is_self_asserted_on_every_page(certify):
    assert "assurance: self-asserted" in certify()[1]
    for name in ("report.html", "badge.svg", "model-index.yml", "documentation.md"):
        assert "self-asserted" in Path("there", name).read_text(), name


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (("--sign", "lab.pem"), "--sign needs a reproduced result: add --model and --dataset"),
        ((*IMAGES, "--sign", "lab.pem"), "--sign needs a reproduced result: add --model and --dataset"),
        ((*EVERYTHING, "--sign", "lab.pem", "-k", "FER-X-02"), "leave out -k"),
        ((*EVERYTHING, "--sign", "lab.pub"), "is not a private key in PEM"),
        ((*EVERYTHING, "--sign", "absent.pem"), "cannot read absent.pem"),
        (("--public-key", "lab.pem"), "is not a public key in PEM"),
    ],
)
def test_a_signature_that_would_mean_nothing_is_refused_in_one_line(certify, verify, more, says):
    certify("--sign", "owner.pem")
    status, out, err = verify(*more)
    assert (status, out, err.count("\n"), says in err) == (2, "", 1, True)


@pytest.mark.parametrize(("name", "says"), [("owner", "issued this certificate"), ("lab", "has already signed")])
def test_the_issuer_and_whoever_has_signed_cannot_sign_again(certify, verify, name, says):
    certify("--sign", "owner.pem")
    verify(*EVERYTHING, "--sign", "lab.pem")
    before = Path("there/certificate.intoto.jsonl").read_bytes()
    status, _, err = verify(*EVERYTHING, "--sign", f"{name}.pem")
    assert (status, err.count("\n"), says in err) == (2, 2, True)
    assert Path("there/certificate.intoto.jsonl").read_bytes() == before


def test_what_is_not_reproduced_is_not_signed(certify, verify):
    certify()
    edit(lambda document: document["subject"]["contract"]["input"].update(colour="bgr"))
    status, out, err = verify(*EVERYTHING, "--sign", "lab.pem")
    assert (status, out.startswith("NOT REPRODUCED")) == (1, True)
    said = "ferspec: not signed: the result is NOT REPRODUCED, and only REPRODUCED can be signed\n"
    assert err == DECIDED + said
    assert not Path("there/certificate.intoto.jsonl").exists()


def test_a_certificate_edited_after_it_was_signed_is_found(certify, verify):
    certify("--sign", "owner.pem")
    edit(lambda document: document["subject"].update(name="the best model"))
    status, out, _ = verify()
    assert (status, "is of another document" in words(out)) == (1, True)
    assert out.startswith("CONSISTENT, BUT NOT ITS SIGNATURES")


def test_a_named_key_that_did_not_sign_is_found(certify, verify):
    certify("--sign", "owner.pem")
    status, out, _ = verify("--public-key", "lab.pub")
    assert (status, "no signature by lab.pub" in words(out)) == (1, True)


def test_a_new_certificate_does_not_keep_the_signatures_of_the_earlier_one(ferspec, certify, verify):
    certify("--sign", "owner.pem")
    command = ("certify", MODEL, *IMAGES, "--contract", "contract.toml", "--out", "there", "--force")
    assert ferspec(*command)[0] == 0
    assert not Path("there/certificate.intoto.jsonl").exists()
    assert verify()[0] == 0


def test_a_selected_check_cannot_be_signed(ferspec, workplace):
    status, out, err = ferspec("certify", MODEL, *IMAGES, "-c", "contract.toml", "-k", "FER-B-04", "--sign", "lab.pem")
    assert (status, out, err) == (2, "", "ferspec: --sign signs a whole certificate: leave out -k\n")


def test_a_key_that_cannot_be_used_is_refused_before_any_work(ferspec, workplace):
    status, out, err = ferspec("certify", "absent.keras", *IMAGES, "--sign", "absent.pem")
    assert (status, out, err) == (2, "", "ferspec: cannot read absent.pem: No such file or directory\n")
