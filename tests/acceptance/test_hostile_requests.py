"""Hostile input on the real server: nothing gets in, nothing falls over, health stays 200."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from http.client import HTTPConnection
from typing import Any

import httpx
import pytest

from tests.acceptance.served import KEY, Served, as_json, eventually, served

SECRET = "what only the owner of the machine may read"
HOSTILE = [
    "..%2f..%2f..%2fsecret.txt", "../../../secret.txt", "..%5c..%5csecret.txt", "%2e%2e/secret.txt",
    "%2e%2e%2f%2e%2e%2fsecret.txt", "..%252f..%252fsecret.txt", "....//....//secret.txt",
    "%c0%ae%c0%ae/x", "..;/secret.txt", "/etc/passwd", "%2fetc%2fpasswd", "//etc/passwd",
    "file:///etc/passwd", "~root", "a%00.py", "a%0d%0aSet-Cookie:%20x=1", "a%0aX-Injected:1",
    "%1b%5b31m", "%ff%fe", "%ed%a0%80", "%",
    "%zz", "%u002e", "con", "a%3Cscript%3E", "' OR 1=1 --", "$(id)", "`id`", "{{7*7}}", "a" * 4000,
    ".", "..", "%20", "-", "*", "?", "%23", ".git%2fconfig", ".git/config", "%e2%80%ae",
]  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    directory = tmp_path_factory.mktemp("hostile")
    # Guesses are counted by address, and all of these tests have one.
    env = {"PYSCHED_RATES__FAILED_KEYS": "0", "PYSCHED_SERVER__BODY_TIMEOUT": "1s"}
    with served(directory, env=env) as one:
        (directory / "secret.txt").write_text(SECRET)
        one.script("echo", "print('ran')", "triggers: [{url: {token: true}}]\n")
        one.start()
        one.ended(one.execute("echo"))
        yield one


@pytest.fixture(autouse=True)
def goes_on(server: Served) -> Iterator[None]:
    """After each test the server is well, and still the same process."""
    engine = server.engine()
    yield
    assert server.http.get("/api/health").json()["status"] == "ok"
    assert server.engine() == engine


def raw(server: Served, request: bytes) -> tuple[int, bytes]:
    """Send bytes as they are; return status and whole answer."""
    with closing(socket.create_connection(("127.0.0.1", server.port), 10)) as connection:
        connection.sendall(request)
        heard = b""
        try:
            while piece := connection.recv(65536):
                heard += piece
        except ConnectionResetError:
            pass
    return int(heard.split()[1]) if heard else 0, heard


def request(method: str, target: str, *, more: str = "", body: bytes = b"") -> bytes:
    head = f"{method} {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-API-Key: {KEY}\r\n{more}"
    head += f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return head.encode("utf-8", "surrogateescape") + body


def addresses(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Put every hostile text in place of every parameter of every path that is served."""
    harmless = {"script_id": "echo", "run_id": "20261124T120000-abcdef123456"}
    for path, methods in document["paths"].items():
        names = [part.partition("}")[0] for part in path.split("{")[1:]]
        for name in names:
            for text in HOSTILE:
                filled = path.replace("{" + name + "}", text)
                for other in names:
                    filled = filled.replace("{" + other + "}", harmless.get(other, "x"))
                yield from ((method.upper(), filled) for method in methods)


def test_no_text_in_any_path_gets_in_or_breaks_anything(server: Served):
    document = server.get("/api/openapi.json")
    wrong: list[tuple[str, str, int]] = []
    connection = HTTPConnection("127.0.0.1", server.port, timeout=20)
    asked = 0
    for method, target in addresses(document):
        # As they are: a client library would put in order what is to stay hostile.
        connection._validate_path = lambda _: None  # type: ignore[attr-defined]
        connection._encode_request = str.encode  # type: ignore[attr-defined]
        connection.putrequest(method, target, skip_host=True)
        for name, value in (("Host", "127.0.0.1"), ("X-API-Key", KEY), ("Content-Length", "2")):
            connection.putheader(name, value)
        connection.endheaders(b"{}")
        answer = connection.getresponse()
        text = answer.read().decode(errors="replace")
        asked += 1
        leaked = SECRET in text or "root:x:" in text or "[core]" in text
        injected = answer.getheader("Set-Cookie") or answer.getheader("X-Injected")
        if answer.status >= 500 or leaked or injected:
            wrong.append((method, target, answer.status))
    connection.close()

    assert asked > 500
    assert wrong == []
    assert server.scripts().keys() == {"echo"}


@pytest.mark.parametrize(
    "target",
    [b"/\xff\xfe", b"/api/scripts/\x00", b"/api/\r\nX: y", b"http://", b"*", b"", b"/\x1b[31m"],
)
def test_a_first_line_that_is_none_is_the_callers_mistake(server: Served, target):
    status, _ = raw(
        server, b"GET " + target + b" HTTP/1.1\r\nHost: [::1]\r\nConnection: close\r\n\r\n"
    )

    assert 400 <= status < 500


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ("X-Odd: a\x00b\r\n", 400),
        ("X-Odd: \x1b[31m\r\n", 400),
        (" folded: x\r\n", 400),
        ("Transfer-Encoding: chunked\r\n", 400),
        ("Content-Length: 7\r\n", 400),
        ("X-Many: y\r\n" * 10_000, 431),
        (f"X-Long: {'y' * 100_000}\r\n", 431),
        ("Cookie: a=b; " + "x" * 2_000 + "\r\n", 200),
        ("Upgrade: h2c\r\nHTTP2-Settings: x\r\n", 200),
        ("Range: bytes=0-,0-,0-\r\nIf-Match: *\r\nX-Forwarded-For: 1.2.3.4, \xff\r\n", 200),
    ],
)
def test_headers_are_taken_or_refused_and_no_more(server: Served, more, status):
    assert raw(server, request("GET", "/api/version", more=more))[0] == status


@pytest.mark.parametrize("path", ["/api/reconcile", "/api/scripts/echo/trigger", "/hooks/x"])
def test_a_huge_body_is_not_even_read(server: Served, path):
    more = "Content-Length: 99999999999\r\nExpect: 100-continue\r\n"
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-API-Key: {KEY}\r\n{more}\r\n"

    assert raw(server, head.encode())[0] == (404 if path.startswith("/hooks") else 413)


def test_a_huge_body_without_a_length_ends_at_the_limit(server: Served):
    def chunks() -> Iterator[bytes]:
        for _ in range(200):
            yield b"x" * 100_000

    try:
        answer = server.http.post("/api/scripts/echo/trigger", content=chunks())
        assert answer.status_code == 413
    except httpx.WriteError:
        # The server hung up while we were still sending, as it may.
        pass


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000, b'{"a":' * 20_000, b"\xff\xfe\x00", b'{"args": ["\x00"]}', b"NaN", b"1e999",
        b'{"args": ["\\ud800"]}', b'{"env": {"A=B": "x"}}', b'{"env": {"PATH\\u0000": "x"}}',
        b'{"args": ' + b"9" * 5_000 + b"}", b'{"__proto__": {}}',
    ],
)  # fmt: skip
def test_a_body_that_is_no_request_is_told_so(server: Served, body):
    more = "Content-Type: application/json\r\n"
    status, answer = raw(server, request("POST", "/api/scripts/echo/execute", more=more, body=body))

    assert (status, b"application/problem+json" in answer) == (422, True)


def test_bodies_and_heads_that_crawl_hold_nobody_up(server: Served):
    head = f"POST /api/reconcile HTTP/1.1\r\nHost: 127.0.0.1\r\nX-API-Key: {KEY}\r\n"
    with ExitStack() as opened:
        crawling = [
            opened.enter_context(closing(socket.create_connection(("127.0.0.1", server.port), 10)))
            for _ in range(100)
        ]
        for connection in crawling[:50]:
            connection.sendall(head.encode() + b"Content-Length: 100\r\n\r\n{")
        for connection in crawling[50:]:
            connection.sendall(head.encode())
        before = time.monotonic()
        assert server.http.get("/api/version").status_code == 200
        assert time.monotonic() - before < 1
        for connection in crawling[:50]:
            assert connection.recv(65536).startswith(b"HTTP/1.1 408")


def test_no_cookie_fires_a_trigger_and_no_key_in_an_address(server: Served):
    for query, cookie in (("", f"session={KEY}"), (f"?key={KEY}", ""), (f"?api_key={KEY}", "x=y")):
        target = f"/api/scripts/echo/trigger{query}"
        answer = httpx.post(f"{server.url}{target}", headers={"Cookie": cookie})

        assert answer.status_code == 401


def test_a_page_of_another_name_does_not_get_in(server: Served):
    answer = server.http.get("/api/runs", headers={"Host": "evil.example"})

    assert (answer.status_code, answer.json()["code"]) == (421, "unknown_host")


def test_names_with_terminal_codes_reach_the_terminal_and_the_log_as_text(server: Served):
    codes = "\x1b[31mred\x1b]0;owned\x07\x9b2J\u202e"
    (server.tree / f"{codes}.d").mkdir()
    (server.tree / f"{codes}.d" / "main.py").write_text("print(1)")
    server.script("coded", "print(1)", f'name: "\\e[31m<script>"\n"{codes!r}": 1\n')
    server.http.post("/api/reconcile")
    eventually(lambda: "coded" in server.said() and "red" in server.said(), what="the complaint")
    server.http.get("/api/runs", headers={"X-API-Key": b"\x1b[31mkey".decode("latin-1")})
    log = (server.data / "logs" / "pysched.log").read_text(encoding="utf-8")

    told = server.said() + log + server.command("status")
    assert [code for code in ("\x1b", "\x07", "\x9b", "\u202e") if code in told] == []
    assert all(as_json(line) for line in log.splitlines())


def test_guessing_keys_ends_in_waiting_and_lets_nobody_in(tmp_path):
    with served(tmp_path, env={"PYSCHED_RATES__FAILED_KEYS": "20"}) as one:
        one.start()
        assert one.http.get("/api/runs").status_code == 200
        with httpx.Client(base_url=one.url) as guesser:
            found = [
                guesser.get("/api/runs", headers={"X-API-Key": f"{number:032x}"}).status_code
                for number in range(300)
            ]
        assert {status: found.count(status) for status in found} == {401: 20, 429: 280}
        assert one.http.get("/api/runs").status_code == 200
        one.stop()
        one.start()
        entries = one.get("/api/audit", limit=500)["items"]

    # The first of each kind, and the rest of it counted together.
    denied = [(entry["status"], entry["count"]) for entry in entries if entry["status"] >= 400]
    assert sorted(denied) == [(401, 1), (401, 19), (429, 1), (429, 279)]
