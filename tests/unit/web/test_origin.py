"""Which requests of a browser come from our own pages."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from web.origin import came_by_https, from_own_page

HOST = "pysched.example.com:8000"


def asked(*, host: str = HOST, origin: str | None = None, site: str | None = None, **more) -> bool:
    given = {"host": host, "origin": origin, "sec-fetch-site": site}
    return from_own_page(
        {name: value for name, value in given.items() if value is not None}, **more
    )


def test_a_program_that_says_nothing_is_no_other_site():
    assert asked()


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://pysched.example.com",
        "http://pysched.example.com:8001",
        "http://pysched.example.com:8000.evil.example",
        "http://evil.example@pysched.example.com:8000",
        "http://pysched.example.com:8000@evil.example",
        "null",
        "",
        "http://",
        "http://[",
        "http://pysched.example.com:port",
        "file://pysched.example.com:8000",
        "chrome-extension://abc",
        "pysched.example.com:8000",
    ],
)
def test_a_page_of_another_origin_is_refused(origin):
    assert not asked(origin=origin)


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        (HOST, "http://pysched.example.com:8000"),
        (HOST, "http://PySched.Example.com:8000"),
        ("pysched.example.com", "https://pysched.example.com"),
        ("pysched.example.com:443", "https://pysched.example.com"),
        ("pysched.example.com", "http://pysched.example.com:80"),
        ("[::1]:8000", "http://[::1]:8000"),
        ("127.0.0.1:8000", "http://127.0.0.1:8000"),
    ],
)
def test_a_page_of_the_address_that_was_asked_is_ours(host, origin):
    assert asked(host=host, origin=origin)


@pytest.mark.parametrize("site", ["cross-site", "same-site", "Same-Origin", "", "anything"])
def test_what_the_browser_calls_another_site_is_refused_whatever_else_is_said(site):
    assert not asked(origin="http://pysched.example.com:8000", site=site)


def test_a_request_without_origin_is_ours_if_the_browser_says_so():
    assert [asked(site=site) for site in ("same-origin", "none", "same-site", "cross-site")] == [
        True,
        True,
        False,
        False,
    ]


def test_a_browser_sees_the_same_origin_through_a_proxy_that_changes_the_host():
    assert asked(host="127.0.0.1:8000", origin="https://pysched.example.com", site="same-origin")


def test_an_address_that_a_user_typed_does_not_vouch_for_a_foreign_origin():
    assert not asked(origin="https://evil.example", site="none")


@pytest.mark.parametrize("site", [None, "same-site", "cross-site"])
def test_a_public_address_is_ours_behind_any_proxy(site):
    assert asked(
        host="127.0.0.1:8000",
        origin="https://pysched.example.com",
        site=site,
        public=["https://PYSCHED.example.com:443/below/"],
    )


def test_a_public_address_lets_no_other_in():
    assert not asked(origin="http://pysched.example.com", public=["https://pysched.example.com"])


def test_a_public_address_that_is_none_lets_nobody_in():
    assert not asked(origin="null", public=["null", ""])


@settings(max_examples=60)
@given(st.text(max_size=30), st.text(max_size=30))
def test_no_header_breaks_the_check(origin, host):
    assert asked(origin=origin, host=host) in {True, False}


@pytest.mark.parametrize(
    ("headers", "scheme", "secure"),
    [
        ({}, "http", False),
        ({}, "https", True),
        ({"x-forwarded-proto": "https, http"}, "http", True),
        ({"x-forwarded-proto": "http"}, "http", False),
        ({"origin": "https://pysched.example.com"}, "http", True),
        ({"origin": "http://pysched.example.com"}, "http", False),
    ],
)
def test_https_is_seen_through_a_proxy(headers, scheme, secure):
    assert came_by_https(headers, scheme) is secure
