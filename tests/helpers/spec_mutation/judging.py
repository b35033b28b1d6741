"""Compute the behaviour under each change in a separate process, and report what detects the change first."""

from __future__ import annotations

import hashlib
import multiprocessing
import shutil
import tempfile
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ferspec.spec import loader
from helpers.spec_mutation.changes import Change

# what the processes share: modules that do not read the specification when they are imported
SHARED = (
    "cv2",
    "keras",
    "scipy.stats",
    "sklearn.metrics",
    "statsmodels.stats.multitest",
    "ferspec.checks.model.behaviour",
    "ferspec.checks.run.result_row",
    "ferspec.grid.judging.results",
    "ferspec.implementation",
    "ferspec.reference.augmentation.stream",
    "ferspec.reference.augmentation.warp",
    "ferspec.reference.calibration",
    "ferspec.reference.comparison",
    "ferspec.reference.models",
    "ferspec.subjects.datasets.readers.affectnet",
    "ferspec.subjects.implementations.subject",
    "ferspec.subjects.models.subject",
)
# the parts that are computed first for a clause of a family: where a change of it should show
USUAL = {
    "A": ("augmentation",),
    "B": ("tolerances",),
    "C": ("classes",),
    "D": ("inspection", "datasets", "images", "classes"),
    "F": ("findings", "evaluation"),
    "G": ("grid", "findings", "datasets", "promises"),
    "I": ("inspection", "copies"),
    "M": ("evaluation", "tolerances", "grid"),
    "N": ("networks",),
    "P": ("images", "networks", "answers"),
    "R": ("tolerances",),
    "S": ("training", "logs", "tolerances", "optimizer"),
    "V": ("training", "grid", "answers"),
    "W": ("training",),
    "X": ("tolerances",),
    "Z": ("screening", "evaluation", "tolerances", "grid"),
}
OF_FILES = {
    "classes.toml": ("classes",),
    "datasets.toml": ("datasets",),
    "errata.toml": ("errata", "grid"),
    "networks.toml": ("networks",),
    "grid.csv": ("grid",),
}
KILLED, REFUSED, CRASHED, SURVIVED = "killed", "refused", "crashed", "survived"
# the networks of the bases that are changed
BASES = ("vgg16", "vgg19")
# the digest of a part that computes nothing: of checks, that all are passed
NOTHING = hashlib.sha256().hexdigest()


@dataclass(frozen=True)
class Verdict:
    """What became of a change.

    It is *killed* if a part of the behaviour or a check computes something else, *refused* by the reader of a data
    file, *crashed* if a part fails and no other part for this value shows the change, or *survived*. ``by`` says what
    showed it.
    """

    change: str
    outcome: str
    by: str = ""


def verdicts(changes: Iterable[Change], data: Path, processes: int = 2) -> Iterator[Verdict]:
    """Yield the verdict on every change of the data files of a folder, in any order."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(SHARED))
    with context.Pool(processes, maxtasksperchild=1) as pool:
        names = {name for change in changes for name in _first_parts(change)} | {*_all_parts()}
        computed = sorted(name for name in names if not name.startswith("checks"))
        unchanged = dict(pool.starmap(_digest_in, [(data, name) for name in computed], chunksize=1))
        jobs = [(change, data, unchanged) for change in changes]
        yield from pool.imap_unordered(_judged, jobs, chunksize=1)


def _judged(job: tuple[Change, Path, dict[str, str]]) -> Verdict:
    change, data, unchanged = job
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(shutil.copytree(data, Path(folder) / "data"))
        (copy / change.file).write_text(change.content, encoding="utf-8")
        return Verdict(change.id, *_outcome(change, copy, unchanged))


def _outcome(change: Change, data: Path, unchanged: dict[str, str]) -> tuple[str, str]:
    from ferspec import spec

    _read_from(data)
    crashes: list[str] = []
    try:
        spec.load()
        first = _first_parts(change)
        for name in dict.fromkeys((*first, *_all_parts())):
            if crashes and name not in first:
                break
            try:
                if _digest(name) != unchanged.get(name, NOTHING):
                    return KILLED, name
            except spec.SpecError:
                raise
            except Exception as failure:
                crashes.append(f"{name}: {type(failure).__name__}: {failure}")
    except spec.SpecError as refusal:
        return REFUSED, str(refusal)
    return (CRASHED, crashes[0]) if crashes else (SURVIVED, "")


def _first_parts(change: Change) -> tuple[str, ...]:
    folder, _, name = change.file.rpartition("/")
    if name == "bases.toml":
        return tuple(f"network {base}" for base in BASES)
    if folder == "networks":
        return (f"network {name.removesuffix('.csv').removesuffix('-paper')}",)
    checks = tuple(f"checks of {clause}" for clause in change.clauses)
    if folder == "clauses":
        (clause,) = change.clauses
        built = tuple(f"network {network.lower()}" for network in _networks_of(clause))
        return USUAL[clause.removeprefix("FER-")[0]] + built + checks
    return OF_FILES.get(change.file, ("networks",)) + checks


def _networks_of(clause: str) -> tuple[str, ...]:
    """Return the self-built networks that a clause describes."""
    networks = tomllib.loads((loader.DATA / "networks.toml").read_text(encoding="utf-8"))["network"]
    return tuple(entry["name"] for entry in networks if entry["clause"] == clause and entry["origin"] != "keras")


def _all_parts() -> tuple[str, ...]:
    from helpers.spec_mutation.behaviour import SPLITS

    return tuple(SPLITS)


def _read_from(data: Path) -> None:
    """Let this process read the specification of a folder; it must not have read any before."""
    assert loader.load.cache_info().currsize == 0, "a shared module reads the specification when it is imported"
    loader.DATA = data


def _digest_in(data: Path, name: str) -> tuple[str, str]:
    _read_from(data)
    return name, _digest(name)


def _digest(name: str) -> str:
    """Return a digest of what a part of the behaviour computes."""
    from helpers.spec_mutation.behaviour import SPLITS, network
    from helpers.spec_mutation.judgements import checks_of

    kind, _, which = name.partition(" ")
    part = SPLITS.get(name) or partial({"network": network, "checks": checks_of}[kind], which.removeprefix("of "))
    total = hashlib.sha256()
    for item in part():
        total.update(repr(item).encode())
    return total.hexdigest()
