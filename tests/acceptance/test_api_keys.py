"""Keys that are given out and taken back while the server runs."""

import httpx
import pytest

from tests.acceptance.served import Served, as_json, eventually, served


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory):
    with served(tmp_path_factory.mktemp("keys")) as one:
        one.script("etl/load", "print('loaded')")
        one.script("web/site", "print('served')")
        one.start()
        yield one


def give_out(server: Served, name: str, *options: str) -> str:
    told = server.command("key", "add", name, *options, "--json")
    return as_json(told)["secret"]


def ask(server: Served, secret: str, method: str, path: str) -> httpx.Response:
    return server.http.request(method, path, headers={"X-API-Key": secret})


def test_a_key_opens_at_once_and_its_scripts_alone(server: Served):
    secret = give_out(server, "loader", "--script", "etl/*")

    asked = [
        ask(server, secret, "POST", "/api/scripts/etl/load/execute"),
        ask(server, secret, "POST", "/api/scripts/web/site/execute"),
    ]

    assert [answer.status_code for answer in asked] == [202, 403]
    assert server.ended(asked[0].json()["run_id"])["requested_by"] == "loader"


def test_lists_show_a_key_its_scripts_and_their_runs(server: Served):
    secret = give_out(server, "reader", "--role", "viewer", "--script", "web/*")
    for script in ("etl/load", "web/site"):
        server.ended(server.execute(script))

    scripts = ask(server, secret, "GET", "/api/scripts").json()["items"]
    runs = ask(server, secret, "GET", "/api/runs").json()["items"]

    assert ({one["id"] for one in scripts}, {one["script"] for one in runs}) == (
        {"web/site"},
        {"web/site"},
    )


def test_a_removed_key_is_refused_soon(server: Served):
    secret = give_out(server, "leaver")
    assert ask(server, secret, "GET", "/api/version").status_code == 200

    server.command("key", "remove", "leaver")

    eventually(
        lambda: ask(server, secret, "GET", "/api/version").status_code == 401,
        seconds=4,
        what="the refusal of a removed key",
    )


def test_the_default_key_goes_on_opening_everything(server: Served):
    give_out(server, "another")

    assert server.http.get("/api/keys").status_code == 200
