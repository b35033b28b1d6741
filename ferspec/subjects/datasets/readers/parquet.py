"""Read parquet files of images and labels, as Hugging Face distributes datasets."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import PurePosixPath
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from ferspec import spec
from ferspec.errors import UserError, one_line
from ferspec.extras import require_package
from ferspec.files import parse_json
from ferspec.spec.names import LabelOrder
from ferspec.subjects.datasets.decode import decode
from ferspec.subjects.datasets.forms import table
from ferspec.subjects.datasets.readers.arrays import MOST_IMAGES, mapped
from ferspec.subjects.datasets.readers.listing import Decode, Listing
from ferspec.subjects.datasets.readers.meanings import meanings_of
from ferspec.subjects.datasets.readers.orders import named_dataset
from ferspec.subjects.datasets.readers.splits import WHOLE, Splits, by_split, role_of, split_of
from ferspec.subjects.datasets.readers.trees import LARGEST_IMAGE, Tree
from ferspec.subjects.disk import room_for, temporary_file

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetFile

SUFFIX = ".parquet"
WHAT = "a parquet file of images"
LARGEST = 64 << 30
# what pyarrow may unpack at once
LARGEST_GROUP = 2 << 30
BATCH = 64
OUTSIDE = -1
METADATA = b"huggingface"


def read_parquet(tree: Tree, paths: Sequence[PurePosixPath], dataset: str | None = None) -> Splits:
    """List the images of parquet files: a column of image bytes, and one of labels.

    An image is a column of bytes, or a structure with ``bytes``. Labels are class names, or numbers in the order that
    the file declares or ``decide_order`` finds. The split is that of the file's name or folder. Ids are the names of
    the files with the number of the row. A temporary file holds the images.

    Raise ``UserError`` for other columns, for files beyond the limits, and without pyarrow.
    """
    require_package(f"reading {tree.place / paths[0]}", "pyarrow")
    places: list[tuple[int, int]] = []
    ids: list[str] = []
    labels: list[str] = []
    splits: list[str] = []
    declared = None
    with room_for(str(tree.place)), temporary_file(str(tree.place)) as file:
        for path in paths:
            name = tree.place / path
            try:
                with tree.open(path, LARGEST, WHAT) as opened:
                    declared = _read(name, opened, file, places, labels) or declared
            except UserError:
                raise
            except Exception as error:  # a damaged or hostile file can raise anything inside pyarrow
                raise UserError(f"{name}: not a readable parquet file ({one_line(error)})") from error
            added = len(labels) - len(ids)
            ids += [f"{path.with_suffix('')}/{row}" for row in range(added)]
            splits += [_split(path)] * added
        if not labels:
            raise UserError(f"{tree.place}: the parquet files hold no images")
        content = mapped(file, (file.tell(),))
    dataset = dataset or named_dataset(tree.place, (part for path in paths for part in path.parts), ids)
    classes, order, notes = meanings_of(tree.place, Counter(labels), dataset, declared)

    def fetch(index: int, decode: Decode = decode) -> tuple[bytes, np.ndarray]:
        offset, size = places[index]
        data = content[offset : offset + size].tobytes()
        return data, decode(data, ids[index], False)

    numbers = np.array([classes.get(label, OUTSIDE) for label in labels], np.int64)
    inside = np.flatnonzero(numbers != OUTSIDE)
    listing = Listing("parquet", tuple(ids), numbers, fetch, notes, order=order).take(inside)
    return Splits(tree.place, by_split(listing, [splits[index] for index in inside]))


def _read(
    name: object, opened: IO[bytes], file: IO[bytes], places: list[tuple[int, int]], labels: list[str]
) -> LabelOrder | None:
    """Add the images and labels of a file; return the order of its numbers that it declares."""
    from pyarrow.parquet import ParquetFile

    parquet = ParquetFile(opened)
    metadata = parquet.metadata
    if metadata.num_rows + len(labels) > MOST_IMAGES:
        raise UserError(f"{name}: more than {MOST_IMAGES:,} images exceed the limit: give a part of them")
    for group in range(metadata.num_row_groups):
        if (size := metadata.row_group(group).total_byte_size) > LARGEST_GROUP:
            raise UserError(f"{name}: a group of rows of {size:,} bytes: at most {LARGEST_GROUP:,} are read at once")
    image, label = _columns(name, parquet)
    for batch in parquet.iter_batches(BATCH, columns=[image, label]):
        for value, text in zip(batch.column(image), batch.column(label), strict=True):
            content = _bytes(value.as_py())
            if content is None or len(content) > LARGEST_IMAGE:
                raise UserError(f"{name}, row {len(labels)}: holds no bytes of an image, or too many")
            places.append((file.tell(), len(content)))
            file.write(content)
            labels.append("" if text.as_py() is None else str(text.as_py()))
    return _declared(parquet.schema_arrow.metadata or {}, label)


def _columns(name: object, parquet: ParquetFile) -> tuple[str, str]:
    """Return the columns of images and labels."""
    import pyarrow as pa

    schema = parquet.schema_arrow
    known = {column.name.lower(): column.name for column in schema}
    images = [column.name for column in schema if _holds_bytes(column.type)]
    labels = [known[word] for word in table().columns["label"] if word in known and known[word] not in images]
    fitting = [label for label in labels if pa.types.is_integer(kind := schema.field(label).type) or _is_text(kind)]
    if not images or not fitting:
        listed = ", ".join(f"{column.name} ({column.type})" for column in schema)[:200]
        raise UserError(f"{name}: expected a column of image bytes and one of labels, not {listed}")
    return images[0], fitting[0]


def _holds_bytes(kind: Any) -> bool:
    import pyarrow as pa

    if pa.types.is_struct(kind):
        return kind.get_field_index("bytes") >= 0
    return pa.types.is_binary(kind) or pa.types.is_large_binary(kind)


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def _bytes(value: object) -> bytes | None:
    content = value.get("bytes") if isinstance(value, dict) else value
    return content if isinstance(content, bytes) else None


def _declared(metadata: Mapping[bytes, bytes], label: str) -> LabelOrder | None:
    """Return the order that Hugging Face writes into the schema, if it names known classes."""
    with suppress(ValueError, KeyError, TypeError, UserError):
        names = parse_json(metadata[METADATA])["info"]["features"][label]["names"]
        for name in names:
            spec.load().column_class(name)
        return LabelOrder(first=0, classes=tuple(map(_canonical, names)), place="the file's own")
    return None


def _canonical(name: str) -> str:
    index = spec.load().column_class(name)
    return name if index is None else spec.load().classes[index]


def _split(path: PurePosixPath) -> str:
    """Return the split of a file such as ``data/train-00000-of-00001.parquet``."""
    named = next((word for word in re.split(r"[\W_]+", path.stem) if role_of(word)), None)
    return named or str(split_of(path.parent) or WHOLE)
