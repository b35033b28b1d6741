"""ferspec dataset"""

from __future__ import annotations

import typer

from ferspec.commands.dataset import anonymise, build, describe, find, get, inspect, queries, withdraw
from ferspec.commands.registering import add_commands

app = typer.Typer(
    help="Datasets of facial expressions: get, describe, inspect, build, anonymise; find and withdraw pictures.",
    epilog="Example: ferspec dataset describe RAF-DB/",
    no_args_is_help=True,
)
add_commands(app, anonymise, build, describe, find, get, inspect, queries, withdraw)
