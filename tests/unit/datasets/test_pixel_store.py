"""Decoded images are kept in memory up to a limit, and on disk beyond it."""

import errno
import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferspec.errors import UserError
from ferspec.subjects.datasets.pixel_store import PixelStore
from ferspec.subjects.models.quiet import quiet, tensorflow
from helpers.processes import run_python

SIZE = (6, 5)
IMAGES = np.random.default_rng(3).integers(0, 256, (20, *SIZE, 3), dtype=np.uint8)
IMAGE_BYTES = IMAGES[0].nbytes


def filled(room: int) -> PixelStore:
    store = PixelStore(len(IMAGES), SIZE, room)
    for index, image in enumerate(IMAGES):
        store.write(index, image)
    return store


ROOMS = {"all in memory": 1 << 20, "half and half": 10 * IMAGE_BYTES + 7, "all on disk": 0}


@pytest.mark.parametrize("room", ROOMS.values(), ids=ROOMS)
@settings(max_examples=25, deadline=None)
@given(indices=st.lists(st.integers(0, len(IMAGES) - 1), max_size=30))
def test_images_are_read_in_the_requested_order(room, indices):
    read = filled(room).read(np.array(indices, np.int64))
    assert read.dtype == np.uint8
    np.testing.assert_array_equal(read, IMAGES[indices])


@pytest.mark.parametrize(("room", "kept"), [(0, 0), (IMAGE_BYTES - 1, 0), (3 * IMAGE_BYTES + 1, 3), (1 << 20, 20)])
def test_no_more_is_kept_in_memory_than_there_is_room_for(room, kept):
    assert filled(room).in_memory == kept * IMAGE_BYTES


@pytest.mark.parametrize("room", ROOMS.values(), ids=ROOMS)
def test_a_read_image_is_a_copy(room):
    store = filled(room)
    store.read([0, 19])[:] = 0
    np.testing.assert_array_equal(store.read([0, 19]), IMAGES[[0, 19]])


@pytest.mark.parametrize("room", ROOMS.values(), ids=ROOMS)
def test_several_threads_write_and_read_at_once(room):
    store = PixelStore(len(IMAGES), SIZE, room)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(store.write, range(20), IMAGES))
        orders = [np.random.default_rng(seed).permutation(20) for seed in range(50)]
        for order, read in zip(orders, threads.map(store.read, orders), strict=True):
            np.testing.assert_array_equal(read, IMAGES[order])


@pytest.mark.parametrize("room", ROOMS.values(), ids=ROOMS)
@pytest.mark.parametrize("outside", [-1, 20])
def test_an_image_outside_is_refused(room, outside):
    store = filled(room)
    with pytest.raises(IndexError):
        store.read([0, outside])
    with pytest.raises(ValueError, match="is not uint8"):
        store.write(outside, IMAGES[0])


@pytest.mark.parametrize("wrong", [IMAGES[0].astype(np.float32), IMAGES[0][:5], IMAGES[0][..., :1]])
def test_an_image_of_another_size_or_type_is_refused(wrong):
    with pytest.raises(ValueError, match="is not uint8"):
        PixelStore(2, SIZE, 0).write(0, wrong)


def test_reading_an_image_that_was_not_written_is_refused():
    store = PixelStore(2, SIZE, 0)
    store.write(0, IMAGES[0])
    with pytest.raises(IndexError, match="image 1 was never written"):
        store.read([1])


def test_rows_that_are_not_contiguous_in_memory_are_written():
    store = PixelStore(1, SIZE, 0)
    store.write(0, IMAGES[0][:, ::-1])
    np.testing.assert_array_equal(store.read([0])[0], IMAGES[0][:, ::-1])


def test_the_file_has_no_name_and_lies_where_tmpdir_says(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    store = filled(0)
    assert os.fstat(store._file.fileno()).st_size == IMAGES.nbytes
    assert os.fstat(store._file.fileno()).st_dev == tmp_path.stat().st_dev
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_one_clear_line(monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.pwrite", full)
    with pytest.raises(UserError, match=r"the disk of .* is full: free some space or set TMPDIR") as refusal:
        filled(0)
    assert "\n" not in str(refusal.value)


def test_a_disk_that_takes_a_write_in_pieces_gets_all_of_them(monkeypatch):
    whole = os.pwrite
    monkeypatch.setattr("os.pwrite", lambda file, data, offset: whole(file, data[:7], offset))
    np.testing.assert_array_equal(filled(0).read(range(20)), IMAGES)


MEASURE = """
import sys, numpy as np
from ferspec.subjects.datasets.pixel_store import PixelStore

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096

count, room = int(sys.argv[1]), int(sys.argv[2])
image = np.arange(48 * 48 * 3, dtype=np.uint8).reshape(48, 48, 3)
before = resident()
store = PixelStore(count, (48, 48), room)
for index in range(count):
    store.write(index, image + np.uint8(index % 251))
rng = np.random.default_rng(0)
for _ in range(count // 64):
    store.read(rng.integers(0, count, 64))
print(resident() - before)
"""


def grown(count: int, room: int) -> int:
    """Return the resident memory (bytes) that a store of ``count`` images adds to a process of its own."""
    done = run_python(MEASURE, count, room, check=True)
    return int(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="resident memory is read from /proc")
def test_memory_does_not_grow_with_the_number_of_images():
    few, many = grown(1_000, 4 << 20), grown(10_000, 4 << 20)
    assert many - few < 2 << 20
    assert grown(10_000, 1 << 30) > 60 << 20  # the same measurement sees 69 MB where there is room for them


def test_no_folder_for_temporary_files_is_one_line(no_temporary_folder):
    with pytest.raises(UserError, match="the store of decoded images needs a folder for temporary files, but none"):
        PixelStore(1, SIZE, 0)


def test_tensorflow_without_a_folder_for_temporary_files_is_one_line(no_temporary_folder, monkeypatch):
    monkeypatch.delitem(sys.modules, "tensorflow", raising=False)
    with pytest.raises(UserError, match=r"^TensorFlow needs a folder for temporary files, but none is writable: free"):
        tensorflow()


def test_native_code_is_kept_quiet_without_a_temporary_file(monkeypatch, capfd):
    def refuse(*_, **__):
        raise FileNotFoundError("no usable temporary directory")

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    with quiet():
        os.write(2, b"a start-up message")
    os.write(2, b"an error")
    assert capfd.readouterr().err == "an error"
