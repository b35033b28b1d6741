"""Declared deviations: the TOML file in which the owner of a subject declares which clauses fail, and why."""

from pathlib import Path

from pydantic import ValidationError

from ferspec.engine import may_be_declared
from ferspec.errors import UserError
from ferspec.files import parse_toml, read_bounded
from ferspec.outcomes import Deviation

# an entry for each of the 150 clauses, with a page of reasons, is a quarter of it
LARGEST = 1 << 18


def load_deviations(path: str | Path) -> tuple[Deviation, ...]:
    """Read a deviations file: ``[[deviation]]`` tables with clause, category and reason.

    ``UserError`` for a file that cannot be read, an unknown clause or category, a missing reason, and a clause that is
    declared twice.
    """
    content = read_bounded(path, LARGEST, "a file of deviations")
    try:
        tables = parse_toml(content)
    except ValueError as error:
        raise UserError(f"cannot read the deviations in {path}: {error}") from None
    entries = tables.get("deviation")
    if set(tables) != {"deviation"} or not isinstance(entries, list):
        raise UserError(f"{path} holds no deviations: write [[deviation]] tables with clause, category and reason")
    deviations = tuple(_read(entry, f"{path}, deviation {number}") for number, entry in enumerate(entries, start=1))
    clauses = [deviation.clause for deviation in deviations]
    for clause in clauses:
        if not may_be_declared(clause):
            raise UserError(
                f"{path}: a deviation from {clause} cannot be declared: a model that fails it proves nothing"
            )
        if clauses.count(clause) > 1:
            raise UserError(f"{path} declares a deviation from {clause} twice: keep one entry")
    return deviations


def _read(entry: object, where: str) -> Deviation:
    try:
        return Deviation.model_validate(entry)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "entry"
        raise UserError(f"{where}: {key}: {first['msg']}") from None
