"""List what providers find for queries, each asked once."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

from pydantic import Field

from ferspec.collection.fetching import Client, NotFetched
from ferspec.collection.fetching.robots import Robots
from ferspec.collection.journal import Digest, Journal
from ferspec.collection.plan import Query
from ferspec.collection.sources.found import Found
from ferspec.collection.sources.providers import provider_of
from ferspec.collection.tombstones import address_digest
from ferspec.errors import UserError
from ferspec.progress import Progress
from ferspec.records import Record

STEP = "searching"


class Answered(Record):
    """What the journal keeps of a query: how many addresses were found, each of which has a line of its own."""

    count: Annotated[int, Field(ge=0, le=1_000_000)]


class Address(Record):
    """One address that was found, and the digest by which a withdrawal finds it."""

    found: str
    address: Digest


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
            answer = kept.get(key, Answered)
            if answer is None:
                try:
                    found = list(providers[name](query.text, limit, fetch))
                except (NotFetched, UserError) as error:
                    raise UserError(f"{name} cannot be asked for {query.text!r}: {error}") from None
                for number, address in enumerate(found):
                    kept.add(f"{key} {number}", Address(found=address, address=address_digest(address)))
                answer = kept.add(key, Answered(count=len(found)))
            progress(STEP, done, len(asked))
            for number in range(answer.count):
                if (line := kept.get(f"{key} {number}", Address)) is not None:  # else it was withdrawn
                    yield Found(line.found, query, query.text)
