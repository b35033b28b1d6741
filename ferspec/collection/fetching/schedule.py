"""Fetch many addresses: one after another for each host, and several hosts at once."""

from __future__ import annotations

import queue
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from urllib.parse import urlsplit

from ferspec.collection.fetching.client import Client, Fetched, NotFetched
from ferspec.collection.fetching.robots import Robots

HOSTS = 8
# contents that wait for the caller
WAITING = 8

Answer = tuple[str, Fetched | NotFetched]


def fetch_each(addresses: Sequence[str], client: Client, delay: float) -> Iterator[Answer]:
    """Yield each address with its content or the error, as they arrive.

    A host is asked again ``delay`` seconds after its last answer, or after the time that its robots.txt asks for. The
    robots.txt counts for redirects also; the delay does not.
    """
    robots = Robots(client)
    by_host: dict[str, list[str]] = defaultdict(list)
    for address in addresses:
        by_host[_host(address)].append(address)
    answers: queue.Queue[Answer] = queue.Queue(WAITING)
    stopped = threading.Event()

    def ask(waiting: list[str]) -> None:
        last = None
        for address in waiting:
            if last is not None and stopped.wait(max(0.0, last + _delay(robots, address, delay) - time.monotonic())):
                return
            answer = _fetch(client, robots, address)
            last = time.monotonic()
            while not stopped.is_set():
                try:
                    answers.put((address, answer), timeout=0.2)
                    break
                except queue.Full:
                    continue

    with ThreadPoolExecutor(HOSTS) as threads:
        futures = [threads.submit(ask, waiting) for waiting in by_host.values()]
        try:
            for _ in addresses:
                yield _next(answers, futures)
        finally:
            stopped.set()
            for future in futures:
                future.cancel()


def _next(answers: queue.Queue[Answer], futures: Sequence[Future[None]]) -> Answer:
    """Return the next answer; raise what a thread raised, which would otherwise never answer."""
    while True:
        try:
            return answers.get(timeout=1)
        except queue.Empty:
            for future in futures:
                if future.done():
                    future.result()


def _fetch(client: Client, robots: Robots, address: str) -> Fetched | NotFetched:
    try:
        return client.fetch(address, before=robots.require_allowed)
    except NotFetched as reason:
        return reason


def _delay(robots: Robots, address: str, delay: float) -> float:
    try:
        return max(delay, robots.delay(address))
    except (NotFetched, ValueError):
        return delay


def _host(address: str) -> str:
    try:
        return urlsplit(address).netloc.lower()
    except ValueError:
        return ""
