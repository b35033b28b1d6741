"""Downloads a dataset with the user's own Kaggle client, which alone handles credentials."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from ferspec.errors import UserError

CLIENT = "kaggle"
NAME = re.compile(r"\w[\w.-]*/\w[\w.-]*", re.ASCII)
LONGEST = 200


def client() -> str | None:
    """Return the path of the installed client, or None."""
    return shutil.which(CLIENT)


def download(name: str, folder: Path) -> Path:
    """Download a dataset, named as OWNER/NAME, into an empty folder, and return the archive.

    The progress of the client appears on standard error. ``UserError`` without the client, for another name, and for a
    download that fails.
    """
    if not NAME.fullmatch(name):
        raise UserError(f"{name!r} is not the name of a dataset on Kaggle: expected OWNER/NAME, as in its address")
    program = client()
    if program is None:
        raise UserError(
            "the Kaggle client is not installed: install it (pip install kaggle) and log in, or download the archive "
            "in the browser and give it with --archive"
        )
    words = [program, "datasets", "download", name, "-p", str(folder)]
    try:
        ended = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False)
    except OSError as error:
        raise UserError(f"{program} cannot be run: {error.strerror}") from None
    if ended.returncode != 0:
        lines = ended.stdout.decode(errors="replace").split("\n")
        said = next((line.strip() for line in reversed(lines) if line.strip()), "its message is above")
        raise UserError(f"the Kaggle client ended with status {ended.returncode}: {said[:LONGEST]}")
    archives = [path for path in folder.iterdir() if path.is_file() and not path.is_symlink()]
    if len(archives) != 1:
        raise UserError(f"the Kaggle client left {len(archives)} files for {name}: expected one archive")
    return archives[0]
