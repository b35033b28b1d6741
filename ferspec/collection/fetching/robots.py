"""Ask the robots.txt of each host which addresses may be fetched, and how often."""

from __future__ import annotations

import threading
from urllib.parse import urlsplit
from urllib.robotparser import RobotFileParser

from ferspec.collection.fetching.client import AGENT, Client, NotFetched
from ferspec.errors import one_line

# what RFC 9309 asks to read at least
LARGEST = 500 << 10
# a host that asks for more is asked once in this time
LONGEST_DELAY = 60.0
ROBOT = AGENT.partition("/")[0]


class Robots:
    """Know the rules of each host, fetched once. It may be asked in any thread.

    As RFC 9309 says, a host without the file (status 400 to 499) has no rules, and one whose file cannot be reached
    allows nothing. The parser of the standard library compares the beginnings of paths: it does not know ``*`` and
    ``$``.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._rules: dict[str, RobotFileParser | NotFetched] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def require_allowed(self, address: str) -> None:
        """Raise ``NotFetched`` for an address that its host disallows."""
        rules = self._of(address)
        if isinstance(rules, NotFetched):
            raise NotFetched(str(rules), rules.is_transient)
        if not rules.can_fetch(ROBOT, address):
            raise NotFetched("disallowed by the robots.txt of the host")

    def delay(self, address: str) -> float:
        """Return the seconds between two requests that a host asks for; 0 where it does not say."""
        rules = self._of(address)
        asked = None if isinstance(rules, NotFetched) else rules.crawl_delay(ROBOT)
        return min(float(asked or 0), LONGEST_DELAY)

    def _of(self, address: str) -> RobotFileParser | NotFetched:
        parts = urlsplit(address)
        host = f"{parts.scheme}://{parts.netloc}"
        with self._lock:
            lock = self._locks.setdefault(host, threading.Lock())
        with lock:
            if host not in self._rules:
                self._rules[host] = self._fetched(host)
            return self._rules[host]

    def _fetched(self, host: str) -> RobotFileParser | NotFetched:
        rules = RobotFileParser()
        try:
            text = self._client.fetch(f"{host}/robots.txt", LARGEST).content.decode("utf-8", "replace")
            rules.parse(text.splitlines())
        except NotFetched as error:
            if error.status is None or not 400 <= error.status < 500 or error.is_transient:
                return NotFetched(f"the robots.txt of the host cannot be read: {error}", error.is_transient)
            rules.allow_all = True  # type: ignore[attr-defined]
        except ValueError as error:  # a delay that is not a number, or a path that is not one
            return NotFetched(f"the robots.txt of the host cannot be read: {one_line(error, 80)}")
        return rules
