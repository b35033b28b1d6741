"""Read and check the images of one training, and store them at its resolution."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from ferspec import spec
from ferspec.errors import UserError
from ferspec.progress import StepProgress
from ferspec.spec.records import Cell
from ferspec.subjects.datasets.manifest import Entry, duplicate_notes
from ferspec.subjects.datasets.pixel_store import ROOM, PixelStore
from ferspec.subjects.datasets.read_all import THREADS, UnreadableImages, read_each
from ferspec.subjects.datasets.readers import drawing_processes
from ferspec.subjects.datasets.readers.synthetic import draw_face
from ferspec.subjects.examples import first_few
from ferspec.subjects.models.preprocess import resize
from ferspec.subjects.runs.artifacts.record import SYNTHETIC, RunDeviation, Settings
from ferspec.subjects.runs.data.sources import (
    BTFER,
    DATA,
    DataSources,
    SplitSource,
    counts_of,
    published_sources,
    require_every_class,
    synthetic_faces,
    synthetic_sources,
)
from ferspec.subjects.runs.data.splits import ImageSplit, TrainingData

FEW_FACES = 200  # rendering fewer faces is faster than starting processes


def open_training_data(
    cell: Cell, data_root: Path | None, settings: Settings, progress: StepProgress | None = None, room: int = ROOM
) -> TrainingData:
    """Read the training, validation and test images of a cell at its resolution.

    Images are resized by nearest neighbour, as in the published runs. At most ``room`` bytes of all splits are kept in
    memory, the others in temporary files. ``progress(done, total)`` counts the images of all splits. ``deviations``
    lists every departure from the protocol: counts, a subset, synthetic faces, skipped images, missing BTFER, BTFER
    images that occur in another split. Synthetic faces need no data root.

    Raise ``UserError`` for a missing data root or dataset, invalid files, a class without training images, or a full
    disk, and ``UnreadableImages`` for more than ``settings.skip_unreadable`` unreadable images. Source: FER-D-01 to
    FER-D-06, FER-D-11, FER-P-08.
    """
    with _sources(cell, data_root, settings) as sources:
        parts, unreadable = _read_all(sources, (cell.resolution, cell.resolution), settings, progress, room)
    training = parts["training"]
    require_every_class(cell.dataset, counts_of(training.labels))
    if not len(parts["validation"]):
        raise UserError(f"{cell.dataset}: there are no validation images: at least one is needed")
    if BTFER in parts and not len(parts[BTFER]):
        raise UserError(f"{BTFER}: no image is readable: replace the images, or remove {BTFER} from the data root")
    shared, leaks = _trained_and_validated(parts)
    validation = replace(parts["validation"], notes=(*parts["validation"].notes, *shared))
    deviations = (
        *sources.deviations,
        *_skipped(settings, unreadable),
        *_other_sizes(parts),
        *leaks,
        *_leaked(parts),
    )
    return TrainingData(training, validation, parts.get(BTFER), deviations)


@contextmanager
def _sources(cell: Cell, data_root: Path | None, settings: Settings) -> Iterator[DataSources]:
    if cell.dataset != SYNTHETIC:
        if data_root is None:
            raise UserError(f"{cell.dataset} is needed: give the folder of the datasets with --data-root")
        yield published_sources(cell, data_root, settings)
        return
    faces = synthetic_faces()
    total = sum(sum(split.counts) for split in faces.values())
    if THREADS == 1 or min(total, len(faces) * (settings.subset or total)) <= FEW_FACES:
        yield synthetic_sources(settings, draw_face)
        return
    with drawing_processes(THREADS) as draw:
        yield synthetic_sources(settings, draw)


def _read_all(
    sources: DataSources, size: tuple[int, int], settings: Settings, progress: StepProgress | None, room: int
) -> tuple[dict[str, ImageSplit], dict[str, list[UserError]]]:
    splits = {"training": sources.training, "validation": sources.validation, BTFER: sources.btfer}
    available = {name: source for name, source in splits.items() if source is not None}
    total = sum(len(source.listing) for source in available.values())
    done = 0

    def tick() -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(done, total)

    parts: dict[str, ImageSplit] = {}
    unreadable: dict[str, list[UserError]] = {}
    for name, source in available.items():
        parts[name], unreadable[name] = _read_part(source, size, room, tick)
        room -= parts[name].pixels.in_memory
    errors = [error for part in unreadable.values() for error in part]
    if len(errors) > settings.skip_unreadable:
        hint = f" (add --skip-unreadable {len(errors)} to skip them)"
        raise UnreadableImages(sources.training.dataset, errors, total, hint)
    return parts, unreadable


def _read_part(
    source: SplitSource, size: tuple[int, int], room: int, tick: Callable[[], None]
) -> tuple[ImageSplit, list[UserError]]:
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
    notes = [*listing.notes, *duplicate_notes(entries)]
    if unreadable:
        notes.append(f"unreadable images were skipped: {len(unreadable):,} ({first_few(unreadable, '; ')})")
    part = ImageSplit(
        source.dataset,
        np.array(labels, np.int64),
        tuple(entries),
        pixels,
        tuple(notes),
        source.drawn,
        listing.form,
    )
    return part, unreadable


def _skipped(settings: Settings, unreadable: dict[str, list[UserError]]) -> Iterator[RunDeviation]:
    skipped = [
        f"{len(errors):,} of {name} ({first_few(errors, '; ')})" for name, errors in unreadable.items() if errors
    ]
    if skipped:
        effect = f"unreadable images were skipped: {', '.join(skipped)}"
        yield RunDeviation(clause="FER-D-01", option=f"--skip-unreadable {settings.skip_unreadable}", effect=effect)


def _other_sizes(parts: dict[str, ImageSplit]) -> Iterator[RunDeviation]:
    """Yield deviations from the image sizes of Table 1; AffectNet's images have several sizes (ERR-04)."""
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


def _trained_and_validated(parts: dict[str, ImageSplit]) -> tuple[list[str], list[RunDeviation]]:
    """Return a note on validation images with the pixels of training images; a deviation where FER-R-05 forbids it."""
    labels = {entry.pixels_sha256: entry.label for entry in parts["training"].entries}
    shared = [entry for entry in parts["validation"].entries if entry.pixels_sha256 in labels]
    if not shared:
        return [], []
    n, most = len(parts["validation"]), spec.load().number("FER-R-05", "same_pictures")
    others = sum(entry.label != labels[entry.pixels_sha256] for entry in shared)
    effect = f"{len(shared):,} of {n:,} validation images are also training images ({len(shared) / n:.1%})"
    effect += f", {others:,} of them under another label" if others else ""
    if len(shared) <= most * n:
        return [effect], []
    return [], [RunDeviation(clause="FER-R-05", option=DATA, effect=f"{effect}: at most {most:.0%} may be")]


def _leaked(parts: dict[str, ImageSplit]) -> Iterator[RunDeviation]:
    seen = {entry.pixels_sha256 for name, part in parts.items() if name != BTFER for entry in part.entries}
    tested = {entry.pixels_sha256 for entry in parts[BTFER].entries} if BTFER in parts else set()
    if shared := len(tested & seen):
        effect = f"{shared:,} images of BTFER also occur in training or validation"
        yield RunDeviation(clause="FER-D-11", option=DATA, effect=effect)
