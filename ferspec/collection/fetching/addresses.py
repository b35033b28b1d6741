"""Refuse addresses that a list from elsewhere must not reach: other schemes, credentials, private networks."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator
from urllib.parse import SplitResult, quote, urlsplit, urlunsplit

SCHEMES = ("http", "https")
LONGEST = 8192
# characters that have a meaning in a URL, and percent signs of what is already quoted
KEPT = "%/:=&?~#+!$,;'@()*[]"

# the last 32 bits are an IPv4 address: compatible, translated, and behind NAT64 (RFC 4291, 2765, 6052, 8215)
WITH_IPV4 = tuple(map(ipaddress.IPv6Network, ("::/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48")))
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class BadAddress(Exception):
    """Explain why an address is never fetched."""


def split_address(address: str) -> SplitResult:
    """Return the parts of an http or https URL, in ASCII; ``BadAddress`` for any other address."""
    if len(address) > LONGEST:
        raise BadAddress(f"the address is longer than {LONGEST:,} characters")
    try:
        parts = urlsplit(address.strip())
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise BadAddress(f"not an address ({error})") from None
    if parts.scheme.lower() not in SCHEMES:
        raise BadAddress(f"only http and https are fetched: not {parts.scheme[:20] or 'an address without a scheme'}")
    if not host:
        raise BadAddress("the address has no host")
    if parts.username is not None or parts.password is not None:
        raise BadAddress("the address contains a user name or password")
    try:
        name = host if ":" in host else host.encode("idna").decode()
    except UnicodeError:
        raise BadAddress("the host is not a valid name") from None
    shown = f"[{name}]" if ":" in name else name
    netloc = shown if port is None else f"{shown}:{port}"
    try:
        path, query = quote(parts.path or "/", safe=KEPT), quote(parts.query, safe=KEPT)
    except UnicodeError:  # half of a character, as JSON can hold
        raise BadAddress("the address is not Unicode text") from None
    return urlsplit(urlunsplit((parts.scheme.lower(), netloc, path, query, "")))


def require_public(host: str, port: int) -> None:
    """Raise ``BadAddress`` if any address of a host is not public; ``OSError`` if the name is unknown.

    Not public are this machine, private networks, link-local addresses with the metadata of clouds, and multicast.
    """
    for *_, place in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        require_public_address(str(place[0]))


def require_public_address(text: str) -> None:
    """Raise ``BadAddress`` if a numeric address is not public."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if address.version == 6 and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    for one in (address, *_embedded(address)):
        if not one.is_global or one.is_multicast or (one.version == 6 and one.is_site_local):
            raise BadAddress("the host is in a private network")


def _embedded(address: Address) -> Iterator[ipaddress.IPv4Address]:
    """Yield the IPv4 address that an IPv6 address contains, for a gateway or the system."""
    if address.version == 6:
        if address.sixtofour is not None:
            yield address.sixtofour
        if any(address in network for network in WITH_IPV4):
            yield ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
