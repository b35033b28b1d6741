"""ferspec dataset build"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ferspec.commands.options import Json

EXAMPLE = "Example: ferspec dataset build faces/ --from urls.csv --from photographs/ --per-class 300 --seed 1"


def build(
    out: Annotated[Path, typer.Argument(metavar="DIR", help="The folder of the collection: new, or one to continue.")],
    sources: Annotated[
        list[Path] | None,
        typer.Option(
            "--from",
            "-f",
            metavar="SOURCE",
            help="A list of addresses (CSV, text), a folder or an archive of folders named for classes or queries.",
        ),
    ] = None,
    providers: Annotated[
        list[str] | None,
        typer.Option("--provider", metavar="NAME", help="Ask a search engine the query plan: bing, baidu, a plug-in."),
    ] = None,
    languages: Annotated[
        list[str] | None, typer.Option("--language", "-l", metavar="LANGUAGE", help="Of the query plan: en or es.")
    ] = None,
    per_query: Annotated[
        int, typer.Option("--per-query", min=1, metavar="N", help="Addresses that a provider is asked for.")
    ] = 20,
    per_class: Annotated[
        int | None, typer.Option("--per-class", min=1, metavar="N", help="Faces of each class; 300 as in BTFER.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="The seed of the sample.")] = 0,
    licences: Annotated[
        list[str] | None,
        typer.Option("--licence", metavar="NAME", help="Collect only pictures with this licence; repeatable."),
    ] = None,
    delay: Annotated[
        float, typer.Option("--delay", min=0, metavar="SECONDS", help="Between two requests to one host.")
    ] = 1.0,
    seconds: Annotated[
        float, typer.Option("--seconds", min=0.1, metavar="SECONDS", help="How long a picture may take to arrive.")
    ] = 30.0,
    megabytes: Annotated[
        float, typer.Option("--megabytes", min=0.001, metavar="N", help="How large a file may be.")
    ] = 20.0,
    allow_private: Annotated[
        bool, typer.Option("--allow-private", help="Also fetch from private networks, such as this machine.")
    ] = False,
    drop_doubtful: Annotated[
        bool, typer.Option("--drop-doubtful", help="Drop pictures that wait for a reviewer, and continue.")
    ] = False,
    until: Annotated[
        str, typer.Option("--until", metavar="STAGE", help="Stop after collect, clean, crop or sample.")
    ] = "sample",
    json: Json = False,
) -> None:
    """Build a set of faces as the paper built BTFER: collect, clean, crop, sample.

    Each stage leaves a manifest. The same command continues a build that was ended anywhere. Where pictures wait for a
    decision, it stops and names a page for the browser.

    Exit status: 0 the set is complete, or the stage of --until is; 2 nothing could be built; 3 pictures wait for a
    decision, or classes lack faces.
    """
    from ferspec.api.dataset.build import build as built
    from ferspec.collection.manifest import stage_of
    from ferspec.collection.plan import languages_of
    from ferspec.commands.endings import saying_what_is_kept
    from ferspec.commands.live.progress import progress
    from ferspec.commands.tables.building import print_built

    with (
        saying_what_is_kept(lambda: f"what was collected and measured is kept in {out}; the same command continues"),
        progress() as shown,
    ):
        found = built(
            out,
            sources or (),
            providers or (),
            languages=languages_of(languages),
            per_query=per_query,
            per_class=per_class,
            seed=seed,
            licences=licences or (),
            delay=delay,
            seconds=seconds,
            megabytes=megabytes,
            allow_private=allow_private,
            drop_doubtful=drop_doubtful,
            until=stage_of(until),
            progress=shown,
        )
    print_built(found, as_json=json)
    raise typer.Exit(0 if found.state in ("complete", "stopped") else 3)
