"""ferspec dataset"""

from __future__ import annotations

import typer

from ferspec.commands.dataset import describe, get

app = typer.Typer(
    help="Datasets of facial expressions: get and describe them.",
    epilog="Example: ferspec dataset describe RAF-DB/",
    no_args_is_help=True,
)
app.command("describe", epilog=describe.EXAMPLE)(describe.describe)
app.command("get", epilog=get.EXAMPLE)(get.get)
