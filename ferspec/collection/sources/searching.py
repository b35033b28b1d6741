"""List what providers find for queries, each asked once."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from ferspec.collection.fetching import Client, NotFetched
from ferspec.collection.fetching.robots import Robots
from ferspec.collection.journal import Journal
from ferspec.collection.plan import Query
from ferspec.collection.sources.found import Found
from ferspec.collection.sources.providers import provider_of
from ferspec.collection.tombstones import address_digest
from ferspec.errors import UserError
from ferspec.progress import Progress

STEP = "searching"


def search(
    names: Sequence[str],
    queries: Sequence[Query],
    limit: int,
    journal: Path,
    client: Client,
    delay: float,
    progress: Progress,
) -> Iterator[Found]:
    """Yield what each provider finds for each query, at most ``limit`` addresses each.

    Answers are kept in the journal, one line for each address, and a query is not asked twice. ``UserError`` where a
    provider cannot be asked.
    """
    providers = {name: provider_of(name) for name in names}
    robots = Robots(client)
    asked = [(name, query) for name in names for query in queries]
    last = 0.0

    def fetch(address: str) -> bytes:
        nonlocal last
        time.sleep(max(0.0, last + delay - time.monotonic()))
        try:
            return client.fetch(address, before=robots.require_allowed).content
        finally:
            last = time.monotonic()

    with Journal(journal) as kept:
        for done, (name, query) in enumerate(asked, start=1):
            key = f"search {name}: {query.text}"
            entry = kept.get(key)
            if entry is None:
                try:
                    found = list(providers[name](query.text, limit, fetch))
                except (NotFetched, UserError) as error:
                    raise UserError(f"{name} cannot be asked for {query.text!r}: {error}") from None
                for number, address in enumerate(found):
                    kept.add(f"{key} {number}", found=address, address=address_digest(address))
                entry = kept.add(key, count=len(found))
            progress(STEP, done, len(asked))
            for number in range(int(entry["count"])):
                if (line := kept.get(f"{key} {number}")) is not None:  # else it was withdrawn
                    yield Found(str(line["found"]), query, query.text)
