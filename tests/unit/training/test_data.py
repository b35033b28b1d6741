"""The images of a cell follow its profile, are read once, and deviations are recorded."""

from functools import partial

import numpy as np
import pytest
from PIL import Image

from ferspec import spec
from ferspec.grid.cells import find_cell
from ferspec.subjects.datasets.decode import pixel_digest
from ferspec.subjects.datasets.read_all import UnreadableImages
from ferspec.subjects.datasets.subject import open_dataset
from ferspec.subjects.models.preprocess import resize
from ferspec.subjects.runs.artifacts.record import Settings
from ferspec.subjects.runs.data.decided import decided_splits
from ferspec.subjects.runs.data.load import open_training_data
from helpers.layouts import (
    AFFECTNET,
    CLASSES,
    affectnet_annotations,
    affectnet_tables,
    class_folders,
    decoded,
    fer2013_csv,
    rafdb_list,
    save,
)
from helpers.messages import refusal

# Table 1 of the paper, in the order of the seven classes; the training part as FER2013's own table has it.
TABLE_1 = {
    "RAF-DB": (867, 877, 355, 5957, 3204, 2460, 1619),
    "AffectNet": (3353, 2480, 3289, 4791, 4878, 3164, 3983),
}
FER2013_TRAINING = (3995, 436, 4097, 7215, 4965, 4830, 3171)


def cell(dataset: str, resolution: int = 48):
    return find_cell(f"sequentialsimple-scratch-{resolution}-{dataset.lower().replace('-', '')}-conservative")


def settings(**fields) -> Settings:
    return Settings(**{"profile": "released", "seed": 1, "global_batch": 32, "replicas": 1} | fields)


def opened(dataset: str, root, resolution: int = 48, **fields):
    return open_training_data(cell(dataset, resolution), root, settings(**fields))


def effects(data) -> dict[tuple[str, str], str]:
    return {(entry.clause, entry.option): entry.effect for entry in data.deviations}


refusal_of = partial(refusal, opened)


def ids(part) -> tuple[str, ...]:
    return tuple(entry.path for entry in part.entries)


@pytest.fixture
def rafdb(tmp_path):
    """A data root with RAF-DB: 10 + 4 of each class, and a BTFER with one of each."""
    rafdb_list(tmp_path / "RAF-DB", CLASSES * 10, CLASSES * 4)
    class_folders(tmp_path / "BTFER", dict.fromkeys(CLASSES, 1))
    return tmp_path


# --- parts -------------------------------------------------------------------------------------------------------


def test_rafdb_is_joined_and_split_within_each_class(rafdb):
    data = opened("RAF-DB", rafdb)
    # floor(0.7 · 14) = 9
    assert data.training.record().support == dict.fromkeys(CLASSES, 9)
    assert data.validation.record().support == dict.fromkeys(CLASSES, 5)
    both = ids(data.training) + ids(data.validation)
    assert len(set(both)) == len(both) == 98
    assert any(id.startswith("test") for id in ids(data.training))


def test_the_paper_takes_the_published_parts(rafdb):
    data = opened("RAF-DB", rafdb, profile="paper")
    assert ids(data.training) == tuple(f"train_{number:05d}.jpg" for number in range(1, 71))
    assert ids(data.validation) == tuple(f"test_{number:05d}.jpg" for number in range(1, 29))


def test_the_seed_decides_the_split_and_nothing_else_does(rafdb):
    first, repeated, other = (opened("RAF-DB", rafdb, seed=seed) for seed in (1, 1, 2))
    assert first.training.record() == repeated.training.record()
    assert first.training.record().manifest_digest != other.training.record().manifest_digest
    assert first.btfer.record() == other.btfer.record()


def test_the_paper_needs_the_published_parts(tmp_path):
    class_folders(tmp_path / "RAF-DB", dict.fromkeys(CLASSES, 4))
    assert len(opened("RAF-DB", tmp_path).training) == 14
    assert "has no splits: the published splits are needed for this cell" in refusal_of(
        "RAF-DB", tmp_path, profile="paper"
    )


def test_fer2013_is_trained_in_its_parts(tmp_path):
    rows = [(name, part) for part in ("Training", "PublicTest", "PrivateTest") for name in CLASSES]
    fer2013_csv(tmp_path / "fer2013.csv", rows)
    data = opened("FER2013", tmp_path)
    assert ids(data.training) == tuple(map(str, range(7)))
    assert ids(data.validation) == tuple(map(str, range(7, 21)))
    assert data.training.dataset == "FER2013"


def test_an_unreadable_btfer_is_refused(rafdb):
    for path in rafdb.glob("BTFER/*/*"):
        path.write_bytes(b"")
    assert refusal_of("RAF-DB", rafdb, skip_unreadable=7).startswith("BTFER: no image is readable")


def test_the_order_of_a_list_changes_nothing(rafdb):
    [listed] = rafdb.rglob("list_patition_label.txt")
    first = opened("RAF-DB", rafdb)
    listed.write_text("\n".join(reversed(listed.read_text().splitlines())))
    repeated = opened("RAF-DB", rafdb)
    assert (ids(repeated.training), ids(repeated.validation)) == (ids(first.training), ids(first.validation))


def test_pixels_are_taken_as_they_are_stored(rafdb):
    """Keras' reader of folders, which the published runs read images with, does not apply the EXIF orientation."""
    path = next((rafdb / "BTFER" / "Angry").iterdir())
    upright = pixel_digest(decoded(path))
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.open(path).save(path, exif=exif)
    assert open_dataset(rafdb / "BTFER").manifest()[0].pixels_sha256 != upright
    assert opened("RAF-DB", rafdb).btfer.entries[0].pixels_sha256 == upright


def test_a_fer2013_without_parts_is_refused(tmp_path):
    class_folders(tmp_path / "FER2013", dict.fromkeys(CLASSES, 4))
    assert "has no splits" in refusal_of("FER2013", tmp_path)


def test_affectnet_keeps_the_parts_it_has(tmp_path):
    affectnet_tables(tmp_path / "AffectNet", [*AFFECTNET.values()] * 2, [*AFFECTNET.values()])
    data = opened("AffectNet", tmp_path)
    assert (len(data.training), len(data.validation)) == (14, 7)


@pytest.mark.parametrize("resolution", [48, 224])
def test_an_affectnet_without_parts_is_split_at_the_share_of_the_runs(tmp_path, resolution):
    # 22,221 of 27,766 and 20,778 of 25,938 are both 80 %; floor(0.8 · 9) = 7
    class_folders(tmp_path / "AffectNet", {**dict.fromkeys(CLASSES, 9), "Contempt": 2})
    data = opened("AffectNet", tmp_path, resolution)
    assert data.training.record().support == dict.fromkeys(CLASSES, 7)
    assert data.validation.record().support == dict.fromkeys(CLASSES, 2)


def test_ids_are_unique_even_where_parts_share_file_names(tmp_path):
    folders = {f"{part}/{number}": 2 for part in ("train", "test") for number in range(1, 8)}
    class_folders(tmp_path / "RAF-DB", folders)
    data = opened("RAF-DB", tmp_path)
    assert len(set(ids(data.training) + ids(data.validation))) == 28


# --- what is kept of an image ------------------------------------------------------------------------------------


@pytest.mark.parametrize("room", [1 << 30, 48 * 48 * 3 * 70, 0], ids=["memory", "both", "disk"])
def test_every_image_is_kept_at_the_resolution_of_the_network(rafdb, room):
    data = open_training_data(cell("RAF-DB"), rafdb, settings(), room=room)
    assert sum(part.pixels.in_memory for part in (data.training, data.validation, data.btfer)) <= room
    for part in (data.training, data.validation):
        pixels = part.read(np.arange(len(part)))
        assert pixels.shape == (len(part), 48, 48, 3)
        for entry, label, image in zip(part.entries, part.labels, pixels, strict=True):
            face = rafdb / "RAF-DB/basic/Image/aligned" / entry.path.replace(".jpg", "_aligned.jpg")
            nearest = Image.fromarray(decoded(face)).resize((48, 48), Image.Resampling.NEAREST)
            np.testing.assert_array_equal(image, np.array(nearest))
            assert entry.label == CLASSES[label]
            assert (entry.height, entry.width) == (8, 8)
    assert data.training.labels.dtype == np.int64


@pytest.mark.parametrize(
    ("given", "wanted"),
    [((100, 100), (48, 48)), ((256, 256), (224, 224)), ((48, 48), (224, 224)), ((30, 47), (48, 31))],
)
def test_images_are_resized_as_pillow_does_by_nearest_neighbour(given, wanted):
    image = np.random.default_rng(5).integers(0, 256, (*given, 3), dtype=np.uint8)
    pillow = Image.fromarray(image).resize(wanted[::-1], Image.Resampling.NEAREST)
    np.testing.assert_array_equal(resize(image, wanted), np.array(pillow))


def test_progress_counts_the_images_of_all_parts(rafdb):
    calls = []
    open_training_data(cell("RAF-DB"), rafdb, settings(), lambda done, total: calls.append((done, total)))
    assert calls == [(done, 105) for done in range(1, 106)]


# --- deviations --------------------------------------------------------------------------------------------------


def with_counts(monkeypatch, name: str, **update) -> None:
    """Let a dataset of Table 1 be as small as a test can write."""
    known = spec.load()
    datasets = known.datasets | {name: known.datasets[name].model_copy(update=update)}
    monkeypatch.setattr(spec, "load", lambda: known.model_copy(update={"datasets": datasets}))


def test_a_difference_from_table_1_is_named_for_each_class(rafdb):
    said = effects(opened("RAF-DB", rafdb))["FER-D-01", "data"]
    assert said == "; ".join(f"{n} 14 instead of {c:,}" for n, c in zip(CLASSES, TABLE_1["RAF-DB"], strict=True))
    assert effects(opened("RAF-DB", rafdb))["FER-D-05", "data"].startswith("Angry 1 instead of 300; Disgust 1 ")
    assert effects(opened("RAF-DB", rafdb))["FER-D-06", "data"] == "7 of 7 images of BTFER are not 256x256"


def test_only_the_classes_that_differ_are_named(rafdb, monkeypatch):
    with_counts(monkeypatch, "RAF-DB", counts=(14, 14, 15, 14, 14, 14, 14), total=99)
    assert effects(opened("RAF-DB", rafdb))["FER-D-01", "data"] == "Fear 14 instead of 15"


def test_the_cause_of_other_counts_is_named(tmp_path, monkeypatch):
    class_folders(tmp_path / "RAF-DB", dict(zip(CLASSES, (4, 5, 6, 7, 8, 9, 10), strict=True)))
    with_counts(monkeypatch, "RAF-DB", counts=(5, 4, 6, 7, 8, 9, 10))
    said = effects(opened("RAF-DB", tmp_path))["FER-D-01", "data"]
    assert said == (
        "Angry 4 instead of 5; Disgust 5 instead of 4; these are the published counts under other classes: "
        "Angry has those of Disgust, Disgust has those of Angry"
    )


def test_data_of_the_protocol_have_no_deviation(rafdb, monkeypatch):
    with_counts(monkeypatch, "RAF-DB", counts=(14,) * 7, total=98, size=(8, 8))
    with_counts(monkeypatch, "BTFER", counts=(1,) * 7, total=7, size=(8, 8))
    for profile in ("released", "paper"):
        assert opened("RAF-DB", rafdb, profile=profile).deviations == ()


def test_images_of_another_size_than_in_table_1_are_recorded(rafdb):
    assert effects(opened("RAF-DB", rafdb))["FER-D-01", "size of training images"] == (
        "63 of 63 images of RAF-DB are not 100x100"
    )


def test_fer2013_is_compared_part_by_part(tmp_path):
    rows = [(name, part) for part in ("Training", "PublicTest") for name in CLASSES]
    fer2013_csv(tmp_path / "FER2013" / "fer2013.csv", rows)
    said = effects(opened("FER2013", tmp_path))["FER-D-03", "data"].split("; ")
    assert said[:7] == [f"training: {n} 1 instead of {c:,}" for n, c in zip(CLASSES, FER2013_TRAINING, strict=True)]
    assert said[7:9] == ["validation: Angry 1 instead of 958", "validation: Disgust 1 instead of 111"]


def test_affectnet_is_compared_with_the_totals_of_its_resolution(tmp_path):
    affectnet_annotations(tmp_path / "AffectNet", {"train_set": AFFECTNET.values(), "val_set": AFFECTNET.values()})
    small = effects(opened("AffectNet", tmp_path, 48))["FER-D-04", "data"]
    assert small == "7 training images instead of 22,221; 7 validation images instead of 5,545"
    large = effects(opened("AffectNet", tmp_path, 224))["FER-D-04", "data"].split("; ")
    assert large[:2] == ["7 training images instead of 20,778", "7 validation images instead of 5,160"]
    assert large[2:] == [f"{n} 2 instead of {c:,}" for n, c in zip(CLASSES, TABLE_1["AffectNet"], strict=True)]


def test_a_data_root_without_btfer_is_put_on_record(tmp_path):
    class_folders(tmp_path / "RAF-DB", dict.fromkeys(CLASSES, 4))
    data = opened("RAF-DB", tmp_path)
    assert data.btfer is None
    assert "the data root has no BTFER" in effects(data)["FER-V-01", "data"]


@pytest.mark.parametrize("copied", [0, 2])
def test_pictures_of_btfer_among_those_trained_on_are_counted(tmp_path, copied):
    class_folders(tmp_path / "RAF-DB", dict.fromkeys(CLASSES, 4))
    class_folders(tmp_path / "BTFER", {f"b/{name}": 1 for name in CLASSES}, size=(9, 9))
    for number in range(copied):
        face = decoded(tmp_path / "RAF-DB" / "Fear" / f"00{number}.png")
        Image.fromarray(face).save(tmp_path / "BTFER" / "b" / "Sad" / f"copy{number}.bmp")
    said = effects(opened("RAF-DB", tmp_path)).get(("FER-D-11", "data"))
    assert said == (f"{copied} images of BTFER also occur in training or validation" if copied else None)


# --- a subset ----------------------------------------------------------------------------------------------------


def test_a_subset_is_taken_of_every_part_before_anything_is_read(rafdb):
    for face in (rafdb / "RAF-DB/basic/Image/aligned").glob("*.jpg"):
        face.write_bytes(b"")
    with pytest.raises(UnreadableImages) as refusal:
        opened("RAF-DB", rafdb, subset=14)
    assert len(refusal.value.images) == 28


def test_a_subset_keeps_the_shares_of_the_classes_and_is_put_on_record(rafdb):
    data = opened("RAF-DB", rafdb, subset=14)
    assert data.training.record().support == data.validation.record().support == dict.fromkeys(CLASSES, 2)
    assert effects(data)["FER-D-01", "--subset 14"] == "training 14 of 63, validation 14 of 35, BTFER 7 of 7 images"
    assert opened("RAF-DB", rafdb, subset=14).training.record() == data.training.record()
    assert ids(opened("RAF-DB", rafdb, subset=14, seed=2).training) != ids(data.training)


def test_a_subset_of_all_images_is_not_a_deviation(rafdb):
    assert not [key for key in effects(opened("RAF-DB", rafdb, subset=63)) if "subset" in key[1]]


@pytest.mark.parametrize("dataset", ["RAF-DB", "synthetic"])
def test_a_subset_without_room_for_every_class_is_refused(rafdb, dataset):
    assert "cannot contain all 7 classes" in refusal_of(dataset, rafdb, subset=6)


# --- images that cannot be read ----------------------------------------------------------------------------------


@pytest.fixture
def damaged(rafdb):
    aligned = rafdb / "RAF-DB/basic/Image/aligned"
    for number in (3, 5, 8):
        (aligned / f"train_{number:05d}_aligned.jpg").write_bytes(b"")
    (aligned / "test_00002_aligned.jpg").write_text("no image")
    (rafdb / "BTFER" / "Sad" / "001.png").write_bytes(save(rafdb / "x.png").read_bytes()[:60])
    return rafdb


@pytest.mark.parametrize("allowed", [0, 4])
def test_unreadable_images_stop_the_training_and_are_all_listed(damaged, allowed):
    with pytest.raises(UnreadableImages) as refusal:
        opened("RAF-DB", damaged, skip_unreadable=allowed)
    assert str(refusal.value).startswith("RAF-DB: 5 of 106 images cannot be read: ")
    assert str(refusal.value).endswith("; … (add --skip-unreadable 5 to skip them)")
    assert "\n" not in str(refusal.value)
    assert sorted(image.partition(":")[0] for image in refusal.value.images) == [
        "Sad/001.png",
        "test_00002.jpg",
        "train_00003.jpg",
        "train_00005.jpg",
        "train_00008.jpg",
    ]


def test_allowed_unreadable_images_are_skipped_and_recorded(damaged):
    data = opened("RAF-DB", damaged, profile="paper", skip_unreadable=5)
    assert len(data.training) == 67
    assert "train_00003.jpg" not in ids(data.training)
    faces = [
        decoded(damaged / "RAF-DB/basic/Image/aligned" / id.replace(".jpg", "_aligned.jpg"))
        for id in ids(data.training)
    ]
    np.testing.assert_array_equal(data.training.read(np.arange(67)), [resize(face, (48, 48)) for face in faces])
    np.testing.assert_array_equal(data.training.labels, [CLASSES.index(entry.label) for entry in data.training.entries])
    assert any(
        "unreadable images were skipped: 3 (train_00003.jpg: the file is empty; " in n for n in data.training.notes
    )
    said = effects(data)["FER-D-01", "--skip-unreadable 5"]
    for part in ("3 of training (train_00003.jpg", "1 of validation (test_00002.jpg", "1 of BTFER (Sad/001.png"):
        assert part in said


def test_an_unused_allowance_is_not_a_deviation(rafdb):
    assert opened("RAF-DB", rafdb, skip_unreadable=5).deviations == opened("RAF-DB", rafdb).deviations


def test_pictures_that_training_shares_with_validation_are_reported(tmp_path):
    # the helper gives equal names in two folders equal pictures
    class_folders(tmp_path / "FER2013", {f"{part}/{name}": 2 for part in ("train", "test") for name in CLASSES})
    said = effects(opened("FER2013", tmp_path))["FER-R-05", "data"]
    assert said == "14 of 14 validation images are also training images (100.0%): at most 15% may be"
    for number, path in enumerate(sorted((tmp_path / "FER2013" / "test").glob("*/*.png"))[2:]):
        save(path.with_name(f"other {number}.png")).replace(path)
    (tmp_path / "FER2013/test/Angry/001.png").replace(tmp_path / "FER2013/test/Sad/002.png")
    data = opened("FER2013", tmp_path)
    note = "2 of 14 validation images are also training images (14.3%), 1 of them under another label"
    assert note in data.validation.notes
    assert ("FER-R-05", "data") not in effects(data)
    assert f"  {note}" in decided_splits({name: part.record() for name, part in data.splits.items()})


# --- mistakes ----------------------------------------------------------------------------------------------------


def test_a_class_without_an_image_to_train_on_is_refused(tmp_path):
    class_folders(tmp_path / "RAF-DB", {**dict.fromkeys(CLASSES[1:], 4), "Angry": 1})
    assert refusal_of("RAF-DB", tmp_path) == "RAF-DB: there are no training images of Angry: every class needs one"
    folders = {f"{part}/{name}": 1 for part in ("train", "test") for name in CLASSES}
    class_folders(tmp_path / "FER2013", folders)
    (tmp_path / "FER2013/train/Fear/000.png").rename(tmp_path / "FER2013/train/Sad/001.png")
    (tmp_path / "FER2013/train/Fear").rmdir()
    assert refusal_of("FER2013", tmp_path) == "FER2013: there are no training images of Fear: every class needs one"


def test_a_class_that_unreadable_images_empty_is_refused(tmp_path):
    class_folders(tmp_path / "FER2013", {f"{part}/{name}": 1 for part in ("train", "test") for name in CLASSES})
    (tmp_path / "FER2013/train/Fear/000.png").write_bytes(b"")
    assert "no training images of Fear" in refusal_of("FER2013", tmp_path, skip_unreadable=1)


def test_a_missing_or_other_dataset_is_refused(tmp_path):
    assert refusal_of("FER2013", None).startswith("FER2013 is needed: give the folder of the datasets with --data-root")
    assert "No such file" in refusal_of("FER2013", tmp_path / "gone")
    assert "it holds nothing" in refusal_of("FER2013", tmp_path)
    rafdb_list(tmp_path / "FER2013", CLASSES, CLASSES)
    assert "these are the files of RAF-DB, but FER2013 is expected" in refusal_of("FER2013", tmp_path)
