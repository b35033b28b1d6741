"""ferspec dataset"""

from __future__ import annotations

import typer

from ferspec.commands.dataset import anonymise, build, describe, find, get, inspect, queries, withdraw

app = typer.Typer(
    help="Datasets of facial expressions: get, describe, inspect, build, anonymise; find and withdraw pictures.",
    epilog="Example: ferspec dataset describe RAF-DB/",
    no_args_is_help=True,
)
app.command("anonymise", epilog=anonymise.EXAMPLE)(anonymise.anonymise)
app.command("build", epilog=build.EXAMPLE)(build.build)
app.command("describe", epilog=describe.EXAMPLE)(describe.describe)
app.command("find", epilog=find.EXAMPLE)(find.find)
app.command("get", epilog=get.EXAMPLE)(get.get)
app.command("inspect", epilog=inspect.EXAMPLE)(inspect.inspect)
app.command("queries", epilog=queries.EXAMPLE)(queries.queries)
app.command("withdraw", epilog=withdraw.EXAMPLE)(withdraw.withdraw)
