"""Stage 2: drop what is not one usable face, and remove what identifies a person from the files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

import ferspec
from ferspec.collection.decisions import read_decisions, with_decision
from ferspec.collection.faces import Detectors
from ferspec.collection.journal import Journal
from ferspec.collection.manifest import DECISIONS, JOURNAL, PICTURES, Row, stage_folder
from ferspec.collection.stages.copies import Pairs, copies_of
from ferspec.collection.stages.deciding import decide_picture
from ferspec.collection.stages.measuring import Measures, measure
from ferspec.collection.stages.pictures import read_kept, remove_others, write_picture
from ferspec.collection.thresholds import thresholds
from ferspec.progress import Progress
from ferspec.subjects.datasets.decoders.pool import Decoders

STEP = "cleaning"


class Measured(Measures):
    """What the journal keeps of a picture: its measures, and the versions of what measured it."""

    tools: str


def clean(out: Path, collected: Sequence[Row], detectors: Detectors, progress: Progress) -> list[Row]:
    """Return a row for each collected picture, with its measures and the decision.

    The picture is written as an upright PNG without metadata, named for its digest. Of copies, the first is kept; a
    copy under another class sends the first to a reviewer. Decisions of a reviewer are applied.
    """
    folder = stage_folder(out, "clean")
    kept = [row for row in collected if row.is_kept]
    tools = f"ferspec {ferspec.__version__}, {detectors.tools}"
    with Journal(folder / JOURNAL) as journal, Decoders(len(kept)) as decoders:
        measured: dict[str, Measures] = {}
        for done, row in enumerate(kept, start=1):
            measured[row.digest] = _measured(out, row, journal, detectors, tools, decoders)
            progress(STEP, done, len(kept))
        rows = [_decided(row, measured[row.digest], tools) for row in kept]
        # files of copies stay, so that they need not be measured again
        remove_others(folder, [row.file for row in rows])
        rows = _without_copies(rows, journal, collected, partial(_stored, folder, decoders), progress)
    decisions = read_decisions(folder / DECISIONS)
    return [with_decision(row, decisions.get(row.digest)) for row in rows]


def _measured(out: Path, row: Row, journal: Journal, detectors: Detectors, tools: str, decoders: Decoders) -> Measures:
    """Measure a picture and write it without metadata, unless both were done before."""
    folder = stage_folder(out, "clean")
    known = journal.get(row.digest, Measured)
    target = folder / _file(row)
    if known is not None and known.tools == tools and (target.is_file() or not _has_file(known)):
        return known
    picture = read_kept(stage_folder(out, "collect") / row.file, row.pixels, decoders)
    measures = measure(picture, detectors)
    if _has_file(measures):
        write_picture(target, picture)
    return journal.add(row.digest, Measured(tools=tools, **dict(measures)))


def _has_file(measures: Measures) -> bool:
    """Return whether a measured picture is kept or reviewed, so that it has a file."""
    return decide_picture(measures, thresholds()).decision != "drop"


def _stored(folder: Path, decoders: Decoders, row: Row) -> np.ndarray:
    return read_kept(folder / _file(row), row.pixels, decoders)


def _file(row: Row) -> str:
    return f"{PICTURES}/{row.digest}.png"


def _decided(row: Row, measures: Measures, tools: str) -> Row:
    decision, reason = decide_picture(measures, thresholds())
    return replace(
        row,
        file="" if decision == "drop" else _file(row),
        width=str(measures.width),
        height=str(measures.height),
        faces=str(max(len(measures.first), len(measures.second))),
        box="" if measures.face is None else str(measures.face.box),
        sharpness=f"{measures.sharpness:.1f}",
        flatness=f"{measures.flatness:.3f}",
        text=f"{measures.text:.3f}",
        decision=decision,
        reason=reason,
        tools=tools,
    )


def _without_copies(
    rows: Sequence[Row],
    journal: Journal,
    collected: Iterable[Row],
    stored: Callable[[Row], np.ndarray],
    progress: Progress,
) -> list[Row]:
    """Drop all copies of a picture except the first.

    The first goes to a reviewer where a copy has another class.
    """
    pictured = [row for row in rows if row.decision != "drop"]
    pairs = copies_of(pictured, journal, stored, progress)
    labels = _labels(collected)
    return list(_first_of_each(rows, pairs, labels))


def _labels(collected: Iterable[Row]) -> dict[str, set[str]]:
    """Return the classes under which each picture was collected, by its pixels."""
    labels = defaultdict(set)
    for row in collected:
        if row.pixels:
            labels[row.pixels].add(row.label)
    return labels


def _first_of_each(rows: Sequence[Row], pairs: Pairs, labels: Mapping[str, set[str]]) -> Iterator[Row]:
    others: dict[str, set[str]] = {row.digest: set(labels.get(row.pixels, ())) for row in rows}
    by_digest = {row.digest: row for row in rows}
    copy_of: dict[str, str] = {}
    for first, second in pairs:
        root = copy_of.get(first, first)
        copy_of.setdefault(second, root)
        others[root] |= {by_digest[second].label, *others[second]}
    for row in rows:
        if row.digest in copy_of:
            reason = f"a copy of {copy_of[row.digest]}"
            yield replace(row, decision="drop", reason=reason, file="")
        elif row.decision != "drop" and (conflicting := sorted(others[row.digest] - {row.label})):
            reason = f"also collected as {' and '.join(conflicting)}"
            yield replace(row, decision="review", reason=f"{row.reason}; {reason}" if row.reason else reason)
        else:
            yield row
