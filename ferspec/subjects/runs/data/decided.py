"""Say in lines for the terminal what was decided about the images of a training."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path

from ferspec.files import is_regular_file
from ferspec.subjects.datasets.decided import described, indented
from ferspec.subjects.datasets.manifest import Entry
from ferspec.subjects.runs.artifacts.manifest import read_manifest
from ferspec.subjects.runs.artifacts.record import MANIFEST, RunDeviation, SplitName, SplitRecord, is_run

NO_PROTOCOL_RUN = "not a protocol run"


def decided_splits(splits: Mapping[SplitName, SplitRecord], deviations: Sequence[RunDeviation] = ()) -> Iterator[str]:
    """Yield the counts of every split, what was skipped, doubled or shared, and each deviation."""
    yield from (described(name, part.dataset, part.form, part.support) for name, part in splits.items())
    yield from indented(chain.from_iterable(part.notes for part in splits.values()))
    yield from (f"{NO_PROTOCOL_RUN}: {deviation.clause} {deviation.effect}" for deviation in deviations)


def trained_on(model: str | Path, entries: Sequence[Entry]) -> Iterator[str]:
    """Yield how many images a run has trained or validated on, by their pixels."""
    manifest = Path(model) / MANIFEST
    parts = read_manifest(manifest) if is_run(model) and is_regular_file(manifest) else {}
    for name, listed in parts.items():
        pixels = {entry.pixels_sha256 for entry in listed}
        shared = sum(entry.pixels_sha256 in pixels for entry in entries)
        if shared and name != "btfer":
            yield f"  {shared:,} of {len(entries):,} images are {name} images of {Path(model).name}"
