"""``ferspec dataset get``: where datasets are published, and what is done with a download."""

import errno
import io
import json
import os
import stat
import sys
import tarfile
import threading
import zipfile
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

import ferspec as public
from ferspec.errors import UserError
from ferspec.spec.pictures import Pictures, ReducedPicture
from ferspec.subjects.datasets.receiving import placing, receive
from ferspec.subjects.datasets.recognition.reduce import reductions
from ferspec.subjects.datasets.subject import open_dataset
from helpers.layouts import CLASSES, RAFDB, class_folders, fer2013_csv, save
from helpers.made.pictures import picture

# words of a download that name the classes in another way than the protocol
SPELLED = ("anger", "Disgusted", "fear", "happiness", "NEUTRAL", "sadness", "Surprised")
CLIENT = """#!{python}
import sys, urllib.request
assert sys.argv[1:3] == ["datasets", "download"] and sys.argv[4] == "-p"
if sys.argv[3] == "nobody/absent":
    print("404 - Not Found")
    sys.exit(1)
urllib.request.urlretrieve({url!r} + sys.argv[3].split("/")[1] + ".zip", sys.argv[5] + "/archive.zip")
print("Downloading archive.zip")
"""


@pytest.fixture(scope="module")
def jpegs():
    """2,100 pictures of 256 x 256 as files, 300 of each class in the protocol's order."""
    return [cv2.imencode(".jpg", picture(index)[..., ::-1])[1].tobytes() for index in range(2100)]


@pytest.fixture(scope="module")
def archive(jpegs, tmp_path_factory):
    """A zip with the class folders three levels deep, spelled otherwise, and a file that is not a picture."""
    path = tmp_path_factory.mktemp("download") / "btfer.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("BTFER v2/readme.txt", "read me")
        for index, content in enumerate(jpegs):
            packed.writestr(f"BTFER v2/data/{SPELLED[index // 300]}/{index % 300:03}.jpg", content)
    return path


@pytest.fixture
def listed(jpegs, monkeypatch):
    """Let the pictures of the archive be the known ones; BTFER itself is not at hand."""
    decoded = [np.array(Image.open(io.BytesIO(content))) for content in jpegs]
    known = [reductions(image, CLASSES[index // 300])["pillow"] for index, image in enumerate(decoded)]
    pictures = Pictures(reduced=tuple(ReducedPicture(**one.model_dump(exclude={"disagreement"})) for one in known))
    monkeypatch.setattr(receive, "open_dataset", lambda *given: replace(open_dataset(*given), pictures=pictures))


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


def everything(folder):
    """Return all paths below the parent of a folder, so that a file outside is seen."""
    return sorted(path.relative_to(folder.parent).as_posix() for path in folder.parent.rglob("*"))


def client(folder, monkeypatch, url):
    """Put a Kaggle client on PATH that downloads from a server on this machine."""
    program = folder / "bin" / "kaggle"
    program.parent.mkdir()
    program.write_text(CLIENT.format(python=sys.executable, url=url))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)


@pytest.fixture
def server(archive):
    """A server on this machine that serves the folder of the archive."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(archive.parent))
    handler.log_message = lambda *_: None
    served = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=served.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{served.server_port}/"
    served.shutdown()
    served.server_close()


def test_the_list_says_of_each_dataset_where_it_is_and_under_which_terms(ferspec):
    status, out, _ = ferspec("dataset", "get", "--list")
    assert status == 0
    assert out.count("terms: unknown") == 4
    assert "on Kaggle, says the abstract" in " ".join(out.split())
    found = json.loads(ferspec("dataset", "get", "--list", "--json")[1])["datasets"]
    assert [(one["name"], one["images"]) for one in found] == [
        ("BTFER", 2100),
        ("RAF-DB", 15339),
        ("FER2013", 35887),
        ("AffectNet", 25938),
    ]


def test_without_a_download_the_command_says_how_to_get_it_and_is_not_a_success(ferspec, workplace):
    status, out, err = ferspec("dataset", "get", "btfer")
    assert (status, err) == (2, "")
    assert "ferspec dataset get btfer --archive FILE" in out
    assert list(workplace.iterdir()) == []


def test_the_clients_download_is_put_into_seven_folders_and_recognised(
    ferspec, workplace, monkeypatch, server, jpegs, listed
):
    client(workplace.parent, monkeypatch, server)
    status, out, _ = ferspec("dataset", "get", "btfer", "--kaggle", "someone/btfer", "--json")
    found = json.loads(out)
    assert (status, found["recognition"]["pictures"], found["form"]) == (0, 2100, "btfer")
    assert [path.name for path in workplace.iterdir()] == ["BTFER"]
    assert {folder.name: len([*folder.iterdir()]) for folder in Path("BTFER").iterdir()} == dict.fromkeys(CLASSES, 300)
    assert Path("BTFER/Sad/007.jpg").read_bytes() == jpegs[5 * 300 + 7]
    assert oct(Path("BTFER").stat().st_mode & 0o777) == oct(0o777 & ~umask())


def umask():
    current = os.umask(0)
    os.umask(current)
    return current


def test_pictures_that_are_not_known_are_not_btfer_and_nothing_is_kept(ferspec, workplace, archive):
    status, out, err = ferspec("dataset", "get", "btfer", "--archive", archive)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "not BTFER: 0 of its pictures are known, and 1,900 are needed (FER-D-13); nothing was written" in err
    assert list(workplace.iterdir()) == []


def test_a_missing_dataset_on_kaggle_is_one_line_in_the_clients_words(ferspec, workplace, monkeypatch):
    client(workplace.parent, monkeypatch, "http://127.0.0.1:9/")
    status, out, err = ferspec("dataset", "get", "btfer", "--kaggle", "nobody/absent", "--out", "new/deep/faces")
    assert (status, out) == (2, "")
    assert err == "ferspec: the Kaggle client ended with status 1: 404 - Not Found\n"
    assert list(workplace.iterdir()) == []


@pytest.mark.parametrize("name", ["btfer", "--force/x", "a/b/c", "a/b; rm -rf ~", ""])
def test_another_word_than_a_name_on_kaggle_runs_nothing(ferspec, workplace, monkeypatch, name):
    client(workplace.parent, monkeypatch, "http://127.0.0.1:9/")
    status, _, err = ferspec("dataset", "get", "btfer", f"--kaggle={name}")
    assert (status, "expected OWNER/NAME" in err) == (2, True)


def test_without_a_client_the_browser_is_the_other_way(ferspec, workplace, monkeypatch):
    monkeypatch.setenv("PATH", str(workplace))
    status, _, err = ferspec("dataset", "get", "btfer", "--kaggle", "someone/btfer")
    assert (status, err.count("\n"), "--archive" in err) == (2, 1, True)


def test_an_existing_folder_is_not_touched(ferspec, workplace, archive):
    (workplace / "BTFER").mkdir()
    (workplace / "BTFER" / "mine.txt").write_text("mine")
    status, _, err = ferspec("dataset", "get", "btfer", "--archive", archive)
    assert (status, "BTFER already exists" in err) == (2, True)
    assert [path.name for path in (workplace / "BTFER").iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("failure", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_what_is_half_extracted_is_removed(ferspec, workplace, archive, monkeypatch, failure):
    write, calls = Path.write_bytes, []

    def failing(path, content):
        calls.append(path)
        if len(calls) == 40:
            raise failure
        return write(path, content)

    monkeypatch.setattr(Path, "write_bytes", failing)
    status, out, err = ferspec("dataset", "get", "btfer", "--archive", archive)
    assert (status, out, len(calls)) == (2 if isinstance(failure, OSError) else 130, "", 40)
    assert ("the disk is full" in err) == isinstance(failure, OSError)
    assert list(workplace.iterdir()) == []


def test_what_a_killed_run_left_is_replaced(tmp_path):
    (tmp_path / ".set.incomplete").mkdir()
    (tmp_path / ".set.incomplete" / "half.png").write_bytes(b"half")
    with placing.new_folder(tmp_path / "set") as folder:
        (folder / "whole.png").write_bytes(b"whole")
    assert [path.name for path in tmp_path.iterdir()] == ["set"]
    assert [path.name for path in (tmp_path / "set").iterdir()] == ["whole.png"]


def with_counts(path, names, content=b"\xff\xd8\xff"):
    """Write a tar of 300 tiny files for each class, of which some have other names."""
    with tarfile.open(path, "w:gz") as packed:
        for index in range(2100):
            info = tarfile.TarInfo(names.get(index, f"{CLASSES[index // 300]}/{index}.jpg"))
            info.size = len(content)
            packed.addfile(info, io.BytesIO(content))
    return path


@pytest.mark.hostile("archives that lead out of their folder")
@pytest.mark.parametrize(
    "name", ["../../Angry/0.jpg", "/tmp/Angry/ferspec-was-here.jpg", "Angry/../../../0.jpg", "..\\Angry/../../0.jpg"]
)
def test_a_name_that_leads_out_of_the_archive_is_refused(ferspec, workplace, name):
    with_counts(workplace / "btfer.tar.gz", {0: name})
    before = everything(workplace)
    status, out, err = ferspec("dataset", "get", "btfer", "--archive", "btfer.tar.gz")
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "leads out of it" in err
    assert everything(workplace) == before
    assert not Path("/tmp/Angry").exists()


@pytest.mark.hostile("archives that lead out of their folder")
@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_a_link_in_an_archive_is_not_followed(ferspec, workplace, kind):
    with tarfile.open("btfer.tar", "w") as packed:
        for label in CLASSES:
            info = tarfile.TarInfo(f"{label}/secret.jpg")
            info.type, info.linkname = kind, "/etc/passwd"
            packed.addfile(info)
    before = everything(workplace)
    status, out, err = ferspec("dataset", "get", "btfer", "--archive", "btfer.tar")
    assert (status, out, err.count("\n"), everything(workplace)) == (2, "", 1, before)


@pytest.mark.hostile("decompression bombs and broken tables")
def test_a_file_that_expands_without_end_is_refused(ferspec, workplace):
    with zipfile.ZipFile("bomb.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        for index in range(2100):
            packed.writestr(f"{CLASSES[index // 300]}/{index}.jpg", bytes(60 << 20) if index == 5 else b"\xff\xd8\xff")
    status, out, err = ferspec("dataset", "get", "btfer", "--archive", "bomb.zip")
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "62,914,560 bytes are too large for a picture of this dataset" in err
    assert [path.name for path in workplace.iterdir()] == ["bomb.zip"]


def test_another_number_of_pictures_is_not_btfer(ferspec, workplace):
    class_folders(workplace / "faces", dict.fromkeys(CLASSES, 2))
    status, _, err = ferspec("dataset", "get", "btfer", "--archive", "faces", "--out", "there")
    assert (status, err.count("\n")) == (2, 1)
    assert "not BTFER: Table 1 has other counts: Angry 2 instead of 300" in err
    assert not Path("there").exists()


@pytest.mark.parametrize(
    ("name", "suffix", "expected"),
    [
        ("Ω сад 山.jpg", ".jpg", "Ω сад 山.jpg"),
        ("a:b|c?.JPG", ".jpg", "a_b_c_.JPG"),
        ("no suffix", ".png", "no suffix.png"),
        ("photo.png", ".jpg", "photo.png.jpg"),
        ("..", ".png", "_.png"),
        ("line\nbreak\u202e.jpg", ".jpg", "line_break_.jpg"),
        ("x" * 300 + ".jpg", ".jpg", "x" * 120 + ".jpg"),
        ("back\\slash.jpg", ".jpg", "back_slash.jpg"),
    ],
)
def test_a_file_gets_a_name_that_every_system_takes(name, suffix, expected):
    assert placing.safe_name(name, suffix) == expected


def test_pictures_of_one_name_from_several_folders_are_all_kept(tmp_path):
    for split in ("a", "b"):
        class_folders(tmp_path / "in" / split, dict.fromkeys(CLASSES, 1))
    (tmp_path / "out").mkdir()
    from ferspec.subjects.datasets.readers import open_splits

    placing.place(open_splits(tmp_path / "in").chosen(), tmp_path / "out", 1 << 20)
    assert sorted(path.name for path in (tmp_path / "out" / "Fear").iterdir()) == ["000-2.png", "000.png"]


def test_rafdb_is_accepted_by_its_counts_and_the_size_of_its_faces(ferspec, workplace):
    counts = dict(zip(CLASSES, (867, 877, 355, 5957, 3204, 2460, 1619), strict=True))
    rows = []
    for label, count in counts.items():
        names = [
            f"{part}_{RAFDB[label]}{number:04d}" for number in range(count) for part in [("train", "test")[number > 99]]
        ]
        rows += [f"{name}.jpg {RAFDB[label]}" for name in names]
        save(Path(f"rafdb/aligned/{names[0]}_aligned.jpg"), (100, 100))
        save(Path(f"rafdb/aligned/{names[100]}_aligned.jpg"), (100, 100))
    Path("rafdb/list_patition_label.txt").write_text("\n".join(rows))
    status, out, _ = ferspec("dataset", "get", "rafdb", "--archive", "rafdb")
    assert (status, out.split()[0]) == (0, "ACCEPTED")
    first = Path("rafdb/aligned/train_10000_aligned.jpg")
    first.unlink()
    save(first, (90, 100))
    status, out, _ = ferspec("dataset", "get", "rafdb", "--archive", "rafdb")
    assert (status, "train_10000.jpg has 100 x 90 pixels; Table 1 has 100 x 100" in out) == (1, True)


def test_a_download_with_other_counts_is_a_failure_that_names_them(ferspec, workplace):
    fer2013_csv(Path("fer2013.csv"), [(label, "Training") for label in CLASSES])
    status, out, _ = ferspec("dataset", "get", "fer2013", "--archive", "fer2013.csv", "--json")
    assert status == 1
    assert json.loads(out)["problems"][0].startswith("Table 1 has other counts: Angry 1 instead of 4,953, Disgust 1")


def test_the_files_of_another_dataset_are_one_line(ferspec, workplace):
    fer2013_csv(Path("fer2013.csv"), [(label, "Training") for label in CLASSES])
    status, _, err = ferspec("dataset", "get", "rafdb", "--archive", "fer2013.csv")
    assert (status, err.count("\n"), "these are the files of FER2013" in err) == (2, 1, True)


def test_an_unknown_dataset_is_one_line_with_the_known_ones():
    with pytest.raises(UserError, match="'ckplus' is not a dataset of the protocol: it uses BTFER, RAF-DB"):
        public.dataset.get("ckplus", "x.zip")
