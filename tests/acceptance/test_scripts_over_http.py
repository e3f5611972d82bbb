"""Scripts are created, changed and removed over HTTP, against a real server and real git."""

import subprocess
from pathlib import Path

import pytest

from tests.acceptance.served import Served, eventually, served

MANIFEST = """\
# Loads the orders of the day.
name: "Orders"   # shown in lists
triggers:
- cron: "0 6 * * *"   # before the shop opens
  timezone: Europe/Berlin
limits: {timeout: 5m}
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory):
    with served(tmp_path_factory.mktemp("edits")) as one:
        one.script("etl/orders", "print('orders')\n", MANIFEST)
        one.start()
        eventually(lambda: one.get("/api/scripts/etl/orders")["revision"], what="the first commit")
        yield one


def git(server: Served, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(server.tree), *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout.rstrip()


def put(server: Served, **keys: object):
    return server.http.put("/api/scripts/etl/orders", json=keys)


def test_only_the_key_that_is_meant_changes_and_is_in_force(server: Served):
    answer = put(server, limits={"timeout": "1m"}, overlap="queue")

    written = (server.tree / "etl/orders/script.yaml").read_text()
    assert answer.status_code == 200, answer.text
    assert written == MANIFEST.replace("5m", "1m") + "overlap: queue\n"
    assert git(server, "log", "-1", "--format=%an: %s") == (
        "default key: Change etl/orders: limits, overlap"
    )


def test_the_answer_tells_the_triggers_that_are_in_force_now(server: Served):
    answer = put(server, triggers=[{"cron": "0 7 * * *", "timezone": "Europe/Berlin"}])

    (trigger,) = answer.json()["triggers"]
    assert trigger["description"] == "at 07:00 every day, Europe/Berlin"
    put(server, triggers=[{"cron": "0 6 * * *", "timezone": "Europe/Berlin"}])


@pytest.mark.parametrize(
    ("keys", "code", "line"),
    [
        ({"overlop": "skip"}, "unknown_key", 7),
        ({"triggers": [{"cron": "61 * * * *"}]}, "invalid_cron", 4),
        ({"main": "none.py"}, "missing_main", 3),
        ({"triggers": [{"after": "etl/nothing"}]}, "unknown_script", 4),
    ],
)
def test_a_mistake_is_refused_with_its_place_and_not_written(
    server: Served, keys: dict[str, object], code: str, line: int
):
    before = (server.tree / "etl/orders/script.yaml").read_bytes()
    answer = put(server, **keys)

    (problem,) = answer.json()["problems"]
    assert (answer.status_code, problem["code"]) == (422, code)
    assert (problem["path"], problem["line"] >= line - 1) == ("etl/orders/script.yaml", True)
    assert (server.tree / "etl/orders/script.yaml").read_bytes() == before


def test_a_script_is_created_runs_and_its_name_is_taken(server: Served):
    body = {
        "name": "Daily Report",
        "folder": "etl/daily",
        "code": "print('report')\n",
        "manifest": {"triggers": [{"after": "etl/orders"}]},
    }
    made = server.http.post("/api/scripts", json=body)
    again = server.http.post("/api/scripts", json=body)

    assert (made.status_code, again.status_code) == (201, 409), made.text
    assert made.headers["location"] == "/api/scripts/etl/daily/daily-report"
    run = server.ended(server.execute("etl/daily/daily-report"))
    assert server.output(run["id"]) == "report\n"
    assert git(server, "status", "--porcelain") == ""


@pytest.mark.parametrize("folder", ["../out", "etl/orders/below", ".git", "a/files"])
def test_a_script_is_not_created_where_it_would_be_none(server: Served, folder: str):
    answer = server.http.post("/api/scripts", json={"name": "a", "folder": folder})

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")


def test_a_removed_script_comes_back_from_git_with_what_was_not_committed(server: Served):
    directory = server.script("web/site", "print('one')\n", "name: Site\n")
    server.script_is("web/site", lambda one: one["name"] == "Site")
    (directory / "notes.txt").write_text("not committed")

    answer = server.http.delete("/api/scripts/web/site")
    commit = answer.json()["commit"]

    assert (answer.status_code, server.http.get("/api/scripts/web/site").status_code) == (200, 404)
    assert not directory.exists()
    assert git(server, "log", "-1", "--format=%an: %s") == "default key: Delete web/site"
    git(server, "checkout", "-q", f"{commit}~1", "--", "web/site")
    assert (directory / "notes.txt").read_text() == "not committed"
    server.script_is("web/site", lambda one: one["name"] == "Site")


def test_what_git_ignores_is_not_lost_unless_it_is_said(server: Served):
    directory = server.script("web/cache", "print('one')\n")
    server.script_is("web/cache", lambda one: True)
    (server.tree / ".gitignore").write_text(".venv\n__pycache__\n*.pyc\n*.db\n")
    (directory / "cache.db").write_text("1")

    refused = server.http.delete("/api/scripts/web/cache")
    assert (refused.status_code, "cache.db" in refused.json()["detail"]) == (409, True)
    assert (directory / "cache.db").exists()

    assert server.http.delete("/api/scripts/web/cache?discard=true").status_code == 200
    assert not directory.exists()


def test_a_folder_is_created_says_something_and_is_removed_with_all_in_it(server: Served):
    made = server.http.post("/api/folders", json={"path": "shop/night"})
    for name in "abcdefg":
        body = {"name": name, "folder": "shop/night", "code": "print()"}
        assert server.http.post("/api/scripts", json=body).status_code == 201
    said = server.http.put("/api/folders/shop/night", json={"limits": {"timeout": "1m"}})
    kept = server.http.delete("/api/folders/shop/night")
    gone = server.http.delete("/api/folders/shop/night?recursive=true")

    assert [one.status_code for one in (made, said, kept, gone)] == [201, 200, 409, 200]
    assert said.json()["defaults"] == {"limits": {"timeout": "1m"}}
    assert gone.json()["scripts"] == [f"shop/night/{name}" for name in "abcdefg"]
    assert not any(script.startswith("shop/") for script in server.scripts())
    before = git(server, "show", f"{gone.json()['commit']}~1:shop/night/folder.yaml")
    assert 'name: "Night"\nlimits:\n  timeout: 1m\n# Defaults' in before


@pytest.mark.parametrize("path", ["../out", "etl/orders", "etl/orders/in", ".git", "nothing"])
def test_what_is_no_folder_is_not_changed(server: Served, path: str):
    answer = server.http.put(f"/api/folders/{path}", json={"python": "3.12"})

    assert answer.status_code in {404, 422}


def test_a_mistake_in_a_folder_is_refused_with_its_place(server: Served):
    answer = server.http.put("/api/folders/etl", json={"limits": {"timeout": "soon"}})

    assert (answer.status_code, answer.json()["problems"][0]["path"]) == (422, "etl/folder.yaml")
    assert not (server.tree / "etl/folder.yaml").exists()


def test_the_only_script_may_be_removed_while_it_runs(tmp_path: Path):
    with served(tmp_path) as server:
        server.script(
            "alone", "import time\nprint('begun', flush=True)\ntime.sleep(1)\nprint('done')\n"
        )
        server.start()
        eventually(lambda: server.get("/api/scripts/alone")["revision"], what="the first commit")
        run = server.execute("alone")
        eventually(lambda: server.output(run), what="the first line")

        assert server.http.delete("/api/scripts/alone").status_code == 200
        assert (server.scripts(), server.get("/api/tree")["held"]) == ({}, None)
        assert server.ended(run)["status"] == "success"
        assert server.output(run) == "begun\ndone\n"
