"""Read parquet files of images and labels, as Hugging Face distributes datasets."""

from __future__ import annotations

import base64
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any, cast

import numpy as np

from ferspec import spec
from ferspec.errors import UserError, one_line
from ferspec.extras import require_package
from ferspec.files import parse_json
from ferspec.files.parquet import is_text
from ferspec.spec.names import LabelOrder
from ferspec.subjects.datasets.decode import decode
from ferspec.subjects.datasets.forms import table
from ferspec.subjects.datasets.kinds import kind_of
from ferspec.subjects.datasets.readers.arrays import mapped
from ferspec.subjects.datasets.readers.fer2013 import PIXELS, gray_values
from ferspec.subjects.datasets.readers.limits import EXPANSION, MOST_IMAGES, UNCHECKED
from ferspec.subjects.datasets.readers.listing import Decode, Listing
from ferspec.subjects.datasets.readers.meanings import declared_above, meanings_of
from ferspec.subjects.datasets.readers.orders import named_dataset
from ferspec.subjects.datasets.readers.splits import Splits, by_split, split_of_file
from ferspec.subjects.datasets.readers.trees import LARGEST_IMAGE, Tree
from ferspec.subjects.disk import room_for, temporary_file

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetFile

SUFFIX = ".parquet"
WHAT = "a parquet file of images"
LARGEST = 64 << 30
# what pyarrow may unpack at once
LARGEST_GROUP = 2 << 30
# a file can repeat an image of LARGEST_IMAGE bytes in every row
BATCH = 8
OUTSIDE = -1
METADATA = b"huggingface"
# columns of images as text in Base64
TEXTS = ("image", "img", "image_base64", "base64", "image_data", "image_bytes")
PGM = "P5 {1} {0} 255\n"


@dataclass
class _Rows:
    """Hold what is known of each row; ``file`` holds its image at an offset, of a size."""

    file: IO[bytes]
    places: list[tuple[int, int]] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    splits: list[str] = field(default_factory=list)
    declared: LabelOrder | None = None


def read_parquet(tree: Tree, paths: Sequence[PurePosixPath], dataset: str | None = None) -> Splits:
    """List the images of parquet files: a column of image bytes, and one of labels.

    An image is a column of bytes, or a structure with ``bytes``, else text in Base64 or the grey values ``pixels`` of
    FER2013. Labels are class names, or numbers in the order that the file declares or ``decide_order`` finds. The split
    is that of the file's name or folder. Ids are the names of the files with the number of the row. A temporary file
    holds the images.

    Raise ``UserError`` for other columns, for different orders, for files beyond the limits, and without pyarrow.
    """
    require_package(f"reading {tree.place / paths[0]}", "pyarrow")
    with room_for(str(tree.place)), temporary_file(str(tree.place)) as file:
        rows = _Rows(file)
        for path in paths:
            name = tree.place / path
            try:
                with tree.open(path, LARGEST, WHAT) as opened:
                    _add(rows, tree.place, path, opened)
            except UserError:
                raise
            except Exception as error:  # a damaged or hostile file can raise anything inside pyarrow
                raise UserError(f"{name}: not a readable parquet file ({one_line(error)})") from error
        if not rows.labels:
            raise UserError(f"{tree.place}: the parquet files hold no images")
        content = mapped(file, (file.tell(),))
    ids, labels = rows.ids, rows.labels
    dataset = dataset or named_dataset(tree.place, (part for path in paths for part in path.parts), ids)
    counts = Counter(labels)
    declared = rows.declared or declared_above(tree, paths[0], counts)
    classes, order, notes = meanings_of(tree.place, counts, dataset, declared)

    def fetch(index: int, decode: Decode = decode) -> tuple[bytes, np.ndarray]:
        offset, size = rows.places[index]
        data = content[offset : offset + size].tobytes()
        return data, decode(data, ids[index], False)

    numbers = np.array([classes.get(label, OUTSIDE) for label in labels], np.int64)
    inside = np.flatnonzero(numbers != OUTSIDE)
    listing = Listing("parquet", tuple(ids), numbers, fetch, notes, order=order).take(inside)
    return Splits(tree.place, by_split(listing, [rows.splits[index] for index in inside]))


def _add(rows: _Rows, place: Path, path: PurePosixPath, opened: IO[bytes]) -> None:
    """Add the images, labels and splits of a file, and the order of its numbers."""
    from pyarrow.parquet import ParquetFile

    name, parquet = place / path, ParquetFile(opened)
    metadata = parquet.metadata
    if metadata.num_rows + len(rows.labels) > MOST_IMAGES:
        raise UserError(f"{name}: more than {MOST_IMAGES:,} images exceed the limit: give a part of them")
    for group in range(metadata.num_row_groups):
        if (size := metadata.row_group(group).total_byte_size) > LARGEST_GROUP:
            raise UserError(f"{name}: a group of rows of {size:,} bytes: at most {LARGEST_GROUP:,} are read at once")
    most = rows.file.tell() + max(UNCHECKED, EXPANSION * opened.seek(0, os.SEEK_END))
    columns = _columns(name, parquet)
    stem, split = path.with_suffix(""), split_of_file(path)
    batches = parquet.iter_batches(BATCH, columns=[column for column in columns if column])
    values = (row for batch in batches for row in batch.to_pylist())
    for number, row in enumerate(values):
        image, label, own_split = (row.get(column) for column in columns)
        data = _image(f"{name}, row {number}", columns[0], image)
        if not isinstance(data, bytes) or len(data) > LARGEST_IMAGE:
            raise UserError(f"{name}, row {number}: holds no bytes of an image, or too many")
        if rows.file.tell() + len(data) > most:
            raise UserError(f"{name}, row {number}: the images expand to more than {most:,} bytes")
        rows.places.append((rows.file.tell(), len(data)))
        rows.file.write(data)
        rows.ids.append(f"{stem}/{number}")
        rows.labels.append(_label(f"{name}, row {number}", label))
        rows.splits.append(str(own_split or split))
    fer2013 = spec.load().label_orders["FER2013"] if columns[0].lower() == PIXELS else None
    declared = _declared(parquet.schema_arrow.metadata or {}, columns[1]) or fer2013 or rows.declared
    if rows.declared not in (None, declared):
        raise UserError(f"{name}: numbers the classes in another order than the files before: give one of the files")
    rows.declared = declared


def _image(place: str, column: str, value: Any) -> bytes:
    """Return the file of an image; grey values of FER2013 become one."""
    if column.lower() == PIXELS and isinstance(value, str | list):
        text = value if isinstance(value, str) else " ".join(map(str, value))
        return PGM.format(*spec.load().datasets["FER2013"].size).encode() + gray_values(place, text)
    data = value.get("bytes") if isinstance(value, dict) else value
    if isinstance(data, str):
        try:
            data = base64.b64decode(data.rpartition(",")[2], validate=True)
        except ValueError:
            data = None
        data = data if data and kind_of(data) else None
    if data is None:
        raise UserError(f"{place}: names an image without its bytes: save the images in the file")
    return cast(bytes, data)


def _label(place: str, value: Any) -> str:
    """Return a label as text, also from a list that holds it alone, or one-hot."""
    if isinstance(value, list):
        if len(value) > 1 and sorted(map(str, value)) == ["0"] * (len(value) - 1) + ["1"]:
            value = [value.index(1)]
        if len(value) != 1:
            raise UserError(f"{place}: {len(value)} labels: save one class for each image")
        value = value[0]
    return "" if value is None else str(value)


def _columns(name: object, parquet: ParquetFile) -> tuple[str, str, str | None]:
    """Return the columns of images and labels, and that of splits, if there is one."""

    schema = parquet.schema_arrow
    known = {column.name.lower(): column.name for column in schema}
    images = [column.name for column in schema if _holds_bytes(column.type)]
    images = images or [known[word] for word in (PIXELS, *TEXTS) if word in known and _holds_text(schema, known[word])]
    labels = [known[word] for word in table().columns["label"] if word in known and known[word] not in images]
    fitting = [label for label in labels if _is_label(schema.field(label).type)]
    if not images or not fitting:
        listed = ", ".join(f"{column.name} ({column.type})" for column in schema)[:200]
        raise UserError(f"{name}: expected a column of image bytes and one of labels, not {listed}")
    splits = [
        known[word] for word in table().columns["split"] if word in known and is_text(schema.field(known[word]).type)
    ]
    return images[0], fitting[0], next(iter(splits), None)


def _holds_bytes(kind: Any) -> bool:
    import pyarrow as pa

    if pa.types.is_struct(kind):
        return kind.get_field_index("bytes") >= 0
    return pa.types.is_binary(kind) or pa.types.is_large_binary(kind)


def _holds_text(schema: Any, column: str) -> bool:
    """Return whether a column holds texts, or lists of pixels."""
    import pyarrow as pa

    kind = schema.field(column).type
    return is_text(kind) or (column.lower() == PIXELS and _is_list(kind) and pa.types.is_integer(kind.value_type))


def _is_label(kind: Any) -> bool:
    import pyarrow as pa

    kind = kind.value_type if _is_list(kind) else kind
    return pa.types.is_integer(kind) or pa.types.is_floating(kind) or is_text(kind)


def _is_list(kind: Any) -> bool:
    import pyarrow as pa

    return pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)


def _declared(metadata: Mapping[bytes, bytes], label: str) -> LabelOrder | None:
    """Return the order that Hugging Face writes into the schema, if it names known classes."""
    with suppress(ValueError, KeyError, TypeError, AttributeError, UserError):
        feature = parse_json(metadata[METADATA])["info"]["features"][label]
        names = feature.get("feature", feature)["names"]
        for name in names:
            spec.load().column_class(name)
        return LabelOrder(first=0, classes=tuple(map(_canonical, names)), place="the file's own")
    return None


def _canonical(name: str) -> str:
    index = spec.load().column_class(name)
    return name if index is None else spec.load().classes[index]
