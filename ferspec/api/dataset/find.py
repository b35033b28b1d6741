"""Answers whether the photograph of a person is in a set."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from ferspec.api.results.base import Result
from ferspec.collection.manifest import FOLDERS
from ferspec.collection.published import read_published
from ferspec.collection.tombstones import withdrawn_digests
from ferspec.collection.withdrawal.stages import is_collection
from ferspec.errors import UserError
from ferspec.progress import Progress, silent
from ferspec.subjects.datasets.files import Picture, list_files, read_picture
from ferspec.subjects.datasets.finding import Found, Match, find_photograph
from ferspec.subjects.datasets.readers.listing import Listing, joined
from ferspec.subjects.datasets.readers.open import open_splits

if TYPE_CHECKING:
    import pandas as pd


class FoundPhotograph(Result, Found):
    """The images of a set that show a photograph. ``withdrawn`` if it was withdrawn from the set before."""

    stem: ClassVar[str] = "found"
    photograph: str
    folder: str
    withdrawn: bool

    def summary(self) -> str:
        """Return in how many images the photograph was found."""
        times = f"found {len(self.matches):,} times" if self.matches else "not found"
        return f"{self.photograph} in {self.folder}: {times} among {self.images:,} images"

    def to_frame(self) -> pd.DataFrame:
        """Return a row per image that shows the photograph."""
        import pandas as pd

        columns = ["path", "label", "kind", "similarity", "overlap", "digest"]
        return pd.DataFrame([match.model_dump() for match in self.matches], columns=columns)

    def to_json(self) -> str:
        """Return the document that ``ferspec dataset find --json`` prints."""
        return self.model_dump_json(indent=2)

    def page(self) -> str:
        """Return the images that were found as a page."""
        from ferspec.report.result_page import render_result

        word = "found" if self.matches else "not found"
        return render_result("dataset find", self.photograph, word, (self.summary(),), self.to_frame())


def find(photograph: str | Path, dataset: str | Path, progress: Progress = silent) -> FoundPhotograph:
    """Find a photograph in a dataset, or in every stage of what ``build`` wrote.

    Found are the same file, the same pixels, and changed copies: mirrored, moved, recompressed or resized, as far as
    they show most of the photograph. ``UserError`` for a file that is not a picture, and for no dataset.
    """
    place = Path(dataset)
    shown, pixels = read_picture(Path(photograph))
    found = _by_original(place, shown, find_photograph(shown, pixels, _images(place), progress))
    withdrawn = place.is_dir() and not withdrawn_digests(place).isdisjoint({shown.file, shown.pixels})
    return FoundPhotograph(photograph=str(photograph), folder=str(place), withdrawn=withdrawn, **dict(found))


def _images(place: Path) -> Listing:
    if not (place.is_dir() and is_collection(place)):
        return joined(open_splits(place).parts.values()).turned()
    listing = list_files(place)
    # those of stage 2 are the same as those of stage 1
    chosen = [index for index, path in enumerate(listing.ids) if not path.startswith(f"{FOLDERS['clean']}/")]
    if not chosen:
        raise UserError(f"{place}: holds no pictures")
    return listing.take(chosen)


def _by_original(place: Path, shown: Picture, found: Found) -> Found:
    """Add the faces whose original is the photograph, by the digests of the public manifest."""
    originals = [
        Match(
            path=face.path,
            label=face.label,
            kind="same file" if face.original == shown.file else "same pixels",
            similarity=1.0,
            overlap=1.0,
            digest=face.digest,
        )
        for face in read_published(place)
        if face.original == shown.file or face.original_pixels == shown.pixels
    ]
    named = {match.path for match in originals}
    others = (match for match in found.matches if match.path not in named)
    return found.model_copy(update={"matches": (*originals, *others)})
