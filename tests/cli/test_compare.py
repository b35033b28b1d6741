"""The command compare: exit statuses, margins, rankings, certificates, and what cannot be compared."""

import json
from pathlib import Path

import numpy as np
import pytest

from ferspec.subjects.datasets.subject import open_dataset
from helpers.miniatures import CLASSES, colour_patches


@pytest.fixture
def answered(tmp_path, monkeypatch):
    """Files of predictions of the patches, each with some wrong answers."""
    colour_patches(tmp_path)
    monkeypatch.chdir(tmp_path)
    images = open_dataset("patches.npz")
    for name, wrong in (("a", range(20)), ("b", range(1, 21)), ("c", range(60)), ("all", range(0))):
        rows = [
            f"{image},{CLASSES[(label + (row in wrong)) % 7]}"
            for row, (image, label) in enumerate(zip(images.ids, images.labels, strict=True))
        ]
        Path(f"{name}.csv").write_text("\n".join(["image,class", *rows]))


ON = ("--dataset", "patches.npz")


def test_the_exit_status_says_whether_the_second_model_will_do(ferspec, answered):
    """Without a margin a tie decides nothing; with one, the second may be as good."""
    for words, status, says in (
        (("a.csv", "all.csv"), 0, "B is better"),
        (("all.csv", "a.csv"), 1, "A is better"),
        (("a.csv", "b.csv"), 3, "A tie"),
        (("a.csv", "b.csv", "--margin", "0.05"), 0, "B is as good as A within the margin"),
        (("a.csv", "b.csv", "--margin", "0.05", "--equivalence"), 0, "A and B are equivalent"),
        (("a.csv", "b.csv", "--margin", "0.01"), 3, "images would decide"),
        (("all.csv", "a.csv", "--margin", "0.05"), 1, "B is worse by more than the margin"),
        (("a.csv", "all.csv", "--margin", "0.05", "--equivalence"), 1, "B is better by more than the margin"),
    ):
        found, out, _ = ferspec("compare", *words, *ON)
        assert (found, says in " ".join(out.split())) == (status, True), words


def test_certificates_are_compared_without_their_images(ferspec, answered):
    for name in ("a", "b"):
        ferspec("certify", f"{name}.csv", *ON, "--out", name)
    recorded = ferspec("compare", "a/certificate.json", "b/certificate.json", "--json")
    assert recorded[1] == ferspec("compare", "a.csv", "b.csv", *ON, "--json")[1]
    mixed = ferspec("compare", "a/certificate.json", "b.csv", "c.csv", *ON, "--json")
    assert [(one["model"], one["group"]) for one in json.loads(mixed[1])["models"]] == [(0, 1), (1, 1), (2, 2)]


def test_copies_of_images_are_named_also_for_certificates_alone(ferspec, answered):
    faces = np.load("patches.npz")
    np.savez("twice.npz", **{name: np.concatenate([faces[name]] * 2) for name in faces})
    for name in ("a", "b"):
        answers = Path(f"{name}.csv").read_text().splitlines()[1:]
        rows = [f"{row},{line.partition(',')[2]}" for row, line in enumerate(answers * 2)]
        Path(f"{name}.csv").write_text("\n".join(["image,class", *rows]))
        ferspec("certify", f"{name}.csv", "--dataset", "twice.npz", "--out", name)
    _, _, err = ferspec("compare", "a/certificate.json", "b/certificate.json", "--margin", "0.05")
    assert "all images occur twice, as in a doubled tree: 140" in err


def test_twins_are_counted_as_clusters(ferspec, answered):
    rows = [f"{row},{row // 20 if row < 60 else ''}" for row in range(140)]
    Path("twins.csv").write_text("\n".join(["image,person", *rows]))
    words = ("compare", "all.csv", "c.csv", *ON, "--json")
    status, out, _ = ferspec(*words, "--clusters", "twins.csv")
    assert (status, json.loads(out)["clusters"], json.loads(out)["pairs"][0]["p_value"]) == (0, 83, 0.25)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("a.csv",), "one model cannot be compared"),
        (("a.csv", "a.csv"), "a.csv is given twice"),
        (("a.csv", "b.csv", "copy.csv"), "a.csv and copy.csv are the same model"),
        (("a.csv", "b.csv", "--margin", "2"), "margin 2: a margin is a share between 1e-06 and 1"),
        (("a.csv", "b.csv", "--margin", "1e-320"), "a margin is a share between"),
        (("a.csv", "b.csv", "--margin", "nan"), "margin nan: a margin is a share"),
        (("a.csv", "b.csv", "--equivalence"), "an equivalence needs a margin"),
        (("a.csv", "b.csv", "c.csv", "--margin", "0.01"), "a margin is for two models"),
        (("a.csv", "few.csv"), "few.csv: no prediction for 100 of 140 images"),
        (("a.csv", "other.json"), "compare models on the same images"),
        (("a.csv", "broken.json"), "broken.json is not a valid certificate"),
        (("a.csv", "edited.json"), "edited.json was changed after it was made"),
        (("a.csv", "b.csv", "--clusters", "two.csv"), "leave only that of the cluster"),
    ],
)
def test_what_cannot_be_compared_is_one_line(ferspec, answered, words, says):
    Path("copy.csv").write_text(Path("a.csv").read_text())
    Path("few.csv").write_text("\n".join(Path("a.csv").read_text().splitlines()[:41]))
    Path("two.csv").write_text("\n".join(["image,person,age", *(f"{row},{row},1" for row in range(140))]))
    Path("broken.json").write_text("{}")
    if "edited.json" in words:
        ferspec("certify", "c.csv", *ON, "--out", "c")
        made = json.loads(Path("c/certificate.json").read_text())
        for one in made["predictions"]:
            one["predicted"] = one["label"]
        Path("edited.json").write_text(json.dumps(made))
    if "other.json" in words:
        faces = np.load("patches.npz")
        np.savez("half.npz", images=faces["images"][:70], labels=faces["labels"][:70])
        Path("half.csv").write_text("\n".join(Path("a.csv").read_text().splitlines()[:71]))
        ferspec("certify", "half.csv", "--dataset", "half.npz", "--out", "half")
        Path("half/certificate.json").rename("other.json")
    status, out, err = ferspec("compare", *words, *ON)
    reasons = [line for line in err.splitlines() if not line.startswith(("images: ", "  "))]
    assert (status, out, len(reasons), says in reasons[0]) == (2, "", 1, True), err
