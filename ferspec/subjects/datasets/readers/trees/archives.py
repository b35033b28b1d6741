"""Read the files of a zip or tar archive in place, within bounds."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import tarfile
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, Any

from ferspec.errors import UserError, one_line
from ferspec.files import GuardedFile, open_archive, open_regular, read_head
from ferspec.subjects.datasets.readers.limits import CHUNK, EXPANSION, LARGEST_SET, UNCHECKED
from ferspec.subjects.datasets.readers.trees.tree import MOST_LEVELS, Level, is_skipped
from ferspec.subjects.disk import room_for, temporary_file

ZIP, TAR, TAR_PLACE = b"PK\3\4", b"ustar", 257
PACKED: dict[bytes, Any] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ": lzma.open}
# AffectNet has 415,000 annotated images
MOST_MEMBERS = 500_000
LARGEST_DIRECTORY = 32 << 20
LONGEST_HEADER = 1 << 20


def open_packed(path: Path) -> Archive | None:
    """Open a zip or tar archive, or return None for another file.

    Nothing is unpacked, except that a compressed tar archive is decompressed to a temporary file. ``UserError`` for a
    damaged archive, or one beyond the limits.
    """
    head = read_head(path, TAR_PLACE + len(TAR))
    packed = next((opener for magic, opener in PACKED.items() if head.startswith(magic)), None)
    try:
        if head.startswith(ZIP) and path.suffix.lower() != ".npz":
            return _zip(path)
        if packed is not None:
            return _tar(path, _decompressed(path, packed))
        if head[TAR_PLACE:] == TAR:
            return _tar(path, open_regular(path))
    except UserError:
        raise
    except Exception as error:  # a damaged or hostile file can raise anything inside these modules
        raise UserError(f"{path}: not a readable archive ({one_line(error)})") from error
    return None


class Archive:
    """The files of an archive, which implements ``Tree``; each is listed with its size and a function that opens it."""

    def __init__(self, place: Path, members: Mapping[str, tuple[int, Callable[[], IO[bytes]]]]) -> None:
        self._place = place
        self._members = {PurePosixPath(name): member for name, member in members.items()}
        self._children: dict[PurePosixPath, tuple[set[str], set[str]]] = {PurePosixPath("."): (set(), set())}
        for path in self._members:
            if path.is_absolute() or ".." in path.parts:
                raise UserError(f"{place}: holds a file whose name leads out of it ({path}): pack it again")
            if len(path.parts) > MOST_LEVELS:
                raise UserError(f"{place}: folders are nested more than {MOST_LEVELS} levels deep")
            for child, kind in ((path, 1), *((parent, 0) for parent in path.parents if parent.name)):
                self._children.setdefault(child.parent, (set(), set()))[kind].add(child.name)

    @property
    def place(self) -> Path:
        return self._place

    def levels(self) -> Iterator[Level]:
        waiting = [PurePosixPath(".")]
        while waiting:
            folder = waiting.pop()
            folders, files = (
                sorted(name for name in names if not is_skipped(name)) for names in self._children[folder]
            )
            yield folder, folders, files
            waiting += [folder / name for name in reversed(folders)]

    def open(self, path: PurePosixPath, largest: int, what: str) -> IO[bytes]:
        name = str(self._place / path)
        return io.BufferedReader(_Sound(self._opened(path, largest, what, name), name))

    def read(self, path: PurePosixPath, largest: int, what: str, name: str | None = None) -> bytes:
        name = name or str(self._place / path)
        with self._opened(path, largest, what, name) as file:
            size = self._members[path][0]
            # one byte more shows that a size is wrong, without expanding the rest
            content = _read(file, size + 1, name)
        if len(content) != size:
            raise UserError(f"cannot read {name}: it is not {size:,} bytes long, as {self._place.name} says")
        return content

    def head(self, path: PurePosixPath, size: int) -> bytes:
        name = str(self._place / path)
        with self._opened(path, LARGEST_SET, "a dataset", name) as file:
            return _read(file, size, name)

    def require_inside(self, paths: Sequence[PurePosixPath]) -> None:
        """Accept all paths: the members of an archive do not lead out of it."""

    def _opened(self, path: PurePosixPath, largest: int, what: str, name: str) -> IO[bytes]:
        if path not in self._members:
            raise UserError(f"cannot read {name}: No such file in {self._place.name}")
        size, opener = self._members[path]
        if size > largest:
            raise UserError(f"{name}: too large for {what}: {size:,} bytes, and at most {largest:,} are read")
        try:
            return opener()
        except Exception as error:  # an encrypted member, or a damaged header
            raise UserError(f"cannot read {name}: {one_line(error)}") from None


def _read(file: IO[bytes], size: int, name: str) -> bytes:
    try:
        return file.read(size)
    except Exception as error:  # a damaged or hostile file can raise anything inside these modules
        raise UserError(f"cannot read {name}: {one_line(error)}") from None


class _Sound(io.RawIOBase):
    """Read a member of an archive, and raise ``UserError`` for whatever a damaged one raises."""

    def __init__(self, member: IO[bytes], name: str) -> None:
        self._member, self._name = member, name

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._member.seek(offset, whence)

    def readinto(self, buffer: Any) -> int:
        content = _read(self._member, len(buffer), self._name)
        buffer[: len(content)] = content
        return len(content)

    def close(self) -> None:
        self._member.close()
        super().close()


class _Slice(io.RawIOBase):
    """Read a part of an open file, in any thread."""

    def __init__(self, file: IO[bytes], offset: int, size: int) -> None:
        self._file, self._offset, self._size, self._at = file, offset, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._at = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        return self._at

    def readinto(self, buffer: Any) -> int:
        size = max(0, min(len(buffer), self._size - self._at))
        content = os.pread(self._file.fileno(), size, self._offset + self._at)
        buffer[: len(content)] = content
        self._at += len(content)
        return len(content)


def _zip(path: Path) -> Archive:
    with ExitStack() as opening:
        archive = opening.enter_context(open_archive(path, LARGEST_DIRECTORY))
        infos = [info for info in archive.infolist() if not info.is_dir()]
        # some programs of Windows write its slashes
        names = [info.filename.replace("\\", "/") for info in infos]
        if len(set(names)) < len(names):
            raise UserError(f"{path}: holds two files of one name: pack it again")
        members = {name: (info.file_size, partial(archive.open, info)) for name, info in zip(names, infos, strict=True)}
        tree = Archive(path, members)
        weakref.finalize(tree, opening.pop_all().close)
    return tree


def _tar(path: Path, file: IO[bytes]) -> Archive:
    members: dict[str, tuple[int, Callable[[], IO[bytes]]]] = {}

    def opener(offset: int, size: int) -> Callable[[], IO[bytes]]:
        return lambda: io.BufferedReader(_Slice(file, offset, size))

    with ExitStack() as opening:
        opening.enter_context(file)
        guarded: Any = GuardedFile(file, LONGEST_HEADER)
        with tarfile.open(fileobj=guarded, mode="r:") as archive:
            while (info := archive.next()) is not None:
                if len(members) == MOST_MEMBERS:
                    raise UserError(f"{path}: more than {MOST_MEMBERS:,} members are too many for a dataset")
                if info.isreg() and not info.issparse():  # links are not followed
                    members[info.name] = info.size, opener(info.offset_data, info.size)
                archive.members.clear()  # type: ignore[attr-defined]  # they would all be kept
            if os.pread(file.fileno(), tarfile.BLOCKSIZE, archive.offset) != bytes(tarfile.BLOCKSIZE):
                raise UserError(f"{path}: the end of the archive is missing: copy or download it again")
        tree = Archive(path, members)
        weakref.finalize(tree, opening.pop_all().close)
    return tree


def _decompressed(path: Path, opener: Callable[[Any], IO[bytes]]) -> IO[bytes]:
    """Return the content of a compressed file in a temporary file."""
    with open_regular(path) as packed, room_for(str(path)), ExitStack() as opening:
        most = min(LARGEST_SET, max(UNCHECKED, EXPANSION * os.fstat(packed.fileno()).st_size))
        file = opening.enter_context(temporary_file(str(path)))
        with opener(packed) as content:
            while chunk := content.read(CHUNK):
                file.write(chunk)
                if file.tell() > most:
                    raise UserError(f"{path}: expands to more than {most:,} bytes: unpack it first")
        file.flush()
        file.seek(0)
        opening.pop_all()
    return file
