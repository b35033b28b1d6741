"""Find the other half of a Keras model in two files: a network in JSON, and its weights in HDF5."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from ferspec.errors import UserError
from ferspec.files import is_regular_file, open_regular, parse_json, read_bounded, read_head
from ferspec.subjects.models.base import LARGEST

HDF5 = b"\x89HDF\r\n\x1a\n"
# the attribute of a file that holds a network beside its weights
CONFIG = "model_config"
JSON = ".json"
SUFFIXES = frozenset({".h5", ".hdf5"})
LARGEST_NETWORK = 16 * 2**20
CHUNK = 2**20
# words of file names that say which of the two a file is
KINDS = frozenset({"arch", "architecture", "config", "json", "model", "structure", "weight", "weights"})


def is_network_file(path: Path) -> bool:
    """Return whether a file describes a Keras network in JSON."""
    return json_keys(path) >= {"class_name", "config"}


def json_keys(path: Path) -> set[str]:
    """Return the keys of a JSON document; none for another file."""
    try:
        document = parse_json(read_bounded(path, LARGEST_NETWORK))
    except (UserError, ValueError):
        return set()
    return set(document) if isinstance(document, dict) else set()


def counterpart(path: Path) -> Path | None:
    """Return the weights beside a network in JSON, or the network beside weights alone; None for any other model.

    Raise ``UserError`` if no file of the folder can be the other half, or several can and no name decides.
    """
    if not is_regular_file(path):
        return None
    if path.suffix.lower() == JSON:
        if not is_network_file(path):
            return None
        found, missing = _beside(path, SUFFIXES, _is_hdf5), "the network of a Keras model: put its weights (.h5)"
    elif path.suffix.lower() in SUFFIXES and _is_hdf5(path) and not _mentions(path, CONFIG.encode()):
        found, missing = (
            _beside(path, {JSON}, is_network_file),
            "weights without a network: put the network as JSON (to_json)",
        )
        if not found:
            return None
    else:
        return None
    if len(found) > 1:
        found = [other for other in found if _words(other) == _words(path)] or found
    if len(found) > 1:
        names = ", ".join(other.name for other in found[:4])
        raise UserError(f"{path} may belong to several files ({names}): copy it and the right one into another folder")
    if not found:
        raise UserError(f"{path} holds {missing} beside it, or save the whole model (model.save)")
    return found[0]


def _beside(path: Path, suffixes: Collection[str], fits: Callable[[Path], bool]) -> list[Path]:
    others = sorted(other for other in path.parent.iterdir() if other.suffix.lower() in suffixes)
    return [other for other in others if other != path and is_regular_file(other) and fits(other)]


def _is_hdf5(path: Path) -> bool:
    return read_head(path, len(HDF5)) == HDF5


def _mentions(path: Path, text: bytes) -> bool:
    """Return whether the bytes of a file contain a text."""
    return any(text in chunk for chunk in _chunks(path, len(text)))


def _chunks(path: Path, overlap: int) -> Iterator[bytes]:
    rest = b""
    with open_regular(path, LARGEST, "a model") as file:
        while chunk := file.read(CHUNK):
            yield rest + chunk
            rest = chunk[-overlap:]


def _words(path: Path) -> set[str]:
    return set(re.split(r"[\W_]+", path.name.removesuffix(path.suffix).lower())) - KINDS
