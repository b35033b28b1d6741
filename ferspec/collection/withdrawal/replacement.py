"""Draws the replacement of a withdrawn face by the seed of the sample."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ferspec import spec
from ferspec.collection.drawing import in_order
from ferspec.collection.manifest import (
    DATASHEET,
    LARGEST,
    SET,
    STAGES,
    Row,
    Stage,
    manifest_paths,
    read_manifest,
    write_manifest,
)
from ferspec.collection.stages.sample import missing, sample, write_set, write_texts
from ferspec.files import is_regular_file, read_text

SEED = re.compile(r"Seed of the sample: (-?\d+)\.")


class Sampling(NamedTuple):
    """How a set was drawn: its seed, and the number of faces of each class."""

    seed: int
    per_class: int


def sampling_of(out: Path, rows: Sequence[Row]) -> Sampling | None:
    """Return how the rows of stage 4 were drawn; None if uncertain, or if a stage has no manifest.

    The seed is that of the datasheet, and must give the order in the rows.
    """
    path = out / SET / DATASHEET
    stated = SEED.search(read_text(path, LARGEST)) if is_regular_file(path) else None
    drawn = Counter(row.label for row in rows if row.path)
    if stated is None or set(drawn) != set(spec.load().classes) or len(set(drawn.values())) > 1:
        return None
    if set(manifest_paths(out)) != set(STAGES) or not all(row.position.isdecimal() for row in rows):
        return None
    seed = int(stated[1])
    for label in drawn:
        listed = sorted((int(row.position), row.digest) for row in rows if row.label == label)
        if [digest for _, digest in listed] != in_order([digest for _, digest in listed], seed):
            return None
    return Sampling(seed, min(drawn.values()))


def draw_again(out: Path, sampling: Sampling) -> tuple[set[str], dict[str, int]]:
    """Draw the set again from the manifests of stages 1 to 3, and write it.

    Return the paths of all its faces, and how many faces each class lacks; with any, no face is added to the set.
    """
    stages: dict[Stage, list[Row]] = {
        stage: read_manifest(path) for stage, path in manifest_paths(out).items() if stage != STAGES[-1]
    }
    stages["sample"] = sample(stages["crop"], sampling.per_class, sampling.seed)
    write_manifest(out, "sample", stages["sample"])
    lacking = missing(stages["sample"], sampling.per_class)
    write = write_texts if lacking else write_set
    write(out, out.resolve().name, sampling.seed, stages)
    return {row.path for row in stages["sample"] if row.path}, lacking
