"""Servers that lie, never end, or lead into private networks: each costs one address and a bounded time."""

import socket
import time

import pytest

from ferspec.collection.fetching import Client, Limits, NotFetched, fetch_each
from ferspec.collection.fetching import addresses as module
from helpers.web import served

PICTURE = b"\x89PNG picture"
SECONDS = 1.0

pytestmark = pytest.mark.hostile("servers of pictures")


@pytest.fixture(scope="module")
def site():
    robots = b"User-agent: *\nDisallow: /secret\nCrawl-delay: 1\n"
    with served({"/picture.png": PICTURE, "/secret/picture.png": PICTURE, "/robots.txt": robots}) as site:
        yield site


@pytest.fixture
def client():
    return Client(Limits(largest=100_000, seconds=SECONDS), allow_private=True)


def refusal(client, address):
    began = time.monotonic()
    with pytest.raises(NotFetched) as refused:
        client.fetch(address)
    assert time.monotonic() - began < SECONDS + 2
    return refused.value


def test_a_picture_and_a_redirect_to_it_are_fetched(site, client):
    assert client.fetch(site.address("/picture.png")).content == PICTURE
    assert client.fetch(site.address("/to-picture")).address == site.address("/picture.png")


@pytest.mark.parametrize(
    ("path", "reason", "is_transient"),
    [
        ("/missing", "status 404", False),
        ("/403", "status 403", False),
        ("/500", "status 500", True),
        ("/loop", "in a circle", False),
        ("/long", "more than 5 times", False),
        ("/to-file", "only http and https", False),
        ("/to-nothing", "redirected to what is not an address", False),
        ("/endless", "more than 100,000 bytes", False),
        ("/huge", "1,000,000,000,000 bytes", False),
        ("/short", "shorter than announced", True),
        ("/slow", "no complete answer within 1 s", True),
        ("/slow-body", "no complete answer within 1 s", True),
        ("/packed", "not asked for", False),
        ("/garbage", "no valid answer", False),
    ],
)
def test_other_answers_are_refused_with_the_reason(site, client, path, reason, is_transient):
    error = refusal(client, site.address(path))
    assert reason in str(error)
    assert error.is_transient == is_transient


def test_a_chunk_of_less_than_nothing_is_not_read_without_an_end(site, client):
    # in 1 s, this server sends hundreds of megabytes
    refusal(client, site.address("/chunk"))
    assert site.sent < 10_000_000


@pytest.mark.parametrize(
    "address",
    [
        "file:///etc/passwd",
        "ftp://example.org/a.jpg",
        "/etc/passwd",
        "http://",
        "http://user:word@example.org/a.jpg",
        "http://[::1/a.jpg",
        "http://example.org:99999/a.jpg",
        "http://" + "a" * 9000,
        "http://" + "ü" * 300 + ".org/",
        "http://example.org/\ud800.jpg",
    ],
)
def test_addresses_of_other_kinds_are_refused(client, address):
    assert not refusal(client, address).is_transient


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "10.1.2.3", "169.254.169.254", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "2130706433"],
)
def test_private_networks_are_refused_unless_allowed(host):
    assert "private network" in str(refusal(Client(Limits(seconds=SECONDS)), f"http://{host}:9/a.jpg"))


def test_a_name_that_leads_to_another_address_the_second_time_is_refused_before_anything_is_sent(site, monkeypatch):
    known = socket.getaddrinfo
    public = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34", 80))]
    monkeypatch.setattr(module.socket, "getaddrinfo", lambda *given, **more: answers.pop(0)(*given, **more))
    answers = [lambda *given, **more: public, known]
    asked = site.asked.total()
    assert "private network" in str(refusal(Client(Limits(seconds=SECONDS)), site.address("/picture.png")))
    assert site.asked.total() == asked
    assert answers == []


def test_a_redirect_into_a_private_network_is_refused(site, monkeypatch):
    is_local = "127.0.0.1".__eq__
    monkeypatch.setattr("ferspec.collection.fetching.client.require_public_address", lambda text: None)
    require = module.require_public
    monkeypatch.setattr(
        "ferspec.collection.fetching.client.require_public",
        lambda host, port: None if is_local(host) else require(host, port),
    )
    assert "private network" in str(refusal(Client(Limits(seconds=SECONDS)), site.address("/to-private")))


def test_robots_and_the_delay_of_a_host_are_kept(site, client):
    paths = ["/picture.png", "/picture.png?2", "/to-secret"]
    began = len(site.times)
    answers = dict(fetch_each([site.address(path) for path in paths], client, delay=0.0))
    assert answers[site.address("/picture.png")].content == PICTURE
    assert "robots.txt" in str(answers[site.address("/to-secret")])
    assert site.asked["/secret/picture.png"] == 0
    times = dict(site.times[began:])
    assert times["/picture.png?2"] - times["/picture.png"] >= 1


def test_a_host_whose_robots_cannot_be_read_is_not_asked(client, monkeypatch):
    from helpers import web

    monkeypatch.setitem(web.ANSWERS, "/robots.txt", web.ANSWERS["/500"])
    with served({"/picture.png": PICTURE}) as site:
        ((_, answer),) = fetch_each([site.address("/picture.png")], client, delay=0.0)
        assert "robots.txt" in str(answer)
        assert site.asked["/picture.png"] == 0


@pytest.mark.parametrize(
    "rules", ["Crawl-delay: ²", "Crawl-delay: " + "1" * 5000, "Disallow: //[x", "Request-rate: ²/²"]
)
def test_robots_that_cannot_be_parsed_allow_nothing(client, rules):
    with served({"/picture.png": PICTURE, "/robots.txt": f"User-agent: *\n{rules}\n".encode()}) as site:
        ((_, answer),) = fetch_each([site.address("/picture.png")], client, delay=0.0)
        assert "robots.txt of the host cannot be read" in str(answer)
        assert site.asked["/picture.png"] == 0


def test_a_host_that_could_not_say_what_it_allows_is_asked_another_time(client, monkeypatch):
    from helpers import web

    monkeypatch.setitem(web.ANSWERS, "/robots.txt", web.ANSWERS["/500"])
    with served({"/picture.png": PICTURE, "/forbidden.png": PICTURE}) as site:
        ((_, failed),) = fetch_each([site.address("/picture.png")], client, delay=0.0)
        monkeypatch.delitem(web.ANSWERS, "/robots.txt")
        site.files["/robots.txt"] = b"User-agent: *\nDisallow: /forbidden"
        ((_, refused),) = fetch_each([site.address("/forbidden.png")], client, delay=0.0)
    assert (failed.is_transient, refused.is_transient) == (True, False)


@pytest.mark.parametrize(
    "address",
    ["64:ff9b::a9fe:a9fe", "64:ff9b:1::a9fe:a9fe", "2002:a9fe:a9fe::1", "::7f00:1", "::ffff:0:7f00:1", "fec0::1"],
)
def test_an_address_in_which_a_private_one_is_hidden_is_refused(address):
    with pytest.raises(module.BadAddress, match="private network"):
        module.require_public_address(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "64:ff9b::808:808", "2002:808:808::1"])
def test_public_addresses_are_allowed(address):
    module.require_public_address(address)


def test_one_slow_host_does_not_hold_up_the_others(site, client):
    with served({"/picture.png": PICTURE, "/robots.txt": b""}) as other:
        addresses = [site.address("/slow"), *(other.address(f"/picture.png?{number}") for number in range(5))]
        arrived = [address for address, _ in fetch_each(addresses, client, delay=0.0)]
    assert arrived[-1] == site.address("/slow")
    assert sorted(arrived) == sorted(addresses)


def test_stopping_early_ends_all_threads(site, client):
    found = fetch_each([site.address(f"/picture.png?{number}") for number in range(50)], client, delay=0.0)
    assert next(found)[1].content == PICTURE
    began = time.monotonic()
    found.close()
    assert time.monotonic() - began < 2
