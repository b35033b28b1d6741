"""ferspec dataset"""

from __future__ import annotations

import typer

from ferspec.commands.dataset import describe

app = typer.Typer(
    help="Datasets of facial expressions: describe one.",
    epilog="Example: ferspec dataset describe RAF-DB/",
    no_args_is_help=True,
)
app.command("describe", epilog=describe.EXAMPLE)(describe.describe)
