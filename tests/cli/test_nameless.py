"""A certificate names no file of the images, and is compared with the images all the same."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ferspec.api.results.certification import Certification
from ferspec.subjects.certificates.document import Report
from ferspec.subjects.datasets import subject
from ferspec.subjects.datasets.manifest import without_examples
from ferspec.subjects.models.contracts.files import save_contract
from helpers.miniatures import CENTRES, contract

CLASSES = ("Angry", "Disgust", "Fear", "Happy", "Neutral", "Sad", "Surprise")
NAME = "jane-roe-1990"
GROUPS = "groups.csv"


@pytest.fixture
def private(tmp_path, monkeypatch):
    """Ten pictures of each class, named for a person, two of them equal, and one outside the class folders."""
    rng = np.random.default_rng(0)
    rows = ["image,age"]
    for index in range(70):
        path = tmp_path / "set" / CLASSES[index % 7] / f"{NAME}-{index}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        noise = rng.integers(-20, 21, (8, 8, 3))
        Image.fromarray((CENTRES[index % 7] + noise).clip(0, 255).astype(np.uint8)).save(path)
        rows.append(f"{path.parent.name}/{path.name},{'old' if index % 2 else 'young'}")
    (tmp_path / "set" / "Sad" / f"{NAME}-again.png").write_bytes(path.with_name(path.name).read_bytes())
    rows += [f"Sad/{NAME}-again.png,old", f"{NAME}-absent.png,old"]
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(tmp_path / "set" / f"{NAME}-outside.png")
    (tmp_path / GROUPS).write_text("\n".join(rows) + "\n")
    save_contract(contract(), tmp_path / "contract.toml")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def certified(ferspec):
    words = ("helpers.callables:right", "--dataset", "set", "--contract", "contract.toml", "--groups", GROUPS)
    assert ferspec("certify", *words, "--out", "there", "--images")[0] in (0, 1, 2)
    return Path("there/certificate.json").read_text()


def verified(ferspec, *words):
    return ferspec("verify", "there/certificate.json", "--dataset", "set", *words)


def test_no_file_of_a_certificate_names_a_file_of_the_images(ferspec, private):
    document = json.loads(certified(ferspec))
    for path in Path("there").iterdir():
        assert NAME.encode() not in path.read_bytes(), path
    assert document["manifest"][0]["path"] == f"Angry/{document['manifest'][0]['bytes_sha256'][:16]}"
    assert "rows of groups.csv without an image: 1" in document["dataset"]["notes"]


def test_it_is_compared_with_the_images(ferspec, private):
    certified(ferspec)
    assert verified(ferspec)[0] == 0
    assert verified(ferspec, "--groups", GROUPS)[0] == 0
    Path(f"set/Fear/{NAME}-2.png").rename(f"set/Fear/{NAME}-2+.png")  # which keeps the order
    assert verified(ferspec)[0] == 0
    Path(f"set/Fear/{NAME}-2+.png").rename(f"set/Happy/{NAME}-2+.png")
    assert verified(ferspec)[0] == 1


def test_a_certificate_with_names_as_of_earlier_versions_is_verified(ferspec, private, monkeypatch):
    with monkeypatch.context() as earlier:
        earlier.setattr(subject, "without_names", tuple)
        earlier.setattr(subject, "without_examples", str)
        assert NAME in certified(ferspec)
    assert verified(ferspec)[0] == 0
    assert verified(ferspec, "--groups", GROUPS)[0] == 0
    assert NAME not in certified(ferspec)  # which may replace it: the images are the same


def test_a_table_of_a_result_has_the_names_where_the_images_are_at_hand(ferspec, private):
    report = Report.model_validate_json(certified(ferspec))
    ids = tuple(f"name {place}" for place in range(len(report.manifest)))
    assert tuple(Certification.of(report, None, ids).to_frame()["image"]) == ids
    assert Certification.of(report, None).to_frame()["image"][0] == report.manifest[0].path


@pytest.mark.parametrize(
    ("note", "expected"),
    [
        ("rows of a (1).csv without an image: 2 (x.png, y.png)", "rows of a (1).csv without an image: 2"),
        (
            "images outside the class folders were skipped: 1,000 (such as a (b).png)",
            "images outside the class folders were skipped: 1,000",
        ),
        ("images outside the seven classes were skipped: 3 in Contempt", None),
    ],
)
def test_a_note_loses_its_examples_only(note, expected):
    assert without_examples(note) == (expected or note)
