"""``ferspec dataset inspect``: the verdict first, findings as CSV and on a page, the accuracy without a leak."""

import csv
import json

import jsonschema
import numpy as np
import pytest

import ferspec as public
from ferspec.report import schema
from helpers.html_pages import HOSTILE, Page
from helpers.layouts import CLASSES
from helpers.made.sets import in_folders, mirrored, picture, pictures, saved

NAMES = ",".join(CLASSES)


def arrays(path, images, labels=None):
    labels = np.arange(len(images)) % 7 if labels is None else np.array(labels)
    np.savez(path, images=np.stack(images), labels=np.array(CLASSES)[labels])
    return path


def predictions(path, labels, wrong=()):
    """A table of predictions that is right, except at some rows."""
    rows = []
    for row, label in enumerate(labels):
        answer = (label + 1) % 7 if row in wrong else label
        rows.append(f"{row},{','.join(str(0.7 if name == answer else 0.05) for name in range(7))}")
    path.write_text("\n".join([f"image,{NAMES}", *rows]) + "\n")
    return path


def table(path):
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """A test set with a mirrored picture under another label, and a training set that holds two of its pictures."""
    root = tmp_path_factory.mktemp("sets")
    arrays(root / "tested.npz", [*pictures(14), mirrored(3)], [*(np.arange(14) % 7), 5])
    arrays(root / "trained.npz", [*pictures(7, first=40), picture(0), mirrored(1)])
    arrays(root / "clean.npz", pictures(14))
    return root


@pytest.fixture(scope="module")
def found(places):
    return public.dataset.inspect(
        places / "tested.npz",
        against=[places / "trained.npz"],
        predictions=predictions(places / "p.csv", [*(np.arange(14) % 7), 5], wrong=(5, 6, 7, 8, 9)),
        clusters=True,
        images=True,
    )


def test_the_first_line_is_the_verdict_and_what_matters_most(ferspec, places):
    status, out, _ = ferspec("dataset", "inspect", places / "tested.npz", "--against", places / "trained.npz")
    assert status == 1
    assert out.splitlines()[0].startswith(
        "FAIL  inspection of tested: shared pictures, exact copies: 1 among 15 images; "
    )
    assert "compared with trained (9 images): 1 exact and 1 changed copies of its pictures" in out
    [first, *_] = [line for line in out.splitlines() if line.startswith("to do: ")]
    assert first.startswith("to do: take the shared pictures out of the training images")
    assert first.endswith("(FER-I-06)")
    assert "the clause: ferspec spec show FER-I-06" in out
    assert ".toml" not in out


def test_a_set_without_a_fault_passes(ferspec, places):
    status, out, _ = ferspec("dataset", "inspect", places / "clean.npz")
    assert (status, out[:4]) == (0, "PASS")
    assert "to do: " not in out


@pytest.mark.parametrize("set_name", ["tested", "clean"])
def test_the_document_is_valid(ferspec, places, set_name):
    _, out, _ = ferspec("dataset", "inspect", places / f"{set_name}.npz", "--json")
    validator = jsonschema.Draft202012Validator(schema.published_inspection())
    validator.validate(json.loads(out))
    without = json.loads(out)
    del without["findings"]
    with pytest.raises(jsonschema.ValidationError):
        validator.validate(without)


def test_the_published_schema_is_current():
    assert schema.published_inspection() == schema.generated_inspection(), "run: python -m ferspec.report.schema"


def test_findings_name_the_pairs_and_both_labels(found):
    rows = [(one.check, one.image, one.label, one.other_image, one.other_label) for one in found.findings]
    assert rows == [
        ("FER-I-06[exact copies]", "0", "Angry", "7", "Angry"),
        ("FER-I-06[changed copies]", "1", "Disgust", "8", "Disgust"),
        ("FER-D-10[changed copies]", "3", "Happy", "14", "Sad"),
        ("FER-I-02", "3", "Happy", "14", "Sad"),
    ]
    assert found.to_frame().shape == (4, 13)


def test_the_accuracy_is_given_with_and_without_the_leak(found):
    figures = found.answered.figures
    assert (figures.all.n, figures.clean.n, figures.leaked.n) == (15, 13, 2)
    assert [one.accuracy.value for one in (figures.all, figures.clean, figures.leaked)] == pytest.approx(
        [10 / 15, 8 / 13, 1.0]
    )
    assert (figures.all_by_picture.n, figures.clean_by_picture.n) == (14, 12)


def test_labels_that_the_model_contradicts_are_suspicions(found):
    assert {one.image for one in found.answered.suspects} == {"5", "6", "7", "8", "9"}
    assert not any(outcome.clause not in ("FER-I-06", "FER-D-10", "FER-I-02") for outcome in found.failures)


def test_a_result_prints_and_writes_the_files_of_the_command(found, tmp_path):
    assert repr(found) == "<inspection of tested: fail, 3 pass, 4 fail, 13 not evaluated; 4 findings>"
    assert "<iframe" in found._repr_html_()
    found.write(tmp_path / "out")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "inspection.json",
        "inspection.html",
        "findings.csv",
        "clusters.csv",
    }
    rows, pairs = (table(tmp_path / "out" / name) for name in ("findings.csv", "clusters.csv"))
    assert [row["what"] for row in rows][:2] == ["in another set, exact copy", "in another set, changed copy"]
    clusters = {row["image"]: row["picture"] for row in pairs}
    assert clusters["3"] == clusters["14"] != ""
    assert clusters["5"] == ""


def test_the_clusters_rank_models(ferspec, places, found, tmp_path):
    found.write(tmp_path)
    other = predictions(tmp_path / "other.csv", [*(np.arange(14) % 7), 5], wrong=(3, 14))
    words = ("compare", places / "p.csv", other, "--dataset", places / "tested.npz")
    status, out, _ = ferspec(*words, "--clusters", tmp_path / "clusters.csv", "--json")
    assert (status, json.loads(out)["clusters"]) == (0, 14)


def test_the_page_shows_pictures_side_by_side_only_if_asked(found, places):
    page = Page(found.page())
    sources = [attributes["src"] for _, attributes, _ in page.all("img")]
    # two images of each of four pairs, and five suspected labels
    assert len(sources) == 13
    assert all(source.startswith("data:image/jpeg;base64,") for source in sources)
    hidden = public.dataset.inspect(places / "tested.npz")
    assert Page(hidden.page()).all("img") == []


def test_deidentified_pictures_are_blocks_and_the_page_says_so(ferspec, places, tmp_path):
    words = ("dataset", "inspect", places / "tested.npz", "--out", tmp_path / "out")
    assert ferspec(*words, "--deidentify")[0] == 2
    assert ferspec(*words, "--images", "--deidentify")[0] == 1
    page = Page((tmp_path / "out" / "inspection.html").read_text(encoding="utf-8"))
    sources = [attributes["src"] for _, attributes, _ in page.all("img")]
    assert len(sources) == 4
    assert all(source.startswith("data:image/png;base64,") and len(source) < 600 for source in sources)
    assert "reduced to 8 × 8 blocks" in page.text("section", id="findings")


def test_the_page_says_what_to_do_about_each_failed_check(found):
    said = Page(found.page()).text("ol", **{"class": "remedies"})
    assert said.startswith("take the shared pictures out of the training images")
    assert said.index("(FER-I-06)") < said.index("(FER-D-10)") < said.index("(FER-I-02)")


def test_every_clause_of_an_inspection_has_a_remedy():
    from ferspec.checks.dataset.checks import DATASET_CHECKS
    from ferspec.report.inspection.words import REMEDIES

    assert {check.clause for check in DATASET_CHECKS} == {clause for clauses, _ in REMEDIES for clause in clauses}


def test_the_pages_of_hostile_names_are_escaped(tmp_path):
    for number, text in enumerate(HOSTILE.values()):
        name = text.replace("/", "_").replace("\0", "")[:60]
        (tmp_path / "Happy").mkdir(exist_ok=True)
        (tmp_path / "Happy" / f"{name}{number}.png").write_bytes(saved("PNG", picture(number % 2)))
    in_folders(tmp_path, {})
    found = public.dataset.inspect(tmp_path, images=True)
    page = found.page()
    assert Page(page).all("script") == []
    assert "\u202e" not in page
    assert "\x1b" not in page
    assert 'onerror=alert(1) x="' not in page


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--images"], "add --out DIR"),
        (["--against", "tested.npz"], "this is the inspected set itself"),
        (["--against", "clean.npz", "--against", "clean.npz"], "given twice"),
        (["--contract", "c.toml"], "add --model"),
        (["--clusters"], "add --model or --predictions"),
        (["--model", "p.csv", "--predictions", "p.csv"], "leave out one of them"),
        (["--predictions", "clean.npz"], "neither a table of predictions nor a certificate.json"),
        (["--groups", "missing.csv"], "missing.csv"),
        (["-k", "FER-Q"], "no check's id contains 'FER-Q'"),
        (["--against", "nowhere"], "no such file or folder"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(ferspec, places, monkeypatch, words, said):
    monkeypatch.chdir(places)
    predictions(places / "p.csv", [0])
    status, out, err = ferspec("dataset", "inspect", "tested.npz", *words)
    assert (status, out) == (2, "")
    assert said in err.splitlines()[-1]


def test_files_of_another_dataset_are_refused(ferspec, tmp_path):
    from helpers.layouts import fer2013_csv

    path = fer2013_csv(tmp_path / "fer2013.csv", [("Happy", "Training"), ("Sad", "PublicTest")])
    status, _, err = ferspec("dataset", "inspect", path, "--as", "rafdb")
    assert (status, "FER2013" in err) == (2, True)
    status, out, _ = ferspec("dataset", "inspect", path, "--as", "fer2013", "-k", "FER-D-01", "--json")
    assert (status, json.loads(out)["outcomes"][0]["expected"]) == (1, "35,887 images")


@pytest.mark.parametrize("command", ["inspect", "describe"])
@pytest.mark.parametrize("out", [".", "results"])
def test_results_are_not_written_into_the_set(ferspec, tmp_path, command, out):
    in_folders(tmp_path / "set", {"Happy/1.png": saved("PNG")})
    before = sorted(tmp_path.rglob("*"))
    status, _, err = ferspec("dataset", command, tmp_path / "set", "--out", tmp_path / "set" / out)
    assert (status, "would be read as a part of it" in err) == (2, True)
    assert sorted(tmp_path.rglob("*")) == before


def test_two_sets_of_one_name_are_distinguished_by_their_paths(tmp_path):
    for place, numbers in (("a", (0, 1)), ("b", (1, 2)), ("c", (0, 5))):
        (tmp_path / place / "set" / "Happy").mkdir(parents=True)
        for number in numbers:
            (tmp_path / place / "set" / "Happy" / f"{number}.png").write_bytes(saved("PNG", picture(number)))
    found = public.dataset.inspect(tmp_path / "a/set", against=[tmp_path / "b/set", tmp_path / "c/set"])
    first, second = (str(tmp_path / place / "set") for place in "bc")
    assert [one.name for one in found.compared] == [first, second]
    assert [(one.image, one.other_set) for one in found.findings] == [("Happy/1.png", first), ("Happy/0.png", second)]


@pytest.mark.parametrize(("ours", "other"), [(".", "train"), ("train", ".")])
def test_a_set_is_not_compared_with_a_part_of_itself(ferspec, tmp_path, ours, other):
    in_folders(tmp_path / "train", {"Happy/1.png": saved("PNG")})
    status, _, err = ferspec("dataset", "inspect", tmp_path / ours, "--against", tmp_path / other)
    assert (status, "lies in the other" in err) == (2, True)


def test_classes_without_images_are_said(ferspec, tmp_path):
    in_folders(tmp_path, {"Sad/1.png": saved("PNG")})
    _, _, err = ferspec("dataset", "inspect", tmp_path, "-k", "FER-I-03")
    assert "no images of Disgust, Fear, Neutral, Surprise" in err


def test_a_likely_name_alone_is_inconclusive(ferspec, tmp_path):
    in_folders(tmp_path, {"Happy/Ada_Lovelace_0001.png": saved("PNG")})
    status, out, _ = ferspec("dataset", "inspect", tmp_path)
    assert (status, out.splitlines()[0][:12]) == (3, "INCONCLUSIVE")
    assert "Ada_Lovelace; a suspicion: look at them" in out


def test_groups_are_counted_by_class(ferspec, tmp_path):
    path = arrays(tmp_path / "set.npz", [picture(number, 8) for number in range(70)])
    rows = (f"{number},{'old' if number % 7 == 3 else 'young'}" for number in range(70))
    (tmp_path / "groups.csv").write_text("\n".join(["image,age", *rows]) + "\n")
    status, out, _ = ferspec(
        "dataset", "inspect", path, "--groups", tmp_path / "groups.csv", "--json", "-k", "FER-I-07"
    )
    document = json.loads(out)
    assert (status, document["groups"][0]["counts"]["old"]) == (1, [0, 0, 0, 10, 0, 0, 0])
    assert document["outcomes"][0]["likely"] == "age: 10 images of Happy are old, 1 would be expected"
