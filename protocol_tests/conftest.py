"""With an implementation named, it alone is judged; without, the specification is."""

from pathlib import Path

import pytest

from ferspec.plugin import is_left_out


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    return True if is_left_out(collection_path, config) else None
