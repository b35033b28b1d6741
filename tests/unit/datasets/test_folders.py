"""Reading class folders in any download layout, with notes about the dataset; every mistake is one line."""

import hashlib
import os
import sys
from functools import partial

import numpy as np
import pytest
from PIL import Image

from ferspec.api.dataset.build import build
from ferspec.errors import UserError
from ferspec.subjects.datasets.manifest import Entry, digest, manifest_notes
from ferspec.subjects.datasets.readers import Listing
from ferspec.subjects.datasets.subject import open_dataset, read_dataset, synthetic_dataset
from helpers.messages import refusal

CLASSES = ("Angry", "Disgust", "Fear", "Happy", "Neutral", "Sad", "Surprise")
RNG = np.random.default_rng(7)
FACES = RNG.integers(0, 256, (7, 8, 6, 3), dtype=np.uint8)


def put(root, paths, faces=FACES):
    """Write one image to each path under ``root``, all different."""
    for path, face in zip(paths, faces, strict=False):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(face).save(root / path)
    return root


refusal_of = partial(refusal, open_dataset)


# --- class folders -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "pattern",
    [
        "{Class}/1.png",
        "BTFER/{CLASS}/face 1.png",
        "archive/BTFER/test/{class}/1.png",
        "BTFER/BTFER/{Class}/1.png",
        "{index}_{Class}/1.png",
        "{index}-{class}/1.png",
        "0{index} - {Class}/1.png",
        "{Class}/women/young/1.png",
        "{Class}/{class}/1.png",
    ],
)
def test_class_folders_are_found_whatever_their_case_number_and_depth(tmp_path, pattern):
    names = [{"Class": c, "class": c.lower(), "CLASS": c.upper(), "index": i} for i, c in enumerate(CLASSES)]
    dataset = open_dataset(put(tmp_path, [pattern.format(**name) for name in names]))
    assert dataset.form == "class folders"
    assert dataset.support == dict.fromkeys(CLASSES, 1)
    for index in range(7):
        np.testing.assert_array_equal(dataset.image(index), FACES[dataset.labels[index]])


def test_every_alias_names_its_class(tmp_path):
    words = ["anger", "Disgusted", "FEARFUL", "happiness", "neutral", "Sadness", "surprised"]
    dataset = open_dataset(put(tmp_path, [f"{word}/1.png" for word in words]))
    assert {entry.path: entry.label for entry in dataset.entries} == {
        f"{word}/1.png": name for word, name in zip(words, CLASSES, strict=True)
    }


def test_ids_do_not_depend_on_how_far_above_the_class_folders_one_points(tmp_path):
    put(tmp_path, [f"archive/BTFER/{name}/1.png" for name in CLASSES])
    near, far = open_dataset(tmp_path / "archive" / "BTFER"), open_dataset(tmp_path)
    assert near.ids == far.ids == tuple(f"{name}/1.png" for name in CLASSES)
    assert digest(near.manifest()) == digest(far.manifest())


def test_every_suffix_is_read_and_files_of_operating_systems_are_skipped(tmp_path):
    kinds = ["a.jpg", "b.JPEG", "c.png", "d.bmp", "e.webp", "f.tif", "g.TIFF"]
    put(tmp_path, [f"Happy/{kind}" for kind in kinds])
    put(tmp_path, ["__MACOSX/Happy/a.png", "Happy/.hidden.png", ".cache/Sad/x.png", "@eaDir/Sad/y.png"])
    (tmp_path / "Happy" / "Thumbs.db").write_bytes(b"x")
    (tmp_path / "__MACOSX" / "Sad").mkdir()
    dataset = open_dataset(tmp_path)
    assert [name.removeprefix("Happy/") for name in dataset.ids] == kinds
    assert not any("skipped" in note for note in dataset.notes)


def test_skipped_files_are_noted(tmp_path):
    put(tmp_path, ["BTFER/Happy/1.png", "BTFER/preview.png"])
    (tmp_path / "BTFER" / "README.md").write_text("about")
    (tmp_path / "BTFER" / "Happy" / "labels.csv").write_text("1,Happy")
    notes = open_dataset(tmp_path).notes
    assert "images outside the class folders were skipped: 1 (such as BTFER/preview.png)" in notes
    assert "files that are not images were skipped: 2 (1 .csv, 1 .md)" in notes


def test_class_folders_in_several_places_are_joined_with_a_note(tmp_path):
    dataset = open_dataset(put(tmp_path, ["men/Happy/1.png", "women/Happy/1.png"]))
    assert dataset.ids == ("men/Happy/1.png", "women/Happy/1.png")
    assert dataset.notes[0] == "class folders were joined from 2 folders: men, women"


@pytest.mark.skipif(os.name == "nt", reason="symbolic links need rights on Windows")
def test_a_circular_link_is_ignored_and_a_linked_class_folder_of_the_set_is_read(tmp_path):
    put(tmp_path, ["set/.kept/1.png", "set/Happy/2.png"])
    (tmp_path / "set" / "Sad").symlink_to(tmp_path / "set" / ".kept")
    (tmp_path / "set" / "Happy" / "loop").symlink_to(tmp_path / "set")
    assert open_dataset(tmp_path / "set").ids == ("Happy/2.png", "Sad/1.png")


@pytest.mark.parametrize(
    ("paths", "says"),
    [
        (["Contempt/1.png"], "no class folders: expected folders named Angry"),
        (["Happy/1.png", "Hapy/1.png"], "unknown class 'Hapy'"),
        (["Happy/1.png", "7_Smug/1.png", "8_Bored/1.png"], "unknown class 'Smug'"),
        (["0/1.png", "1/1.png"], "classes are numbered 0, 1, which has several common meanings"),
        (["train/Happy/1.png", "test/Happy/1.png"], "holds several splits (test, train): give the folder of one"),
        (["Happy/Sad/1.png"], "is inside that of another class"),
        (["1.png", "2.png"], "images without class folders: expected folders named Angry"),
    ],
)
def test_invalid_class_folders_are_refused(tmp_path, paths, says):
    assert says in refusal_of(put(tmp_path, paths))


@pytest.mark.parametrize("name", ["AffectNet", "CK+48", "data"])
def test_contempt_is_left_out_of_a_dataset_that_may_have_it(tmp_path, name):
    dataset = open_dataset(put(tmp_path / name, ["val/Happy/1.png", "val/Contempt/1.png"]))
    assert dataset.ids == ("Happy/1.png",)
    assert "images outside the seven classes were skipped: 1 in Contempt" in dataset.notes


def test_parts_below_one_part_are_not_several(tmp_path):
    assert len(open_dataset(put(tmp_path, ["test/men/Happy/1.png", "test/women/Happy/1.png"]))) == 2


def test_a_folder_of_others_may_hold_class_folders(tmp_path):
    assert open_dataset(put(tmp_path, ["other/Happy/1.png", "other/Sad/1.png"])).ids == ("Happy/1.png", "Sad/1.png")


def test_an_empty_class_folder_is_refused(tmp_path):
    put(tmp_path, ["Happy/1.png"])
    (tmp_path / "Fear" / "inner").mkdir(parents=True)
    assert refusal_of(tmp_path) == f"{tmp_path / 'Fear'}: this class folder holds no images: fill it or remove it"


def closed(monkeypatch, name):
    """Let a folder be one that the user may not read."""
    scan = os.scandir

    def refusing(path="."):
        if os.path.basename(os.fspath(path)) == name:
            raise PermissionError(13, "Permission denied", os.fspath(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refusing)


@pytest.mark.parametrize("name", ["Sad", "set"])
def test_a_folder_that_may_not_be_read_is_named_and_not_left_out(tmp_path, monkeypatch, name):
    put(tmp_path / "set", [f"{label}/1.png" for label in CLASSES])
    closed(monkeypatch, name)
    said = refusal_of(tmp_path / "set")
    assert f"{name} cannot be read: Permission denied" in said
    with pytest.raises(UserError, match="Permission denied"):
        build(tmp_path / "out", [tmp_path / "set"], until="collect")


def test_the_folder_of_one_class_is_refused_with_a_remedy(tmp_path):
    put(tmp_path, ["Happy/1.png"])
    assert refusal_of(tmp_path / "Happy").endswith("this is one class: give its parent folder")


def test_a_folder_without_images_is_refused(tmp_path):
    assert "no class folders: expected folders named Angry, Disgust" in refusal_of(tmp_path)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("gone", "no such file or folder"),
        ("set.zip", "is not read: give the archive itself, or unpack it"),
        ("set.7z", "unpack it first"),
        ("model.keras", "not a dataset"),
    ],
)
def test_a_path_that_is_not_a_dataset_is_refused(tmp_path, name, says):
    if name != "gone":
        (tmp_path / name).write_bytes(b"PK")
    assert says in refusal_of(tmp_path / name)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no file names that are not text")
@pytest.mark.parametrize("name", [b"Happy/caf\xe9.png", b"Happy/\xe9/1.png", b"notes.\xe9"])
def test_a_name_that_no_report_could_hold_is_refused_in_escaped_form(tmp_path, name):
    put(tmp_path, ["Happy/1.png"])
    path = tmp_path / os.fsdecode(name)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"")
    said = refusal_of(tmp_path)
    assert "\\xe9" in said
    assert said.endswith("the name is not UTF-8: rename it")


def test_unreadable_images_are_counted_and_the_first_few_named(tmp_path):
    put(tmp_path, [f"Happy/{index}.png" for index in range(7)])
    whole = (tmp_path / "Happy" / "0.png").read_bytes()
    (tmp_path / "Happy" / "1.png").write_bytes(b"")
    (tmp_path / "Happy" / "2.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "Happy" / "3.png").write_text("no image")
    (tmp_path / "Happy" / "4.png").write_bytes(b"")
    said = refusal_of(tmp_path)
    assert "4 of 7 images cannot be read: Happy/1.png: the file is empty; Happy/2.png: the image cannot" in said
    assert "Happy/3.png: not an image" in said
    assert "Happy/4.png" not in said


# --- what is known of any dataset --------------------------------------------------------------------------------


def listing(labels, size=(256, 256), form="class folders", odd=None) -> Listing:
    """Images of one grey value each, so that no two are the same picture within 256."""

    def fetch(index, _):
        image = np.full((*(odd if odd and index == 0 else size), 3), index % 256, np.uint8)
        return image.tobytes(), image

    return Listing(form, tuple(map(str, range(len(labels)))), np.array(labels, np.int64), fetch)


BTFER = np.repeat(np.arange(7), 300)


@pytest.mark.parametrize(
    ("labels", "options", "form"),
    [
        (BTFER, {}, "btfer form"),
        (BTFER, {"form": "npz"}, "btfer form"),
        (BTFER, {"form": "synthetic"}, "synthetic"),
        (BTFER[1:], {}, "class folders"),
        (np.sort(np.append(BTFER[1:], 6)), {}, "class folders"),
        (np.append(BTFER, 6), {}, "class folders"),
        (BTFER, {"size": (48, 48)}, "class folders"),
        (BTFER, {"odd": (256, 255)}, "class folders"),
    ],
    ids=["300 each", "300 each as npz", "synthetic", "one short", "one astray", "one more", "48x48", "one narrower"],
)
def test_only_300_images_of_256x256_of_each_class_have_the_btfer_form(labels, options, form):
    assert read_dataset("set", listing(labels, **options)).form == form


def test_the_manifest_holds_digests_of_the_file_and_of_its_pixels(tmp_path):
    put(tmp_path, ["Sad/1.png"])
    (entry,) = open_dataset(tmp_path).entries
    assert entry == Entry(
        path="Sad/1.png",
        bytes_sha256=hashlib.sha256((tmp_path / "Sad/1.png").read_bytes()).hexdigest(),
        pixels_sha256=hashlib.sha256(b"8x6x3:" + FACES[0].tobytes()).hexdigest(),
        height=8,
        width=6,
        label="Sad",
    )


def test_the_manifest_digest_changes_with_any_field_but_not_with_the_order():
    first = Entry(path="a", bytes_sha256="1", pixels_sha256="2", height=3, width=4, label="Sad")
    second = first.model_copy(update={"path": "b"})
    whole = digest([first, second])
    assert digest([second, first]) == whole
    for field, value in {"path": "c", "bytes_sha256": "9", "pixels_sha256": "9", "height": 9, "label": "Fear"}.items():
        assert digest([first.model_copy(update={field: value}), second]) != whole


def test_repeated_pictures_and_label_conflicts_are_noted(tmp_path):
    put(tmp_path, ["Happy/1.png", "Happy/2.bmp", "Happy/3.png"], FACES[[0, 0, 1]])
    put(tmp_path, ["Sad/1.png", "Sad/2.png"], FACES[[1, 2]])
    notes = open_dataset(tmp_path).notes
    assert "images that occur more than once with one label: 1 (Happy/1.png Happy = Happy/2.bmp Happy)" in notes
    assert "images that occur with different labels: 1 (Happy/3.png Happy = Sad/1.png Sad)" in notes


def test_a_doubled_tree_is_noted(tmp_path):
    for folder in ("set", "set/set"):
        put(tmp_path / folder, ["Happy/1.png", "Sad/1.png"])
    notes = open_dataset(tmp_path).notes
    assert notes[0] == "class folders were joined from 2 folders: set, set/set"
    assert notes[-1].startswith("all images occur twice, as in a doubled tree: 2 (Happy/1.png Happy = set/Happy/1.png")


def test_missing_classes_and_other_sizes_are_noted(tmp_path):
    notes = open_dataset(put(tmp_path, ["Happy/1.png", "Sad/1.png"])).notes
    assert notes == (
        "no images of Angry, Disgust, Fear, Neutral, Surprise",
        "2 of 2 images are not 256x256: 2 of 6x8",
    )


def test_a_flawless_manifest_has_no_notes():
    assert manifest_notes(read_dataset("set", listing(range(7))).manifest()) == ()


def test_the_released_btfer_shows_its_known_label_conflicts(reference):
    path = reference / "faces" / "btfer48_sample.npz"
    with np.load(path) as file:
        _, places, counts = np.unique(file["images"], axis=0, return_inverse=True, return_counts=True)
        twice = [file["labels"][places == place] for place in np.flatnonzero(counts > 1)]
    pairs = [("Fear", "Neutral"), ("Neutral", "Sad"), ("Fear", "Surprise"), ("Happy", "Sad"), ("Fear", "Sad")]
    pairs += [("Angry", "Disgust"), ("Disgust", "Surprise")]
    assert {tuple(sorted(CLASSES[label] for label in labels)) for labels in twice} <= set(pairs)
    note = next(note for note in open_dataset(path).notes if "different labels" in note)
    assert note.startswith(f"images that occur with different labels: {len(twice)} (")


def test_progress_counts_every_image():
    calls = []
    read_dataset("set", listing(range(7), size=(4, 4)), progress=lambda done, total: calls.append((done, total)))
    assert calls == [(done, 7) for done in range(1, 8)]


def test_images_are_read_only(tmp_path):
    image = open_dataset(put(tmp_path, ["Happy/1.png"])).image(0)
    with pytest.raises(ValueError, match="read-only"):
        image[0, 0, 0] = 1


def test_every_image_is_decoded_once(tmp_path):
    put(tmp_path, ["Happy/1.png", "Sad/1.png"])
    dataset = open_dataset(tmp_path)
    for path in dataset.ids:
        (tmp_path / path).unlink()
    np.testing.assert_array_equal([dataset.image(0), dataset.image(1)], FACES[:2])


def test_synthetic_faces_are_a_dataset_that_says_so():
    dataset = synthetic_dataset(per_class=2, size=32, seed=5)
    assert dataset.synthetic
    assert dataset.form == "synthetic"
    assert dataset.support == dict.fromkeys(CLASSES, 2)
    assert dataset.sizes == {(32, 32)}
    assert dataset.ids[:3] == ("Angry/0000", "Angry/0001", "Disgust/0000")
    assert {len(column) for column in dataset.groups.values()} == {14}
    assert digest(dataset.manifest()) == digest(synthetic_dataset(per_class=2, size=32, seed=5).manifest())
    assert digest(dataset.manifest()) != digest(synthetic_dataset(per_class=2, size=32, seed=6).manifest())


@pytest.mark.parametrize("wrong", [{"per_class": 0}, {"size": 0}])
def test_synthetic_faces_need_a_number_and_a_size(wrong):
    with pytest.raises(UserError, match="at least 1"):
        synthetic_dataset(**wrong)
