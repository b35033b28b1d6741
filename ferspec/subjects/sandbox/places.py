"""Find the files that a sandboxed process may read: the system's, Python's, ferspec's code, and those of its policy."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ferspec.subjects.sandbox.policy import Policy

PACKAGE = Path(__file__).resolve().parents[2]
SPECIFICATION = PACKAGE / "spec" / "data"
INSTALLED = ("site-packages", "dist-packages")
# programs and libraries, and what the dynamic linker, locales, time zones and certificates need; no names of users
SYSTEM = (
    *("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store"),
    *("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/alternatives", "/etc/fonts"),
    *("/etc/localtime", "/etc/timezone", "/etc/locale.alias", "/etc/nsswitch.conf", "/etc/os-release"),
    *("/etc/ssl/certs", "/etc/ssl/openssl.cnf", "/etc/pki/tls/certs", "/etc/ca-certificates"),
    *("/etc/R", "/etc/perl", "/etc/mime.types"),
    *("/sys/devices/system/cpu", "/sys/devices/system/node", "/sys/kernel/mm/transparent_hugepage"),
)
# more mounts than this take seconds, since each reads the list of all
MOST_SIBLINGS = 250


@dataclass(frozen=True)
class Places:
    """List what a process may read.

    ``granted`` are real paths without anything hidden. ``bound`` are real paths to mount in an empty file system, where
    ``links`` (path, target) are created, and ``masked`` is covered. ``listed`` are folders with hidden contents whose
    names are public.
    """

    granted: tuple[str, ...]
    bound: tuple[str, ...]
    links: tuple[tuple[str, str], ...]
    masked: tuple[str, ...]
    listed: tuple[str, ...]


def places(policy: Policy) -> Places:
    """Return what a process with this policy may read."""
    links: dict[str, str] = {}
    roots = sorted({real for path in _wanted(policy) if (real := _followed(path, links))})
    roots = [root for root in roots if not any(_is_inside(root, other) for other in roots if other != root)]
    hidden = [os.path.realpath(path) for path in policy.hidden]
    own = [path for path in hidden if _is_inside(path, str(PACKAGE))]
    if not policy.trusted:
        own.append(str(SPECIFICATION))
    others = [path for path in hidden if path not in own]
    bound, masked = [], list(own)
    for root in roots:
        without = list(_without(root, others, links))
        inside = [path for path in others if _is_inside(path, root)]
        if len(without) > MOST_SIBLINGS:
            bound.append(root)
            masked += inside
        else:
            bound += without
    granted = tuple(path for root in roots for path in _without(root, [*others, *own], {}))
    parents = {str(parent) for path in own for parent in Path(path).parents if parent.is_relative_to(PACKAGE)}
    masked = [path for path in masked if os.path.isdir(path) and any(_is_inside(path, root) for root in bound)]
    return Places(granted, tuple(bound), tuple(links.items()), tuple(masked), tuple(sorted(parents)))


def _wanted(policy: Policy) -> Iterator[str]:
    """Yield the paths to read, whether they exist or not."""
    yield from SYSTEM
    yield from {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}
    yield sys.executable
    yield from (entry for entry in sys.path if os.path.basename(entry) in INSTALLED)
    yield str(PACKAGE)
    yield from map(os.path.abspath, policy.readable)


def _followed(path: str, links: dict[str, str]) -> str | None:
    """Return the real path of an absolute path, or None if nothing is there.

    Add every symbolic link on the way to ``links``.
    """
    if not os.path.exists(path):
        return None
    seen, rest = "/", [part for part in path.split("/") if part]
    while rest:
        part = rest.pop(0)
        if part in ("", "."):
            continue
        seen = os.path.dirname(seen) if part == ".." else os.path.join(seen, part)
        if os.path.islink(seen):
            target = os.readlink(seen)
            links[seen] = target
            rest = [*target.split("/"), *rest]
            seen = "/" if target.startswith("/") else os.path.dirname(seen)
    return seen


def _without(path: str, hidden: Iterable[str], links: dict[str, str]) -> Iterator[str]:
    """Yield a path, or all inside it but what is hidden; add the symbolic links beside what is hidden."""
    if any(_is_inside(path, other) for other in hidden):
        return
    inside = [other for other in hidden if _is_inside(other, path)]
    if not inside:
        yield path
        return
    with os.scandir(path) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if entry.is_symlink():
                links[entry.path] = os.readlink(entry.path)
            else:
                yield from _without(entry.path, inside, links)


def _is_inside(path: str, folder: str) -> bool:
    """Return whether a path is a folder, or lies inside it."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")
