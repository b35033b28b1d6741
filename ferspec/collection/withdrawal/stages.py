"""Withdraws a picture from every stage of a collection."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from ferspec.collection.locking import locked
from ferspec.collection.manifest import (
    SET,
    Row,
    Stage,
    journal_paths,
    manifest_paths,
    read_manifest,
    set_manifest,
    stage_folder,
)
from ferspec.collection.publication import correct_counts
from ferspec.collection.published import Published, read_published
from ferspec.collection.tombstones import add_tombstones, tombstones_of, withdrawn_digests
from ferspec.collection.withdrawal.lines import mentions, without_lines
from ferspec.collection.withdrawal.record import Withdrawal
from ferspec.collection.withdrawal.replacement import Sampling, draw_again, sampling_of
from ferspec.errors import UserError

COPY = re.compile(r"a copy of ([0-9a-f]{64})")
# pages that may show the picture; the next build writes them again
PAGES = "*.html"
NOT_DRAWN = "none: it was not in the set"
REBUILT = "the next face in the seeded order: run the same 'ferspec dataset build' again"


def is_collection(folder: Path) -> bool:
    """Return whether a folder is that of a collection: it has the manifest of a stage."""
    return bool(manifest_paths(folder))


def withdraw_from_stages(folder: Path, given: Collection[str]) -> Withdrawal:
    """Remove the pictures with these digests, and all copies of them, from every stage.

    ``given`` are digests of files, of pixels or of faces. Their tombstones are written first and the manifests last,
    so that a run that was killed is completed by the same command. ``UserError`` where no manifest has them.
    """
    with locked(folder):
        return _withdraw(folder, given)


def _withdraw(folder: Path, given: Collection[str]) -> Withdrawal:
    stages = {stage: read_manifest(path) for stage, path in manifest_paths(folder).items()}
    sampling = sampling_of(folder, stages.get("sample", []))
    rows = [(stage, row) for stage, read in stages.items() for row in read]
    faces = read_published(folder / SET)
    digests = _all_digests(given, [row for _, row in rows], faces)
    withdrawn = [(stage, row) for stage, row in rows if not digests.isdisjoint(_digests_of(row))]
    public = [face for face in faces if not digests.isdisjoint(face.digests)]
    if not withdrawn and not public:
        raise UserError(_unknown(folder, given))
    keys = digests | {row.address for _, row in withdrawn if row.address}
    removed = sorted(set(_files(folder, withdrawn, public)))
    add_tombstones(folder, (stone for _, row in withdrawn for stone in tombstones_of(row)))
    for name in removed:
        (folder / name).unlink(missing_ok=True)
    pages = [page for stage in stages for page in stage_folder(folder, stage).glob(PAGES) if mentions(page, keys)]
    for page in pages:
        page.unlink()
    # the manifest of stage 1 leads to all others
    lists = [set_manifest(folder), *journal_paths(folder), *reversed(list(manifest_paths(folder).values()))]
    lines = sum(without_lines(path, keys) for path in lists if path.is_file())
    replacement = _replacement(folder, sampling, faces) if faces else NOT_DRAWN
    return Withdrawal(
        folder=str(folder),
        digests=tuple(sorted(digests)),
        files=tuple(removed),
        lines=lines,
        replacement=replacement if public else NOT_DRAWN,
        # a set that was not drawn again
        outdated=correct_counts(folder / SET),
    )


def _replacement(folder: Path, sampling: Sampling | None, before: Iterable[Published]) -> str:
    """Draw the set again, and return what takes the place of the withdrawn face."""
    if sampling is None:
        return REBUILT
    drawn, lacking = draw_again(folder, sampling)
    if lacking:
        classes = ", ".join(lacking)
        return f"none: no other face of {classes} is left: add sources, and build again"
    added = sorted(drawn - {face.path for face in before})
    return f"{', '.join(added)}, the next in the order of seed {sampling.seed}"


def _all_digests(given: Collection[str], rows: Iterable[Row], faces: Iterable[Published]) -> frozenset[str]:
    """Return the given digests, and all that rows link with them.

    Rows are linked by a digest that both have, and a copy with the picture that it is one of.
    """
    linked = [frozenset(_digests_of(row)) for row in rows]
    linked += [face.digests for face in faces]
    known, before = frozenset(given), frozenset[str]()
    while known != before:
        before = known
        known = known.union(*(group for group in linked if not known.isdisjoint(group)))
    return known


def _digests_of(row: Row) -> Iterator[str]:
    """Yield the digests of a row, and that of the picture it copies."""
    yield from filter(None, (row.digest, row.pixels, row.crop_digest, row.crop_pixels))
    yield from COPY.findall(row.reason)


def _files(folder: Path, withdrawn: Iterable[tuple[Stage, Row]], public: Iterable[Published]) -> Iterator[str]:
    """Yield the files of rows that exist, relative to the folder. ``UserError`` for a path that leads out of it."""
    named = [stage_folder(folder, stage) / row.file for stage, row in withdrawn if row.file]
    named += [folder / SET / row.path for _, row in withdrawn if row.path]
    named += [folder / SET / face.path for face in public]
    root = folder.resolve()
    for path in named:
        if not path.parent.resolve().is_relative_to(root):
            raise UserError(f"{folder}: a manifest names a file outside of it ({path}): nothing was removed")
        if path.is_file() or path.is_symlink():
            yield path.relative_to(folder).as_posix()


def _unknown(folder: Path, given: Collection[str]) -> str:
    if not withdrawn_digests(folder).isdisjoint(given):
        return f"{folder}: the picture was withdrawn before"
    return (
        f"{folder}: no manifest has this picture: its file and pixels are compared exactly; "
        "'ferspec dataset find' also finds changed copies"
    )
