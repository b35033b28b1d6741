"""Open a dataset in whatever form it has: the first form of the table that its files fit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path, PurePosixPath

from ferspec.errors import UserError
from ferspec.subjects.datasets.forms import table
from ferspec.subjects.datasets.kinds import SUFFIXES, is_picture
from ferspec.subjects.datasets.readers import affectnet, arrays, fer2013, folders, labels, names, parquet, rafdb, yolo
from ferspec.subjects.datasets.readers.listing import Form
from ferspec.subjects.datasets.readers.rows import JSON, LARGEST, LISTS, TABLES, WHAT, columns_of
from ferspec.subjects.datasets.readers.splits import TRAINING, Splits, role_of
from ferspec.subjects.datasets.readers.trees import Folder, Tree, open_packed
from ferspec.subjects.disk import require_utf8

BASIC = "basic"  # RAF-DB's single expressions; its compound expressions have a list of the same name
ARRAYS = ".npz"
# in a folder; YOLO has a text file for each image
MOST_LISTS = 16

Read = Callable[[], Splits]


def open_splits(path: str | Path, dataset: str | None = None) -> Splits:
    """List the images of a dataset by split, in any form of the table: a folder, an archive or a file.

    ``dataset`` is the name of the dataset, where it is known. Raise ``UserError`` for files of another dataset, for
    those of several datasets, and for a form that is not read.
    """
    path = Path(path)
    require_utf8(path.name)
    if path.is_dir():
        return _opened(Folder(path), dataset)
    if not path.exists():
        raise UserError(f"{path}: no such file or folder")
    suffix = path.suffix.lower()
    if suffix == ARRAYS:
        return Splits(path, arrays.read_npz(path, dataset))
    if (archive := open_packed(path)) is not None:
        return _opened(archive, dataset)
    tree, name = Folder(path.parent), PurePosixPath(path.name)
    if suffix == parquet.SUFFIX:
        return parquet.read_parquet(tree, [name], dataset)
    if suffix in TABLES or (suffix in (JSON, *LISTS) and labels.label_columns(columns_of(tree, name))):
        return _opened_table(tree, name, dataset)
    _refuse_unread(path, [path.name])
    raise UserError(f"{path}: not a dataset: give a folder of class folders, or a file of a form in docs/datasets.md")


@dataclass
class _Survey:
    """Hold the files by which forms are recognised."""

    tree: Tree
    columns: dict[PurePosixPath, list[str]] = field(default_factory=dict)
    lists: list[PurePosixPath] = field(default_factory=list)
    arrays: list[PurePosixPath] = field(default_factory=list)
    parquet: list[PurePosixPath] = field(default_factory=list)
    images: list[PurePosixPath] = field(default_factory=list)
    others: list[PurePosixPath] = field(default_factory=list)
    annotated: list[PurePosixPath] = field(default_factory=list)
    has_boxes: bool = False
    has_classes: bool = False

    def tables_with(self, *columns: str) -> list[PurePosixPath]:
        """Return the tables that have all these columns."""
        return [path for path, found in self.columns.items() if set(columns) <= set(found)]


def _surveyed(tree: Tree) -> _Survey:
    survey = _Survey(tree)
    for folder, inner, files in tree.levels():
        few = sum(name.lower().endswith((JSON, *LISTS)) for name in files) <= MOST_LISTS
        for name in files:
            path, lower = folder / name, name.lower()
            if lower.endswith(TABLES):
                survey.columns[path] = columns_of(tree, path)
            elif lower.endswith(tuple(SUFFIXES)) or (names.is_named(name) and is_picture(tree, path)):
                survey.images.append(path)
            elif name in rafdb.LISTS:
                survey.lists.append(path)
            elif lower.endswith(ARRAYS) and not folder.name:
                survey.arrays.append(path)
            elif lower.endswith(parquet.SUFFIX):
                survey.parquet.append(path)
            elif few and lower.endswith((JSON, *LISTS)) and labels.label_columns(columns := columns_of(tree, path)):
                survey.columns[path] = columns
            else:
                survey.others.append(path)
        survey.has_classes = survey.has_classes or any(map(folders.is_class_name, inner))
        if affectnet.is_annotated(inner):
            survey.annotated.append(folder)
            inner.clear()  # do not walk hundreds of thousands of images and annotations
        survey.has_boxes = survey.has_boxes or yolo.has_boxes(inner)
    return survey


def _opened(tree: Tree, dataset: str | None) -> Splits:
    survey = _surveyed(tree)
    forms: dict[Form, Read] = {}
    for name, read in _recognised(survey, dataset):
        forms.setdefault(name, read)
    own = {name: owner for name in forms if (owner := _dataset_of(name)) is not None}
    fitting = [name for name, owner in own.items() if dataset in (None, owner)]
    datasets = sorted(set(own.values()))
    if own and not fitting:
        raise UserError(f"{tree.place}: these are the files of {' and '.join(datasets)}, but {dataset} is expected")
    if len(datasets) > 1 and dataset is None:
        raise UserError(f"{tree.place}: holds the files of {' and '.join(datasets)}: give the folder of one of them")
    name = (fitting or list(forms))[0]
    votes = _votes(survey) if name == "fer2013 csv" else []
    if votes and dataset is None:
        raise UserError(
            f"{tree.place}: holds FER2013's labels and FERPlus' votes: give {votes[0].name} or FER2013's own table"
        )
    found = forms[name]()
    return found.noting(f"FERPlus' votes in {votes[0].name} were not used") if votes else found


def _recognised(survey: _Survey, dataset: str | None) -> Iterator[tuple[Form, Read]]:
    """Yield the forms that the files fit, with their readers; the first is read."""
    tree, lists = survey.tree, survey.lists
    if lists:
        basic = [path for path in lists if BASIC in map(str.lower, path.parts)] or lists
        yield "raf-db list", lambda: rafdb.read_rafdb(tree, _only(tree, basic))
    pixels = survey.tables_with(fer2013.PIXELS)
    for form in sorted({fer2013.form_of(path) for path in survey.tables_with(fer2013.LABEL, fer2013.PIXELS)}):
        own = [path for path in pixels if fer2013.form_of(path) == form]
        yield form, partial(fer2013.read_pixel_tables, tree, own)
    annotations = [path for path in survey.columns if path.name in affectnet.TABLES and _is_affectnets(survey, path)]
    if annotations:
        yield "affectnet csv", lambda: affectnet.read_affectnet_tables(tree, _pair(tree, annotations))
    elif survey.annotated:
        yield "affectnet npy", lambda: affectnet.read_affectnet_annotations(tree, survey.annotated)
    if survey.has_boxes:
        yield "yolo boxes", lambda: yolo.read_yolo(tree, dataset)
    if survey.arrays and isinstance(tree, Folder):
        yield "npz", lambda: _read_arrays(tree.place, survey.arrays, dataset)
    if survey.parquet:
        yield "parquet", lambda: parquet.read_parquet(tree, survey.parquet, dataset)
    listed = [path for path, found in survey.columns.items() if labels.label_columns(found) and path not in pixels]
    if survey.has_classes:
        yield "class folders", lambda: _read_class_folders(tree, listed, dataset)
    if listed:
        yield "labels table", lambda: labels.read_labels(tree, listed, dataset)
    if (naming := names.naming_of(path.name for path in survey.images)) is not None:
        yield "file names", lambda: names.read_named(tree, naming, survey.images)
    if any(names.CK_EMOTION.fullmatch(path.name) for path in survey.others):
        yield "file names", lambda: names.read_ck(tree, survey.images, survey.others)
    yield "class folders", lambda: _read_numbered(survey, dataset)


def _read_class_folders(tree: Tree, tables: Sequence[PurePosixPath], dataset: str | None) -> Splits:
    """Read class folders, unless a table of labels contradicts them; one that cannot be compared is noted."""
    found = folders.read_class_folders(tree, dataset)
    named = {id: label for part in found.parts.values() for id, label in zip(part.ids, part.labels, strict=True)}
    for path in tables:
        try:
            listed = labels.read_labels(tree, [path], dataset).parts.values()
        except UserError:  # a table about something else, or a damaged one
            found = found.noting(f"{path} was not compared with the class folders: give {path.name} itself to see why")
            continue
        both = [(id, label) for part in listed for id, label in zip(part.ids, part.labels, strict=True)]
        pairs = [(id, label, named.get(_known_end(id, named))) for id, label in both]
        others = [id for id, label, folder in pairs if folder is not None and folder != label]
        if others:
            raise UserError(
                f"{tree.place}: {len(others):,} images have another label in {path} than their folder, such as "
                f"{others[0]}: give {path.name} itself to use its labels, or remove it to use the folders"
            )
    return found


def _known_end(id: str, known: dict[str, int]) -> str:
    parts = PurePosixPath(id).parts
    return next((end for start in range(len(parts)) if (end := "/".join(parts[start:])) in known), id)


def _read_numbered(survey: _Survey, dataset: str | None) -> Splits:
    try:
        return folders.read_class_folders(survey.tree, dataset)
    except folders.NoClassFolders:
        paths = (*survey.others, *survey.columns)
        if unlabelled := survey.tables_with(fer2013.PIXELS):
            raise UserError(f"{survey.tree.place / unlabelled[0]}: {fer2013.UNLABELLED}") from None
        _refuse_unread(survey.tree.place, [path.name for path in paths])
        for path, columns in survey.columns.items():
            survey.tree.open(path, LARGEST, WHAT).close()  # raises for a file that is not regular
            listed = ", ".join(name[:30] for name in columns[:10]) or "not those of a text in UTF-8"
            raise UserError(f"{survey.tree.place / path}: its columns are {listed}: {labels.HINT}") from None
        raise


def _opened_table(tree: Tree, path: PurePosixPath, dataset: str | None) -> Splits:
    columns = columns_of(tree, path)
    found = labels.label_columns(columns)
    if {fer2013.PIXELS, fer2013.LABEL} <= set(columns) or found is None:
        owner = _dataset_of(fer2013.form_of(path))
        if dataset not in (None, owner):
            raise UserError(f"{tree.place / path}: these are the files of {owner}, but {dataset} is expected")
        return fer2013.read_pixel_tables(tree, [path])
    if affectnet.FILE.lower() in columns:
        return affectnet.read_affectnet_tables(tree, [path])
    if found.classes and not found.label:
        beside = [PurePosixPath(name) for folder, _, files in tree.levels() if not folder.name for name in files]
        pixels = [name for name in beside if name.name.lower().endswith(TABLES) and _has_pixels(tree, name)]
        if pixels:
            return labels.read_votes_on_pixels(tree, path, pixels)
    return labels.read_labels(tree, [path], dataset)


def _has_pixels(tree: Tree, path: PurePosixPath) -> bool:
    return {fer2013.PIXELS, fer2013.LABEL} <= set(columns_of(tree, path))


def _votes(survey: _Survey) -> list[PurePosixPath]:
    found = ((path, labels.label_columns(columns)) for path, columns in survey.columns.items())
    return [path for path, columns in found if columns is not None and columns.classes]


def _is_affectnets(survey: _Survey, path: PurePosixPath) -> bool:
    """Return whether a table of AffectNet's name is AffectNet's: it has its column, or none of another form."""
    columns = survey.columns[path]
    other = fer2013.PIXELS in columns or labels.label_columns(columns) is not None
    return affectnet.FILE.lower() in columns or not other


def _dataset_of(form: str) -> str | None:
    return next(row.dataset for row in table().form if row.name == form)


def _refuse_unread(place: Path, files: Sequence[str]) -> None:
    """Raise ``UserError`` for files of a form that is recognised and not read."""
    for form in table().unread:
        for name in files:
            if any(fnmatchcase(name.lower(), pattern) for pattern in form.names):
                raise UserError(f"{place}: {form.title} ({name}) is not read: {form.instead}")


def _only(tree: Tree, paths: Sequence[PurePosixPath]) -> PurePosixPath:
    if len(paths) > 1:
        raise UserError(f"{tree.place / paths[1]}: {tree.place / paths[0]} exists too: keep one of them")
    return paths[0]


def _pair(tree: Tree, tables: Sequence[PurePosixPath]) -> tuple[PurePosixPath, PurePosixPath]:
    by_name = {name: [path for path in tables if path.name == name] for name in affectnet.TABLES}
    for name, paths in by_name.items():
        if not paths:
            raise UserError(f"{tree.place}: holds {tables[0].name}, but not AffectNet's {name}")
    first, second = affectnet.TABLES
    return _only(tree, by_name[first]), _only(tree, by_name[second])


def _read_arrays(folder: Path, files: Sequence[PurePosixPath], dataset: str | None) -> Splits:
    if len(files) == 1:
        return Splits(folder, arrays.read_npz(folder / files[0], dataset))
    listed = ", ".join(path.name for path in files)
    roles = [role_of(path.stem) for path in files]
    if None in roles or len(set(roles)) < len(roles) or TRAINING not in roles:
        raise UserError(f"{folder}: {listed}: expected one .npz file, or train.npz with val.npz or test.npz")
    parts = zip(files, arrays.read_npz_files([folder / path for path in files], dataset), strict=True)
    return Splits(
        folder,
        {path.stem: replace(part, ids=tuple(f"{path.stem}/{id}" for id in part.ids)) for path, part in parts},
    )
