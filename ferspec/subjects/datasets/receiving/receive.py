"""Takes a downloaded dataset: puts BTFER into class folders, and checks what a download holds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ferspec import spec
from ferspec.errors import UserError
from ferspec.progress import Progress, silent
from ferspec.records import Record
from ferspec.subjects.datasets.decoders.pool import Decoders
from ferspec.subjects.datasets.manifest import noteworthy
from ferspec.subjects.datasets.published_counts import cause_of
from ferspec.subjects.datasets.readers.listing import Listing
from ferspec.subjects.datasets.readers.open import open_splits
from ferspec.subjects.datasets.receiving.placing import new_folder, place
from ferspec.subjects.datasets.recognition.recognise import Recognition
from ferspec.subjects.datasets.sources import Source
from ferspec.subjects.datasets.subject import open_dataset

# a picture of 256 x 256 without any compression has 200,000
LARGEST_PICTURE = 1 << 20


class Received(Record):
    """A downloaded dataset: where it is, what it holds, and what is wrong with it.

    ``problems`` is empty if the download is what the protocol uses. ``recognition`` is that of BTFER's pictures.
    """

    dataset: str
    place: str
    form: str
    total: int
    counts: dict[str, int]
    recognition: Recognition | None
    problems: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def accepted(self) -> bool:
        """Whether the download is what the protocol uses."""
        return not self.problems


def put_into_folders(source: Source, archive: Path, target: Path, progress: Progress = silent) -> Received:
    """Extract the pictures of a set into a folder for each class, and recognise them.

    ``archive`` is a zip, a tar or a folder, with the class folders at any depth. ``UserError`` for other counts than
    those of Table 1, for pictures that are not known, and for an existing ``target``; nothing is written then.
    """
    record = spec.load().datasets[source.name]
    listing = open_splits(archive, source.name).chosen()
    counts = _counts(listing)
    if tuple(counts) != record.counts:
        raise UserError(f"{archive}: not {source.name}: {_unlike(counts, record.counts)}; nothing was written")
    with new_folder(target) as folder:
        place(listing, folder, LARGEST_PICTURE, progress)
        dataset = open_dataset(folder, lambda done, total: progress("reading", done, total))
        found = None if dataset.found is None else dataset.found.recognition
        if found is None or not found.recognised:
            raise UserError(f"{archive}: not {source.name}: {_unknown(found)}; nothing was written")
    return Received(
        dataset=source.name,
        place=str(target),
        form=dataset.form,
        total=len(dataset),
        counts=dataset.support,
        recognition=found,
        problems=(),
        notes=(*listing.notes, *noteworthy(dataset.entries)),
    )


def check_download(source: Source, path: Path) -> Received:
    """Compare a download with Table 1: the images of each class, and the size of one picture of each.

    Nothing is written, since every form is read as it is distributed. ``UserError`` for the files of another dataset.
    """
    record = spec.load().datasets[source.name]
    parts = list(open_splits(path, source.name).parts.values())
    counts = np.sum([_counts(part) for part in parts], axis=0).tolist()
    problems = list(_missing(counts))
    if not source.any_counts and tuple(counts) != record.counts:
        problems.append(_unlike(counts, record.counts))
    if not source.any_counts:
        problems += _other_sizes(parts, record.size)
    return Received(
        dataset=source.name,
        place=str(path),
        form=parts[0].form,
        total=sum(counts),
        counts=dict(zip(spec.load().classes, counts, strict=True)),
        recognition=None,
        problems=tuple(problems),
        notes=tuple(dict.fromkeys(note for part in parts for note in part.notes)),
    )


def _counts(listing: Listing) -> list[int]:
    return np.bincount(listing.labels, minlength=len(spec.load().classes)).tolist()


def _missing(counts: list[int]) -> Iterator[str]:
    names = [name for name, count in zip(spec.load().classes, counts, strict=True) if not count]
    if names:
        yield f"there are no images of {', '.join(names)}"


def _unlike(counts: list[int], expected: tuple[int, ...]) -> str:
    if (cause := cause_of(counts, expected)) is not None:
        return f"it has its counts {cause}"
    pairs = zip(spec.load().classes, counts, expected, strict=True)
    others = ", ".join(f"{name} {count:,} instead of {known:,}" for name, count, known in pairs if count != known)
    return f"Table 1 has other counts: {others}"


def _unknown(found: Recognition | None) -> str:
    height, width = spec.load().datasets["BTFER"].size
    if found is None:
        return f"its pictures are not all of {width} x {height} pixels"
    least = spec.load().integer("FER-D-13", "least")
    return f"{found.pictures:,} of its pictures are known, and {least:,} are needed (FER-D-13)"


def _other_sizes(parts: list[Listing], size: tuple[int, int]) -> Iterator[str]:
    """Yield a line for each first picture of a class with another size."""
    chosen = [
        (part, int(np.flatnonzero(part.labels == label)[0])) for part in parts for label in np.unique(part.labels)
    ]
    with Decoders(len(chosen)) as decoders:
        for part, index in chosen:
            _, pixels = part.fetch(index, decoders.decode)
            if pixels.shape[:2] != size:
                height, width = pixels.shape[:2]
                yield f"{part.ids[index]} has {width} x {height} pixels; Table 1 has {size[1]} x {size[0]}"
