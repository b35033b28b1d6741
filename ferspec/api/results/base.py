"""The base of all results: how one prints, shows its page, and is written."""

from __future__ import annotations

from abc import ABC, abstractmethod
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from ferspec.files import write_whole

if TYPE_CHECKING:
    import pandas as pd

# the page's own style cannot change the notebook, and the frame runs no script
FRAME = '<iframe srcdoc="{}" sandbox style="width: 100%; height: 40em; border: 0"></iframe>'


class Result(ABC):
    """What a verb returns. It prints in one line, and a notebook shows its page.

    ``stem`` is the name of the two files that ``write`` writes by default.
    """

    stem: ClassVar[str] = "result"

    @abstractmethod
    def summary(self) -> str:
        """Return the result in one line."""

    @abstractmethod
    def to_frame(self) -> pd.DataFrame:
        """Return the result as a table."""

    @abstractmethod
    def to_json(self) -> str:
        """Return the document that the command prints with ``--json``."""

    @abstractmethod
    def page(self) -> str:
        """Return the page, as HTML without scripts or external files."""

    def write(self, folder: str | Path) -> Path:
        """Write the files of the command into a folder, each atomically; return the folder.

        A command that writes no file leaves its JSON document and its page. ``UserError`` where the folder cannot be
        written to.
        """
        from ferspec.report.pages import require_folder

        target = Path(folder)
        require_folder(target)
        self._write(target)
        return target

    def _write(self, folder: Path) -> None:
        # rendered before the first is written, so that a folder never holds a document without its page
        texts = {f"{self.stem}.json": self.to_json() + "\n", f"{self.stem}.html": self.page()}
        for name, text in texts.items():
            write_whole(folder / name, text)

    def __repr__(self) -> str:
        from ferspec.report.words import plain

        # a name in it may be that of an untrusted file
        return f"<{plain(self.summary())}>"

    __str__ = __repr__

    def _repr_html_(self) -> str:
        """Return the page in a frame."""
        return FRAME.format(escape(self.page(), quote=True))
