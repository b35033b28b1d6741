"""Fetch one address: bounded size, time and redirects, and no private networks.

``http.client`` of the standard library is used, since each connection must be checked before anything is sent: the
address that a name leads to is looked up and checked first, and the address of the open connection again, because a
name may lead elsewhere the second time. Proxies are not used, since they would look up names themselves.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import SplitResult, urljoin

from ferspec import __version__
from ferspec.collection.fetching.addresses import BadAddress, require_public, require_public_address, split_address
from ferspec.errors import one_line

AGENT = f"ferspec/{__version__}"
MOST_REDIRECTS = 5
REDIRECTS = frozenset({301, 302, 303, 307, 308})
# too many requests, and errors that may have passed the next time
TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
CHUNK = 1 << 16


class NotFetched(Exception):
    """Explain why there is no content; ``is_transient`` says whether another try may succeed."""

    def __init__(self, reason: str, is_transient: bool = False, status: int | None = None) -> None:
        super().__init__(reason)
        self.is_transient = is_transient
        self.status = status


@dataclass(frozen=True)
class Limits:
    """Bound one fetch: bytes, and seconds for everything, redirects included."""

    largest: int = 20 << 20
    seconds: float = 30.0


@dataclass(frozen=True)
class Fetched:
    """Hold what an address led to, after redirects."""

    content: bytes
    address: str


class Client:
    """Fetch addresses in any thread. ``allow_private`` permits private networks, such as this machine."""

    def __init__(self, limits: Limits | None = None, allow_private: bool = False) -> None:
        self.limits = limits or Limits()
        self._allow_private = allow_private
        self._tls = ssl.create_default_context()

    def fetch(
        self, address: str, largest: int | None = None, before: Callable[[str], None] = lambda address: None
    ) -> Fetched:
        """Return the content of an address, of at most ``largest`` bytes.

        ``before`` is called with each address, redirects included, and may refuse it by raising an exception. Raise
        ``NotFetched`` for an address that is refused, unreachable, too large, too slow, or redirected too often.
        """
        largest = self.limits.largest if largest is None else largest
        deadline = _Deadline(self.limits.seconds)
        visited: list[str] = []
        with deadline:
            while True:
                parts = _parts(address)
                before(parts.geturl())
                visited.append(address)
                found = self._once(parts, largest, deadline)
                if isinstance(found, bytes):
                    return Fetched(found, address)
                address = _joined(address, found)
                if address in visited:
                    raise NotFetched("redirected in a circle")
                if len(visited) > MOST_REDIRECTS:
                    raise NotFetched(f"redirected more than {MOST_REDIRECTS} times")

    def _once(self, parts: SplitResult, largest: int, deadline: _Deadline) -> bytes | str:
        """Return the content of an address, or the address that it redirects to."""
        try:
            with self._connection(parts, deadline) as connection:
                answer = _answer(connection, parts, largest)
            # a connection that was shut down looks like one that has ended
            deadline.require()
            return answer
        except BadAddress as error:
            raise NotFetched(str(error)) from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            if deadline.has_passed:
                raise NotFetched(f"no complete answer within {deadline.seconds:g} s", is_transient=True) from None
            if isinstance(error, http.client.IncompleteRead):
                raise NotFetched("the content is shorter than announced", is_transient=True) from None
            raise NotFetched(_failure(error), is_transient=isinstance(error, OSError)) from None

    @contextmanager
    def _connection(self, parts: SplitResult, deadline: _Deadline) -> Iterator[http.client.HTTPConnection]:
        host = parts.hostname or ""
        secure = parts.scheme == "https"
        port = parts.port or (http.client.HTTPS_PORT if secure else http.client.HTTP_PORT)
        if not self._allow_private:
            require_public(host, port)
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = kind(host, port, timeout=deadline.seconds)
        try:
            # the connection alone: the check and the deadline come before anything is sent
            http.client.HTTPConnection.connect(connection)
            if not self._allow_private:
                require_public_address(str(connection.sock.getpeername()[0]))
            deadline.guard(connection.sock)
            if secure:
                wrapped = self._tls.wrap_socket(connection.sock, server_hostname=host, do_handshake_on_connect=False)
                connection.sock = wrapped
                deadline.guard(wrapped)
                wrapped.do_handshake()
            yield connection
        finally:
            connection.close()


class _Deadline:
    """Shut down the current connection when the time is over, whatever it waits for."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.has_passed = False
        self._socket: socket.socket | None = None
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True

    def __enter__(self) -> _Deadline:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def guard(self, connected: socket.socket) -> None:
        """End this connection at the deadline; raise ``TimeoutError`` if it has passed."""
        self._socket = connected
        self.require()

    def require(self) -> None:
        """Raise ``TimeoutError`` if the deadline has passed."""
        if self.has_passed:
            raise TimeoutError

    def _end(self) -> None:
        self.has_passed = True
        if self._socket is not None:
            try:
                # not the method of a TLS socket, which would change it while another thread reads
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
            except OSError:  # it has ended meanwhile
                return


def _parts(address: str) -> SplitResult:
    try:
        return split_address(address)
    except BadAddress as error:
        raise NotFetched(str(error)) from None


def _joined(address: str, place: str) -> str:
    try:
        return urljoin(address, place)
    except ValueError as error:
        raise NotFetched(f"redirected to what is not an address ({error})") from None


def _answer(connection: http.client.HTTPConnection, parts: SplitResult, largest: int) -> bytes | str:
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    connection.request("GET", target, headers={"User-Agent": AGENT, "Accept-Encoding": "identity", "Accept": "*/*"})
    with connection.getresponse() as response:
        return _content(response, largest)


def _content(response: http.client.HTTPResponse, largest: int) -> bytes | str:
    place = response.getheader("Location")
    if response.status in REDIRECTS and place:
        return place
    if response.status != http.client.OK:
        raise NotFetched(f"status {response.status}", response.status in TRANSIENT, response.status)
    encoding = response.getheader("Content-Encoding", "identity").lower()
    if encoding != "identity":
        raise NotFetched(f"sent with an encoding that was not asked for: {encoding[:20]}")
    announced = response.length
    if announced is not None and announced > largest:
        raise NotFetched(f"{announced:,} bytes: at most {largest:,} are fetched")
    content = bytearray()
    left = CHUNK if announced is None else announced
    # not read(), which returns everything for a chunk of the size -1
    while left and (chunk := response.read1(min(CHUNK, left))):
        content += chunk
        left = CHUNK if announced is None else announced - len(content)
        if len(content) > largest:
            raise NotFetched(f"more than {largest:,} bytes")
    if announced is not None and left:
        raise http.client.IncompleteRead(bytes(content), left)
    return bytes(content)


def _failure(error: Exception) -> str:
    if isinstance(error, socket.gaierror):
        return "the host is unknown"
    if isinstance(error, ssl.SSLCertVerificationError):
        return "the certificate of the host is not valid"
    if isinstance(error, OSError) and error.strerror:
        return f"no connection ({error.strerror})"
    return f"no valid answer ({one_line(error, 80)})"
