"""Say in lines for the terminal what was decided about a dataset."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ferspec.subjects.datasets.manifest import noteworthy
from ferspec.subjects.datasets.published_counts import published_as
from ferspec.subjects.datasets.subject import Dataset


def decided(dataset: Dataset) -> Iterator[str]:
    """Yield form and counts of a dataset, and what was skipped, doubled or labelled twice."""
    yield described("images", dataset.name, dataset.form, dataset.support)
    yield from indented((*dataset.listing.notes, *noteworthy(dataset.entries)))


def described(what: str, name: str, form: str | None, support: Mapping[str, int]) -> str:
    """Return one line on images: their number, source and form, and the number of each class."""
    counts = tuple(support.values())
    same = f"{counts[0]:,} of each class" if len(set(counts)) == 1 else None
    each = same or ", ".join(f"{label} {count:,}" for label, count in support.items())
    known = published_as(counts)
    source = name if form in (None, name) else f"{name} ({form})"
    return f"{what}: {sum(counts):,} of {source}: {each}" + (f", the counts of {known}" if known else "")


def indented(notes: Iterable[str]) -> Iterator[str]:
    """Yield each different note, below the line that it belongs to."""
    return (f"  {note}" for note in dict.fromkeys(notes))
