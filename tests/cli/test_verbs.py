"""The commands certify, verify, compare and contract: files, output and exit statuses."""

import json
import shlex
import shutil
import tomllib
from pathlib import Path

import cv2
import jsonschema
import numpy as np
import pytest

from ferspec.report.schema import published
from ferspec.subjects.models.contracts.files import save_contract
from helpers import callables
from helpers.miniatures import CLASSES, colour_patches, contract
from helpers.processes import run_python

# a copy in the folder of each test, since other tests read the folder of the helpers meanwhile
RIGHT, SCORES, NOISY = (f"patches_model:{name}" for name in ("right", "nearest_centre", "right_with_some_noise"))


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    """A folder with a dataset and a contract, in which the commands are run."""
    colour_patches(tmp_path)
    shutil.copy(callables.__file__, tmp_path / "patches_model.py")
    save_contract(contract(), tmp_path / "contract.toml")
    monkeypatch.chdir(tmp_path)
    return tmp_path


GIVEN = ("--dataset", "patches.npz", "--contract", "contract.toml")


def test_certify_writes_the_certificate_and_the_pages_drawn_from_it(certified, workplace):
    status, out, err = certified(RIGHT, *GIVEN, "--out", "there")
    assert (status, err) == (0, "images: 140 of patches (npz): 20 of each class\n")
    assert "PASS" in out
    assert {path.name for path in Path("there").iterdir()} == {
        "certificate.json",
        "report.html",
        "badge.svg",
        "model-index.yml",
        "documentation.md",
    }


def test_the_json_document_follows_the_published_schema(certified, workplace):
    _, out, _ = certified(RIGHT, *GIVEN, "--json", "--claim", "accuracy>=0.5", "--out", "there")
    document = json.loads(out)
    jsonschema.validate(document, published())
    expected = {"verdict", "counts", "outcomes", "metrics", "diagnoses", "subject", "dataset", "spec"}
    assert expected <= set(document)
    assert {"planned", "pass", "fail", "inconclusive", "not_evaluated"} <= set(document["counts"])
    assert document["counts"]["planned"] == len(document["outcomes"]) == 10


def test_printed_json_equals_the_written_file(certified, workplace):
    _, out, _ = certified(RIGHT, *GIVEN, "--json", "--claim", "accuracy>=0.5", "--out", "there")
    assert json.loads(out) == json.loads(Path("there/certificate.json").read_text())


@pytest.mark.parametrize(
    ("claim", "status"),
    [("accuracy>=0.5", 0), ("accuracy>=0.99", 3), ("ece<=0.0000001", 1)],
    ids=["a claim that holds", "a claim that the images cannot decide", "a claim that does not hold"],
)
def test_the_exit_status_is_that_of_the_verdict(certified, workplace, claim, status):
    assert certified(RIGHT, *GIVEN, "--claim", claim)[0] == status


def test_a_failure_shows_observation_place_cause_and_command(certified, workplace):
    _, out, _ = certified(RIGHT, *GIVEN, "--claim", "ece<=0.0000001")
    assert "observed ece" in out
    assert "expected <= 1e-07" in out
    command = next(line for line in out.splitlines() if "reproduce:" in line)
    assert "--claim 'ece<=0.0000001'" in command
    assert "-k 'FER-B-08[ece<=1e-07]'" in command


def test_claims_are_named_in_the_command_wherever_they_come_from(workplace):
    import ferspec

    claims = (claim for claim in ["ece<=0.0000001"])
    report = ferspec.certify(RIGHT, GIVEN[1], GIVEN[3], claims)
    failed = next(outcome for outcome in report.outcomes if outcome.clause == "FER-B-08")
    assert "--claim 'ece<=0.0000001'" in failed.reproduce


def test_two_models_of_one_package_do_not_overwrite_each_other(ferspec, workplace):
    ferspec("certify", RIGHT, *GIVEN)
    ferspec("certify", NOISY, *GIVEN)
    written = sorted(path.name for path in workplace.glob("ferspec-*"))
    assert written == ["ferspec-patches_model-right", "ferspec-patches_model-right_with_some_noise"]


def test_the_command_that_is_printed_shows_the_failure_again(ferspec, workplace):
    _, out, _ = ferspec("certify", RIGHT, *GIVEN, "--claim", "ece<=0.0000001", "--trust-code")
    printed = next(line for line in out.splitlines() if "reproduce:" in line)
    status, out, _ = ferspec(*shlex.split(printed.partition("reproduce: ")[2])[1:])
    assert status == 1
    assert "FER-B-08[ece<=1e-07]" in out


def test_a_name_cannot_break_the_line_nor_colour_the_terminal(ferspec, workplace):
    status, _, err = ferspec("certify", RIGHT, "--dataset", "no\nsuch\x1b[31m", "--contract", "contract.toml")
    assert status == 2
    assert err.count("\n") == 1
    assert "\x1b" not in err


@pytest.mark.parametrize("words", [("certify", RIGHT, "--bogus"), ("certify",), ("absent",)])
def test_a_mistyped_command_is_one_line_too(ferspec, workplace, words):
    status, out, err = ferspec(*words)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("ferspec: ")


def test_a_run_that_cannot_be_written_leaves_the_earlier_files(ferspec, certified, workplace, monkeypatch):
    certified(RIGHT, *GIVEN, "--out", "there")
    before = {path: path.read_bytes() for path in Path("there").iterdir()}
    monkeypatch.setattr("ferspec.report.pages.render_badge", lambda report, assurance: 1 / 0)
    ended = ferspec("certify", NOISY, *GIVEN, "--out", "there", "--force")
    assert (ended[0], "ZeroDivisionError" in ended[2]) == (70, True)
    assert {path: path.read_bytes() for path in Path("there").iterdir()} == before


def test_a_single_check_can_be_run_and_writes_nothing(ferspec, workplace):
    before = set(workplace.iterdir())
    status, out, _ = ferspec("certify", RIGHT, *GIVEN, "-k", "FER-B-04", "--json")
    assert status == 0
    assert [outcome["check"] for outcome in json.loads(out)["outcomes"]] == ["FER-B-04"]
    assert set(workplace.iterdir()) == before


def test_a_declared_deviation_turns_its_failure_into_a_declared_one(ferspec, workplace):
    Path("deviations.toml").write_text(
        '[[deviation]]\nclause = "FER-B-04"\ncategory = "unsupported"\nreason = "its outputs are scores"\n'
    )
    wrong = ("certify", SCORES, *GIVEN, "--json")
    assert ferspec(*wrong)[0] == 1
    status, out, _ = ferspec(*wrong, "--deviations", "deviations.toml")
    assert status == 0
    assert json.loads(out)["counts"]["declared"] == 1
    assert ferspec("certify", RIGHT, *GIVEN, "--deviations", "deviations.toml")[0] == 1


def test_slices_come_from_a_groups_file(ferspec, workplace):
    rows = [f"{index},{'young' if index % 3 else 'old'}" for index in range(7 * 20)]
    Path("groups.csv").write_text("\n".join(["image,age", *rows]))
    _, out, _ = ferspec("certify", RIGHT, *GIVEN, "--groups", "groups.csv", "--claim", "gap[age]<=0.5", "--json")
    document = json.loads(out)
    assert [entry["column"] for entry in document["metrics"]["slices"]] == ["age"]
    assert document["verdict"] == "pass"


def test_verify_finds_nothing_in_an_untouched_certificate_and_an_edit_in_another(ferspec, certified, workplace):
    certified(RIGHT, *GIVEN, "--out", "there")
    path = Path("there/certificate.json")
    everything = ("verify", path, "--dataset", "patches.npz", "--model", RIGHT, "--json")
    status, out, _ = ferspec(*everything)
    assert status == 0
    assert json.loads(out)["counts"]["pass"] == 16
    assert json.loads(out)["finding"] == "REPRODUCED"
    path.write_text(path.read_text().replace('"verdict": "pass"', '"verdict": "fail"'))
    status, out, _ = ferspec("verify", path)
    assert status == 1
    assert "FER-X-02" in out
    assert "FER-X-04" in out


@pytest.mark.parametrize(
    ("holds", "says"),
    [
        ("certificate.json", "there is a folder: give its certificate.json"),
        ("run.json", "there is the folder of a training, not a certificate: 'ferspec evaluate there' verifies it"),
    ],
)
def test_verify_says_what_to_do_with_a_folder(ferspec, workplace, holds, says):
    Path("there").mkdir()
    Path("there", holds).write_text("{}")
    status, out, err = ferspec("verify", "there")
    assert (status, out, err) == (2, "", f"ferspec: {says}\n")


def class_folders(folder, sizes=None):
    """Write one small PNG into a folder of each class."""
    for name in CLASSES:
        (folder / name).mkdir(parents=True)
        cv2.imwrite(str(folder / name / "1.png"), np.full((8, 8, 3), 100, np.uint8))
    return folder


def empty_class(folder):
    next((class_folders(folder) / "Sad").iterdir()).unlink()


def unknown_class(folder):
    (class_folders(folder) / "Smug").mkdir()
    cv2.imwrite(str(folder / "Smug" / "1.png"), np.zeros((8, 8, 3), np.uint8))


def unreadable_image(folder):
    (class_folders(folder) / "Sad" / "2.jpg").write_text("no image")


def zero_byte_image(folder):
    (class_folders(folder) / "Sad" / "2.png").write_bytes(b"")


def truncated_image(folder):
    path = class_folders(folder) / "Sad" / "1.png"
    path.write_bytes(path.read_bytes()[:-30])


def label_out_of_range(folder):
    folder.mkdir()
    np.savez(folder / "patches.npz", images=np.zeros((2, 8, 8, 3), np.uint8), labels=[0, 7])


def no_images(folder):
    folder.mkdir()


@pytest.mark.parametrize(
    ("make", "path", "says"),
    [
        (empty_class, "data", "Sad"),
        (unknown_class, "data", "Smug"),
        (unreadable_image, "data", r"2\.jpg"),
        (zero_byte_image, "data", r"2\.png"),
        (truncated_image, "data", r"1\.png"),
        (label_out_of_range, "data/patches.npz", "7"),
        (no_images, "data", "data"),
        (no_images, "nowhere", "nowhere"),
    ],
)
def test_a_dataset_that_cannot_be_judged_on_is_one_line(ferspec, workplace, make, path, says):
    make(workplace / "data")
    refused(ferspec("certify", RIGHT, "--dataset", path, "--contract", "contract.toml"), says, workplace)


def truncated_keras(path):
    path.write_bytes(b"PK\x03\x04" + b"\0" * 40)


def picture(path):
    path.write_bytes(cv2.imencode(".jpg", np.zeros((8, 8, 3), np.uint8))[1].tobytes())


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (None, "absent.keras"),
        (truncated_keras, "model.keras"),
        (picture, "model.h5"),
        (lambda p: p.touch(), "model.onnx"),
    ],
    ids=["missing", "truncated", "a picture", "empty"],
)
def test_a_file_that_is_not_a_model_is_one_line(ferspec, workplace, make, name):
    if make:
        make(workplace / name)
    refused(ferspec("certify", name, *GIVEN), name, workplace)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("certify", RIGHT), "--dataset"),
        (("certify", RIGHT, "--dataset", "patches.npz", "--contract", "absent.toml"), "absent.toml"),
        (("certify", "patches_model:absent", *GIVEN), "absent"),
        (("certify", RIGHT, *GIVEN, "--claim", "accuracy is good"), "write it like"),
        (("certify", RIGHT, *GIVEN, "--claim", "acuracy>=0.5"), "accuracy"),
        (("certify", RIGHT, *GIVEN, "--claim", "gap[age]<=0.5"), "gap[COLUMN] with --groups CSV"),
        (("certify", RIGHT, *GIVEN, "--deviations", "absent.toml"), "absent.toml"),
        (("certify", RIGHT, *GIVEN, "--groups", "absent.csv"), "absent.csv"),
        (("certify", RIGHT, *GIVEN, "--out", "patches.npz"), "--out"),
        (("certify", RIGHT, *GIVEN, "--out", "patches.npz/there"), "--out"),
        (("certify", RIGHT, *GIVEN, "-k", "FER-W"), "FER-W"),
        (("certify", "predictions.csv", "--dataset", "patches.npz"), "predictions.csv"),
        (("verify", "absent.json"), "cannot read absent.json: No such file or directory"),
        (("verify", "contract.toml"), "contract.toml is not a certificate"),
        (("verify", "patches.npz"), "patches.npz is not a certificate"),
        (("compare", RIGHT, "demo"), "--dataset"),
        (("contract", "init", "absent.keras"), "absent.keras"),
        (("spec", "show", "FER-W-99"), "FER-W-0"),
    ],
)
def test_a_mistake_is_one_line_that_says_what_to_do(ferspec, workplace, words, says):
    refused(ferspec(*words), says, workplace)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name,class\n0,Sad\n", "image"),
        ("image,colour\n0,red\n", "classes"),
        ("image,class\n0,Smug\n", "Smug"),
        ("image,class\n0,Sad\n", "no prediction for 139"),
    ],
    ids=["no column for the image", "no column for the prediction", "an unknown class", "images left out"],
)
def test_predictions_that_cannot_be_judged_are_one_line(ferspec, workplace, text, says):
    Path("predictions.csv").write_text(text)
    refused(ferspec("certify", "predictions.csv", "--dataset", "patches.npz"), says, workplace)


def refused(result, says, workplace):
    """Assert exit status 2, one line that says what is meant, at most after one on the images, and nothing written."""
    status, out, err = result
    assert (status, out) == (2, "")
    *images, reason = err.splitlines()
    assert len(images) == sum(line.startswith("images: ") for line in images) <= 1
    assert reason.startswith("ferspec: ")
    assert says.replace("\\", "") in reason
    assert not list(workplace.glob("ferspec-*"))


def test_contract_init_writes_what_the_file_declares_and_replaces_no_file(ferspec, workplace):
    keras = pytest.importorskip("keras")
    layers = [keras.layers.Input((16, 24, 1)), keras.layers.Flatten(), keras.layers.Dense(7, activation="softmax")]
    keras.Sequential(layers).save("small.keras")
    status, out, _ = ferspec("contract", "init", "small.keras", "--json")
    written = json.loads(out)
    assert (status, written["contract"]["input"]["size"], written["contract"]["input"]["colour"]) == (
        0,
        [16, 24],
        "gray",
    )
    text = Path(written["path"]).read_text()
    status, _, err = ferspec("contract", "init", "small.keras")
    assert status == 2
    assert "--force" in err
    assert Path(written["path"]).read_text() == text


def test_contract_init_completes_a_file_that_names_only_the_network(ferspec, workplace):
    torch = pytest.importorskip("torch")
    from ferspec.subjects.models.pytorch.resnet18 import ResNet18

    torch.save(ResNet18(8, 3).state_dict(), "weights.pth")
    path = Path("weights.pth.contract.toml")
    path.write_text('architecture = "ferspec:ResNet18"')
    status, _, err = ferspec("contract", "init", "weights.pth")
    assert (status, err) == (0, "")
    written = tomllib.loads(path.read_text())
    assert (written["architecture"], len(written["output"]["classes"])) == ("ferspec:ResNet18", 8)
    assert ferspec("contract", "init", "weights.pth")[0] == 2


@pytest.mark.parametrize("words", [(), ("certify",), ("compare",), ("verify",), ("contract", "init"), ("spec", "show")])
def test_help_has_an_example(ferspec, words):
    status, out, _ = ferspec(*words, "--help")
    assert status == 0
    assert "Example: ferspec" in out


def test_help_loads_no_framework():
    code = (
        "import sys; sys.argv = ['ferspec', '--help']\n"
        "from ferspec.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'tensorflow', 'keras', 'torch', 'onnxruntime', 'numpy', 'pandas', 'sklearn', 'cv2', 'scipy'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    run_python(code, check=True)
