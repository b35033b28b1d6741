"""Align recorded predictions with a dataset, and compare true labels with its own."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from ferspec import spec
from ferspec.errors import UserError
from ferspec.subjects.examples import first_few
from ferspec.subjects.models.contracts.answers import MISSING
from ferspec.subjects.models.predictions.cells import INTEGER, is_answer
from ferspec.subjects.models.predictions.recorded import RecordedPredictions, TrueLabels

UNKNOWN = -1


def align(recorded: RecordedPredictions, ids: Sequence[str], labels: np.ndarray | None = None) -> RecordedPredictions:
    """Return recorded predictions in the order of a dataset's image ids.

    Match an image by the longest common end of its path, with either slash, if that end is unique in both. Raise
    ``UserError`` with the first images without a prediction and the first predictions without an image; and, with the
    ``labels`` (n,) of the dataset, for a column of true classes that contradicts them.
    """
    rows = _rows_by_name(recorded, ids) if recorded.named else _rows_in_order(recorded, len(ids))
    order = np.array(rows)
    columns = None if recorded.columns is None else recorded.columns[order]
    true = recorded.true
    if true is not None:
        true = replace(true, cells=tuple(true.cells[row] for row in rows))
    found = replace(recorded, ids=tuple(ids), columns=columns, chosen=recorded.chosen[order], true=true)
    return found if labels is None or true is None else _with_true_labels(found, true, labels)


def _rows_of(given: Sequence[str], wanted: Sequence[str]) -> list[int | None]:
    """Return the row of each wanted path among the given ones.

    Whole names that are all equal are taken first. Ends are then tried from the longest, exactly and then in any case.
    An end that occurs twice matches nothing.
    """
    whole = {name: row for row, name in enumerate(given)}
    if whole.keys() >= set(wanted):
        return [whole[name] for name in wanted]
    rows: list[int | None] = [None] * len(wanted)
    keys: tuple[Callable[[str], str], ...] = (str, str.casefold)
    for key in keys:
        if None not in rows:
            break
        paths, images = ([_parts(key(name)) for name in names] for names in (given, wanted))
        for length in range(max(map(len, images)), 0, -1):
            by_end = _unique_ends(paths, length)
            for end, place in _unique_ends(images, length).items():
                if rows[place] is None:
                    rows[place] = by_end.get(end)
    return rows


def _parts(path: str) -> tuple[str, ...]:
    return tuple(part for part in re.split(r"[\\/]", path) if part not in ("", "."))


def _unique_ends(paths: Sequence[tuple[str, ...]], length: int) -> dict[tuple[str, ...], int]:
    """Return the place of each end of ``length`` parts that only one path has."""
    ends = [path[-length:] for path in paths]
    times = Counter(ends)
    return {end: place for place, end in enumerate(ends) if len(end) == length and times[end] == 1}


def _rows_in_order(recorded: RecordedPredictions, n: int) -> list[int]:
    rows = len(recorded.ids)
    if rows != n:
        raise UserError(f"{recorded.name}: {rows} rows without names for {n} images{_last_batch(n - rows, n)}")
    return list(range(n))


def _rows_by_name(recorded: RecordedPredictions, ids: Sequence[str]) -> list[int]:
    rows = _rows_of(recorded.ids, ids)
    missing = [image for image, row in zip(ids, rows, strict=True) if row is None]
    if len(missing) == len(ids):
        raise UserError(
            f"{recorded.name}: none of its rows ({first_few(recorded.ids)}) names an image of the dataset "
            f"({first_few(ids)}): name the images as the dataset does, with or without their folder"
        )
    used = set(rows)
    unknown = [image for row, image in enumerate(recorded.ids) if row not in used]
    problems = []
    if missing:
        problems.append(
            f"no prediction for {len(missing)} of {len(ids)} images ({first_few(missing)})"
            f"{'' if unknown else _last_batch(len(missing), len(ids))}; "
            "an image without an answer needs a row with empty cells"
        )
    if unknown:
        problems.append(
            f"{len(unknown)} of its rows match no image of the dataset ({first_few(unknown)}): remove these rows"
        )
    if problems:
        raise UserError(f"{recorded.name}: {'; '.join(problems)}")
    return [row for row in rows if row is not None]


def _last_batch(missing: int, n: int) -> str:
    """Return that the last batch was dropped, if as many predictions are missing."""
    sizes = [size for size in sorted(spec.load().integers("FER-V-03", "batch_sizes")) if missing == n % size > 0]
    if not sizes:
        return ""
    size = sizes[0]
    return f": as many as the last partial batch has ({n} = {n // size} × {size} + {missing}), so it was dropped"


def _with_true_labels(recorded: RecordedPredictions, true: TrueLabels, labels: np.ndarray) -> RecordedPredictions:
    """Compare true labels with the dataset's, and read numbered classes by them."""
    meanings = _meanings(true.cells, labels)
    stated = np.array([meanings.get(cell, UNKNOWN) for cell in true.cells])
    filled = np.array(list(map(is_answer, true.cells)))
    wrong = np.flatnonzero(filled & (stated != labels))
    if len(wrong):
        classes, first = spec.load().classes, wrong[0]
        way = "to use the dataset's labels, remove this column" if recorded.named else "add a column of image names"
        raise UserError(
            f"{recorded.name}: its true labels ({true.column!r}) differ from the dataset's for {len(wrong)} of "
            f"{len(labels)} images ({recorded.ids[first]}: {true.cells[first]!r}, the dataset says "
            f"{classes[labels[first]]}){_why(stated, labels)}; {way}"
        )
    if not recorded.named and not filled.all():
        raise UserError(f"{recorded.name}: {true.column!r} has empty cells, so it does not prove the order of the rows")
    if not recorded.numbered:
        return recorded
    numbers = {int(float(cell)): index for cell, index in meanings.items()}
    unknown = sorted(set(recorded.chosen.tolist()) - numbers.keys() - {MISSING})
    if unknown:
        raise UserError(
            f"{recorded.name}: it predicts the number {unknown[0]}, which no true label has: name the classes"
        )
    chosen = np.array([MISSING if number == MISSING else numbers[number] for number in recorded.chosen.tolist()])
    return replace(recorded, chosen=chosen, numbered=False)


def _meanings(cells: Sequence[str], labels: np.ndarray) -> dict[str, int]:
    """Return the class of each text of a column of true labels.

    A number means the class that all its images, and no images of another number, have in the dataset.
    """
    seen: dict[str, set[int]] = defaultdict(set)
    for cell, label in zip(cells, labels.tolist(), strict=True):
        if is_answer(cell):
            seen[cell].add(label)
    times = Counter(label for found in seen.values() for label in found)
    meanings = {}
    for cell, found in seen.items():
        if not INTEGER.fullmatch(cell):
            meanings[cell] = _class_or_unknown(cell)
        elif len(found) == 1 and times[label := next(iter(found))] == 1:
            meanings[cell] = label
    return meanings


def _class_or_unknown(name: str) -> int:
    try:
        return spec.load().class_index(name)
    except UserError:
        return UNKNOWN


def _why(stated: np.ndarray, labels: np.ndarray) -> str:
    """Return why true labels differ, if the data show it: rows in another order have the same classes."""
    if np.array_equal(np.sort(stated), np.sort(labels)):
        return ": each class occurs as often, so the rows are in another order (shuffle=True?)"
    return ""
