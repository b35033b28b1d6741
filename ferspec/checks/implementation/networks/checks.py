"""FER-N, FER-P-01 and FER-P-02: the networks and their initial weights.

Layers are compared with the layer tables of the specification; a departure names the first layer that differs.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from ferspec import spec
from ferspec.checks.implementation.answers.explain import answers_to, explained, near
from ferspec.checks.implementation.answers.judge import equal, first_failure, judge_each, numbers, rows
from ferspec.checks.implementation.answers.listing import complete
from ferspec.checks.implementation.answers.specification import stated
from ferspec.checks.implementation.networks import heads, witness
from ferspec.checks.implementation.networks.mistakes import TOTALS
from ferspec.checks.implementation.networks.tables import (
    OTHER,
    ROWS,
    answered_table,
    asked,
    expected_total,
    stated_table,
    text_of,
    total_of,
)
from ferspec.engine import Check, checks_by_case
from ferspec.errors import NotEvaluable
from ferspec.outcomes import CheckResult, Status
from ferspec.reference.models import departure
from ferspec.spec.layers import Layer
from ferspec.spec.names import plain_name
from ferspec.subjects.implementations.subject import ImplementationSubject

SQUARE = ("kernel", "pool", "strides")
NETWORKS = tuple(dict.fromkeys(cell.architecture for cell in spec.load().cells))
CLAUSES = {id: spec.load().networks[row.network].clause for id, row in ROWS.items()}


def knows_the_architectures(subject: ImplementationSubject) -> CheckResult:
    """FER-N-01: 25 architectures are known by name, none twice; the text counts the 23 rows of Table 2."""
    spelled = {plain_name(name): name for name in spec.load().networks}
    answered = [plain_name(str(name)) for name in rows("architectures", subject.ask("architectures"))]
    names = [spelled.get(name, name) for name in answered]
    known = list(spelled.values())
    if subject.profile == "paper":
        known = [row.network for row in ROWS.values() if row.place == "Table 2"]
    count = witness.ARCHITECTURES[subject.profile]
    listed = complete(names, known, count, "architectures")
    return first_failure([stated("FER-N-01", "architectures", count, subject.profile), listed])


def has_the_total(subject: ImplementationSubject, id: str) -> CheckResult:
    """FER-N-02: with seven classes, a network has the parameters it was run with, or that its text implies."""
    row, profile = ROWS[id], subject.profile
    total = float(numbers("parameter_total", subject.ask("parameter_total", **asked(row)), ()))

    def compared(expected: int) -> CheckResult:
        return CheckResult(
            status=Status.PASS if total == expected else Status.FAIL,
            observed=f"{total:,.10g} parameters",
            expected=f"{expected:,} parameters",
            difference=None if total == expected else total - expected,
        )

    finding = judge_each(compared, [expected_total(row, profile), total_of(row, profile)])
    return explained(finding, total, TOTALS, {**asked(row), "profile": profile}, near(relative=1e-5))


def has_the_layers(subject: ImplementationSubject, id: str) -> CheckResult:
    """FER-N-02 to FER-N-12: a network consists of the layers of its table, whatever they are called."""
    row, other = ROWS[id], OTHER[subject.profile]
    observed, expected = answered_table(subject, row), stated_table(row, subject.profile)
    departed = departure(observed, expected)
    if departed is None:
        return CheckResult(status=Status.PASS, observed=f"{len(observed)} layers", expected=f"{len(expected)} layers")
    is_other = departure(observed, stated_table(row, other)) is None
    return CheckResult(
        status=Status.FAIL,
        observed=f"layer {departed.layer}: {departed.observed}",
        expected=f"layer {departed.layer}: {departed.expected}",
        likely=f"it is the network of the profile {other}" if is_other else None,
    )


def has_the_stated_sizes(subject: ImplementationSubject, clause: str) -> CheckResult:
    """FER-N-03 to FER-N-12: kernels, filters, units and rates are those that the paper and its runs state."""
    row = next(row for id, row in ROWS.items() if CLAUSES[id] == clause)
    table = answered_table(subject, row)
    sizes = witness.sizes_of(clause, subject.profile)
    return judge_each(lambda name: _compared(table, name, sizes[name]), sizes)


def starts_from_known_weights(subject: ImplementationSubject) -> CheckResult:
    """FER-P-01: over all networks, the initial weights are ImageNet's, VGGFace's and drawn ones, and no others."""
    answers = answers_to(partial(_starts, subject), dict.fromkeys(row.network for row in ROWS.values()))
    refusals = [answer for answer in answers if isinstance(answer, NotEvaluable)]
    found = {name for answer in answers if not isinstance(answer, NotEvaluable) for name in answer}
    if refusals and found <= set(witness.STARTING_WEIGHTS):
        raise refusals[0]
    return equal(sorted(found), sorted(witness.STARTING_WEIGHTS), "initial weights of all networks")


def starts_as_the_grid(subject: ImplementationSubject, network: str) -> CheckResult:
    """FER-P-02: a network starts from the weights that its rows of Tables 2 and 3 have."""
    weights = {cell.weights for cell in spec.load().cells if cell.architecture == network}
    return equal(_starts(subject, network), sorted(weights), network)


def _compared(table: Sequence[Layer], name: str, typed: Sequence[int | float | str | None]) -> CheckResult:
    """Compare one setting of all layers of a kind, ignoring order if all are stated."""
    kind, setting = name.split()
    layers = [layer for layer in table if layer.type == kind]
    observed = [str(layer.shape[-1]) if setting == "units" else layer.settings.get(setting) for layer in layers]
    expected = [None if value is None else _written(setting, value) for value in typed]
    if None in expected:
        known = [value is not None for value in expected] + [True] * len(observed)
        compared = [value if known[place] else None for place, value in enumerate(observed)]
        return equal(_unless_stated(compared), _unless_stated(expected), name)
    same = sorted(map(str, observed)) == sorted(map(str, expected))
    return equal(expected if same else observed, expected, name)


def _unless_stated(values: Sequence[str | None]) -> list[str]:
    return ["not stated" if value is None else value for value in values]


def _written(setting: str, value: int | float | str) -> str:
    """Return a typed setting as the tables write it."""
    return f"{value}x{value}" if setting in SQUARE else text_of(value)


def _starts(subject: ImplementationSubject, network: str) -> list[str]:
    return sorted(map(str, rows("starting_weights", subject.ask("starting_weights", architecture=network))))


CHECKS = (
    Check("FER-N-01", knows_the_architectures, ("architectures",)),
    *checks_by_case("FER-N-02", has_the_total, {f"total of {id}": (id,) for id in ROWS}, ("parameter_total",)),
    *(
        Check(clause, has_the_layers, ("layer_table",), f"layers of {id}", (id,))
        for clause, id in sorted((clause, id) for id, clause in CLAUSES.items())
    ),
    *(Check(clause, has_the_stated_sizes, ("layer_table",), "stated sizes", (clause,)) for clause in witness.SIZES),
    Check("FER-P-01", starts_from_known_weights, ("starting_weights",)),
    *checks_by_case("FER-P-02", starts_as_the_grid, NETWORKS, ("starting_weights",)),
    *heads.CHECKS,
)
