"""The headers that every answer carries."""

from web.guards.headers import dressed


def headers(*own: tuple[bytes, bytes], path: str = "/api/runs", scheme: str = "http"):
    return dressed(own, path=path, scheme=scheme, request_id=b"1-2")


def test_an_answer_keeps_its_own_headers_first():
    assert headers((b"etag", b"x"))[0] == (b"etag", b"x")


def test_a_page_loads_from_this_server_alone():
    policy = dict(headers())[b"content-security-policy"].decode()

    assert "default-src 'self'" in policy
    assert "unsafe" not in policy


def test_what_the_api_says_is_not_kept_anywhere():
    assert dict(headers())[b"cache-control"] == b"no-store"


def test_a_route_may_say_otherwise():
    found = headers((b"cache-control", b"max-age=60"), (b"content-security-policy", b"own"))

    assert [value for name, value in found if name == b"cache-control"] == [b"max-age=60"]
    assert [value for name, value in found if name == b"content-security-policy"] == [b"own"]


def test_files_of_the_interface_may_be_kept():
    assert b"cache-control" not in dict(headers(path="/assets/app.js"))


def test_https_is_asked_for_by_those_who_came_with_it_alone():
    by_scheme = {scheme: dict(headers(scheme=scheme)) for scheme in ("http", "https")}

    assert b"strict-transport-security" in by_scheme["https"]
    assert b"strict-transport-security" not in by_scheme["http"]
