"""The check that a training declares where it departs from the protocol, and nothing else (FER-R-13)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ferspec import spec
from ferspec.checks.run.departures import Departure, finding
from ferspec.engine import Check
from ferspec.outcomes import CheckResult
from ferspec.reference.schedule import batch_size
from ferspec.reference.splits import splits_anew
from ferspec.reference.weighting import conservative_weights, simple_weights
from ferspec.spec.records import Dataset
from ferspec.subjects.runs.artifacts.folder import CELL, FINISHED, RunFolder
from ferspec.subjects.runs.artifacts.record import MANIFEST

BTFER = "BTFER"
COUNTS = ("FER-D-01", "FER-D-03", "FER-D-04")
TESTED_COUNTS = ("FER-D-05", "FER-D-01")
# from which clauses artifacts show a departure, if there is one
SEEN = frozenset(
    {*COUNTS, *TESTED_COUNTS, "FER-D-06", "FER-D-11", "FER-G-02", "FER-S-05", "FER-S-09", "FER-V-01"},
)


def declares_its_deviations(folder: RunFolder) -> CheckResult:
    """Every departure that the artifacts show is declared in the record, and no other of those they would show."""
    return finding([*_undeclared(folder), *_unfounded(folder)], "nothing that is not declared")


DEVIATION_CHECKS = (Check("FER-R-13", declares_its_deviations, needs=(FINISHED, CELL, MANIFEST)),)


def _undeclared(folder: RunFolder) -> Iterator[Departure]:
    declared = {deviation.clause for deviation in folder.run.deviations}
    for clauses, what in _departing(folder):
        if declared.isdisjoint(clauses):
            yield Departure(what, f"a declared deviation from {' or '.join(clauses)}", "it poses as a protocol run")


def _unfounded(folder: RunFolder) -> Iterator[Departure]:
    """Yield where a deviation is declared from a clause that there is not, or that the artifacts keep."""
    known = {clause.id for clause in spec.load().clauses}
    shown = {clause for clauses, _ in _departing(folder) for clause in clauses}
    settings = folder.run.settings
    if settings.subset is not None or settings.skip_unreadable:
        # a training compares its counts before it leaves images out
        shown |= {*COUNTS, *TESTED_COUNTS}
    for deviation in folder.run.deviations:
        if deviation.clause not in known:
            yield Departure(
                f"a declared deviation from {deviation.clause!r}",
                "the id of a clause, as 'ferspec spec list' shows them",
                "it keeps a run from being judged",
            )
        elif deviation.clause in SEEN - shown:
            yield Departure(
                f"a declared deviation from {deviation.clause} ({deviation.effect})",
                "artifacts that show it",
                "it was copied from another run, or keeps this one from being judged",
            )


def _departing(folder: RunFolder) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield every departure from the protocol that the artifacts show, and the clauses of which one must declare it."""
    run = folder.run
    capped = [phase for phase in run.phases if phase.ended == "epochs cap"]
    if capped:
        yield ("FER-S-05",), f"a cap ended phase {capped[0].phase} after {capped[0].epochs} epochs"
    subset, cap = run.settings.subset, run.settings.epochs_cap
    if subset is not None and any(part.n > subset for part in run.data.values()):
        yield ("FER-D-01",), f"a subset of {subset:,} images was asked for"
    longest = max((phase.epochs for phase in run.phases), default=0)
    if cap is not None and longest > cap:
        yield ("FER-S-05",), f"a cap of {cap:,} epochs was asked for, and a phase has {longest:,}"
    usual = batch_size(run.settings.profile)
    if run.settings.global_batch != usual:
        yield ("FER-S-09",), f"batches of {run.settings.global_batch} images instead of {usual}"
    dataset = spec.load().datasets.get(folder.cell.dataset)
    if dataset is None:
        yield ("FER-G-02",), f"images that are {folder.cell.dataset}"
    else:
        yield from _other_counts(folder, dataset)
        yield from _other_size(folder, dataset)
    yield from _tested_otherwise(folder, dataset is not None)


def _other_counts(folder: RunFolder, dataset: Dataset) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield where training and validation images are not as many as the protocol has."""
    training, validation = (folder.images.counted(name) for name in ("training", "validation"))
    if dataset.training_totals:
        at = str(folder.cell.resolution)
        wanted = (dataset.training_totals[at], dataset.validation_totals[at])
        right = (training.sum(), validation.sum()) == wanted
        if sum(wanted) == dataset.total:
            right = right and tuple(training + validation) == dataset.counts
        else:
            # of a selection that Table 1 does not count, only this is known (FER-G-05)
            right = right and _weighed_alike(training)
    else:
        wanted = (sum(dataset.training_counts), dataset.total - sum(dataset.training_counts))
        right = tuple(training + validation) == dataset.counts
        # the text trains on RAF-DB's own parts, of which it gives no counts (FER-D-02)
        if splits_anew(folder.run.settings.profile) or dataset.training_percent is None:
            right = right and tuple(training) == dataset.training_counts
    if not right:
        yield (
            COUNTS,
            f"{training.sum():,} training and {validation.sum():,} validation images of {dataset.name}, "
            f"by class not the {wanted[0]:,} and {wanted[1]:,} of the protocol",
        )


def _weighed_alike(counts: np.ndarray) -> bool:
    """Return whether no class is so rare that the cap of FER-W-02 holds its weight down."""
    return bool(counts.all()) and np.array_equal(simple_weights(counts), conservative_weights(counts))


def _other_size(folder: RunFolder, dataset: Dataset) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield where images have another size than Table 1 says; those of AffectNet have several (ERR-04)."""
    entries = [entry for name in ("training", "validation") for entry in folder.images.parts.get(name, ())]
    others = sum((entry.height, entry.width) != dataset.size for entry in entries)
    if others and not dataset.training_totals:
        height, width = dataset.size
        yield ("FER-D-01",), f"{others:,} images of {dataset.name} that are not {width}×{height}"


def _tested_otherwise(folder: RunFolder, real: bool) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield where BTFER is missing, another one, or trained on."""
    tested, known = folder.images.parts.get("btfer"), spec.load().datasets[BTFER]
    if tested is None:
        yield ("FER-V-01",), "no images of BTFER"
        return
    if real:
        if tuple(folder.images.counted("btfer")) != known.counts:
            yield TESTED_COUNTS, f"{len(tested):,} images of BTFER instead of {known.total:,}"
        others = sum((entry.height, entry.width) != known.size for entry in tested)
        if others:
            yield ("FER-D-06",), f"{others:,} images of BTFER of another size"
    if folder.images.leaked:
        yield ("FER-D-11",), f"{folder.images.leaked:,} pictures of BTFER are also trained or validated on"
