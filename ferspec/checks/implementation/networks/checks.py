"""FER-N and FER-P-01 to FER-P-06: the networks, what they start from, and the head on a pre-trained base.

Layers are held against the layer tables of the specification; a departure names the first layer that is another.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import Any

from pydantic import ValidationError

from ferspec import spec
from ferspec.checks.implementation.answers.explain import answers_to
from ferspec.checks.implementation.answers.judge import equal, field, judge_each, numbers, rows, shown
from ferspec.engine import Check, checks_by_case
from ferspec.errors import NotEvaluable, SubjectError
from ferspec.outcomes import CheckResult, Status
from ferspec.reference.models import Row, departure
from ferspec.reference.models import rows as trained_rows
from ferspec.spec.layers import Layer, base_of, in_order, layer_table
from ferspec.spec.names import plain_name
from ferspec.spec.records import Profile, Weights
from ferspec.subjects.implementations.subject import ImplementationSubject

FIELDS = ("type", "shape", "parameters", "inputs")
PRETRAINED: tuple[Weights, ...] = ("imagenet", "vggface")
OTHER: dict[Profile, Profile] = {"released": "paper", "paper": "released"}
MILLION = 1e6
# Names that fit into a line.
MOST_LISTED = 4

ROWS = {f"{row.network}-{row.weights}-{row.resolution}".lower(): row for row in trained_rows()}
HEADED = tuple(id for id, row in ROWS.items() if row.weights in PRETRAINED)
NETWORKS = {
    "FER-N-03": "ResNet18",
    "FER-N-04": "RepVGG",
    "FER-N-05": "AlexNet",
    "FER-N-06": "ZFNet",
    "FER-N-07": "Sequential3Conv",
    "FER-N-08": "Sequential4Conv",
    "FER-N-09": "SequentialSimple",
    "FER-N-10": "Ensemble",
    "FER-N-11": "Modular",
    "FER-N-12": "SMMB",
}


def knows_the_architectures(subject: ImplementationSubject) -> CheckResult:
    """FER-N-01: all architectures are known by name, none twice; ``paper`` counts the rows of Table 2 instead."""
    names = [plain_name(str(name)) for name in rows("architectures", subject.ask("architectures"))]
    known = list(spec.load().networks)
    if subject.profile == "paper":
        known = [row.network for row in ROWS.values() if row.place == "Table 2"]
    observed, expected = Counter(names), Counter(map(plain_name, known))
    spelled = {plain_name(name): name for name in known}
    lacking = [spelled[name] for name in expected - observed]
    spare = sorted(observed - expected)
    stated = spec.load().integer("FER-N-01", "architectures", subject.profile)
    holds = observed == expected and len(names) == stated
    return CheckResult(
        status=Status.PASS if holds else Status.FAIL,
        observed=f"{len(names)} architectures{_listed(', without', lacking)}{_listed(', besides', spare)}",
        expected=f"{stated} architectures",
        difference=None if len(names) == stated else len(names) - stated,
    )


def has_the_total(subject: ImplementationSubject, id: str) -> CheckResult:
    """FER-N-02: all parameters of one row of the tables, as run or, under ``paper``, as its text builds the network."""
    row = ROWS[id]
    arguments = {"architecture": row.network, "weights": row.weights, "resolution": row.resolution}
    total = float(numbers("parameter_total", subject.ask("parameter_total", **arguments), ()))
    expected = _total(row, subject.profile)
    other = OTHER[subject.profile]
    mistakes = {
        f"that of the profile {other}": _total(row, other),
        "in millions": expected / MILLION,
        "without the parameters that no gradient moves": expected - row.parameters + row.trainable_parameters,
    }
    base = base_of(row.network, row.weights)
    if base is not None:
        mistakes["without the head"] = base.parameters
    likely = next((cause for cause, value in mistakes.items() if abs(total - value) < value / 100_000), None)
    return CheckResult(
        status=Status.PASS if total == expected else Status.FAIL,
        observed=f"{total:,.10g} parameters",
        expected=f"{expected:,} parameters",
        difference=None if total == expected else total - expected,
        likely=None if total == expected else likely,
    )


def has_the_layers(subject: ImplementationSubject, id: str) -> CheckResult:
    """FER-N-03 to FER-N-12: a network consists of the layers of its table, whatever they are called."""
    row = ROWS[id]
    observed = _table(subject, row)
    expected = layer_table(row.network, row.weights, row.resolution, subject.profile)
    departed = departure(observed, expected)
    if departed is None:
        return CheckResult(status=Status.PASS, observed=f"{len(observed)} layers", expected=f"{len(expected)} layers")
    other = layer_table(row.network, row.weights, row.resolution, OTHER[subject.profile])
    is_other = departure(observed, other) is None
    return CheckResult(
        status=Status.FAIL,
        observed=f"layer {departed.layer}: {departed.observed}",
        expected=f"layer {departed.layer}: {departed.expected}",
        likely=f"it is the network of the profile {OTHER[subject.profile]}" if is_other else None,
    )


def starts_from_known_weights(subject: ImplementationSubject) -> CheckResult:
    """FER-P-01: over all networks of the grid, the starting weights are those three and no others."""
    known = set(spec.load().value("FER-P-01", "weights"))
    answers = answers_to(partial(_starts, subject), dict.fromkeys(row.network for row in ROWS.values()))
    refusals = [answer for answer in answers if isinstance(answer, NotEvaluable)]
    found = {name for answer in answers if answer not in refusals for name in answer}
    if refusals and found <= known:
        raise refusals[0]
    return equal(sorted(found), sorted(known), "starting weights of all networks")


def starts_as_the_grid(subject: ImplementationSubject) -> CheckResult:
    """FER-P-02: each network of the grid starts from the weights its rows have."""
    wanted: dict[str, set[str]] = {}
    for cell in spec.load().cells:
        wanted.setdefault(cell.architecture, set()).add(cell.weights)
    return judge_each(lambda name: equal(_starts(subject, name), sorted(wanted[name]), name), wanted)


def pools_once(subject: ImplementationSubject, source: str) -> CheckResult:
    """FER-P-03: one pooling, of a kind the profile allows, stands between the base and the first dense layer."""
    allowed = spec.load().value("FER-P-03", "pooling", subject.profile)
    others = [part for part in _head(subject, source) if part.layer not in ("Dense", "Dropout")]
    poolings = [part.layer for part in others]
    before = all(part.place == "before" for part in others)
    return CheckResult(
        status=Status.PASS if before and len(poolings) == 1 and poolings[0] in allowed else Status.FAIL,
        observed=f"{' and '.join(poolings) or 'nothing'}{'' if before else ', not before the dense layers'}",
        expected=" or ".join(allowed),
    )


def has_two_dense_layers(subject: ImplementationSubject, source: str) -> CheckResult:
    """FER-P-04: the units of the dense layers before the output, in their order."""
    units = [part.units for part in _head(subject, source) if part.layer == "Dense"][:-1]
    expected, other = (
        list(spec.load().value("FER-P-04", "units", profile)) for profile in (subject.profile, OTHER[subject.profile])
    )
    likely = f"the units of the profile {OTHER[subject.profile]}" if units == other else None
    return equal(units, expected, "units before the output", likely)


def drops_out_after_the_first(subject: ImplementationSubject, source: str) -> CheckResult:
    """FER-P-05: rectified dense layers, dropout after the first of them alone, and seven softmax outputs."""
    book = spec.load()
    hidden, rate, output = (book.value("FER-P-05", name) for name in ("activation", "dropout", "output"))
    parts = [part for part in _head(subject, source) if part.layer in ("Dense", "Dropout")]
    observed = [str(part) for part in parts]
    last = max((place for place, part in enumerate(parts) if part.layer == "Dense"), default=-1)
    if last >= 0:
        observed[last] = f"{parts[last].units} outputs {parts[last].activation}"
    dense = sum(part.layer == "Dense" for part in parts)
    expected = [f"Dense {hidden}", f"Dropout {rate:g}", *[f"Dense {hidden}"] * (dense - 2)]
    return equal(", ".join(observed), ", ".join([*expected, f"{len(book.classes)} outputs {output}"]))


def freezes_the_base_first(subject: ImplementationSubject, weights: Weights) -> CheckResult:
    """FER-P-06: the first phase of a pre-trained network freezes the base, the phases after it nothing."""
    phases = rows("phases", subject.ask("phases", weights=weights))
    frozen = [field("phases", phase, "frozen") for phase in phases]
    first = spec.load().value("FER-P-06", "frozen")
    return equal(frozen, [first, *[None] * (len(frozen) - 1)], "frozen in each phase")


@dataclass(frozen=True)
class Part:
    """One layer of a head: where it stands, before or after the first dense layer, and what the clauses ask of it."""

    layer: str
    place: str
    units: int | None = None
    activation: str | None = None
    rate: str | None = None

    def __str__(self) -> str:
        return f"{self.layer} {self.rate if self.layer == 'Dropout' else self.activation}"


def _head(subject: ImplementationSubject, source: str) -> list[Part]:
    """Return the head that ``head`` tells for starting weights, or that the layer table of a row has."""
    if source in ROWS:
        table = _table(subject, ROWS[source])
        end = max((layer.number for layer in table if len(layer.shape) == 3), default=0)
        told = [{"layer": layer.type, "units": sum(layer.shape[-1:])} | layer.settings for layer in table[end:]]
    else:
        told = rows("head", subject.ask("head", weights=source))
    kinds = [str(field("head", entry, "layer")) for entry in told]
    first = kinds.index("Dense") if "Dense" in kinds else len(kinds)
    return [
        Part(
            kind,
            "before" if place < first else "after",
            _units(entry) if kind == "Dense" else None,
            entry.get("activation"),
            _text(entry.get("rate")),
        )
        for place, (kind, entry) in enumerate(zip(kinds, told, strict=True))
    ]


def _units(entry: dict[str, Any]) -> int | float:
    units = float(numbers("head", field("head", entry, "units"), ()))
    return int(units) if units.is_integer() else units


def _table(subject: ImplementationSubject, row: Row) -> tuple[Layer, ...]:
    """Return the layer table of a network; ``SubjectError`` names the first row that is none."""
    arguments = {"architecture": row.network, "weights": row.weights, "resolution": row.resolution}
    entries = rows("layer_table", subject.ask("layer_table", **arguments))
    if not entries:
        raise SubjectError(f"layer_table gave no layers of {row.network}")
    return tuple(_layer(number, entry) for number, entry in enumerate(entries, start=1))


def _layer(number: int, entry: Any) -> Layer:
    told = {key: field("layer_table", entry, key) for key in FIELDS}
    settings = entry.get("settings") or {}
    if not isinstance(settings, dict):
        raise SubjectError(f"layer_table: layer {number}: settings are {shown(settings)}, not names with values")
    settings = {str(key): _text(value) for key, value in settings.items()}
    try:
        layer = Layer.model_validate({"number": entry.get("number", number), **told, "settings": settings})
    except ValidationError as error:
        first = error.errors()[0]
        raise SubjectError(f"layer_table: layer {number}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    if not in_order(layer, number):
        raise SubjectError(f"layer_table: layer {number}: layers are numbered from 1 and read earlier ones")
    return layer


def _text(value: Any) -> str:
    """Return a setting as the tables write it: 0.2 for ``0.20000000298``, 3x3 for ``[3, 3]``."""
    if isinstance(value, list):
        return "x".join(map(_text, value))
    try:
        return f"{float(value):g}"
    except (TypeError, ValueError):
        return str(value)


def _starts(subject: ImplementationSubject, network: str) -> list[str]:
    return sorted(map(str, rows("starting_weights", subject.ask("starting_weights", architecture=network))))


def _total(row: Row, profile: Profile) -> int:
    """Return the parameters of a row; those of the profile ``released`` are the totals that the runs printed."""
    if profile == "released":
        return row.parameters
    return sum(layer.parameters for layer in layer_table(row.network, row.weights, row.resolution, profile))


def _listed(word: str, names: list[str]) -> str:
    if not names:
        return ""
    more = f" and {len(names) - MOST_LISTED} more" if len(names) > MOST_LISTED else ""
    return f"{word} {', '.join(names[:MOST_LISTED])}{more}"


CHECKS = (
    Check("FER-N-01", knows_the_architectures, ("architectures",)),
    *checks_by_case("FER-N-02", has_the_total, tuple(ROWS), ("parameter_total",)),
    *(
        Check(clause, has_the_layers, ("layer_table",), id, (id,))
        for clause, network in NETWORKS.items()
        for id, row in ROWS.items()
        if row.network == network
    ),
    Check("FER-P-01", starts_from_known_weights, ("starting_weights",)),
    Check("FER-P-02", starts_as_the_grid, ("starting_weights",)),
    *(
        Check(clause, function, ("head",) if source in PRETRAINED else ("layer_table",), source, (source,))
        for clause, function in (
            ("FER-P-03", pools_once),
            ("FER-P-04", has_two_dense_layers),
            ("FER-P-05", drops_out_after_the_first),
        )
        for source in (*PRETRAINED, *HEADED)
    ),
    *checks_by_case("FER-P-06", freezes_the_base_first, PRETRAINED, ("phases",)),
)
