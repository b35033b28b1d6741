"""Read the data files of the specification into one record, and refuse contradictory files."""

import hashlib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import get_args

from ferspec.spec.errata import read_errata
from ferspec.spec.grid import read_cells
from ferspec.spec.names import Names, plain_name
from ferspec.spec.reading import SpecError, read_toml, to_record, to_records
from ferspec.spec.records import DEFAULT_PROFILE, About, Clause, Dataset, Erratum, Network, Profile, Source, Spec

DATA = Path(__file__).parent / "data"
CLAUSES = "clauses"
# dated data on law, which are not part of the protocol
USE = DATA / "use"
# how a message names the folder of the clauses
SHOWN_CLAUSES = f"ferspec/spec/data/{CLAUSES}"


@cache
def load(folder: Path | None = None) -> Spec:
    """Read the specification from the data files of a folder (``DATA`` by default), once.

    Raises ``SpecError``, naming file and entry, for unknown keys, duplicate ids, a clause without a source, a
    title that does not fit its values, an untestable clause without a reason, and an erratum that names an unknown
    clause, cell or network. A value is refused only where no code could use it, never because it differs from
    the current one.
    """
    folder = folder or DATA
    about = to_record(About, read_toml(folder / "spec.toml"), "spec.toml", "the specification")
    names = to_record(Names, read_toml(folder / "classes.toml"), "classes.toml", "the classes")
    datasets = to_records(Dataset, read_toml(folder / "datasets.toml"), "datasets.toml", "dataset", "name")
    networks = tuple(to_records(Network, read_toml(folder / "networks.toml"), "networks.toml", "network", "name"))
    clauses = _read_clauses(folder / CLAUSES, about.sources)
    cells = read_cells(folder / "grid.csv", clauses)
    errata = read_errata(folder / "errata.toml", clauses, cells, (network.name for network in networks))
    spec = Spec(
        **dict(about),
        **dict(names),
        digest=digest(folder),
        clauses=tuple(_with_errata(clause, errata) for clause in clauses.values()),
        errata=errata,
        datasets={dataset.name: dataset for dataset in datasets},
        networks={network.name: network for network in networks},
        cells=cells,
    )
    for problem in (_unknown_class(spec), _unknown_table_entry(spec)):
        if problem:
            raise SpecError(problem)
    return spec


def digest(folder: Path | None = None) -> str:
    """Return the sha256 over names and contents of the protocol's files, sorted."""
    folder = folder or DATA
    paths = {path.relative_to(folder).as_posix(): path for kind in ("*.toml", "*.csv") for path in folder.rglob(kind)}
    # newer data on law make no certificate one of another specification
    paths = {name: path for name, path in paths.items() if not name.startswith(f"{USE.name}/")}
    total = hashlib.sha256()
    for name, path in sorted(paths.items()):
        # a checkout with Windows line ends has the same digest
        content = path.read_bytes().replace(b"\r\n", b"\n")
        total.update(f"{name}\n{len(content)}\n".encode() + content)
    return total.hexdigest()


def _read_clauses(folder: Path, sources: Mapping[str, Source]) -> dict[str, Clause]:
    clauses: dict[str, Clause] = {}
    for path in sorted(folder.glob("*.toml")):
        for clause in to_records(Clause, read_toml(path), path.name, "clause"):
            problem = "this id occurs twice" if clause.id in clauses else _problem(clause, sources)
            if problem:
                raise SpecError(f"{path.name}: {clause.id}: {problem}")
            clauses[clause.id] = _with_titles(clause, path.name)
    return dict(sorted(clauses.items()))


def _problem(clause: Clause, sources: Mapping[str, Source]) -> str | None:
    released, paper = (clause.profiles.get(profile, {}) for profile in ("released", "paper"))
    if clause.source not in sources:
        return f"unknown source {clause.source!r}"
    if clause.status == "untestable" and not clause.reason:
        return "an untestable clause needs a reason"
    if released.keys() != paper.keys():
        return "both profiles must give the same values"
    if (clause.values.keys() & (released.keys() | clause.notes.keys())) or released.keys() & clause.notes.keys():
        return "a name is used twice: give each value and note its own name"
    return None


def _with_titles(clause: Clause, file: str) -> Clause:
    """Return the clause with its file and with its values filled into its titles.

    Equal titles of two profiles are kept once.
    """
    profiles: tuple[Profile, ...] = get_args(Profile)
    try:
        filled = {
            profile: clause.title_under(profile).format(**clause.under(profile), **clause.notes) for profile in profiles
        }
    except (KeyError, IndexError, ValueError) as error:
        raise SpecError(f"{file}: {clause.id}: the title does not fit the values: {error}") from None
    title = filled.pop(DEFAULT_PROFILE)
    others = {profile: other for profile, other in filled.items() if other != title}
    return clause.model_copy(update={"title": title, "titles": others, "file": f"{SHOWN_CLAUSES}/{file}"})


def _with_errata(clause: Clause, errata: Iterable[Erratum]) -> Clause:
    return clause.model_copy(update={"errata": tuple(erratum.id for erratum in errata if clause.id in erratum.clauses)})


def _unknown_class(spec: Spec) -> str | None:
    """Return the first problem with the names of classes.toml, or None."""
    meanings: dict[str, str] = {plain_name(name): name for name in spec.classes}
    for name, aliases in spec.aliases.items():
        if name not in spec.classes:
            return f"classes.toml: aliases: {name!r} is not a class"
        for alias in aliases:
            if meanings.setdefault(plain_name(alias), name) != name or plain_name(alias) in spec.outside:
                return f"classes.toml: aliases: {alias!r} has two meanings"
    for dataset, order in spec.label_orders.items():
        for name in order.classes:
            if name not in spec.classes and plain_name(name) not in spec.outside:
                return f"classes.toml: label_orders: {dataset}: {name!r} is not a class"
    return None


def _unknown_table_entry(spec: Spec) -> str | None:
    """Return the first mismatch of datasets, networks and cells, or None."""
    for dataset in spec.datasets.values():
        for counts in (dataset.counts, dataset.training_counts or dataset.counts):
            if len(counts) != len(spec.classes):
                return f"datasets.toml: {dataset.name}: {len(counts)} counts for {len(spec.classes)} classes"
    for network in spec.networks.values():
        if network.clause not in {clause.id for clause in spec.clauses}:
            return f"networks.toml: {network.name}: unknown clause {network.clause!r}"
    for cell in spec.cells:
        if cell.dataset not in spec.datasets or cell.architecture not in spec.networks:
            return f"grid.csv: {cell.id}: unknown dataset or architecture"
    return None
