"""Selects the cells that meet what a user requires, and says which requirement removes what."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Literal, get_args

from ferspec import spec
from ferspec.errors import UserError
from ferspec.grid.advising.measured import Measurement, Network, network_of
from ferspec.grid.selection import select
from ferspec.records import Record
from ferspec.spec.records import Cell, Resolution

UNITS = {"": 1, "k": 10**3, "m": 10**6, "b": 10**9}
NUMBER = re.compile(r"(\d+(?:\.\d+)?)\s*([kmb]?)", re.IGNORECASE)

Answer = Literal["yes", "no"]


class Constraints(Record):
    """What a user requires; None where any value will do. ``parameters`` is the largest number allowed."""

    resolution: int | None = None
    parameters: int | None = None
    milliseconds: float | None = None
    pretrained: Answer | None = None
    dataset: str | None = None


class Requirement(Record):
    """One requirement as it was given, and how many of all cells meet it alone."""

    option: str
    met: int
    unmeasured: int = 0


class Selected(Record):
    """The cells that meet all requirements, out of ``total``."""

    cells: tuple[Cell, ...]
    total: int
    requirements: tuple[Requirement, ...]


def parameter_count(text: str | int) -> int:
    """Return a number of parameters such as ``5M``, ``250k`` or ``5000000``; ``UserError`` for another text."""
    found = NUMBER.fullmatch(str(text).strip().replace(",", "").replace("_", ""))
    count = int(float(found[1]) * UNITS[found[2].lower()]) if found else 0
    if count < 1:
        raise UserError(f"--max-params {text}: expected a number of parameters above 0, such as 5M, 250k or 5000000")
    return count


def select_cells(constraints: Constraints, measured: Mapping[Network, Measurement]) -> Selected:
    """Return the cells of the grid that meet all constraints.

    ``UserError`` for a value that no cell has, for a latency without measurements, and where no cell is left: the
    message says what each constraint leaves.
    """
    tests = _tests(constraints, measured)
    cells = spec.load().cells
    left = tuple(cell for cell in cells if all(test(cell) for test in tests.values()))
    if not left:
        raise UserError(_nothing_left(cells, tests))
    requirements = tuple(
        Requirement(option=option, met=sum(map(test, cells)), unmeasured=_unmeasured(option, cells, measured))
        for option, test in tests.items()
    )
    return Selected(cells=left, total=len(cells), requirements=requirements)


def parameters_of(cell: Cell) -> int:
    """Return the number of parameters of a cell's network, as run."""
    return spec.load().networks[cell.architecture].parameter_total(cell.weights, cell.resolution)


def _tests(constraints: Constraints, measured: Mapping[Network, Measurement]) -> dict[str, Callable[[Cell], bool]]:
    """Return a test of cells for each constraint, by the option that gives it."""
    tests: dict[str, Callable[[Cell], bool]] = {}
    if (resolution := constraints.resolution) is not None:
        known = get_args(Resolution)
        if resolution not in known:
            raise UserError(f"--resolution {resolution}: known are {', '.join(map(str, known))}")
        tests[f"--resolution {resolution}"] = lambda cell: cell.resolution == resolution
    if (most := constraints.parameters) is not None:
        tests[f"--max-params {most:,}"] = lambda cell: parameters_of(cell) <= most
    if (longest := constraints.milliseconds) is not None:
        _require_measured(longest, measured)
        tests[f"--max-latency-ms {longest:g}"] = lambda cell: (
            (found := measured.get(network_of(cell))) is not None and found.milliseconds <= longest
        )
    if (pretrained := constraints.pretrained) is not None:
        tests[f"--pretrained {pretrained}"] = lambda cell: (cell.weights != "scratch") == (pretrained == "yes")
    if (dataset := constraints.dataset) is not None:
        chosen = {cell.id for cell in select(spec.load().cells, (f"dataset={dataset}",))}
        tests[f"--dataset {dataset}"] = lambda cell: cell.id in chosen
    return tests


def _require_measured(longest: float, measured: Mapping[Network, Measurement]) -> None:
    option = f"--max-latency-ms {longest:g}"
    if not longest > 0:
        raise UserError(f"{option}: expected a number of milliseconds above 0")
    if not measured:
        raise UserError(f"{option}: no latency of a published cell is known: add --measured FILE that names its cells")


def _unmeasured(option: str, cells: Sequence[Cell], measured: Mapping[Network, Measurement]) -> int:
    if not option.startswith("--max-latency-ms"):
        return 0
    return sum(network_of(cell) not in measured for cell in cells)


def _nothing_left(cells: Sequence[Cell], tests: Mapping[str, Callable[[Cell], bool]]) -> str:
    """Return what each constraint leaves, one after the other, and which one to relax."""
    steps, left = [], list(cells)
    for option, test in tests.items():
        left = [cell for cell in left if test(cell)]
        steps.append(f"{option} leaves {len(left)}")
    without = {
        option: sum(all(test(cell) for name, test in tests.items() if name != option) for cell in cells)
        for option in tests
    }
    relaxed = [f"without {option} it would be {count}" for option, count in without.items() if count]
    advice = "; ".join(relaxed) if relaxed else "leaving out one of them is not enough"
    return f"no cell meets all constraints: of {len(cells)}, {', '.join(steps)}; {advice}"
