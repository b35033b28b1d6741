"""ferspec spec"""

from __future__ import annotations

from typing import Annotated

import typer

from ferspec.commands.options import Json

app = typer.Typer(
    help="The protocol as data: clauses, published cells and errata.",
    epilog="Example: ferspec spec show FER-W-02",
    no_args_is_help=True,
)


@app.command("list", epilog="Example: ferspec spec list --family W --status normative")
def list_(
    family: Annotated[
        str | None, typer.Option("--family", "-f", metavar="LETTER", help="Only the clauses of FER-LETTER.")
    ] = None,
    status: Annotated[
        str | None,
        typer.Option("--status", "-s", metavar="STATUS", help="normative, ambiguous, contradicted or untestable."),
    ] = None,
    json: Json = False,
) -> None:
    """List the clauses: id, status, title and place."""
    from ferspec import spec
    from ferspec.commands.tables.spec import print_clauses

    print_clauses(spec.load().select(family, status), as_json=json)


@app.command("show", epilog="Example: ferspec spec show FER-W-02")
def show(
    id: Annotated[str, typer.Argument(metavar="ID", help="A clause (FER-W-02), an erratum (ERR-16) or a cell.")],
    json: Json = False,
) -> None:
    """Show one clause with its values, erratum with its readings, or cell with its metrics."""
    from ferspec import spec
    from ferspec.commands.tables.spec import print_entry

    print_entry(spec.load(), id, as_json=json)


@app.command("errata", epilog="Example: ferspec spec errata --json")
def errata(json: Json = False) -> None:
    """List where text, tables and runs disagree: every value, its place, and the default."""
    from ferspec import spec
    from ferspec.commands.tables.spec import print_errata

    print_errata(spec.load().errata, as_json=json)


@app.command("coverage", epilog="Example: ferspec spec coverage --family W")
def coverage(
    family: Annotated[
        str | None, typer.Option("--family", "-f", metavar="LETTER", help="Only the clauses of FER-LETTER.")
    ] = None,
    json: Json = False,
) -> None:
    """List the checks and mutants of each clause; exit status 1 if a testable clause lacks either."""
    from ferspec.commands.tables.coverage import print_coverage
    from ferspec.report.coverage.coverage import coverage as coverage_of

    found = coverage_of(family)
    print_coverage(found, as_json=json)
    raise typer.Exit(int(found.missing > 0))
