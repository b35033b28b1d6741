"""``ferspec dataset find`` and ``ferspec dataset withdraw``: the picture of a person, found and removed."""

import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

import ferspec as public
from ferspec.collection.manifest import (
    FOLDERS,
    PUBLIC,
    STAGES,
    Row,
    manifest_paths,
    read_manifest,
    set_manifest,
    stage_folder,
    table,
    write_manifest,
)
from ferspec.collection.tombstones import address_digest, read_tombstones
from ferspec.errors import UserError
from ferspec.subjects.datasets.decode import pixel_digest
from ferspec.subjects.datasets.readers import open_splits
from helpers.layouts import CLASSES, class_folders


def scene(key, size=96):
    """Return a picture with coarse and fine detail of its own."""
    rng = np.random.default_rng(key)
    layers = [rng.uniform(0, 255, (n, n, 3)).astype(np.float32) for n in (5, 12, 40)]
    enlarged = [cv2.resize(layer, (size, size), interpolation=cv2.INTER_CUBIC) for layer in layers]
    return np.clip(sum(enlarged) / 3, 0, 255).astype(np.uint8)


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def text_of(folder):
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def faces(tmp_path):
    """Class folders of four different pictures each."""
    for index in range(28):
        path = tmp_path / "faces" / CLASSES[index // 4] / f"{index}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(scene(index)).save(path)
    return tmp_path / "faces"


@pytest.fixture
def collection(tmp_path):
    """What build writes for five pictures of one class, in all stages; the third is a copy of the second."""
    out = tmp_path / "collected"
    stages = {stage: [] for stage in STAGES}
    published = []
    for index in range(5):
        image = scene(1 if index == 2 else index)
        if index == 2:
            image = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2HLS), cv2.COLOR_HLS2RGB)
        original = stage_folder(out, "collect") / "pictures" / f"{index}.png"
        original.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(original)
        name, pixels, address = digest(original), pixel_digest(image), f"http://host/{index}.png"
        original = original.rename(original.with_name(f"{name}.png"))
        row = Row(digest=name, pixels=pixels, label="Sad", query="sad face", licence="CC BY 4.0")
        key = {"address": address_digest(address), "source": address}
        stages["collect"].append(replace(row, **key, file=f"pictures/{name}.png"))
        if index == 2:
            copied = f"a copy of {stages['collect'][1].digest}"
            stages["clean"].append(replace(row, decision="drop", reason=copied))
            continue
        for stage, picture in (("clean", image), ("crop", image[20:84, 20:84])):
            path = stage_folder(out, stage) / "pictures" / f"{name}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(picture).save(path)
        face = {"crop_digest": digest(path), "crop_pixels": pixel_digest(picture)}
        stages["clean"].append(replace(row, file=f"pictures/{name}.png"))
        stages["crop"].append(replace(row, file=f"pictures/{name}.png", **face))
        drawn = f"Sad/{face['crop_pixels'][:16]}.png" if index < 3 else ""
        stages["sample"].append(replace(row, position=str(index), path=drawn, **face))
        if drawn:
            (out / "set" / "Sad").mkdir(parents=True, exist_ok=True)
            shutil.copy(path, out / "set" / drawn)
            cells = {"path": drawn, "label": "Sad", "digest": face["crop_digest"], "pixels": face["crop_pixels"]}
            published.append(cells | {"original": name, "original_pixels": pixels})
    for stage, rows in stages.items():
        write_manifest(out, stage, rows)
    set_manifest(out).write_text(table(PUBLIC, ([row.get(name, "") for name in PUBLIC] for row in published)))
    second = stages["collect"][1].digest
    (stage_folder(out, "clean") / "journal.jsonl").write_text(f'{{"key": "{second}"}}\n{{"key": "other"}}\n')
    (stage_folder(out, "clean") / "decisions.csv").write_text(f"digest,decision,label\n{second},keep,Sad\n")
    (stage_folder(out, "clean") / "review.html").write_text(f"<img src=pictures/{second}.png>")
    return out


def test_a_picture_is_withdrawn_from_every_stage_and_leaves_only_tombstones(ferspec, collection, tmp_path):
    rows = read_manifest(manifest_paths(collection)["collect"])
    photo = tmp_path / "photo.png"
    shutil.copy(stage_folder(collection, "collect") / rows[1].file, photo)
    status, out, _ = ferspec("dataset", "withdraw", photo, "--from", collection, "--json")
    taken = json.loads(out)
    assert status == 0
    assert {rows[1].digest, rows[1].pixels} <= {*taken["digests"]}
    stones = read_tombstones(collection)
    assert {(rows[1].digest, "file"), (rows[1].pixels, "pixels"), (rows[1].address, "address")} <= {*stones}
    (collection / "withdrawn.csv").unlink()
    left = text_of(collection)
    assert not [name for name in (*taken["digests"], rows[1].address, "host/1.png") if name.encode() in left]
    assert not list(collection.rglob(f"{rows[1].digest}*"))
    assert "ferspec dataset build" in taken["replacement"]


def test_a_dropped_copy_goes_too_since_the_next_build_would_keep_it(collection):
    rows = read_manifest(manifest_paths(collection)["collect"])
    taken = public.dataset.withdraw(rows[1].digest, collection)
    assert rows[2].digest in taken.digests
    assert not list(collection.rglob(f"{rows[2].digest}*"))
    assert (rows[2].address, "address") in read_tombstones(collection)


def test_other_pictures_stay_as_they_are(collection):
    rows = read_manifest(manifest_paths(collection)["collect"])
    before = {path: path.read_bytes() for path in collection.rglob("*.png")}
    public.dataset.withdraw(rows[1].digest, collection)
    kept = {rows[index].digest for index in (0, 3, 4)}
    assert {row.digest for row in read_manifest(manifest_paths(collection)["collect"])} == kept
    assert all(path.read_bytes() == before[path] for path in collection.rglob("*.png"))
    assert (stage_folder(collection, "clean") / "journal.jsonl").read_text() == '{"key": "other"}\n'
    assert len(list((collection / "set" / "Sad").iterdir())) == 1


def test_a_face_of_the_set_leads_to_its_original(collection):
    face = next((collection / "set" / "Sad").iterdir())
    row = next(row for row in read_manifest(manifest_paths(collection)["sample"]) if row.path.endswith(face.name))
    taken = public.dataset.withdraw(face, collection)
    assert f"{FOLDERS['collect']}/pictures/{row.digest}.png" in taken.files


def test_a_killed_withdrawal_is_completed_by_the_same_command(collection, monkeypatch):
    rows = read_manifest(manifest_paths(collection)["collect"])
    calls = []

    def killed(path, **_):
        calls.append(path)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", killed)
        with pytest.raises(KeyboardInterrupt):
            public.dataset.withdraw(rows[1].digest, collection)
    assert (rows[1].digest, "file") in read_tombstones(collection)
    public.dataset.withdraw(rows[1].digest, collection)
    assert not list(collection.rglob(f"{rows[1].digest}*"))
    with pytest.raises(UserError, match="was withdrawn before"):
        public.dataset.withdraw(rows[1].digest, collection)


@pytest.mark.hostile("manifests that name files elsewhere")
def test_a_manifest_that_names_a_file_outside_removes_nothing(collection, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    rows = read_manifest(manifest_paths(collection)["collect"])
    write_manifest(collection, "collect", [replace(rows[0], file="../../mine.txt"), *rows[1:]])
    before = text_of(collection)
    with pytest.raises(UserError, match="names a file outside of it"):
        public.dataset.withdraw(rows[0].digest, collection)
    assert (text_of(collection), (tmp_path / "mine.txt").read_text()) == (before, "mine")


def test_a_picture_is_withdrawn_from_class_folders_under_every_name(ferspec, faces, tmp_path):
    shutil.copy(faces / "Fear" / "9.png", faces / "Sad" / "again.png")
    Image.fromarray(scene(9)).save(tmp_path / "photo.bmp")
    status, out, _ = ferspec("dataset", "withdraw", tmp_path / "photo.bmp", "--from", faces)
    assert status == 0
    assert "replacement: none: class folders have no pool of other pictures" in out
    assert sorted(path.name for path in faces.rglob("*.png") if path.name in ("9.png", "again.png")) == []
    assert (pixel_digest(scene(9)), "pixels") in read_tombstones(faces)
    assert sum(map(len, open_splits(faces).parts.values())) == 27


def test_an_unknown_picture_is_one_line_and_removes_nothing(ferspec, faces, tmp_path):
    Image.fromarray(scene(99)).save(tmp_path / "photo.png")
    before = sorted(faces.rglob("*"))
    status, out, err = ferspec("dataset", "withdraw", tmp_path / "photo.png", "--from", faces)
    assert (status, out, err.count("\n"), sorted(faces.rglob("*"))) == (2, "", 1, before)
    assert "'ferspec dataset find' also finds changed copies" in err


def test_certificates_that_used_the_picture_are_listed(ferspec, faces, make_report, tmp_path):
    report = make_report()
    entry = report.manifest[0].model_copy(update={"pixels_sha256": pixel_digest(scene(9))})
    used = report.model_copy(update={"manifest": (entry, *report.manifest[1:])})
    (tmp_path / "certified" / "a").mkdir(parents=True)
    (tmp_path / "certified" / "a" / "certificate.json").write_text(used.model_dump_json())
    (tmp_path / "certified" / "other.json").write_text(report.model_dump_json())
    (tmp_path / "certified" / "damaged.json").write_text("{")
    taken = public.dataset.withdraw(faces / "Fear" / "9.png", faces, tmp_path / "certified")
    assert [use.path for use in taken.certificates] == [str(tmp_path / "certified" / "a" / "certificate.json")]
    assert taken.certificates[0].model == report.subject.name


def test_an_absent_folder_of_certificates_is_refused_before_anything_is_removed(faces):
    with pytest.raises(UserError, match="not a folder of certificates"):
        public.dataset.withdraw(faces / "Fear" / "9.png", faces, faces / "absent")
    assert (faces / "Fear" / "9.png").exists()


def mirrored(image):
    return np.ascontiguousarray(image[:, ::-1])


def turned(image):
    turn = cv2.getRotationMatrix2D((47.5, 47.5), 8, 1.1)
    return cv2.warpAffine(image, turn, (96, 96), borderMode=cv2.BORDER_REFLECT)


@pytest.mark.parametrize("change", [mirrored, turned, lambda image: cv2.resize(image, (64, 64))])
def test_a_changed_copy_of_a_photograph_is_found(ferspec, faces, tmp_path, change):
    Image.fromarray(change(scene(9))).save(tmp_path / "photo.jpg", quality=60)
    status, out, _ = ferspec("dataset", "find", tmp_path / "photo.jpg", "--in", faces, "--json")
    assert status == 0
    assert [(match["path"], match["kind"]) for match in json.loads(out)["matches"]] == [("Fear/9.png", "changed copy")]


def test_the_same_pixels_and_the_same_file_are_distinguished(faces, tmp_path):
    Image.fromarray(scene(9)).save(tmp_path / "photo.bmp")
    kinds = [
        public.dataset.find(path, faces).matches[0].kind for path in (tmp_path / "photo.bmp", faces / "Fear/9.png")
    ]
    assert kinds == ["same pixels", "same file"]


def test_another_photograph_is_not_found(ferspec, faces, tmp_path):
    Image.fromarray(scene(99)).save(tmp_path / "photo.png")
    (faces / "Sad" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    status, out, _ = ferspec("dataset", "find", tmp_path / "photo.png", "--in", faces)
    assert (status, out.splitlines()[0][:9]) == (1, "NOT FOUND")
    assert "1 images cannot be read and were not compared" in out


def test_what_is_found_is_withdrawn_by_its_digest(ferspec, collection, tmp_path):
    Image.fromarray(mirrored(scene(3))).save(tmp_path / "photo.png")
    found = public.dataset.find(tmp_path / "photo.png", collection)
    assert FOLDERS["collect"] in [Path(match.path).parts[0] for match in found.matches]
    assert ferspec("dataset", "withdraw", found.matches[0].digest, "--from", collection)[0] == 0
    after = public.dataset.find(tmp_path / "photo.png", collection)
    assert after.matches == ()


def test_a_published_face_is_found_by_the_digest_of_its_original(collection, tmp_path):
    row = read_manifest(manifest_paths(collection)["collect"])[1]
    photo = shutil.copy(stage_folder(collection, "collect") / row.file, tmp_path / "photo.png")
    shutil.move(collection / "set", tmp_path / "set")
    class_folders(tmp_path / "set", {label: 1 for label in CLASSES if label != "Sad"})
    found = public.dataset.find(photo, tmp_path / "set")
    assert [(match.label, match.kind) for match in found.matches if match.kind == "same file"] == [("Sad", "same file")]
    taken = public.dataset.withdraw(photo, tmp_path / "set")
    assert (len(taken.files), taken.lines) == (1, 1)
    assert public.dataset.find(photo, tmp_path / "set").matches == ()


def test_a_file_that_is_not_a_picture_is_one_line(ferspec, faces, tmp_path):
    (tmp_path / "photo.txt").write_text("a letter")
    status, _, err = ferspec("dataset", "find", tmp_path / "photo.txt", "--in", faces)
    assert (status, err.count("\n"), "not an image of a known format" in err) == (2, 1, True)


def test_the_set_of_a_collection_is_refused_since_the_next_build_would_draw_the_picture_again(collection):
    before = text_of(collection)
    with pytest.raises(UserError, match="withdraw it from"):
        public.dataset.withdraw(next((collection / "set").rglob("*.png")), collection / "set")
    assert text_of(collection) == before


def test_a_published_set_stays_as_its_croissant_file_says(collection, tmp_path):
    published = (collection / "set").rename(tmp_path / "published")
    manifest = published / "manifest.csv"
    described = {"distribution": [{"contentUrl": "manifest.csv", "sha256": digest(manifest)}], "license": ["own words"]}
    (published / "croissant.json").write_text(json.dumps(described))
    face = next(published.rglob("*.png"))
    assert public.dataset.withdraw(face, published).lines == 1
    after = json.loads((published / "croissant.json").read_text())
    assert after["distribution"][0]["sha256"] == digest(manifest)
    assert after["license"] == ["of 1 pictures: other"]


def test_a_line_of_a_published_manifest_that_a_killed_withdrawal_left_is_removed(collection, tmp_path):
    published = (collection / "set").rename(tmp_path / "published")
    face = next(published.rglob("*.png"))
    name = digest(face)
    face.unlink()
    assert public.dataset.withdraw(name, published).lines == 1
    assert name not in (published / "manifest.csv").read_text()
