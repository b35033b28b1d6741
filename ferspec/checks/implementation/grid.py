"""FER-G-01 to FER-G-05: the cells of the published grid, their figures, and which of them are replicates."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

from ferspec import spec
from ferspec.checks.implementation.bands import checks as bands
from ferspec.checks.implementation.answers.judge import close, equal, field, first_failure, judge_each, numbers, rows
from ferspec.engine import Check, checks_by_case
from ferspec.outcomes import CheckResult, Status
from ferspec.spec.names import plain_name
from ferspec.spec.records import IDENTITY, Cell, Figures
from ferspec.subjects.implementations.subject import ImplementationSubject

AXES = {"resolutions": "resolution", "datasets": "dataset", "balancings": "balancing"}
KINDS = ("printed", "released")
FIGURES = tuple(Figures.model_fields)
# Figures have two decimals; what is farther off than this is no rounding of another framework.
ROUNDING_ERROR = 2e-6

# Read off Table 2, in its order: precision, recall, F1 and accuracy on the validation part, then on BTFER.
TABLE_2 = {
    ("VGG16", "imagenet", 48, "RAF-DB", "simple"): (0.78, 0.77, 0.77, 0.77, 0.51, 0.52, 0.51, 0.52),
    ("VGG16", "vggface", 48, "RAF-DB", "simple"): (0.69, 0.64, 0.66, 0.72, 0.39, 0.37, 0.35, 0.45),
    ("VGG16", "scratch", 48, "RAF-DB", "simple"): (0.76, 0.73, 0.74, 0.73, 0.38, 0.38, 0.36, 0.47),
}


def has_the_cells(subject: ImplementationSubject) -> CheckResult:
    """FER-G-01: the cells are those of the published grid, each once, in any order."""
    found = Counter(_cells(subject))
    wanted = {tuple(map(_plain, _identity(cell))): cell.id for cell in spec.load().cells}
    twice = [" ".join(cell) for cell, count in found.items() if count > 1]
    lacking = [id for cell, id in wanted.items() if cell not in found]
    spare = [" ".join(cell) for cell in found if cell not in wanted]
    total, stated = sum(found.values()), _rows() * len(_values("datasets")) * len(_values("balancings"))
    words = [
        f"{len(cells)} {word}: {cells[0]}"
        for cells, word in ((twice, "more than once"), (lacking, "missing"), (spare, "not in it"))
        if cells
    ]
    return CheckResult(
        status=Status.FAIL if words or total != stated else Status.PASS,
        observed=", ".join([f"{total} cells", *words]),
        expected=f"{stated} cells",
        difference=(total - stated) or None,
    )


def has_the_axes(subject: ImplementationSubject, axis: str) -> CheckResult:
    """FER-G-02: resolutions, datasets and balancings of all cells."""
    place = IDENTITY.index(AXES[axis])
    return equal(sorted({cell[place] for cell in _cells(subject)}), sorted(map(_plain, _values(axis))), axis)


def publishes_the_figures(subject: ImplementationSubject) -> CheckResult:
    """FER-G-03: the eight figures of every cell, as printed and as released, null where one is not known."""

    def judged(cell: Cell) -> CheckResult:
        told = subject.ask("published", **dict(zip(IDENTITY, _identity(cell), strict=True)))
        findings = _typed(told, _identity(cell))
        for kind, confused in (KINDS, KINDS[::-1]):
            part, right, other = field("published", told, kind), getattr(cell, kind), getattr(cell, confused)
            for name in FIGURES:
                label = f"{cell.id}, {kind} {name}"
                findings.append(_figure(part, name, getattr(right, name), getattr(other, name), label))
        return first_failure(findings)

    return judge_each(judged, spec.load().cells)


def _typed(told: Any, identity: tuple) -> list[CheckResult]:
    """Compare what is typed here of a cell, if anything is: print alone, with nothing to confuse it with."""
    label, printed = " ".join(map(str, identity)), field("published", told, "printed")
    typed = zip(FIGURES, TABLE_2.get(identity, ()), strict=False)
    return [_figure(printed, name, value, value, f"{label}, printed {name}") for name, value in typed]


def tells_how_well_they_agree(subject: ImplementationSubject) -> CheckResult:
    """FER-G-04: the mean distance decides; a first threshold that is reached is near, a second one still is."""
    below, up_to = (spec.load().value("FER-G-04", name) for name in ("agree_below", "near_up_to"))
    cases = (
        ([0.0] * 8, "agree"),
        ([0.01], "agree"),
        ([0.0, 0.0, 0.0, 0.04], "agree"),
        ([0.0, 0.02], "agree"),
        ([below], "near"),
        ([below, below], "near"),
        ([0.0, 0.0, 0.0, 0.08], "near"),
        ([0.0, 0.0, 0.06], "near"),
        ([0.02] * 8, "near"),
        ([up_to], "near"),
        ([up_to + 0.001], "differ"),
        ([0.0, 0.0, 0.0, 0.2], "differ"),
        ([0.04] * 4, "differ"),
    )

    def judged(case: tuple[list[float], str]) -> CheckResult:
        distances, answer = case
        return equal(subject.ask("agreement", distances=distances), answer, str(distances))

    return judge_each(judged, cases)


def pairs_the_replicates(subject: ImplementationSubject) -> CheckResult:
    """FER-G-05: AffectNet's cells of both balancings, in pairs in any order."""
    told = [rows("replicates", pair, 2) for pair in rows("replicates", subject.ask("replicates"))]
    observed = Counter(frozenset(str(id).lower() for id in pair) for pair in told)
    ids = [cell.id for cell in spec.load().cells if cell.dataset == "AffectNet" and cell.balancing == "simple"]
    expected = Counter(frozenset((id, f"{id.removesuffix('simple')}conservative")) for id in ids)
    spare, lacking = observed - expected, expected - observed
    return CheckResult(
        status=Status.PASS if observed == expected and len(told) == _rows() else Status.FAIL,
        observed=f"{len(told)} pairs{_first(', also ', spare)}{_first(', without ', lacking)}",
        expected=f"{_rows()} pairs",
        difference=(len(told) - len(ids)) or None,
    )


def _rows() -> int:
    """Return how many rows Tables 2 and 3 have together."""
    return sum(spec.load().integers("FER-G-01", "rows"))


def _values(axis: str) -> tuple[Any, ...]:
    return tuple(spec.load().clause("FER-G-02").under("released")[axis])


def _cells(subject: ImplementationSubject) -> list[tuple[str, ...]]:
    told = rows("cells", subject.ask("cells"))
    return [tuple(_plain(field("cells", cell, name)) for name in IDENTITY) for cell in told]


def _figure(told: Any, name: str, expected: float | None, other: float | None, label: str) -> CheckResult:
    """Compare a figure; ``other`` is the one that it would be if print and report were confused."""
    value = field("published", told, name)
    if value is not None:
        value = float(numbers("published", value, ()))
    likely = None
    if value == other:
        likely = "print and report are confused"
    elif expected is None:
        likely = "a figure is told where none is known"
    elif value is not None and math.isclose(value, 100 * expected):
        likely = "figures are told in percent, not as shares of 1"
    if value is None or expected is None:
        return equal(value, expected, label, likely)
    return close(value, expected, ROUNDING_ERROR, [label], likely)


def _identity(cell: Cell) -> tuple:
    return tuple(getattr(cell, name) for name in IDENTITY)


def _plain(value: Any) -> str:
    # JSON of some languages writes whole numbers with a point
    whole = isinstance(value, float) and value.is_integer()
    return plain_name(str(int(value) if whole else value))


def _first(word: str, pairs: Counter[frozenset[str]]) -> str:
    return f"{word}{' with '.join(sorted(next(iter(pairs))))}" if pairs else ""


CHECKS = (
    Check("FER-G-01", has_the_cells, ("cells",)),
    *checks_by_case("FER-G-02", has_the_axes, tuple(AXES), ("cells",)),
    Check("FER-G-03", publishes_the_figures, ("published",)),
    Check("FER-G-04", tells_how_well_they_agree, ("agreement",)),
    Check("FER-G-05", pairs_the_replicates, ("replicates",)),
    *bands.CHECKS,
)
