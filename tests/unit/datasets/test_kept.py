"""Decoded images are all kept: in memory, or beyond a limit all of them on disk."""

import errno
import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from ferspec.errors import UserError
from ferspec.subjects.datasets.kept import KeptImages

RNG = np.random.default_rng(3)
IMAGES = [RNG.integers(0, 256, (5 + index % 3, 4 + index % 2, 3), dtype=np.uint8) for index in range(20)]
BYTES = sum(image.nbytes for image in IMAGES)


def filled(room):
    kept = KeptImages(room)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(kept.keep, range(20), (image.copy() for image in IMAGES)))
    return kept


@pytest.mark.parametrize("room", [BYTES, BYTES - 1, 100, 0], ids=["all fit", "one too many", "few fit", "none fits"])
def test_every_image_is_returned_read_only(room):
    kept = filled(room)
    for index, image in enumerate(IMAGES):
        np.testing.assert_array_equal(kept.get(index), image)
        assert not kept.get(index).flags.writeable


@pytest.mark.parametrize("room", [BYTES, 0])
def test_an_image_that_was_not_kept_is_an_error(room):
    with pytest.raises(KeyError):
        filled(room).get(20)


@pytest.mark.parametrize("room", [BYTES - 1, 0])
def test_beyond_the_limit_no_image_stays_in_memory_so_that_all_take_the_same_time(room, monkeypatch):
    kept = filled(room)
    reads = []
    pread = os.pread
    monkeypatch.setattr(os, "pread", lambda *words: reads.append(words) or pread(*words))
    for index in range(20):
        kept.get(index)
    assert len(reads) == 20


def test_a_full_disk_is_one_line(monkeypatch):
    def full(*words):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(UserError, match="is full: free some space or set TMPDIR"):
        KeptImages(0).keep(0, IMAGES[0].copy())
