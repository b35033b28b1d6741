"""Search engines as sources, asked through pages in the form that they had when this was written."""

import json

import pytest

from ferspec.collection.fetching import Client
from ferspec.collection.plan import queries
from ferspec.collection.sources import providers as module
from ferspec.collection.sources.providers import provider_of
from ferspec.collection.sources.searching import search
from ferspec.errors import UserError
from ferspec.progress import silent
from helpers.web import served

PLAN = queries()[:2]


@pytest.fixture(autouse=True)
def _installed():
    pytest.importorskip("icrawler", reason="the extra crawl is not installed")


def test_the_parser_of_bing_reads_addresses_of_its_pages():
    found = '{"murl":"https://example.org/a b.jpg","t":"x"}'.replace('"', "&quot;")
    page = f'<div class="imgpt"><a m="{found}"></a></div><div class="imgpt"><a></a></div>'
    asked = []

    def fetch(address):
        asked.append(address)
        return page.encode()

    assert list(provider_of("bing")("mujer asiática", 30, fetch)) == ["https://example.org/a b.jpg"] * 2
    assert len(asked) == 2
    assert all("bing.com/images/async?q=mujer%20asi%C3%A1tica&first=" in address for address in asked)


def test_the_parser_of_baidu_reads_addresses_of_its_pages():
    page = json.dumps(
        {"data": [{"hoverURL": "https://example.org/1.jpg"}, {}, {"hoverURL": "https://example.org/2.jpg"}]}
    )
    assert list(provider_of("baidu")("man", 1, lambda address: page.encode())) == ["https://example.org/1.jpg"]


def test_a_page_of_another_form_is_an_error_and_no_crash():
    with pytest.raises(UserError, match="page of results cannot be read"):
        list(provider_of("baidu")("man", 1, lambda address: b'{"nothing": []}'))


def test_an_unknown_provider_is_refused_with_the_known_ones():
    with pytest.raises(UserError, match="known are bing, baidu"):
        provider_of("google")


def listed(site, tmp_path, limit=3):
    client = Client(allow_private=True)
    return list(search(["test"], PLAN, limit, tmp_path / "searches.jsonl", client, 0.0, silent))


@pytest.fixture
def site(monkeypatch):
    with served({"/search": b"1 2 3", "/robots.txt": b""}) as site:

        def provider(query, limit, fetch):
            found = fetch(site.address(f"/search?{query.replace(' ', '+')}")).split()
            return [f"https://example.org/{query}/{number.decode()}.jpg" for number in found[:limit]]

        monkeypatch.setitem(module.PROVIDERS, "test", provider)
        yield site


def test_each_query_of_the_plan_is_asked_once_also_after_a_restart(site, tmp_path):
    found = listed(site, tmp_path)
    assert len(found) == 3 * len(PLAN)
    assert found[0].terms == PLAN[0]
    assert found[0].query == PLAN[0].text
    asked = site.asked.total()
    assert listed(site, tmp_path) == found
    assert site.asked.total() == asked


def test_a_withdrawn_address_leaves_no_line_and_is_not_asked_for(site, tmp_path):
    from ferspec.collection.tombstones import address_digest

    found = listed(site, tmp_path)
    journal = tmp_path / "searches.jsonl"
    gone = address_digest(found[1].address)
    journal.write_text("".join(line for line in journal.read_text().splitlines(True) if gone not in line))
    assert found[1].address not in journal.read_text()
    assert listed(site, tmp_path) == [found[0], *found[2:]]


def test_a_provider_that_robots_forbid_is_not_asked(site, tmp_path):
    site.files["/robots.txt"] = b"User-agent: *\nDisallow: /search\n"
    with pytest.raises(UserError, match=r"test cannot be asked for .*robots\.txt"):
        listed(site, tmp_path)
    assert [path for path in site.asked if path.startswith("/search")] == []
