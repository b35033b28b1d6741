"""Inspect an HDF5 file before its weights are read: nothing outside it, and no more data than it holds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ferspec.errors import UserError
from ferspec.subjects.models.base import shown
from ferspec.subjects.models.expansion import refuse_expansion

# Filters built into HDF5 (deflate, shuffle, fletcher32, szip, nbit, scaleoffset) and h5py (lzf); others are libraries.
FILTERS = frozenset({1, 2, 3, 4, 5, 6, 32000})


def refuse_outside_data(file: Any, path: Path) -> None:
    """Raise ``UserError`` unless an open HDF5 file holds all of its data itself.

    Refused are soft and external links, external storage, virtual datasets, filters that HDF5 loads as a library, and
    datasets whose declared shapes need far more memory than the file has bytes. Keras writes none of these.
    """
    declared = 0
    for name, item in _objects(file, path):
        if not hasattr(item, "shape"):
            continue
        if item.external or item.is_virtual:
            raise _refused(path, name, "keeps its data in other files")
        plist = item.id.get_create_plist()
        if not {plist.get_filter(index)[0] for index in range(plist.get_nfilters())} <= FILTERS:
            raise _refused(path, name, "needs a filter that is not part of HDF5")
        declared += (item.size or 0) * item.dtype.itemsize
    refuse_expansion(declared, path)


def _objects(file: Any, path: Path) -> Iterator[tuple[str, Any]]:
    """Yield every object with its name, once; raise ``UserError`` for a link that is not a hard one."""
    import h5py

    waiting, seen = [file["/"]], set()
    while waiting:
        group = waiting.pop()
        for name in group:
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                raise _refused(path, name, "is a link to another place")
            item = group[name]
            address = h5py.h5o.get_info(item.id).addr
            if address in seen:
                continue
            seen.add(address)
            yield name, item
            if isinstance(item, h5py.Group):
                waiting.append(item)


def _refused(path: Path, name: str, reason: str) -> UserError:
    return UserError(f"{path.name} has an HDF5 object {shown(name, 40)!r} that {reason}: refused; save the model again")
