"""Ask search engines for the addresses of pictures: a provider is a plug-in.

A provider is a function ``(query, limit, fetch) -> iterable of addresses``; ``fetch(address)`` returns the content of a
page within the limits of the collection, as robots.txt allows. Other packages add one by an entry point in the group
``ferspec.providers``.
"""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import entry_points
from itertools import islice
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

from ferspec.errors import UserError, one_line
from ferspec.extras import require_package

GROUP = "ferspec.providers"
FetchPage = Callable[[str], bytes]
Provider = Callable[[str, int, FetchPage], Iterable[str]]


def bing(query: str, limit: int, fetch: FetchPage) -> Iterator[str]:
    """Yield addresses of pictures that Bing finds, with the parser of icrawler."""
    require_package("asking Bing", "icrawler")
    from icrawler.builtin.bing import BingFeeder, BingParser

    return _parsed(BingFeeder, BingParser, query, limit, fetch)


def baidu(query: str, limit: int, fetch: FetchPage) -> Iterator[str]:
    """Yield addresses of pictures that Baidu finds, with the parser of icrawler."""
    require_package("asking Baidu", "icrawler")
    from icrawler.builtin.baidu import BaiduFeeder, BaiduParser

    return _parsed(BaiduFeeder, BaiduParser, query, limit, fetch)


# the crawler of Google in icrawler is broken
PROVIDERS: dict[str, Provider] = {"bing": bing, "baidu": baidu}


def provider_of(name: str) -> Provider:
    """Return a provider by its name: one of ours, or of an entry point; ``UserError`` for any other name."""
    if name in PROVIDERS:
        return PROVIDERS[name]
    others = {point.name: point for point in entry_points(group=GROUP)}
    if name in others:
        provider: Provider = others[name].load()
        return provider
    raise UserError(f"the provider {name!r} is not known: known are {', '.join([*PROVIDERS, *others])}")


def _parsed(feeder_class: Any, parser_class: Any, query: str, limit: int, fetch: FetchPage) -> Iterator[str]:
    """Yield the addresses on the pages of results; the threads and the downloader of icrawler are not used."""
    feeder, parser = feeder_class(1, None, None), parser_class(1, None, None)
    feeder.out_queue = queue.Queue()  # its own is bounded, and would wait for a thread
    feeder.feed(quote(query), 0, limit)
    pages = iter(lambda: None if feeder.out_queue.empty() else feeder.out_queue.get(), None)
    return islice((address for page in pages for address in _addresses(parser, fetch(page))), limit)


def _addresses(parser: Any, content: bytes) -> Iterator[str]:
    try:
        yield from (str(found["file_url"]) for found in parser.parse(SimpleNamespace(content=content)) or ())
    except Exception as error:  # a page of another form can raise anything inside the parser
        raise UserError(f"the page of results cannot be read ({one_line(error)})") from error
