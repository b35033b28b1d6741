"""Read training logs in JSON: Keras' history, Hugging Face's trainer_state.json, records, JSON lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from ferspec.errors import UserError
from ferspec.files import MOST_COLUMNS, parse_json
from ferspec.subjects.runs.logs.cells import Cells, epochs_of, is_epoch
from ferspec.subjects.runs.logs.long_form import records_by_split
from ferspec.subjects.runs.logs.names import EPOCH, LOSSES, PHASE, STEP, read_names
from ferspec.subjects.runs.logs.phases import MOST_EPOCHS, TrainingLog, phases_of
from ferspec.subjects.runs.logs.tables import number_of, why_no_loss

FORMAT = "JSON"
# Hugging Face's last entry sums up the training
SUMMARY = "train_runtime"


def read_document(path: Path, text: str) -> TrainingLog:
    """Read the phases of a training from JSON: lists of metrics, records of epochs, or either within others.

    Raise ``UserError`` for a text that is not JSON, and for one without losses.
    """
    document = _parsed(path, text)
    tables = [records_by_split(table) for table in _tables(document)]
    notes: list[str] = []
    lines = [cells for number, table in enumerate(tables) for cells in _cells(table, number, notes)]
    rows = epochs_of(lines)
    if not rows:
        names = dict.fromkeys(name for table in tables for record in table for name in record)
        seen = list(names) or (list(document) if isinstance(document, dict) else [])
        raise UserError(f"{path} is not a training log: {why_no_loss(seen)}")
    named = any(PHASE in row.figures for row in rows)
    phases = phases_of(path, rows, notes)
    return TrainingLog(path, rows[0].columns, phases, tuple(dict.fromkeys(notes)), False, FORMAT, named)


def _parsed(path: Path, text: str) -> Any:
    """Return a document, or the list of a text whose every line is one."""
    try:
        return parse_json(text.encode(), nan=True)
    except ValueError as error:
        reason = error
    try:
        return [parse_json(line.encode(), nan=True) for line in text.splitlines() if line.strip()]
    except ValueError:
        raise UserError(f"{path} is not a training log: it is not JSON: {reason}") from None


Record = Mapping[str, Any]


def _tables(document: Any) -> Iterator[list[Record]]:
    """Yield the tables of a document, each as records of its lines; those further inside come in their order."""
    if isinstance(document, list):
        records: list[Record] = [record for record in document if isinstance(record, dict) and SUMMARY not in record]
        if records and not any(isinstance(value, list | dict) for record in records for value in record.values()):
            yield records
            return
        for inner in document:
            yield from _tables(inner)
    elif isinstance(document, dict) and document and all(map(str.isdecimal, document)):
        yield from _tables(list(document.values()))
    elif isinstance(document, dict):
        series = _series(document)
        if len(series) <= MOST_COLUMNS and LOSSES & set(read_names(series).metrics.values()):
            yield _records(series)
            return
        for inner in document.values():
            yield from _tables(inner)


def _series(document: Record, above: str = "") -> dict[str, list[Any]]:
    """Return the lists in a mapping, and in mappings within it, by name; pandas writes a list as a mapping."""
    series: dict[str, list[Any]] = {}
    for name, value in document.items():
        if isinstance(value, dict) and value and all(map(str.isdecimal, value)):
            value = list(value.values())
        if isinstance(value, dict):
            series |= _series(value, f"{above}{name}/")
        elif isinstance(value, list) and not any(isinstance(item, list | dict) for item in value):
            series[f"{above}{name}"] = value
    return series


def _records(series: Mapping[str, Sequence[Any]]) -> list[Record]:
    """Return one record per epoch; lists that are longer or shorter than that of the loss are skipped."""
    metrics = read_names(series).metrics
    length = min(len(series[name]) for name, metric in metrics.items() if metric in LOSSES)
    lists = {name: series[name] for name in metrics if len(series[name]) == length}
    return [{name: values[place] for name, values in lists.items()} for place in range(min(length, MOST_EPOCHS + 1))]


def _cells(table: Sequence[Record], number: int, notes: list[str]) -> Iterator[Cells]:
    names = read_names(islice(dict.fromkeys(name for record in table for name in record), MOST_COLUMNS))
    notes += names.notes
    columns = tuple(names.metrics)
    for record in table:
        figures = {
            metric: value
            for name, metric in names.metrics.items()
            if (value := number_of(str(record.get(name)), metric)) is not None
        }
        if is_epoch(figures.get(EPOCH, 0.0), STEP in figures):
            sparse = len(figures) < len(names.metrics)
            yield Cells(columns, figures, number, sparse)
