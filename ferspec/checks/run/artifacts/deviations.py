"""Checks that a training declares exactly its deviations from the protocol (FER-R-13)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ferspec import spec
from ferspec.checks.run.mismatches import Mismatch, result_of
from ferspec.engine import Check
from ferspec.outcomes import CheckResult
from ferspec.reference.schedule import batch_size
from ferspec.reference.splits import splits_anew
from ferspec.reference.weighting import conservative_weights, simple_weights
from ferspec.required import required
from ferspec.spec.records import Dataset
from ferspec.subjects.runs.artifacts.folder import CELL, FINISHED, RunFolder
from ferspec.subjects.runs.artifacts.record import MANIFEST

# the clauses of which one must be declared, and what deviates from them
Deviating = tuple[tuple[str, ...], str]

BTFER = "BTFER"
COUNTS = ("FER-D-01", "FER-D-03", "FER-D-04")
TESTED_COUNTS = ("FER-D-05", "FER-D-01")
# the clauses from which a deviation is visible in the artifacts
VISIBLE = frozenset(
    {*COUNTS, *TESTED_COUNTS, "FER-D-06", "FER-D-11", "FER-G-02", "FER-S-05", "FER-S-09", "FER-V-01"},
)


def declares_its_deviations(folder: RunFolder) -> CheckResult:
    """Every deviation that the artifacts show is declared, and no declared one contradicts them."""
    return result_of([*_undeclared(folder), *_unfounded(folder)], "no undeclared deviation")


DEVIATION_CHECKS = (Check("FER-R-13", declares_its_deviations, needs=(FINISHED, CELL, MANIFEST)),)


def _undeclared(folder: RunFolder) -> Iterator[Mismatch]:
    declared = {deviation.clause for deviation in required(folder.run).deviations}
    for clauses, observed in _deviating(folder):
        if declared.isdisjoint(clauses):
            expected = f"a declared deviation from {' or '.join(clauses)}"
            yield Mismatch(observed, expected, "it is presented as a protocol run")


def _unfounded(folder: RunFolder) -> Iterator[Mismatch]:
    """Yield declared deviations from an unknown clause, or from one that the artifacts fulfil."""
    known = {clause.id for clause in spec.load().clauses}
    visible = {clause for clauses, _ in _deviating(folder) for clause in clauses}
    run = required(folder.run)
    if run.settings.subset is not None or run.settings.skip_unreadable:
        # a training compares its counts before it drops images
        visible |= {*COUNTS, *TESTED_COUNTS}
    for deviation in run.deviations:
        if deviation.clause not in known:
            yield Mismatch(
                f"a declared deviation from {deviation.clause!r}",
                "the id of a clause, as 'ferspec spec list' shows them",
                "it prevents the run from being judged",
            )
        elif deviation.clause in VISIBLE - visible:
            yield Mismatch(
                f"a declared deviation from {deviation.clause} ({deviation.effect})",
                "artifacts that show it",
                "it was copied from another run, or prevents this one from being judged",
            )


def _deviating(folder: RunFolder) -> Iterator[Deviating]:
    """Yield every deviation from the protocol that the artifacts show."""
    run, cell = required(folder.run), required(folder.cell)
    capped = [phase for phase in run.phases if phase.ended == "epochs cap"]
    if capped:
        yield ("FER-S-05",), f"a cap ended phase {capped[0].phase} after {capped[0].epochs} epochs"
    subset, cap = run.settings.subset, run.settings.epochs_cap
    if subset is not None and any(part.n > subset for part in run.data.values()):
        yield ("FER-D-01",), f"a subset of {subset:,} images was requested"
    longest = max((phase.epochs for phase in run.phases), default=0)
    if cap is not None and longest > cap:
        yield ("FER-S-05",), f"a cap of {cap:,} epochs was requested, and a phase has {longest:,}"
    usual = batch_size(run.settings.profile)
    if run.settings.global_batch != usual:
        yield ("FER-S-09",), f"batches of {run.settings.global_batch} images instead of {usual}"
    dataset = spec.load().datasets.get(cell.dataset)
    if dataset is None:
        yield ("FER-G-02",), f"images that are {cell.dataset}"
    else:
        yield from _other_counts(folder, dataset)
        yield from _other_size(folder, dataset)
    yield from _other_test_set(folder, dataset is not None)


def _other_counts(folder: RunFolder, dataset: Dataset) -> Iterator[Deviating]:
    """Yield where the numbers of training and validation images are not those of the protocol."""
    images = required(folder.images)
    training, validation = images.counted("training"), images.counted("validation")
    if dataset.training_totals:
        resolution = str(required(folder.cell).resolution)
        expected = (dataset.training_totals[resolution], dataset.validation_totals[resolution])
        right = (training.sum(), validation.sum()) == expected
        if sum(expected) == dataset.total:
            right = right and tuple(training + validation) == dataset.counts
        else:
            # Table 1 does not count this selection; only this is known of it (FER-G-05)
            right = right and _no_weight_is_capped(training)
    else:
        training_counts = required(dataset.training_counts)
        expected = (sum(training_counts), dataset.total - sum(training_counts))
        right = tuple(training + validation) == dataset.counts
        # the paper trains on RAF-DB's own splits, whose counts it does not give (FER-D-02)
        if splits_anew(required(folder.run).settings.profile) or dataset.training_percent is None:
            right = right and tuple(training) == training_counts
    if not right:
        yield (
            COUNTS,
            f"{training.sum():,} training and {validation.sum():,} validation images of {dataset.name}, "
            f"by class not the {expected[0]:,} and {expected[1]:,} of the protocol",
        )


def _no_weight_is_capped(counts: np.ndarray) -> bool:
    """Return whether no class is empty or rare enough for the cap of FER-W-02."""
    return bool(counts.all()) and np.array_equal(simple_weights(counts), conservative_weights(counts))


def _other_size(folder: RunFolder, dataset: Dataset) -> Iterator[Deviating]:
    """Yield where images have another size than in Table 1; AffectNet has several sizes (ERR-04)."""
    parts = required(folder.images).parts
    entries = [*parts.get("training", ()), *parts.get("validation", ())]
    others = sum((entry.height, entry.width) != dataset.size for entry in entries)
    if others and not dataset.training_totals:
        height, width = dataset.size
        yield ("FER-D-01",), f"{others:,} images of {dataset.name} that are not {width}×{height}"


def _other_test_set(folder: RunFolder, real: bool) -> Iterator[Deviating]:
    """Yield where BTFER is missing, differs, or overlaps with training and validation images."""
    images, known = required(folder.images), spec.load().datasets[BTFER]
    tested = images.parts.get("btfer")
    if tested is None:
        yield ("FER-V-01",), "no images of BTFER"
        return
    if real:
        if tuple(images.counted("btfer")) != known.counts:
            yield TESTED_COUNTS, f"{len(tested):,} images of BTFER instead of {known.total:,}"
        others = sum((entry.height, entry.width) != known.size for entry in tested)
        if others:
            yield ("FER-D-06",), f"{others:,} images of BTFER of another size"
    if images.leaked:
        yield ("FER-D-11",), f"{images.leaked:,} pictures of BTFER are also training or validation images"
