"""Advice on which network to train, from the published grid and from measurements."""

from __future__ import annotations

from collections.abc import Sequence

from ferspec.grid.advising.constraints import Constraints, Requirement, select_cells
from ferspec.grid.advising.measured import Measurement, by_network
from ferspec.grid.advising.shortlist import Shortlist, shortlist
from ferspec.grid.advising.verdicts import Outcome, Verdict, verdicts
from ferspec.records import Record
from ferspec.spec.records import DEFAULT_PROFILE, Profile


class Advice(Record):
    """The short list under some constraints, and the paper's own advice, judged.

    ``cells`` is the number of cells of the grid. ``outside`` are measured models that are not of a cell: they have no
    published accuracy, so that they are not ranked.
    """

    profile: Profile
    constraints: Constraints
    requirements: tuple[Requirement, ...]
    cells: int
    shortlist: Shortlist
    outside: tuple[Measurement, ...]
    statements: tuple[Verdict, ...]

    def count(self, outcome: Outcome) -> int:
        """Return the number of the paper's statements with an outcome."""
        return sum(statement.outcome == outcome for statement in self.statements)


def advise(
    constraints: Constraints, measurements: Sequence[Measurement] = (), profile: Profile = DEFAULT_PROFILE
) -> Advice:
    """Rank the cells that meet all constraints, and judge the paper's advice, whatever the constraints.

    ``UserError`` as for ``select_cells``.
    """
    measured = by_network(measurements)
    chosen = select_cells(constraints, measured)
    return Advice(
        profile=profile,
        constraints=constraints,
        requirements=chosen.requirements,
        cells=chosen.total,
        shortlist=shortlist(chosen.cells, measured, profile),
        outside=tuple(one for one in measurements if one.cell is None),
        statements=verdicts(profile),
    )
