"""ferspec grid"""

from __future__ import annotations

from typing import Annotated

import typer

from ferspec.commands import findings, judge, run_grid
from ferspec.commands.options import Json, Select
from ferspec.spec.records import Profile

app = typer.Typer(
    help="The 258 trainings of the protocol: list, run and judge them, and see what to expect of them.",
    epilog="Example: ferspec grid judge runs/",
    no_args_is_help=True,
)


@app.command("list", epilog="Example: ferspec grid list --select 'resolution=48 dataset=rafdb weights=scratch'")
def list_(select: Select = None, json: Json = False) -> None:
    """List cells and the cost of training them: parameters, operations, images of an epoch, usual epochs."""
    from ferspec.commands.tables.grid import print_cells
    from ferspec.grid import cells, costs, selection

    chosen = selection.select(cells.all_cells().values(), select or ())
    print_cells([costs.cost_of(cell) for cell in chosen], as_json=json)


@app.command(epilog="Example: ferspec grid band vgg16-imagenet-48-rafdb-simple --runs 3")
def band(
    cell: Annotated[str, typer.Argument(metavar="CELL", help="A cell; 'ferspec grid list' shows them.")],
    runs: Annotated[
        int, typer.Option("--runs", "-k", metavar="K", help="The number of trainings whose mean is expected there.")
    ] = 1,
    profile: Annotated[
        Profile,
        typer.Option(
            "--profile",
            "-p",
            help="Prefer the metrics of the authors' report (released) or those printed in the paper (paper).",
        ),
    ] = "released",
    json: Json = False,
) -> None:
    """Show the bands of the metrics of a further training, and their derivation."""
    from ferspec.commands.tables.grid import print_bands
    from ferspec.grid import cells
    from ferspec.grid.bands import bands

    print_bands(bands.bands_of(cells.find_cell(cell), profile, runs), as_json=json)


app.command("judge", epilog=judge.JUDGE_EXAMPLE)(judge.judge)
app.command("export-published", epilog=judge.EXPORT_EXAMPLE)(judge.export_published)
app.command("findings", epilog=findings.EXAMPLE)(findings.findings)
app.command("run", epilog=run_grid.EXAMPLE)(run_grid.run)
