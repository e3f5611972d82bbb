"""Under which names a server may be called, and whom it believes about who asks."""

import pytest

from web.guards.addresses import Hosts, Proxies, believe, is_loopback

LOCAL = Hosts(["cron.example.com"], everything=False)


@pytest.mark.parametrize(
    "host",
    [
        "localhost", "localhost:8000", "LOCALHOST.", "app.localhost:8000", "127.0.0.1:8000",
        "127.3.4.5", "[::1]:8000", "[::1]", "192.0.2.7:8080", "[2001:db8::1]", "cron.example.com",
        "Cron.Example.com:443",
    ],
)  # fmt: skip
def test_addresses_and_names_of_ours_are_let_through(host):
    assert LOCAL.allows(host)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example", "evil.example:8000", "localhost.evil.example", "127.0.0.1.evil.example",
        "notlocalhost", "example.com", "sub.cron.example.com", "127.0.0.1@evil.example", "[evil]",
        "0x7f.1", "", " ", "localhost:8000.evil.example",
    ],
)  # fmt: skip
def test_strangers_names_are_not(host):
    assert not LOCAL.allows(host)


def test_a_star_allows_every_name():
    assert Hosts(["*"], everything=False).allows("evil.example")


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.8.0.1"])
def test_these_are_loopback(host):
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "scheduler"])
def test_these_are_not(host):
    assert not is_loopback(host)


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "1.1.1.1, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1:4711", "198.51.100.1"),
        ("10.0.0.1", "[2001:db8::7]:4711", "2001:db8::7"),
        ("10.0.0.1", "198.51.100.1, rubbish", "10.0.0.1"),
        ("::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1"),
    ],
)
def test_the_client_is_what_the_last_trusted_proxy_saw(peer, forwarded, client):
    assert Proxies(["10.0.0.0/8"]).client(peer, forwarded) == client


def scope_of(peer: str) -> dict[str, object]:
    return {"type": "http", "scheme": "http", "client": (peer, 5000)}


def test_a_trusted_proxy_says_that_the_client_came_by_https():
    scope = scope_of("10.0.0.1")
    headers = {b"x-forwarded-for": b"198.51.100.1", b"x-forwarded-proto": b"https"}
    believe(scope, Proxies(["10.0.0.1"]), headers)

    assert (scope["client"], scope["scheme"]) == (("198.51.100.1", 5000), "https")


def test_a_stranger_says_nothing():
    scope = scope_of("203.0.113.9")
    headers = {b"x-forwarded-for": b"198.51.100.1", b"x-forwarded-proto": b"https"}

    assert believe(scope, Proxies(["10.0.0.1"]), headers) is False
    assert scope == scope_of("203.0.113.9")


def test_a_client_without_an_address_is_no_proxy():
    assert believe({"type": "http", "client": None}, Proxies(["10.0.0.1"]), {}) is False
