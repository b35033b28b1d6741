"""Hold a dataset by its splits; choose those to train on or to evaluate."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import numpy as np

from ferspec.errors import UserError
from ferspec.spec.names import plain_name
from ferspec.subjects.datasets.forms import table
from ferspec.subjects.datasets.readers.listing import Choice, Listing, PublishedDataset, joined
from ferspec.subjects.examples import first_few

# the name of all images of a dataset without splits
WHOLE = ""
# a row without the name of a split, in a table that names some
UNMARKED = "unmarked"
TRAINING = "training"
# how FER2013's and RAF-DB's images to train on are named
TRAINING_IMAGE = re.compile(r"(Training|train)_\d+(_aligned)?\.\w+")
# the splits of FER-D-03 by their names in the table; validation uses the two test splits
TRAINING_SPLIT = "Training"
TEST_SPLITS = ("PublicTest", "PrivateTest")


@dataclass(frozen=True)
class Splits:
    """Hold the listing of each split by its name; a dataset without splits has only ``WHOLE``."""

    place: Path
    parts: Mapping[str, Listing]

    def published(self) -> PublishedDataset:
        """Return the training split and all others together. Splits of other names are skipped, with a note.

        Raise ``UserError`` if either is missing.
        """
        if set(self.parts) == {WHOLE}:
            return PublishedDataset(self.parts[WHOLE])
        roles = {name: role_of(name) for name in self.parts}
        training = [name for name, role in roles.items() if role == TRAINING]
        held_out = [name for name, role in roles.items() if role not in (None, TRAINING)]
        if not training or not held_out:
            missing = "a validation split (val, test)" if training else "a training split (train)"
            raise UserError(f"{self.place}: holds the split {_listed(self.parts)}, but not {missing}")
        note = self._left_out(name for name, role in roles.items() if role is None)
        return PublishedDataset(*(_with_notes(self._joined(names), note) for names in (training, held_out)))

    def noting(self, note: str) -> Splits:
        """Return the splits with one more note."""
        return Splits(self.place, {name: _with_notes(part, (note,)) for name, part in self.parts.items()})

    def chosen(self, split: str | None = None) -> Listing:
        """Return the images to evaluate: those of ``split``, else of the only split, if it is not for training.

        FER2013's two test splits are one, as for the published metrics. Raise ``UserError`` for an unknown split, and
        without ``split`` for several splits, or for images to train on.
        """
        if split is not None:
            names = [name for name in self.parts if name != WHOLE and _is_named(name, split)]
            if not names:
                found = f"it holds {_listed(self.parts)}" if set(self.parts) != {WHOLE} else "it has no splits"
                raise UserError(f"{self.place}: does not hold a split {split!r}: {found}")
            return self._chosen(names, "as --split says")
        if set(self.parts) == {WHOLE}:
            return _with_notes(self.parts[WHOLE], tuple(_named_for_training(self.parts[WHOLE])))
        if tests := [name for name in self.parts if _is_test(name)]:
            reason = "the splits of the published metrics, FER-D-03" if len(self.parts) > 1 else "the only split"
            return self._chosen(tests, reason)
        if len({role_of(name) or name for name in self.parts}) > 1:
            ways = "give the folder of one of them, or name one" if self.place.is_dir() else "name one"
            raise UserError(f"{self.place}: holds several splits ({_listed(self.parts)}): {ways} with --split")
        if TRAINING in map(role_of, self.parts):
            raise UserError(
                f"{self.place}: all images belong to the training split ({_listed(self.parts)}): give a test split, or "
                "add --split training to evaluate a model on them"
            )
        if unknown := [name for name in self.parts if role_of(name) is None]:
            raise UserError(
                f"{self.place}: all images belong to the split {_listed(unknown)}, which may be one for training: add "
                f"--split {unknown[0]!r} if it is for tests"
            )
        return self._chosen(list(self.parts), "the only split")

    def _chosen(self, names: list[str], reason: str) -> Listing:
        choice = Choice(_listed(names), reason)
        listing = self._joined(names)
        notes = [f"split: {choice}", *listing.notes, *self._left_out(self.parts.keys() - set(names))]
        if TRAINING not in map(role_of, names):
            notes += _named_for_training(listing)
        return replace(listing, split=choice, notes=tuple(notes))

    def _joined(self, names: Iterable[str]) -> Listing:
        return joined(self.parts[name] for name in names)

    def _left_out(self, names: Iterable[str]) -> tuple[str, ...]:
        counts = [f"{len(self.parts[name]):,} of {name}" for name in sorted(names)]
        return (f"images of other splits were left out: {', '.join(counts)}",) if counts else ()


def by_split(listing: Listing, names: Iterable[str]) -> Mapping[str, Listing]:
    """Return the listing of each split; ``names`` has the split of every image."""
    column = np.array(list(names))
    if set(column.tolist()) == {UNMARKED}:
        return {WHOLE: listing}
    return {name: listing.take(np.flatnonzero(column == name)) for name in dict.fromkeys(column.tolist())}


def role_of(name: str) -> str | None:
    """Return what a split is for by the last part of its name: training, validation or test."""
    return table().role_of(PurePosixPath(name).name)


def split_of(folder: PurePosixPath) -> str:
    """Return the split folder (train, test) at or above ``folder``, or ``WHOLE``."""
    return next((str(parent) for parent in (folder, *folder.parents) if role_of(parent.name) is not None), WHOLE)


def split_of_file(path: PurePosixPath) -> str:
    """Return the split that names a file, such as ``data/train-00000-of-00001.parquet``, or its folder."""
    return next((word for word in re.split(r"[\W_]+", path.stem) if role_of(word)), split_of(path.parent))


def _named_for_training(listing: Listing) -> Iterator[str]:
    """Yield a note on images whose names say that they are to be trained on."""
    named = [id for id in listing.ids if TRAINING_IMAGE.fullmatch(PurePosixPath(id).name)]
    if named:
        yield f"images are named as those of a training split: {len(named):,} ({first_few(named)})"


def _is_named(name: str, split: str) -> bool:
    exact = plain_name(split) in (plain_name(name), plain_name(PurePosixPath(name).name))
    role = table().role_of(split)
    return exact or (role is not None and role == role_of(name) and not _is_test(split))


def _is_test(name: str) -> bool:
    """Return whether a split has the name of one of FER2013's two test splits."""
    return plain_name(name) in map(plain_name, TEST_SPLITS)


def _with_notes(listing: Listing, notes: tuple[str, ...]) -> Listing:
    return replace(listing, notes=(*listing.notes, *notes))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(name or "no split" for name in names))
