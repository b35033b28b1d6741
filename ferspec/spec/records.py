"""The frozen records that the specification consists of."""

from functools import cached_property
from typing import Annotated, Literal, TypeVar, get_args

from pydantic import Field

from ferspec.errors import UserError
from ferspec.records import Record
from ferspec.spec.names import Names, nearest
from ferspec.spec.reading import SpecError

Profile = Literal["released", "paper"]
Status = Literal["normative", "ambiguous", "contradicted", "untestable"]
Agreement = Literal["agree", "near", "differ", "printed only", "released only", "neither"]
Weights = Literal["imagenet", "vggface", "scratch"]
Resolution = Literal[48, 224]
Share = Annotated[float, Field(ge=0, le=1)]
Scalar = bool | int | float | str
Value = Scalar | tuple[Scalar, ...]

DEFAULT_PROFILE: Profile = "released"
# the fields of a cell that its id consists of
IDENTITY = ("architecture", "weights", "resolution", "dataset", "balancing")

T = TypeVar("T")
S = TypeVar("S", bool, int, float, str)
KINDS: dict[type, str] = {bool: "true or false", int: "a whole number", float: "a number", str: "a word"}


class Source(Record):
    """A source of statements of the specification."""

    name: str
    citation: str
    url: str | None = None


class Clause(Record):
    """One requirement, with the place it comes from and the values it fixes.

    ``values`` hold for both profiles, ``profiles`` has those that differ; code reads every value. ``notes``
    are facts for people, which no code reads. ``data`` names the data file with the values of a clause about a
    table. ``reason`` says why an untestable clause cannot be tested. ``titles`` has the title of a profile
    that needs its own. In the data files a title may name values as ``{cap:g}``; in ``Spec`` they are filled in.
    ``file`` is the data file that states the clause, as the loader found it.
    """

    id: str
    title: str
    titles: dict[Profile, str] = Field(default_factory=dict)
    text: str
    source: str
    place: str
    status: Status
    reason: str | None = None
    data: str | None = None
    values: dict[str, Value] = Field(default_factory=dict)
    profiles: dict[Profile, dict[str, Value]] = Field(default_factory=dict)
    notes: dict[str, Value] = Field(default_factory=dict)
    errata: tuple[str, ...] = ()
    file: str = ""

    @property
    def family(self) -> str:
        """The family of the clause, such as ``FER-W``."""
        return self.id.rpartition("-")[0]

    def under(self, profile: Profile) -> dict[str, Value]:
        """Return all values of the clause under a profile."""
        return self.values | self.profiles.get(profile, {})

    def title_under(self, profile: Profile) -> str:
        """Return the title of the clause under a profile."""
        return self.titles.get(profile, self.title)

    def value(self, name: str, profile: Profile = DEFAULT_PROFILE) -> Value:
        """Return the value of that name under a profile; ``KeyError`` where the clause has no such value."""
        known = self.under(profile)
        if name not in known:
            raise KeyError(f"{self.id} has no value {name!r}; it has {sorted(known)}")
        return known[name]


class Layer(Record):
    """One layer of a network; number 1 is the input.

    ``type`` is Keras' name, ``shape`` that of the output, ``inputs`` the numbers of the layers it reads. ``settings``
    are further facts that a source states, such as ``rate=0.25``. The type ``Base`` represents all layers of a
    library's base.
    """

    number: int
    type: str
    shape: tuple[int, ...]
    parameters: int
    inputs: tuple[int, ...] = ()
    settings: dict[str, str] = Field(default_factory=dict)
    name: str | None = None

    def __str__(self) -> str:
        sides = "x".join(map(str, self.shape))
        settings = "".join(f" {key}={value}" for key, value in self.settings.items())
        return f"{self.type} {sides}, {self.parameters:,} parameters{settings}"

    @property
    def kind(self) -> str:
        """The type, with the activation where there is one: ``Conv2D relu``."""
        activation = self.settings.get("activation", "linear")
        return self.type if activation == "linear" else f"{self.type} {activation}"


class BaseLayer(Layer):
    """The row for a library's base; ``parts`` is the number of its layers of each kind."""

    parts: dict[str, int]


class Reading(Record):
    """One of the values that an erratum compares; exactly one of them is the default."""

    value: str
    place: str
    profile: Profile | None = None
    default: bool = False


class Erratum(Record):
    """A point where text, tables and runs disagree: every value with its place, the default and why.

    ``networks`` are the architectures concerned, where these are not all.
    """

    id: str
    title: str
    readings: tuple[Reading, ...]
    why: str
    clauses: tuple[str, ...] = ()
    cells: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()

    @property
    def default(self) -> Reading:
        """The reading that the suite uses unless a profile says otherwise."""
        return next(reading for reading in self.readings if reading.default)


class Dataset(Record):
    """One dataset of Table 1; counts are images per class, in the order of the seven classes.

    ``training`` are the training images per class where each is known, ``training_percent`` the share
    of each class (rounded down) where the runs split by share; ``training_totals`` and ``validation_totals`` are the
    totals of the runs at each resolution, where only these are known.
    """

    name: str
    counts: tuple[int, ...]
    size: tuple[int, int]
    colour: Literal["rgb", "gray"]
    place: str
    training: tuple[int, ...] | None = None
    training_percent: int | None = None
    training_totals: dict[str, int] = Field(default_factory=dict)
    validation_totals: dict[str, int] = Field(default_factory=dict)

    @property
    def total(self) -> int:
        """Images of all classes together."""
        return sum(self.counts)

    @property
    def training_counts(self) -> tuple[int, ...] | None:
        """Images of each class in the training split, or None where only totals are known."""
        if self.training_percent is not None:
            return tuple(count * self.training_percent // 100 for count in self.counts)
        return self.training


class Parameters(Record):
    """A parameter total, for all initial weights and resolutions unless it names one."""

    total: int
    weights: Weights | None = None
    resolution: Resolution | None = None


class Network(Record):
    """One of the architectures that were trained, with its parameter totals as run.

    ``origin`` is ``keras`` for a network on a base of a library. ``printed_millions`` is a note: the counts that the
    tables print.
    """

    name: str
    origin: Literal["keras", "public", "self-designed"]
    clause: str
    parameters: tuple[Parameters, ...]
    printed_millions: dict[str, float] = Field(default_factory=dict)

    def parameter_total(self, weights: Weights, resolution: Resolution) -> int:
        """Return the number of parameters of the network that was run, with seven classes (FER-N-02)."""
        return next(
            entry.total
            for entry in self.parameters
            if entry.weights in (None, weights) and entry.resolution in (None, resolution)
        )


class CellMetrics(Record):
    """The eight metrics of a cell; None where one is illegible or no report is released."""

    val_precision: Share | None = None
    val_recall: Share | None = None
    val_f1: Share | None = None
    val_accuracy: Share | None = None
    btfer_precision: Share | None = None
    btfer_recall: Share | None = None
    btfer_f1: Share | None = None
    btfer_accuracy: Share | None = None


class Cell(Record):
    """One cell of the grid: an architecture trained in one way, with its published metrics.

    ``printed`` are those of Tables 2 and 3, ``released`` those of the authors' classification reports, computed over
    ``released_val_n`` and ``released_btfer_n`` images; ``agreement`` compares the two by the rule of FER-G-04.
    """

    architecture: str
    weights: Weights
    resolution: Resolution
    dataset: str
    balancing: Literal["simple", "conservative"]
    printed: CellMetrics
    released: CellMetrics
    released_val_n: int | None = None
    released_btfer_n: int | None = None
    agreement: Agreement = "neither"

    @property
    def id(self) -> str:
        """The cell's id, such as ``vgg16-imagenet-48-rafdb-simple``."""
        return "-".join(str(getattr(self, field)).replace("-", "") for field in IDENTITY).lower()

    def origin(self, metric: str, profile: Profile = DEFAULT_PROFILE) -> Literal["printed", "released"] | None:
        """Return which published value a profile uses, or None where neither is known.

        ``released`` prefers the released report and falls back on print; ``paper`` prefers print and falls back on
        the released report where print is illegible.
        """
        order: tuple[Literal["printed", "released"], ...] = ("printed", "released")
        order = order[::-1] if profile == "released" else order
        return next((kind for kind in order if getattr(getattr(self, kind), metric) is not None), None)

    def metric(self, name: str, profile: Profile = DEFAULT_PROFILE) -> float | None:
        """Return one metric (0 to 1) under a profile, or None if unknown."""
        kind = self.origin(name, profile)
        return None if kind is None else getattr(getattr(self, kind), name)

    def btfer_accuracy(self, profile: Profile = DEFAULT_PROFILE) -> float | None:
        """Return the accuracy on BTFER (0 to 1), or None if unknown."""
        return self.metric("btfer_accuracy", profile)

    def val_accuracy(self, profile: Profile = DEFAULT_PROFILE) -> float | None:
        """Return the accuracy on the validation split (0 to 1), or None if unknown."""
        return self.metric("val_accuracy", profile)


class About(Record):
    """The version of the specification, the protocol it states, and the sources its clauses name."""

    version: str
    protocol: str
    doi: str
    sources: dict[str, Source]


class Spec(About, Names):
    """The whole specification, from one version of the data files."""

    digest: str
    clauses: tuple[Clause, ...]
    errata: tuple[Erratum, ...]
    datasets: dict[str, Dataset]
    networks: dict[str, Network]
    cells: tuple[Cell, ...]

    def clause(self, id: str) -> Clause:
        """Return the clause of that id; ``UserError`` with the nearest ids where there is none."""
        return _pick(self._clauses, id, "clause")

    def erratum(self, id: str) -> Erratum:
        """Return the erratum of that id; ``UserError`` with the nearest ids where there is none."""
        return _pick(self._errata, id, "erratum")

    def cell(self, id: str) -> Cell:
        """Return the cell of that id; ``UserError`` with the nearest ids where there is none."""
        return _pick(self._cells, id, "cell")

    def find(self, id: str) -> Clause | Erratum | Cell:
        """Return the clause, erratum or cell of that id; ``UserError`` with the nearest ids where there is none."""
        return _pick(self._clauses | self._errata | self._cells, id, "clause, erratum or cell")

    def value(self, clause: str, name: str, profile: Profile = DEFAULT_PROFILE) -> Value:
        """Return a value of a clause under a profile; ``KeyError`` where the clause has no such value.

        The methods below return the same, and raise ``SpecError`` where the value has another type.
        """
        return self.clause(clause).value(name, profile)

    def flag(self, clause: str, name: str, profile: Profile = DEFAULT_PROFILE) -> bool:
        """Return a value that is true or false."""
        return _single(bool, self.value(clause, name, profile), clause, name)

    def integer(self, clause: str, name: str, profile: Profile = DEFAULT_PROFILE) -> int:
        """Return a value that is a whole number."""
        return _single(int, self.value(clause, name, profile), clause, name)

    def number(self, clause: str, name: str, profile: Profile = DEFAULT_PROFILE) -> float:
        """Return a value that is a number, whole or not."""
        return _single(float, self.value(clause, name, profile), clause, name)

    def text(self, clause: str, name: str, profile: Profile = DEFAULT_PROFILE) -> str:
        """Return a value that is a word."""
        return _single(str, self.value(clause, name, profile), clause, name)

    def integers(self, clause: str, name: str, profile: Profile = DEFAULT_PROFILE) -> tuple[int, ...]:
        """Return a value that is a list of whole numbers."""
        return _several(int, self.value(clause, name, profile), clause, name)

    def numbers(self, clause: str, name: str, profile: Profile = DEFAULT_PROFILE) -> tuple[float, ...]:
        """Return a value that is a list of numbers."""
        return _several(float, self.value(clause, name, profile), clause, name)

    def texts(self, clause: str, name: str, profile: Profile = DEFAULT_PROFILE) -> tuple[str, ...]:
        """Return a value that is a list of words."""
        return _several(str, self.value(clause, name, profile), clause, name)

    def select(self, family: str | None = None, status: str | None = None) -> tuple[Clause, ...]:
        """Return the clauses of a family (``W`` or ``FER-W``) and a status; ``UserError`` for one that is unknown."""
        wanted = None if family is None else f"FER-{family.upper().removeprefix('FER-')}"
        families = sorted({clause.family for clause in self.clauses})
        if wanted not in (None, *families):
            raise UserError(f"unknown family {family!r}: known are {', '.join(families)}")
        if status not in (None, *get_args(Status)):
            raise UserError(f"unknown status {status!r}: known are {', '.join(get_args(Status))}")
        return tuple(
            clause for clause in self.clauses if wanted in (None, clause.family) and status in (None, clause.status)
        )

    @cached_property
    def _clauses(self) -> dict[str, Clause]:
        return {clause.id.lower(): clause for clause in self.clauses}

    @cached_property
    def _errata(self) -> dict[str, Erratum]:
        return {erratum.id.lower(): erratum for erratum in self.errata}

    @cached_property
    def _cells(self) -> dict[str, Cell]:
        return {cell.id: cell for cell in self.cells}


def _single(kind: type[S], value: Value, clause: str, name: str) -> S:
    """Return a value of that type; a whole number is a number too, but a boolean is not."""
    if kind is float and type(value) is int:
        value = float(value)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise SpecError(f"{clause}: {name} is {value!r}, expected {KINDS[kind]}")
    return value


def _several(kind: type[S], value: Value, clause: str, name: str) -> tuple[S, ...]:
    if not isinstance(value, tuple):
        raise SpecError(f"{clause}: {name} is {value!r}, expected a list")
    return tuple(_single(kind, part, clause, name) for part in value)


def _pick(table: dict[str, T], id: str, what: str) -> T:
    if id.lower() in table:
        return table[id.lower()]
    near = [name.upper() if name.startswith(("fer-", "err-")) else name for name in nearest(id.lower(), table)]
    hint = f"did you mean {', '.join(near)}?" if near else "'ferspec spec list' and 'ferspec spec errata' list them"
    raise UserError(f"unknown {what} {id!r}: {hint}")
