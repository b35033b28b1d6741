"""The published JSON Schema of the report, generated from its record."""

import json
from pathlib import Path
from typing import Any

from ferspec.files import write_whole
from ferspec.subjects.certificates.document import SCHEMA_VERSION, Report

PATH = Path(__file__).parent / "schema.json"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
ID = f"urn:ferspec:report:{SCHEMA_VERSION}"


def published() -> dict[str, Any]:
    """Return the published schema."""
    return json.loads(PATH.read_text(encoding="utf-8"))


def generated() -> dict[str, Any]:
    """Return the current schema of a report's record (JSON Schema, draft 2020-12)."""
    schema = Report.model_json_schema(by_alias=True, mode="serialization")
    return {"$schema": DIALECT, "$id": ID, **schema, "title": "ferspec report"}


def write() -> None:
    """Write the published schema; needed after any change of the records of a report."""
    write_whole(PATH, json.dumps(generated(), indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    write()
