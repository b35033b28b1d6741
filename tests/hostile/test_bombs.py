"""Small files that unpack to much, and tables and documents beyond any measure, are refused in one line."""

import gzip
import io
import itertools
import json
import os
import sys
import zipfile
import zlib

import numpy as np
import pytest
from PIL import Image

from ferspec.deviations import load_deviations
from ferspec.errors import one_line
from ferspec.subjects.certificates.subject import read_certificate
from ferspec.subjects.datasets.decode import decode
from ferspec.subjects.datasets.groups import MOST_GROUPINGS, read_groups
from ferspec.subjects.datasets.readers import open_splits, read_fer2013, read_npz, read_published
from ferspec.subjects.datasets.readers.trees import archives
from ferspec.subjects.datasets.subject import open_dataset
from ferspec.subjects.models import open_model
from ferspec.subjects.models.base import LARGEST, file_digest
from ferspec.subjects.models.contracts.files import load_contract
from ferspec.subjects.models.detect import detect
from ferspec.subjects.models.predictions import read_predictions
from ferspec.subjects.runs.artifacts.record import read_run
from helpers.layouts import CLASSES, class_folders, rafdb_list
from helpers.messages import refusal
from helpers.processes import run_python

BOMBS = pytest.mark.hostile("decompression bombs and broken tables")
MEBIBYTE = 1 << 20
# the memory of a process that opens the dataset argv[1], less what it has before, in MiB
OPENING = """
import resource, sys
from ferspec.errors import UserError
from ferspec.subjects.datasets.subject import open_dataset
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    open_dataset(sys.argv[1])
except UserError as error:
    print(error, file=sys.stderr)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def opened(path):
    """Open a dataset in a process of its own; return what it refused, and its memory in MiB."""
    ended = run_python(OPENING, path)
    return ended.stderr, int(ended.stdout)


def header(shape, dtype="|u1"):
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": dtype, "fortran_order": False, "shape": shape})
    return file.getvalue()


def npz(path, images, labels=None, zeros=0):
    """Write an archive whose images are a header and a number of zeros."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("images.npy", "w", force_zip64=True) as member:
            member.write(images)
            for _ in range(zeros // MEBIBYTE):
                member.write(bytes(MEBIBYTE))
        archive.writestr("labels.npy", labels or header((7,)) + bytes(7))
    return path


# Pictures


@BOMBS
def test_six_large_one_bit_pictures_take_no_memory(tmp_path):
    for name in CLASSES[:6]:
        (tmp_path / name).mkdir()
        Image.new("1", (7990, 7990)).save(tmp_path / name / "1.png")
    message, memory = opened(tmp_path)
    assert "7990x7990 pixels exceed the limit" in message
    assert memory < 64


@BOMBS
@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF", "BMP", "JPEG"])
def test_a_picture_with_too_many_pixels_is_refused_by_its_header(kind):
    file = io.BytesIO()
    Image.new("L", (5001, 5001)).save(file, kind)
    assert "5001x5001 pixels exceed the limit of 25,000,000: shrink the image first" in refusal(
        decode, file.getvalue(), "a"
    )


@BOMBS
def test_a_comment_that_expands_without_end_is_not_unpacked():
    file = io.BytesIO()
    Image.new("L", (8, 8)).save(file, "PNG")
    content = zlib.compress(bytes(64 * MEBIBYTE))
    body = b"zTXtcomment\0\0" + content
    chunk = len(body[4:]).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")
    picture = file.getvalue()[:33] + chunk + file.getvalue()[33:]
    assert "Decompressed data too large" in refusal(decode, picture, "a.png")


@BOMBS
def test_an_image_file_of_a_terabyte_is_not_read(tmp_path):
    (tmp_path / "Happy").mkdir()
    with (tmp_path / "Happy" / "1.png").open("wb") as file:
        os.truncate(file.fileno(), 1 << 40)
    assert "too large for an image: 1,099,511,627,776 bytes" in refusal(open_dataset, tmp_path)


# Archives


@BOMBS
@pytest.mark.parametrize(
    ("shape", "says"),
    [
        ((10**9, 1, 1), "1,000,000,000 images exceed the limit"),
        ((7, 5001, 5001), "5001x5001 pixels exceed the limit"),
        ((1_000_000, 4000, 4000), "are unpacked"),
        ((100, 4000, 4000), "are unpacked"),
        ((int("9" * 4000), 1, 1), "images exceed the limit"),
        ((7, int("9" * 3000), int("9" * 3000)), "exceed the limit"),
    ],
    ids=["images", "pixels", "beyond all bytes", "beyond 100-fold", "a long number", "long numbers"],
)
def test_an_array_with_a_huge_shape_is_refused_by_its_header(tmp_path, shape, says):
    message, memory = opened(npz(tmp_path / "set.npz", header(shape), header(shape[:1])))
    assert says in message or "not a readable .npz file" in message
    assert memory < 64


@BOMBS
def test_an_array_that_expands_beyond_its_shape_is_not_unpacked(tmp_path):
    assert "images hold more than 448 bytes" in refusal(
        read_npz, npz(tmp_path / "set.npz", header((7, 8, 8)), zeros=64 * MEBIBYTE)
    )


@BOMBS
@pytest.mark.parametrize("read", [read_npz, detect], ids=["a dataset", "a model"])
def test_an_archive_with_a_million_members_is_not_listed(tmp_path, read):
    path = tmp_path / "many.npz"
    entry = b"PK\1\2" + bytes(24) + (1).to_bytes(2, "little") + bytes(16) + b"a"
    directory = entry * 1_000_000
    end = b"PK\5\6" + bytes(4) + b"\xff\xff\xff\xff" + len(directory).to_bytes(4, "little") + (4).to_bytes(4, "little")
    path.write_bytes(b"PK\3\4" + directory + end + bytes(2))
    assert "its list of members is larger than" in refusal(read, path)


@BOMBS
def test_a_picture_in_an_archive_is_refused_by_its_size(tmp_path):
    path = tmp_path / "set.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("Happy/1.png", "w") as member:
        for _ in range(81):
            member.write(bytes(MEBIBYTE))
    message, memory = opened(path)
    assert "Happy/1.png: too large for an image: 84,934,656 bytes, and at most 83,886,080 are read" in message
    assert memory < 64


@BOMBS
def test_an_archive_that_expands_without_end_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "UNCHECKED", MEBIBYTE)
    (tmp_path / "set.tar.gz").write_bytes(gzip.compress(bytes(64 * MEBIBYTE)))
    assert "expands to more than" in refusal(open_splits, tmp_path / "set.tar.gz")


@BOMBS
def test_names_that_nest_each_other_in_yaml_are_not_written_out(tmp_path):
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    lines += [f"{one}: &{one} [{', '.join([f'*{other}'] * 9)}]" for other, one in itertools.pairwise("abcdefghi")]
    class_folders(tmp_path, {"0": 1, "1": 1})
    (tmp_path / "data.yaml").write_text("\n".join([*lines, "names: [*i, *i]"]))
    assert "names" in refusal(open_splits, tmp_path)


@BOMBS
def test_a_model_of_a_terabyte_is_not_read(tmp_path):
    path = tmp_path / "model.onnx"
    with path.open("wb") as file:
        os.truncate(file.fileno(), 1 << 40)
    for read in (detect, file_digest):
        assert f"at most {LARGEST:,}" in refusal(read, path)


@BOMBS
@pytest.mark.skipif(sys.platform == "win32", reason="needs named pipes")
def test_a_pipe_inside_a_savedmodel_is_refused(tmp_path):
    (tmp_path / "variables").mkdir()
    (tmp_path / "saved_model.pb").touch()
    os.mkfifo(tmp_path / "variables" / "variables.index")
    assert "variables.index: not a regular file" in refusal(detect, tmp_path)


# Tables and documents

LONG = "9" * 5000
DEEP = 100_000
# what every text must survive
BROKEN = {
    "bytes that are not UTF-8": b"\xff\xfe\x00a",
    "half a character": "image,class\né".encode()[:-1],
    "NUL bytes": b"image,class\n\0,Sad\n",
    "UTF-16": "image,class\na,Sad\n".encode("utf-16"),
    "a line of 2 MB": b"image,class\n" + b"a" * 2_000_000,
    "200,000 columns": b"image," + b",".join(b"c%d" % n for n in range(200_000)) + b"\na" + b"," * 200_000 + b"\n",
    "an integer of 5,000 digits": f"image,class\na,{LONG}\n".encode(),
    "an open quotation mark": b'image,class\n"a,Sad\n' + b"b,Sad\n" * 1000,
    "brackets without end": b"[" * DEEP,
    "braces without end": b'{"a":' * DEEP,
    "a dotted key without end": b"a." * DEEP + b"a = 1",
    "1e999": b'{"a": 1e999}',
    "NaN": b'{"a": NaN}',
    "an integer of 5,000 digits in JSON": f'{{"a": {LONG}}}'.encode(),
    "an integer of 100 digits in JSON": f'{{"a": {LONG[:100]}}}'.encode(),
    "an integer of 5,000 digits in TOML": f"[input]\nsize = [{LONG}, 1]\n".encode(),
    "a lone surrogate": b'{"cell": "\\ud800"}',
    "nothing": b"",
    "a line end": b"\n",
}
# the name of a group may have any length
A_LONG_GROUP = ("groups.csv", "an integer of 5,000 digits")
READERS = {
    "contract.toml": load_contract,
    "deviations.toml": load_deviations,
    "predictions.csv": read_predictions,
    "groups.csv": lambda path: read_groups(path, ("a",)),
    "fer2013.csv": read_fer2013,
    "labels.csv": open_splits,
    "metadata.jsonl": open_splits,
    "classes.txt": lambda path: open_splits(class_folders(path.parent, {"0": 1, "1": 1})),
    "class_indices.json": lambda path: open_splits(class_folders(path.parent, {"0": 1, "1": 1})),
    "data.yaml": lambda path: open_splits(class_folders(path.parent, {"0": 1, "1": 1})),
    "run.json": lambda path: read_run(path.parent),
}


@BOMBS
@pytest.mark.parametrize(
    ("name", "kind"), [(name, kind) for name in READERS for kind in BROKEN if (name, kind) != A_LONG_GROUP]
)
def test_a_broken_text_is_refused_in_one_short_line(tmp_path, name, kind):
    (tmp_path / name).write_bytes(BROKEN[kind])
    assert len(refusal(READERS[name], tmp_path / name)) < 20_000


@BOMBS
@pytest.mark.parametrize("kind", [kind for kind in BROKEN if kind != "a lone surrogate"])
def test_a_broken_certificate_is_refused_in_one_line(tmp_path, kind):
    (tmp_path / "certificate.json").write_bytes(BROKEN[kind])
    assert "certificate" in refusal(read_certificate, tmp_path / "certificate.json")


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["without", "with"])
def test_a_byte_order_mark_is_skipped(tmp_path, mark):
    (tmp_path / "c.json").write_bytes(mark + json.dumps({"é": 1}, ensure_ascii=False).encode())
    assert read_certificate(tmp_path / "c.json") == {"é": 1}
    (tmp_path / "p.csv").write_bytes(mark + b"image,class\na,Sad\n")
    assert read_predictions(tmp_path / "p.csv").ids == ("a",)


@BOMBS
def test_a_line_of_100_megabytes_is_not_read_whole(tmp_path):
    (tmp_path / "fer2013.csv").write_bytes(b"emotion,pixels\n" + bytes(10**8))
    message, memory = opened(tmp_path / "fer2013.csv")
    assert "line 2: more than 1,048,576 characters" in message
    assert memory < 64


@BOMBS
def test_a_label_of_5_000_digits_in_a_list_is_refused(tmp_path):
    listed = rafdb_list(tmp_path, CLASSES, CLASSES)
    listed.write_text(listed.read_text() + f"train_00009.jpg {LONG}\n")
    assert "line 15" in refusal(read_published, "RAF-DB", tmp_path)


@BOMBS
def test_more_groupings_than_a_report_can_show_are_refused(tmp_path):
    names = [f"c{number}" for number in range(MOST_GROUPINGS + 1)]
    (tmp_path / "groups.csv").write_text(f"image,{','.join(names)}\na{',x' * len(names)}\n")
    assert "columns are too many" in refusal(read_groups, tmp_path / "groups.csv", ("a",))


# Exceptions of a subject


class Unspeakable(type):
    """A class of exceptions that hides its name."""

    @property
    def __name__(cls):
        raise SystemExit(0)


class Mute(Exception, metaclass=Unspeakable):
    """An exception without a text."""

    def __str__(self):
        raise SystemExit(0)


class Endless(Exception):
    """An exception with a text that is not plain."""

    def __str__(self):
        return type("Text", (str,), {"splitlines": lambda self: 1 / 0, "__format__": None})("first\nsecond")


@BOMBS
@pytest.mark.parametrize(
    ("error", "text"), [(Mute(), "Mute: its text cannot be shown"), (Endless(), "Endless: first")], ids=["mute", "odd"]
)
def test_an_exception_that_cannot_be_shown_is_one_line(error, text):
    assert one_line(error) == text


@BOMBS
def test_an_onnx_name_that_is_not_utf8_is_one_line(tmp_path):
    onnx = pytest.importorskip("onnx")
    named = [onnx.helper.make_tensor_value_info(name, 1, [1, 3, 8, 8]) for name in ("images", "output")]
    graph = onnx.helper.make_graph([onnx.helper.make_node("Relu", ["images"], ["output"])], "g", named[:1], named[1:])
    content = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 13)]).SerializeToString()
    (tmp_path / "m.onnx").write_bytes(content.replace(b"images", b"imag\xff\xfe"))
    assert "m.onnx is a damaged ONNX file" in refusal(open_model, tmp_path / "m.onnx")
