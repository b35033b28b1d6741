"""Initial weights: find or download published files, and load them completely or not at all."""

from __future__ import annotations

import hashlib
import sys
import tomllib
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ferspec.errors import UserError
from ferspec.files import open_regular
from ferspec.reference.models import legacy_h5, native_h5

# the largest network of the protocol has 0.5 GiB
LARGEST = 4 << 30
SOURCES = Path(__file__).parent / "weights.toml"


@dataclass(frozen=True)
class Published:
    """A published weight file: its name, source, and md5 where the library states one."""

    name: str
    url: str
    md5: str | None


@dataclass(frozen=True)
class Start:
    """The initial weights of a network: ``scratch``, or a file.

    A file has its sha256 and the number of arrays it filled.

    ``published`` says whether a file under a published name has the published md5; None where none is stated.
    """

    kind: str
    file: str | None = None
    sha256: str | None = None
    arrays: int = 0
    published: bool | None = None


SCRATCH = Start("scratch")


def published(network: str, kind: str) -> Published:
    """Return the published file of a base's ``imagenet`` or ``vggface`` weights."""
    source = _sources()[kind]
    entry = source["files"][network]
    return Published(Path(entry["path"]).name, f"{source['prefix']}/{entry['path']}", entry.get("md5"))


def locate(network: str, kind: str, folder: str | Path | None) -> Path:
    """Return the path of a published file, in ``folder`` or downloaded once by Keras.

    ``UserError`` names the file and its source if it is not available.
    """
    wanted = published(network, kind)
    if folder is not None:
        path = Path(folder) / wanted.name
        if not path.is_file():
            raise UserError(f"{path} is missing: put the {kind} weights of {network} there, from {wanted.url}")
        return path
    import keras

    # Keras' own folders: files that Keras or keras-vggface downloaded before are used
    cache = "models" if kind == "imagenet" else f"models/{kind}"
    try:
        with redirect_stdout(sys.stderr):
            return Path(keras.utils.get_file(wanted.name, wanted.url, cache_subdir=cache, file_hash=wanted.md5))
    except Exception as error:
        # Keras raises a bare Exception when a download fails.
        reason = str(error).partition("\n")[0].replace(wanted.url, "it")
        raise UserError(
            f"cannot get {wanted.name}, the {kind} weights of {network}, from {wanted.url} ({reason}): "
            "fetch it elsewhere and name its folder with --weights-dir"
        ) from None


def load_base(base: Any, network: str, kind: str, path: Path) -> Start:
    """Fill a base from a published file and return the loaded weights.

    ``UserError`` unless file and base have the same arrays. A file with the published md5 may have older layer names:
    it is read in order, as in Keras.
    """
    wanted = published(network, kind)
    genuine = None if wanted.md5 is None else _digest(path, "md5") == wanted.md5
    arrays = legacy_h5.load(path, base, f"{network} ({kind})", by_order=genuine is True)
    return Start(kind, path.name, sha256_of(path), arrays, genuine)


def load_file(model: Any, base: Any | None, network: str, path: Path) -> Start:
    """Fill a model or its base from a user's file; ``UserError`` unless it fills all arrays.

    ``.keras`` and ``.weights.h5`` contain a whole model; a legacy ``.h5`` the base, or a whole self-built network.
    """
    _opened(path).close()
    if legacy_h5.is_legacy(path):
        arrays = legacy_h5.load(path, model if base is None else base, network)
    else:
        arrays = native_h5.load(path, model, network)
    return Start("file", path.name, sha256_of(path), arrays)


def inspect_file(model: Any, base: Any | None, network: str, path: Path) -> None:
    """Check a file like ``load_file``, without changing the model, which may be weightless."""
    _opened(path).close()
    if legacy_h5.is_legacy(path):
        legacy_h5.matched(path, model if base is None else base, network)
    else:
        native_h5.require_fit(path, model, network)


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file, in hexadecimal digits."""
    return _digest(path, "sha256")


def _digest(path: Path, method: str) -> str:
    with _opened(path) as file:
        return hashlib.file_digest(file, method).hexdigest()


def _opened(path: Path) -> Any:
    return open_regular(path, LARGEST, "a file of weights")


@cache
def _sources() -> dict[str, Any]:
    return tomllib.loads(SOURCES.read_text(encoding="utf-8"))
