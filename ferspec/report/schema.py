"""The published JSON Schemas of reports and inspections, generated from their records."""

import json
from pathlib import Path
from typing import Any

from ferspec.files import write_whole
from ferspec.records import Record
from ferspec.subjects.certificates.document import SCHEMA_VERSION, Report
from ferspec.subjects.datasets.inspection.document import InspectionReport

PATH = Path(__file__).parent / "schema.json"
INSPECTION_PATH = Path(__file__).parent / "inspection" / "schema.json"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
ID = f"urn:ferspec:report:{SCHEMA_VERSION}"
INSPECTION_ID = "urn:ferspec:inspection:1"


def published() -> dict[str, Any]:
    """Return the published schema of a report."""
    return json.loads(PATH.read_text(encoding="utf-8"))


def published_inspection() -> dict[str, Any]:
    """Return the published schema of an inspection."""
    return json.loads(INSPECTION_PATH.read_text(encoding="utf-8"))


def generated() -> dict[str, Any]:
    """Return the current schema of a report's record (JSON Schema, draft 2020-12)."""
    return _schema(Report, ID, "ferspec report")


def generated_inspection() -> dict[str, Any]:
    """Return the current schema of an inspection's record."""
    return _schema(InspectionReport, INSPECTION_ID, "ferspec inspection")


def write() -> None:
    """Write the published schemas; needed after any change of the records."""
    for path, schema in ((PATH, generated()), (INSPECTION_PATH, generated_inspection())):
        write_whole(path, json.dumps(schema, indent=2, ensure_ascii=False) + "\n")


def _schema(record: type[Record], id: str, title: str) -> dict[str, Any]:
    schema = record.model_json_schema(by_alias=True, mode="serialization")
    return {"$schema": DIALECT, "$id": id, **schema, "title": title}


if __name__ == "__main__":
    write()
