"""FER-P-03 to FER-P-06: the head on a pre-trained base, and the phase that freezes the base."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ferspec.checks.implementation.answers.judge import equal, field, first_failure, numbers, rows
from ferspec.checks.implementation.answers.specification import stated
from ferspec.checks.implementation.networks.tables import OTHER, ROWS, answered_table, text_of
from ferspec.checks.implementation.networks.witness import HEAD_DROPOUT, HEAD_UNITS, POOLINGS
from ferspec.engine import Check, checks_by_case
from ferspec.outcomes import CheckResult, Status
from ferspec.spec.records import Weights
from ferspec.subjects.implementations.subject import ImplementationSubject

PRETRAINED: tuple[Weights, ...] = ("imagenet", "vggface")
HEADED = tuple(id for id, row in ROWS.items() if row.weights in PRETRAINED)


def pools_once(subject: ImplementationSubject, source: str) -> CheckResult:
    """FER-P-03: there is one pooling, of a kind in the profile, between base and first dense layer."""
    allowed = POOLINGS[subject.profile]
    others = [layer for layer in _head(subject, source) if layer.kind not in ("Dense", "Dropout")]
    poolings = [layer.kind for layer in others]
    before = all(layer.before_dense for layer in others)
    found = CheckResult(
        status=Status.PASS if before and len(poolings) == 1 and poolings[0] in allowed else Status.FAIL,
        observed=f"{' and '.join(poolings) or 'nothing'}{'' if before else ', not before the dense layers'}",
        expected=" or ".join(allowed),
    )
    return first_failure([stated("FER-P-03", "pooling", allowed, subject.profile), found])


def has_two_dense_layers(subject: ImplementationSubject, source: str) -> CheckResult:
    """FER-P-04: dense layers of 256 and 128 units precede the output; profile ``paper``: 256 and 256."""
    units = [layer.units for layer in _head(subject, source) if layer.kind == "Dense"][:-1]
    expected, other = HEAD_UNITS[subject.profile], HEAD_UNITS[OTHER[subject.profile]]
    likely = f"the units of the profile {OTHER[subject.profile]}" if units == other else None
    return equal(units, expected, "units before the output", likely)


def drops_out_after_the_first(subject: ImplementationSubject, source: str) -> CheckResult:
    """FER-P-05: dense layers are rectified; dropout of 0.2 follows only the first; seven softmax outputs end it."""
    layers = [layer for layer in _head(subject, source) if layer.kind in ("Dense", "Dropout")]
    observed = [str(layer) for layer in layers]
    last = max((place for place, layer in enumerate(layers) if layer.kind == "Dense"), default=-1)
    if last >= 0:
        observed[last] = f"{layers[last].units} outputs {layers[last].activation}"
    dense = sum(layer.kind == "Dense" for layer in layers)
    expected = ["Dense relu", f"Dropout {HEAD_DROPOUT:g}", *["Dense relu"] * (dense - 2), "7 outputs softmax"]
    return equal(", ".join(observed), ", ".join(expected))


def freezes_the_base_first(subject: ImplementationSubject, weights: Weights) -> CheckResult:
    """FER-P-06: the first phase of a pre-trained network freezes the base; later phases freeze nothing."""
    phases = rows("phases", subject.ask("phases", weights=weights))
    frozen = [field("phases", phase, "frozen") for phase in phases]
    found = equal(frozen, ["base", *[None] * (len(frozen) - 1)], "frozen in each phase")
    return first_failure([stated("FER-P-06", "frozen", "base", subject.profile), found])


@dataclass(frozen=True)
class HeadLayer:
    """One layer of a head: its position relative to the first dense layer, and its settings."""

    kind: str
    before_dense: bool
    units: float | None = None
    activation: Any = None
    rate: str | None = None

    def __str__(self) -> str:
        return f"{self.kind} {self.rate if self.kind == 'Dropout' else self.activation}"


def _head(subject: ImplementationSubject, source: str) -> list[HeadLayer]:
    """Return the head from ``head`` or from the layer table of a row."""
    entries = _end_of_table(subject, source) if source in ROWS else rows("head", subject.ask("head", weights=source))
    kinds = [str(field("head", entry, "layer")) for entry in entries]
    first = kinds.index("Dense") if "Dense" in kinds else len(kinds)
    return [
        HeadLayer(
            kind,
            place < first,
            _units(entry) if kind == "Dense" else None,
            entry.get("activation"),
            text_of(entry.get("rate")),
        )
        for place, (kind, entry) in enumerate(zip(kinds, entries, strict=True))
    ]


def _end_of_table(subject: ImplementationSubject, id: str) -> list[dict[str, Any]]:
    """Return the layers after the last map of a network, in the form of ``head``."""
    table = answered_table(subject, ROWS[id])
    end = max((layer.number for layer in table if len(layer.shape) == 3), default=0)
    return [{"layer": layer.type, "units": sum(layer.shape[-1:]), **layer.settings} for layer in table[end:]]


def _units(entry: dict[str, Any]) -> float:
    units = float(numbers("head", field("head", entry, "units"), ()))
    return int(units) if units.is_integer() else units


CHECKS = (
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
