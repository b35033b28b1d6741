"""Opens the data of one training: every image read once, checked, and kept at the resolution of the network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from ferspec import spec
from ferspec.errors import UserError
from ferspec.progress import StepProgress
from ferspec.spec.records import Cell
from ferspec.subjects.datasets.manifest import Entry, repeated_pictures
from ferspec.subjects.datasets.pixel_store import ROOM, PixelStore
from ferspec.subjects.datasets.read_all import SHOWN, THREADS, UnreadableImages, read_each
from ferspec.subjects.datasets.readers import drawing_processes
from ferspec.subjects.datasets.readers.synthetic import draw_face
from ferspec.subjects.models.preprocess import resize
from ferspec.subjects.runs.artifacts.record import SYNTHETIC, RunDeviation, Settings
from ferspec.subjects.runs.data.sources import (
    BTFER,
    DATA,
    Source,
    Sources,
    counts_of,
    published_sources,
    require_every_class,
    synthetic_faces,
    synthetic_sources,
)
from ferspec.subjects.runs.data.splits import ImagePart, TrainingData

FEW_FACES = 200  # starting processes takes longer than drawing so many


def open_training_data(
    cell: Cell, data_root: Path | None, settings: Settings, progress: StepProgress | None = None, room: int = ROOM
) -> TrainingData:
    """Return the images that a cell is trained, steered and tested on, each read once, resized to its resolution.

    Images are resized as the published runs did, by nearest neighbour. Those of all parts that fit into ``room`` bytes
    are kept in memory, the others in a temporary file. ``progress(done, total)`` counts the images of all parts.
    Whatever is not as the protocol has it (counts, a subset, synthetic faces, images left out, no BTFER, pictures of
    BTFER among those trained or validated on) is in ``deviations``. A cell on synthetic faces needs no data root.

    ``UserError`` in one line where there is no data root, the dataset is missing in it, is another one or has a
    mistake, a class has no image to train on, or the disk is full; ``UnreadableImages``, which lists them all, where
    more images than ``settings.skip_unreadable`` cannot be read. Source: FER-D-01 to FER-D-06, FER-D-11,
    FER-P-08.
    """
    with _sources(cell, data_root, settings) as sources:
        parts, unreadable = _read_all(sources, (cell.resolution, cell.resolution), settings, progress, room)
    training = parts["training"]
    require_every_class(cell.dataset, counts_of(training.labels))
    if not len(parts["validation"]):
        raise UserError(f"{cell.dataset}: no image to validate on")
    if BTFER in parts and not len(parts[BTFER]):
        raise UserError(f"{BTFER}: no image can be read: replace them, or take {BTFER} out of the data root")
    deviations = (
        *sources.deviations,
        *_skipped(settings, unreadable),
        *_other_sizes(parts),
        *_leaked(parts),
    )
    return TrainingData(training, parts["validation"], parts.get(BTFER), deviations)


@contextmanager
def _sources(cell: Cell, data_root: Path | None, settings: Settings) -> Iterator[Sources]:
    if cell.dataset != SYNTHETIC:
        if data_root is None:
            raise UserError(f"{cell.dataset} is needed: give --data-root, the folder that holds the dataset's own")
        yield published_sources(cell, data_root, settings)
        return
    most = sum(sum(face.counts) for face in synthetic_faces().values())
    if THREADS == 1 or min(most, len(synthetic_faces()) * (settings.subset or most)) <= FEW_FACES:
        yield synthetic_sources(settings, draw_face)
        return
    with drawing_processes(THREADS) as draw:
        yield synthetic_sources(settings, draw)


def _read_all(
    sources: Sources, size: tuple[int, int], settings: Settings, progress: StepProgress | None, room: int
) -> tuple[dict[str, ImagePart], dict[str, list[UserError]]]:
    given = {"training": sources.training, "validation": sources.validation, BTFER: sources.btfer}
    chosen = {name: source for name, source in given.items() if source is not None}
    total = sum(len(source.listing) for source in chosen.values())
    done = 0

    def tick() -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(done, total)

    parts: dict[str, ImagePart] = {}
    unreadable: dict[str, list[UserError]] = {}
    for name, source in chosen.items():
        parts[name], unreadable[name] = _read_part(source, size, room, tick)
        room -= parts[name].pixels.in_memory
    errors = [error for part in unreadable.values() for error in part]
    if len(errors) > settings.skip_unreadable:
        hint = f" (--skip-unreadable {len(errors)} would leave them out)"
        raise UnreadableImages(sources.training.dataset, errors, total, hint)
    return parts, unreadable


def _read_part(
    source: Source, size: tuple[int, int], room: int, tick: Callable[[], None]
) -> tuple[ImagePart, list[UserError]]:
    listing = source.listing
    method = spec.load().text("FER-P-08", "resize")
    pixels = PixelStore(len(listing), size, room)
    entries: list[Entry] = []
    labels: list[int] = []
    unreadable: list[UserError] = []
    for label, result in zip(
        listing.labels, read_each(listing, lambda _, image: resize(image, size, method)), strict=True
    ):
        if isinstance(result, UserError):
            unreadable.append(result)
        else:
            pixels.write(len(entries), result.value)
            entries.append(result.entry)
            labels.append(label)
        tick()
    notes = [*listing.notes, *repeated_pictures(entries)]
    if unreadable:
        notes.append(f"images that cannot be read were left out: {len(unreadable):,} ({_first(unreadable)})")
    part = ImagePart(source.dataset, np.array(labels, np.int64), tuple(entries), pixels, tuple(notes), source.drawn)
    return part, unreadable


def _skipped(settings: Settings, unreadable: dict[str, list[UserError]]) -> Iterator[RunDeviation]:
    left_out = [f"{len(errors):,} of {name} ({_first(errors)})" for name, errors in unreadable.items() if errors]
    if left_out:
        effect = f"images that cannot be read were left out: {', '.join(left_out)}"
        yield RunDeviation(clause="FER-D-01", option=f"--skip-unreadable {settings.skip_unreadable}", effect=effect)


def _other_sizes(parts: dict[str, ImagePart]) -> Iterator[RunDeviation]:
    """Yield where images have another size than Table 1 says; those of AffectNet have several (ERR-04)."""
    for name, part in parts.items():
        dataset = spec.load().datasets.get(part.dataset)
        if dataset is None or dataset.training_totals:
            continue
        height, width = dataset.size
        others = sum((entry.height, entry.width) != dataset.size for entry in part.entries)
        if others:
            effect = f"{others:,} of {len(part):,} images of {part.dataset} are not {width}x{height}"
            clause, option = ("FER-D-06", DATA) if name == BTFER else ("FER-D-01", f"size of {name} images")
            yield RunDeviation(clause=clause, option=option, effect=effect)


def _leaked(parts: dict[str, ImagePart]) -> Iterator[RunDeviation]:
    seen = {entry.pixels_sha256 for name, part in parts.items() if name != BTFER for entry in part.entries}
    tested = {entry.pixels_sha256 for entry in parts[BTFER].entries} if BTFER in parts else set()
    if shared := len(tested & seen):
        effect = f"{shared:,} pictures of BTFER are also trained or validated on"
        yield RunDeviation(clause="FER-D-11", option=DATA, effect=effect)


def _first(errors: list[UserError]) -> str:
    return "; ".join(map(str, errors[:SHOWN])) + ("; …" if len(errors) > SHOWN else "")
