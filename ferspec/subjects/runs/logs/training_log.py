"""Read a file that logs a training, in whichever form its content has."""

from __future__ import annotations

import re
from pathlib import Path

from ferspec.errors import UserError
from ferspec.files import read_bounded
from ferspec.subjects.runs.logs.console import is_console, read_console
from ferspec.subjects.runs.logs.documents import read_document
from ferspec.subjects.runs.logs.phases import TrainingLog
from ferspec.subjects.runs.logs.printed import is_printed, read_printed
from ferspec.subjects.runs.logs.tables import read_table

LARGEST = 8 << 20
PICKLES = (".pkl", ".pickle", ".joblib")
PROTOCOLS = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
# the last instruction of a pickle
STOP = b"."
JSON = re.compile(r"\s*(\{\s*[\"']|\[\s*[{\[])")
# arrays and archives, which may hold pickles
CONTAINERS = (b"\x93NUMPY", b"PK\x03\x04")


def read_training_log(path: str | Path) -> TrainingLog:
    """Read the phases of a training from a table, JSON, or what was printed.

    Raise ``UserError`` for a file that is unreadable or not such a log, and for a pickle.
    """
    path = Path(path)
    content = read_bounded(path, LARGEST, "a training log")
    is_pickle = content.startswith(PROTOCOLS) and content.endswith(STOP)
    is_container = content.startswith(CONTAINERS) and b"\0" in content
    if is_pickle or is_container or path.suffix.lower() in PICKLES:
        raise UserError(
            f"{path} is a pickle, an array or an archive: reading a pickle can run code, so it is not read. "
            "Save the history as CSV: pandas.DataFrame(history.history).to_csv('history.csv')"
        )
    text = content.decode("utf-8-sig", errors="replace")
    if JSON.match(text):
        return read_document(path, text)
    if is_console(text):
        return read_console(path, text)
    return read_printed(path, text) if is_printed(text) else read_table(path, text)
