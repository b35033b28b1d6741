"""Read untrusted parquet files as records, within bounds."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from ferspec.errors import UserError, one_line
from ferspec.extras import require_package
from ferspec.files.reading import read_bounded
from ferspec.files.tables import MOST_ROWS, require_few_columns


def parquet_records(path: str | Path, largest: int, what: str = "such a table") -> list[dict[str, Any]]:
    """Return the rows of a parquet file; columns of bytes are left out.

    ``UserError`` for a file that is not regular, not parquet, or larger than ``largest`` bytes, packed or unpacked,
    for too many rows or columns, and without the package pyarrow.
    """
    content = read_bounded(path, largest, what)
    require_package("reading parquet", "pyarrow")
    import pyarrow
    from pyarrow import parquet

    try:
        file = parquet.ParquetFile(io.BytesIO(content))
        found = file.metadata
        size = sum(found.row_group(group).total_byte_size for group in range(found.num_row_groups))
        if found.num_rows > MOST_ROWS or size > largest:
            raise UserError(f"{path}: {found.num_rows:,} rows of {size:,} bytes in all are too large for {what}")
        schema = file.schema_arrow
        require_few_columns(path, len(schema))
        texts = [field.name for field in schema if not pyarrow.types.is_binary(field.type)]
        return list(file.read(columns=texts).to_pylist())
    except UserError:
        raise
    except Exception as error:  # a damaged or hostile file can raise anything inside pyarrow
        raise UserError(f"{path} is not a readable parquet file ({one_line(error)})") from error
