"""Create and remove the only folder that a sandboxed process may write to."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from ferspec.subjects.disk import require_temporary_folder, room_for
from ferspec.subjects.sandbox.places import PACKAGE

PREFIX = "ferspec-sandbox-"
# seconds in which a judge locks a folder that it has made
SETTLED = 60
WORK, TEMPORARY, HOME = "work", "tmp", "home"
# holds a link to this package, since the folder that it lies in may be closed
CODE = "code"


class Scratch:
    """Hold a private folder for one process.

    It has an empty working folder, a home and a folder for temporary files. ``outside`` is a file next to it that the
    process must not reach. The folders of judges that were killed are removed by the next one: each is locked while its
    judge lives.
    """

    def __init__(self) -> None:
        require_temporary_folder("a sandbox")
        remove_abandoned(Path(tempfile.gettempdir()))
        with room_for("a sandbox"):
            self._root = Path(tempfile.mkdtemp(prefix=PREFIX)).resolve()
            self.outside = self._root / "lock"
            self._lock = FileLock(self.outside, thread_local=False)
            self._lock.acquire(timeout=SETTLED)
            self.folder = self._root / "inside"
            for name in (WORK, TEMPORARY, HOME, CODE):
                (self.folder / name).mkdir(parents=True)
            with suppress(OSError, NotImplementedError):  # Windows allows links only to some users
                (self.folder / CODE / PACKAGE.name).symlink_to(PACKAGE)

    def remove(self) -> None:
        """Remove the folder, whatever a process left in it."""
        self._lock.release()
        remove(self._root)


def remove_abandoned(folder: Path) -> None:
    """Remove the scratch folders of this user whose judge has ended without removing them."""
    for found in folder.glob(f"{PREFIX}*"):
        with suppress(OSError, Timeout):
            status = found.lstat()
            is_mine = not hasattr(os, "getuid") or status.st_uid == os.getuid()
            if is_mine and not found.is_symlink() and time.time() - status.st_mtime > SETTLED:
                with FileLock(found / "lock", timeout=0):
                    pass
                remove(found)


def remove(folder: Path) -> None:
    """Remove a folder that an untrusted program wrote to: with closed folders in it, and of any depth."""
    with suppress(OSError, RecursionError):
        shutil.rmtree(folder)
        return
    for words in (("chmod", "-R", "u+rwx"), ("rm", "-rf")):
        if program := shutil.which(words[0]):
            command = [program, *words[1:], "--", str(folder)]
            subprocess.run(command, stderr=subprocess.DEVNULL, check=False, timeout=SETTLED)
