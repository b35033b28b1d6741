"""A canary outside the model, which every hostile file is tried beside."""

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from ferspec.errors import UserError
from ferspec.subjects.models.formats import load_model

SECRET = b"the canary sings: 4 8 15 16 23 42\n" * 100
LONGEST = 200
OLD = 1_000_000_000


@dataclass(frozen=True)
class Canary:
    """A file that hostile models try to read, in a folder that they try to write to."""

    folder: Path

    @property
    def file(self) -> Path:
        return self.folder / "canary.txt"

    @property
    def target(self) -> Path:
        """A file that is not there, for models to write."""
        return self.folder / "written"

    def refusal(self, path: Path, **options: bool) -> str:
        """Return the one line with which a model is refused, and require that nothing outside was touched."""
        with pytest.raises(UserError) as caught:
            load_model(path, **options)
        line = str(caught.value)
        assert "\n" not in line
        assert line.isprintable()
        assert len(line) <= LONGEST + len(str(path))
        self.require_untouched()
        return line

    def require_untouched(self) -> None:
        """Require that the canary was not read, and that nothing was written beside it or where the process is."""
        # after a file is read, its time of access is no longer older than its time of change, unless it is not kept
        assert os.stat(self.file).st_atime == OLD
        assert [path.name for path in self.folder.iterdir()] == [self.file.name]
        assert os.listdir() == []
        assert self.file.read_bytes() == SECRET


@pytest.fixture
def canary(tmp_path, monkeypatch):
    folder, empty = tmp_path / "outside", tmp_path / "empty"
    folder.mkdir()
    empty.mkdir()
    monkeypatch.chdir(empty)
    (folder / "canary.txt").write_bytes(SECRET)
    os.utime(folder / "canary.txt", (OLD, OLD))
    return Canary(folder)
