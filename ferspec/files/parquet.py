"""Read untrusted parquet files as records, within bounds."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ferspec.errors import UserError, one_line
from ferspec.extras import require_package
from ferspec.files.reading import read_bounded
from ferspec.files.tables import MOST_ROWS, require_few_columns

# rows that become objects of Python at once
BATCH = 1024


def parquet_records(path: str | Path, largest: int, what: str = "such a table") -> list[dict[str, Any]]:
    """Return the rows of a parquet file; columns of bytes and nested ones are left out.

    ``UserError`` for a file that is not regular, not parquet, or larger than ``largest`` bytes, packed or unpacked,
    for too many rows or columns, and without the package pyarrow.
    """
    content = read_bounded(path, largest, what)
    require_package("reading parquet", "pyarrow")
    try:
        return list(_records(path, content, largest, what))
    except UserError:
        raise
    except Exception as error:  # a damaged or hostile file can raise anything inside pyarrow
        raise UserError(f"{path} is not a readable parquet file ({one_line(error)})") from error


def _records(path: str | Path, content: bytes, largest: int, what: str) -> Iterator[dict[str, Any]]:
    from pyarrow import parquet, types

    schema = parquet.read_schema(io.BytesIO(content))
    require_few_columns(path, len(schema))
    # a text that repeats stands once in the file: it must not be unpacked for each of its rows
    texts = [field.name for field in schema if is_text(field.type)]
    file = parquet.ParquetFile(io.BytesIO(content), read_dictionary=texts)
    size = sum(file.metadata.row_group(group).total_byte_size for group in range(file.metadata.num_row_groups))
    if file.metadata.num_rows > MOST_ROWS or size > largest:
        raise UserError(f"{path}: {file.metadata.num_rows:,} rows of {size:,} bytes are too large for {what}")
    size = 0
    read = [field.name for field in schema if field.name in texts or types.is_primitive(field.type)]
    for batch in file.iter_batches(BATCH, columns=read):
        size += sum(map(_unpacked, batch.columns))
        if size > largest:
            raise UserError(f"{path}: unpacked too large for {what}: at most {largest:,} bytes are read")
        yield from batch.to_pylist()


def is_text(kind: Any) -> bool:
    """Return whether a type of pyarrow is that of text, also of categories."""
    from pyarrow import types

    kind = kind.value_type if types.is_dictionary(kind) else kind
    return bool(types.is_string(kind) or types.is_large_string(kind))


def _unpacked(column: Any) -> int:
    """Return an upper bound of the bytes of a column."""
    from pyarrow import compute, types

    if not types.is_dictionary(column.type):
        return int(column.nbytes)
    longest = compute.max(compute.binary_length(column.dictionary)).as_py() or 0
    return int(column.indices.nbytes + longest * len(column))
