"""Stage 3: cut the faces out, with the margin and in the size of the protocol (FER-D-06, FER-D-07)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import ferspec
from ferspec.collection.decisions import read_decisions, with_decision
from ferspec.collection.faces import Box, Detectors, cut
from ferspec.collection.journal import Digest, Journal
from ferspec.collection.manifest import DECISIONS, JOURNAL, PICTURES, Row, stage_folder
from ferspec.collection.stages.clean import Measured
from ferspec.collection.stages.deciding import decide_crop
from ferspec.collection.stages.pictures import is_kept, png, read_kept, remove_others
from ferspec.collection.thresholds import thresholds
from ferspec.errors import UserError
from ferspec.files import write_whole
from ferspec.progress import Progress
from ferspec.records import Record
from ferspec.subjects.datasets.decode import pixel_digest
from ferspec.subjects.datasets.decoders.pool import Decoders

STEP = "cropping"


class Cropped(Record):
    """What the journal keeps of a face: its digests, the box that it was cut from, and the versions of the tools."""

    digest: Digest
    pixels: Digest
    box: str
    tools: str


def crop(out: Path, cleaned: Sequence[Row], detectors: Detectors, progress: Progress) -> list[Row]:
    """Return a row for each cleaned picture, with the digests of its face.

    The boxes are those that stage 2 found. Doubtful ones, and decisions of a reviewer, are handled as in stage 2.
    """
    folder = stage_folder(out, "crop")
    kept = [row for row in cleaned if row.is_kept]
    tools = f"ferspec {ferspec.__version__}, {detectors.tools}"
    decisions = read_decisions(folder / DECISIONS)
    rows = []
    with (
        Journal(folder / JOURNAL) as journal,
        Journal(stage_folder(out, "clean") / JOURNAL) as measured,
        Decoders(len(kept)) as decoders,
    ):
        for done, row in enumerate(kept, start=1):
            cropped = _with_face(out, row, journal, measured, tools, decoders)
            measures = measured.get(row.digest, Measured)
            if measures is None:
                raise UserError(f"{out}: the measures of {row.digest} are missing: run the stage clean again")
            decision, reason = decide_crop(measures, thresholds())
            decided = replace(cropped, decision=decision, reason=reason, tools=tools)
            rows.append(with_decision(decided, decisions.get(row.digest)))
            progress(STEP, done, len(kept))
    remove_others(folder, (row.file for row in rows))
    return rows


def _with_face(out: Path, row: Row, journal: Journal, measured: Journal, tools: str, decoders: Decoders) -> Row:
    """Cut the face out of a picture and write it, unless that was done before; return the row with its digests."""
    name = f"{PICTURES}/{row.digest}.png"
    target = stage_folder(out, "crop") / name
    known = journal.get(row.digest, Cropped)
    if known is None or (known.box, known.tools) != (row.box, tools) or not is_kept(target, known.digest):
        picture, box = read_kept(stage_folder(out, "clean") / row.file, row.pixels, decoders), Box.parse(row.box)
        if not box.within(*picture.shape[:2]).area:
            raise measured.damaged(row.digest, f"the box {box} lies outside the picture")
        content = png(face := cut(picture, box))
        write_whole(target, content)
        digest = hashlib.sha256(content).hexdigest()
        known = journal.add(row.digest, Cropped(digest=digest, pixels=pixel_digest(face), box=row.box, tools=tools))
    return replace(row, file=name, crop_digest=known.digest, crop_pixels=known.pixels)
