"""The calls of curl that the pages show work: each is taken out of its page and made."""

import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.acceptance.served import KEY, Served, served
from tests.architecture.repository import code_blocks, pages

SHOWN_SERVER = "http://127.0.0.1:8000"
MANIFEST = "overlap: queue\ntriggers:\n  - url: {token: true}\n"
ADA = {"name": "ada", "role": "editor", "password": "correct horse battery"}
"""Who logs in on the pages."""


def calls_of(page: Path) -> list[str]:
    """Return the calls of a page in their order, each on one line."""
    text = "\n".join(code_blocks(page, "", "sh")).replace("\\\n", " ")
    return re.findall(r"^\$ (curl .*)$", text, re.MULTILINE)


CALLS = {str(page): calls for page in pages() if (calls := calls_of(page))}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with the scripts and the user that the pages speak of."""
    with served(tmp_path_factory.mktemp("curl")) as one:
        one.script("hello-world", "print('hello')\n", MANIFEST)
        one.script("etl/load", "print('load')\n", "triggers:\n  - every: 5m\n")
        one.start()
        made = one.http.post("/api/users", json=ADA)
        assert made.status_code == 201, made.text
        yield one


def etag(server: Served) -> str:
    return server.http.get("/api/scripts/etl/load/files/load.py").headers["etag"].strip('"')


def token(server: Served) -> str:
    return server.http.post("/api/hooks/hello-world").json()["token"]


PLACEHOLDERS: dict[str, Callable[[Served], str]] = {
    "8a3cf1e0d2b94c5c8c5d7cb0a0b1a7d1": etag,
    "VcYd…": token,
}
"""What stands in a page for something that every server has another of."""


def made_real(call: str, server: Served) -> str:
    """Return a call as it is to be made at this server."""
    for shown, real in PLACEHOLDERS.items():
        if shown in call:
            call = call.replace(shown, real(server))
    assert "…" not in call, f"add what stands for … in {call!r} to PLACEHOLDERS"
    # A busy machine may answer 503 with Retry-After, which curl heeds if asked to.
    asked = call.replace("curl ", "curl --fail-with-body --retry 5 ", 1)
    return asked.replace(SHOWN_SERVER, server.url)


def test_the_pages_show_calls():
    assert len(CALLS) >= 5


@pytest.mark.parametrize("page", CALLS)
def test_every_call_that_a_page_shows_succeeds(server: Served, tmp_path: Path, page: str):
    (tmp_path / "load.py").write_text("print('new')\n")
    env = {**server.env, "KEY": KEY, "PYSCHED_DEFAULT_API_KEY": KEY}
    failed = {}
    for call in CALLS[page]:
        done = subprocess.run(
            ["sh", "-c", made_real(call, server)],
            cwd=tmp_path,
            env=env,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        if done.returncode:
            failed[call] = f"{done.returncode}: {done.stdout}{done.stderr}"

    assert failed == {}
