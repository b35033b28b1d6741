"""Reads the errata, and fills in what they take from clauses and cells."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ferspec.spec.grid import CELL_RULES
from ferspec.spec.reading import SpecError, read_toml, to_records
from ferspec.spec.records import Cell, Clause, Erratum, Value


def read_errata(path: Path, clauses: Mapping[str, Clause], cells: Iterable[Cell]) -> tuple[Erratum, ...]:
    """Return all errata in the order of the file.

    ``SpecError`` for an unknown clause, cell, value or rule, for one without two readings and one default, and for
    a contradicted clause that no erratum explains.
    """
    data = read_toml(path)
    for entry in data.get("erratum", ()):
        _complete(entry, path.name, clauses, cells)
    errata = tuple(to_records(Erratum, data, path.name, "erratum"))
    known = {cell.id for cell in cells}
    for erratum in errata:
        if problem := _problem(erratum, clauses, known):
            raise SpecError(f"{path.name}: {erratum.id}: {problem}")
    explained = {id for erratum in errata for id in erratum.clauses}
    for clause in clauses.values():
        if clause.status == "contradicted" and clause.id not in explained:
            raise SpecError(f"{path.name}: no erratum explains the contradicted clause {clause.id}")
    return errata


def _complete(entry: dict[str, Any], file: str, clauses: Mapping[str, Clause], cells: Iterable[Cell]) -> None:
    """Replace ``compares`` by the values of both profiles, and ``cells_where`` by the cells that the rule selects."""
    id, compared, rule = entry.get("id"), entry.pop("compares", None), entry.pop("cells_where", None)
    if rule is not None:
        if rule not in CELL_RULES:
            raise SpecError(f"{file}: {id}: unknown rule {rule!r}, expected one of {', '.join(CELL_RULES)}")
        entry["cells"] = tuple(cell.id for cell in cells if CELL_RULES[rule](cell, clauses))
    if compared is not None:
        clause, _, name = compared.partition(".")
        values = clauses[clause].profiles if clause in clauses else {}
        for reading in entry.get("readings", ()):
            profile = reading.get("profile")
            if name not in values.get(profile, {}):
                raise SpecError(f"{file}: {id}: no value {compared!r} under the profile {profile!r}")
            reading["value"] = _shown(values[profile][name])


def _shown(value: Value) -> str:
    return ", ".join(str(part) for part in value) if isinstance(value, tuple) else str(value)


def _problem(erratum: Erratum, clauses: Mapping[str, Clause], cells: set[str]) -> str | None:
    for id in erratum.clauses:
        if id not in clauses:
            return f"unknown clause {id!r}"
    for id in erratum.cells:
        if id not in cells:
            return f"unknown cell {id!r}"
    if len(erratum.readings) < 2 or sum(reading.default for reading in erratum.readings) != 1:
        return "an erratum needs at least two readings, exactly one of them the default"
    return None
