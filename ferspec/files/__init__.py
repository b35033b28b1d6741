"""Write files atomically, and read untrusted files within bounds."""

from ferspec.files.archives import GuardedFile, open_archive
from ferspec.files.documents import is_nested_deeper, parse_json, parse_toml
from ferspec.files.reading import (
    is_regular_file,
    open_regular,
    read_bounded,
    read_head,
    read_text,
    require_regular_file,
)
from ferspec.files.tables import MOST_COLUMNS, csv_rows, delimiter_of, likely_delimiter, require_few_columns
from ferspec.files.writing import replacing, write_whole

__all__ = [
    "MOST_COLUMNS",
    "GuardedFile",
    "csv_rows",
    "delimiter_of",
    "is_nested_deeper",
    "is_regular_file",
    "likely_delimiter",
    "open_archive",
    "open_regular",
    "parse_json",
    "parse_toml",
    "read_bounded",
    "read_head",
    "read_text",
    "replacing",
    "require_few_columns",
    "require_regular_file",
    "write_whole",
]
