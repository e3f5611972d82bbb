"""People at a real server: the first login, a second user, and the way out."""

import re
import subprocess

import httpx
import pytest

from tests.acceptance.served import Served, as_json, eventually, served

PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory):
    with served(tmp_path_factory.mktemp("people")) as one:
        one.script("etl/load", "print('loaded')")
        one.start()
        yield one


@pytest.fixture(scope="module")
def first(server: Served) -> dict[str, str]:
    """What the terminal told of the first account."""
    told = eventually(
        lambda: re.search(r"login +(\S+), password (\S+)\n.*token=(\S+)", server.said()),
        what="the first account",
    )
    return dict(zip(("username", "password", "token"), told.groups(), strict=True))


class Browsers:
    """Clients with a cookie jar and no key, whose pages are the server's own."""

    def __init__(self, server: Served) -> None:
        self._server = server
        self._opened: list[httpx.Client] = []

    def new(self) -> httpx.Client:
        url = self._server.url
        self._opened.append(httpx.Client(base_url=url, headers={"Origin": url}, timeout=20))
        return self._opened[-1]

    def login(self, **body: str) -> httpx.Client:
        found = self.new()
        answer = found.post("/api/auth/login", json=body)
        assert answer.status_code == 200, answer.text
        return found

    def close(self) -> None:
        for client in self._opened:
            client.close()


@pytest.fixture
def browsers(server: Served):
    found = Browsers(server)
    yield found
    found.close()


@pytest.fixture
def admin(browsers: Browsers, first) -> httpx.Client:
    return browsers.login(username=first["username"], password=first["password"])


def test_the_password_of_the_first_account_opens_and_is_in_no_log(server: Served, first, admin):
    logs = b"".join(file.read_bytes() for file in (server.data / "logs").iterdir())

    assert admin.get("/api/auth/me").json()["role"] == "admin"
    assert first["password"].encode() not in logs
    assert first["token"].encode() not in logs


def test_the_link_of_the_first_account_opens_once(browsers: Browsers, first):
    opened = browsers.login(token=first["token"])
    again = browsers.new().post("/api/auth/login", json={"token": first["token"]})

    assert opened.get("/api/users").status_code == 200
    assert (again.status_code, again.json()["code"]) == (401, "invalid_login")


def test_a_user_runs_a_script_until_he_is_let_out(server: Served, browsers: Browsers, admin):
    body = {"name": "ada", "role": "operator", "password": PASSWORD}
    assert admin.post("/api/users", json=body).status_code == 201

    ada = browsers.login(username="Ada", password=PASSWORD)
    run = ada.post("/api/scripts/etl/load/execute").json()["run_id"]
    assert server.ended(run)["requested_by"] == "ada"
    foreign = ada.post("/api/scripts/etl/load/execute", headers={"Origin": "https://evil.example"})
    assert (foreign.status_code, foreign.json()["code"]) == (403, "cross_origin")
    assert ada.get("/api/scripts/etl/load/trigger").json()["code"] == "key_required"

    admin.patch("/api/users/ada", json={"disabled": True})
    assert ada.get("/api/auth/me").status_code == 401


def test_what_the_command_line_changes_a_running_server_knows_soon(
    server: Served, browsers: Browsers
):
    server.command("user", "add", "bob", "--role", "viewer", "--no-password")
    link = as_json(server.command("user", "link", "bob", "--json"))["url"]
    assert link.startswith(f"{server.url}/login?token=")
    bob = browsers.login(token=link.partition("token=")[2])
    assert bob.get("/api/scripts").status_code == 200

    server.command("user", "remove", "bob")

    eventually(
        lambda: bob.get("/api/scripts").status_code == 401, seconds=4, what="the end of a session"
    )


def test_curl_logs_in_with_a_cookie_jar(server: Served, first, tmp_path):
    jar, body = tmp_path / "jar", f'{{"username": "admin", "password": "{first["password"]}"}}'
    curl = ["curl", "-s", "-c", jar, "-b", jar]

    subprocess.run([*curl, "--json", body, f"{server.url}/api/auth/login"], check=True, timeout=20)
    answer = subprocess.run(
        [*curl, f"{server.url}/api/auth/sessions"], capture_output=True, check=True, timeout=20
    )

    assert as_json(answer.stdout.decode())["items"][0]["agent"].startswith("curl")
