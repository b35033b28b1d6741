"""Read the pictures of folders that are named for a class or a query."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from ferspec.collection.plan import Terms, terms_of
from ferspec.collection.sources.found import Found
from ferspec.errors import UserError
from ferspec.subjects.datasets.readers.trees import Tree

# beside pictures, as other tools leave them
NOT_PICTURES = frozenset({".csv", ".html", ".json", ".md", ".tsv", ".txt", ".xml", ".yaml", ".yml"})


def read_tree(tree: Tree) -> Iterator[Found]:
    """Yield the files whose path names a class or a query, sorted by path.

    The nearest folder with such a name counts, the tree itself among them. Files in other folders are skipped, and so
    are tables and texts. Names may be in any encoding. ``UserError`` where no folder has such a name, and for links
    out of a folder.
    """
    files = [folder / name for folder, _, names in list(tree.levels()) for name in names]
    terms = {folder: _terms((tree.place.stem, *folder.parts)) for folder in {file.parent for file in files}}
    listed = sorted(file for file in files if terms[file.parent] and file.suffix.lower() not in NOT_PICTURES)
    if not listed:
        raise UserError(
            f"{tree.place}: holds no folder that is named for a class or a query, such as 'white man angry'"
        )
    for file in listed:
        query, found = terms[file.parent] or ("", Terms())
        yield Found(f"{tree.place.name}/{file}", found, query, read=partial(tree.read, file, what="a picture"))


def _terms(names: Sequence[str]) -> tuple[str, Terms] | None:
    for name in reversed(names):
        try:
            return name, terms_of(name)
        except UserError:
            continue
    return None
