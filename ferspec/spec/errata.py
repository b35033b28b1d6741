"""Read the errata, and fill in the values from clauses and cells."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, get_args

from ferspec.spec.grid import CELL_RULES
from ferspec.spec.reading import SpecError, read_toml, to_records
from ferspec.spec.records import DEFAULT_PROFILE, Cell, Clause, Erratum, Profile, Value


def read_errata(
    path: Path, clauses: Mapping[str, Clause], cells: Iterable[Cell], networks: Iterable[str]
) -> tuple[Erratum, ...]:
    """Return all errata in the order of the file.

    ``SpecError`` for an unknown clause, cell, network, value or rule; for an erratum with fewer than two readings, or
    without exactly one reading for each profile where it has any; and for a contradicted clause without an erratum.
    """
    data = read_toml(path)
    for entry in data.get("erratum", ()):
        _complete(entry, path.name, clauses, cells)
    errata = tuple(to_records(Erratum, data, path.name, "erratum"))
    known = {"clause": set(clauses), "cell": {cell.id for cell in cells}, "network": set(networks)}
    for erratum in errata:
        if problem := _problem(erratum, known):
            raise SpecError(f"{path.name}: {erratum.id}: {problem}")
    explained = {id for erratum in errata for id in erratum.clauses}
    for clause in clauses.values():
        if clause.status == "contradicted" and clause.id not in explained:
            raise SpecError(f"{path.name}: no erratum explains the contradicted clause {clause.id}")
    return errata


def _complete(entry: dict[str, Any], file: str, clauses: Mapping[str, Clause], cells: Iterable[Cell]) -> None:
    """Fill in the value of each reading, and mark the default.

    ``compares`` is replaced by the values of both profiles, ``cells_where`` by the cells that the rule selects.
    """
    id, compared, rule = entry.get("id"), entry.pop("compares", None), entry.pop("cells_where", None)
    if rule is not None:
        if rule not in CELL_RULES:
            raise SpecError(f"{file}: {id}: unknown rule {rule!r}, expected one of {', '.join(CELL_RULES)}")
        entry["cells"] = tuple(cell.id for cell in cells if CELL_RULES[rule](cell, clauses))
    for place, reading in enumerate(entry.get("readings", ())):
        shown = [reading.pop("note")] if "note" in reading else []
        try:
            shown += [] if compared is None else [_compared(compared, reading.get("profile"), clauses)]
        except KeyError as error:
            raise SpecError(f"{file}: {id}: {error.args[0]}") from None
        reading |= {"value": " ".join(shown), "default": place == 0}


def _compared(compared: str | list[str], profile: Any, clauses: Mapping[str, Clause]) -> str:
    """Return a value under a profile, or several with their names; ``KeyError`` for one that does not exist."""
    names = [compared] if isinstance(compared, str) else compared
    shown = {}
    for path in names:
        clause, _, name = path.partition(".")
        values = clauses[clause].profiles.get(profile, {}) if clause in clauses else {}
        if name not in values:
            raise KeyError(f"no value {path!r} under the profile {profile!r}")
        shown[name.replace("_", " ")] = _shown(values[name])
    return "; ".join(shown.values() if len(shown) == 1 else (f"{name} {value}" for name, value in shown.items()))


def _shown(value: Value) -> str:
    return ", ".join(str(part) for part in value) if isinstance(value, tuple) else str(value)


def _problem(erratum: Erratum, known: Mapping[str, set[str]]) -> str | None:
    for kind, named in (("clause", erratum.clauses), ("cell", erratum.cells), ("network", erratum.networks)):
        for name in named:
            if name not in known[kind]:
                return f"unknown {kind} {name!r}"
    if len(erratum.readings) < 2:
        return "an erratum needs at least two readings"
    profiles = [reading.profile for reading in erratum.readings if reading.profile is not None]
    if profiles and (profiles[0] != DEFAULT_PROFILE or sorted(profiles) != sorted(get_args(Profile))):
        return f"expected one reading for each profile, {DEFAULT_PROFILE} first: it is the default"
    return None
