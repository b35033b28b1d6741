"""The canary notices what it is there for."""

import shutil

import pytest


def test_reading_the_canary_is_noticed(canary):
    if "noatime" in mount_options(canary.file):
        pytest.skip("the file system of temporary files keeps no time of access")
    shutil.copyfile(canary.file, canary.folder.parent / "copy")
    with pytest.raises(AssertionError):
        canary.require_untouched()


def test_writing_beside_the_canary_is_noticed(canary):
    canary.target.write_text("x")
    with pytest.raises(AssertionError):
        canary.require_untouched()


def mount_options(path):
    """Return the options of the file system that holds a path, as text; empty where they are not known."""
    try:
        with open("/proc/mounts", encoding="utf-8") as file:
            mounts = [line.split() for line in file]
    except OSError:
        return ""
    return max((mount for mount in mounts if str(path).startswith(mount[1])), key=lambda mount: len(mount[1]))[3]
