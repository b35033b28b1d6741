"""ferspec dataset queries"""

from __future__ import annotations

from typing import Annotated

import typer

from ferspec.commands.options import Json

EXAMPLE = "Example: ferspec dataset queries --language es > queries.csv"


def queries(
    language: Annotated[
        list[str] | None, typer.Option("--language", "-l", metavar="LANGUAGE", help="en or es; both by default.")
    ] = None,
    json: Json = False,
) -> None:
    """Print the query plan as CSV: ethnicity, gender, age and expression, in English and Spanish.

    The terms are those of the paper. Use the queries as names of folders or lists: a collection reads class and terms
    from them.
    """
    from ferspec.collection.plan import languages_of, queries
    from ferspec.commands.tables.building import print_queries

    print_queries(queries(languages_of(language)), as_json=json)
