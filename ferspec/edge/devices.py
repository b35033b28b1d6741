"""Classes of devices as data, and whether a file fits one of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path
from typing import Literal

from ferspec.records import Count, Record
from ferspec.spec.reading import SpecError, read_toml, to_records
from ferspec.subjects.models.content import Content

FILE = Path(__file__).with_name("devices.toml")
KIBIBYTE = 1024
# listed in a reason
MOST_NAMED = 5

Outcome = Literal["nothing found against it", "does not fit", "unknown"]


class Sourced(Record):
    """A row of the data, its source, and the day it was read."""

    name: str
    source: str
    as_of: date
    note: str = ""


class Runtime(Sourced):
    """What runs files of a suffix. ``operators`` and ``types`` are those it has; None is all of the format."""

    suffix: str
    operators: tuple[str, ...] | None = None
    types: tuple[str, ...] | None = None
    hybrid: bool = True


class Device(Sourced):
    """A class of devices: the memory of an example, and its runtimes.

    A device without ``flash_kib`` loads a file into its memory.
    """

    title: str
    example: str
    runtimes: tuple[str, ...]
    ram_kib: Count
    flash_kib: Count | None = None


class Fit(Record):
    """Whether a file fits a class of devices; ``reasons`` say why not.

    Only its size and its graph are checked.
    """

    device: str
    outcome: Outcome
    reasons: tuple[str, ...] = ()


@cache
def devices() -> dict[str, Device]:
    """Return the classes of devices by name. ``SpecError`` for data that are not well-formed."""
    return _data()[0]


@cache
def runtimes() -> dict[str, Runtime]:
    """Return the runtimes by name. ``SpecError`` for data that are not well-formed."""
    return _data()[1]


def fit(device: Device, suffix: str, size: int, content: Content | None) -> Fit:
    """Return whether a file of ``size`` bytes, with this content, can run on a device.

    What is checked can only exclude: a runtime needs memory and time of its own.
    """
    runtime = next((known for name in device.runtimes if (known := runtimes()[name]).suffix == suffix), None)
    if runtime is None:
        return Fit(device=device.name, outcome="does not fit", reasons=(f"nothing listed there runs {suffix} files",))
    reasons = (*_too_large(device, size, content), *_unsupported(runtime, content))
    if reasons:
        return Fit(device=device.name, outcome="does not fit", reasons=reasons)
    if content is None:
        return Fit(device=device.name, outcome="unknown", reasons=("the operators of the file are not known",))
    return Fit(device=device.name, outcome="nothing found against it")


def _too_large(device: Device, size: int, content: Content | None) -> Iterator[str]:
    needed = 0 if content is None else content.least_memory or 0
    if device.flash_kib is None:
        needed += size
    elif size > device.flash_kib * KIBIBYTE:
        yield f"the file has {_kib(size)}, the flash {device.flash_kib:,} KiB"
    if needed > device.ram_kib * KIBIBYTE:
        yield f"it needs at least {_kib(needed)} of memory, but the device has {device.ram_kib:,} KiB"


def _unsupported(runtime: Runtime, content: Content | None) -> Iterator[str]:
    if content is None:
        return
    known = None if runtime.operators is None else {*runtime.operators}
    missing = [name for name in content.operators if known is not None and name not in known] or content.custom
    if missing:
        yield f"{runtime.name} does not have {_named(missing)}"
    if runtime.types is not None and (types := [name for name in content.types if name not in runtime.types]):
        yield f"{runtime.name} does not compute with {_named(types)}"
    if not runtime.hybrid and content.hybrid:
        yield f"{runtime.name} does not support weights of another type than the values, as in {_named(content.hybrid)}"


def _named(names: list[str] | tuple[str, ...]) -> str:
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _kib(count: int) -> str:
    return f"{-(-count // KIBIBYTE):,} KiB"


def _data() -> tuple[dict[str, Device], dict[str, Runtime]]:
    data = read_toml(FILE)
    found = {key: {key: data.get(key, ())} for key in ("device", "runtime")}
    for unknown in data.keys() - found.keys():
        raise SpecError(f"{FILE.name}: unknown key {unknown!r}")
    kinds = {one.name: one for one in to_records(Device, found["device"], FILE.name, "device", "name")}
    known = {one.name: one for one in to_records(Runtime, found["runtime"], FILE.name, "runtime", "name")}
    for device in kinds.values():
        for name in device.runtimes:
            if name not in known:
                raise SpecError(f"{FILE.name}: {device.name}: {name} is not a runtime")
    return kinds, known
