"""Every example runs to the end that it promises, on a server that serves them all."""

import json
import shutil
import tarfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.served import Served, eventually, served

EXAMPLES = Path(__file__).parents[2] / "examples" / "scripts"
IGNORED = shutil.ignore_patterns(".venv", "__pycache__", ".git", ".gitignore")
PATIENCE = 150
"""Seconds; a package index may be slow, and pandas is large."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("examples")) as one:
        shutil.copytree(EXAMPLES, one.tree, ignore=IGNORED, dirs_exist_ok=True)
        folder = one.tree / "etl/folder.yaml"
        text = folder.read_text()
        # What people share by its place in /tmp, tests that run at the same time must not.
        assert "/tmp/pysched-example-warehouse.db" in text
        folder.write_text(text.replace("/tmp/", f"{one.tree.parent}/"))
        one.start()
        yield one


def kept(server: Served) -> Path:
    """Return the directory of what scripts keep between their runs."""
    return server.data / "state"


def test_all_examples_are_served_and_none_has_a_problem(server: Served):
    manifests = {file.parent for file in EXAMPLES.rglob("script.yaml")}
    names = {directory.relative_to(EXAMPLES).as_posix() for directory in manifests}

    assert len(names) >= 10
    assert server.scripts().keys() == names
    assert not any(script["problems"] for script in server.scripts().values())
    assert f"{len(names)} scripts are valid" in server.command("validate", str(server.tree))


def test_hello_world_greets_by_hand_and_by_its_url(server: Served):
    by_hand = server.ended(server.execute("hello-world", "Ada"))
    assert server.output(by_hand["id"]).startswith("Hello, Ada!\n")
    assert "started by manual." in server.output(by_hand["id"])

    answer = server.http.post("/api/scripts/hello-world/trigger?wait=30s", content=b"good news")

    run = answer.json()
    assert (run["status"], run["cause"]) == ("success", "url")
    assert server.output(run["run_id"]).endswith("It came with this message: good news\n")


def test_startup_check_ran_when_the_server_started(server: Served):
    run = server.succeeded("startup-check")

    assert run["cause"] == "startup"
    assert "GB free" in server.output(run["id"])


def test_flaky_service_fails_and_succeeds_at_its_second_attempt(server: Served):
    first = server.ended(server.execute("flaky-service"))
    second = server.succeeded("flaky-service")

    assert (first["status"], first["reason"]) == ("failed", "exit 75")
    assert (second["attempt"], second["cause"], second["first_id"]) == (2, "retry", first["id"])
    assert server.output(second["id"]) == "attempt 2\nthe service answered\n"
    waited = datetime.fromisoformat(second["started_at"]) - datetime.fromisoformat(
        first["finished_at"]
    )
    assert waited >= timedelta(seconds=2)


def test_the_etl_chain_runs_from_extract_to_load(server: Served):
    server.ended(server.execute("etl/extract"))
    load = server.succeeded("etl/load")
    transform = server.succeeded("etl/transform")

    assert (transform["cause"], load["cause"]) == ("after", "after")
    assert "°C" in server.output(load["id"])
    assert server.output(transform["id"]).startswith("transformed into 2")


def test_csv_import_takes_a_new_file_in_its_inbox(server: Served):
    server.script_is("csv-import", lambda script: script["environment"]["state"] == "ready")
    server.write("csv-import/inbox/tuesday.csv", "email,name\nada@example.com,Ada\n")

    run = server.succeeded("csv-import")

    assert (run["cause"], run["trigger"]) == ("files", "files:inbox/*.csv")
    assert server.output(run["id"]).startswith("tuesday.csv: 1 contacts\n")


def test_backup_packs_the_tree(server: Served):
    run = server.ended(server.execute("backup"))

    assert run["status"] == "success", server.output(run["id"])
    assert "archives in" in server.output(run["id"])
    (archive,) = kept(server).glob("**/backups/*.tar.gz")
    with tarfile.open(archive) as packed:
        assert any(name.endswith("hello-world/hello-world.py") for name in packed.getnames())


def test_heartbeat_remembers_what_it_recorded(server: Served):
    for _ in range(2):
        assert server.ended(server.execute("heartbeat"))["status"] == "success"

    last = server.ended(server.execute("heartbeat"))
    recorded = int(server.output(last["id"]).split("highest of the last ")[1].split()[0])
    assert recorded >= 3


def test_python_versions_runs_on_the_python_that_it_asks_for(server: Served):
    run = server.ended(server.execute("python-versions"))

    assert server.output(run["id"]).startswith("Python 3.11.")
    assert run["python"].startswith("3.11.")


def test_site_check_checks_what_it_is_given(server: Served):
    up = server.ended(server.execute("site-check", f"{server.url}/api/health"))
    down = server.ended(server.execute("site-check", "http://127.0.0.1:1/"))
    answer = server.http.post("/api/scripts/site-check/execute", json={"env": {"URLS": ""}})
    nothing = server.ended(answer.json()["run_id"])

    assert [run["status"] for run in (up, down, nothing)] == ["success", "failed", "skipped"]
    assert nothing["reason"] == "exit 75"


def succeeds(server: Served, script: str) -> str:
    """Run an example that needs packages; returns what it printed."""
    run = server.ended(server.execute(script), seconds=PATIENCE)
    assert run["status"] == "success", (run["reason"], server.output(run["id"]))
    return server.output(run["id"])


@pytest.mark.network
@pytest.mark.timeout(PATIENCE + 30)
def test_sales_report_adds_up_with_pandas(server: Served):
    printed = succeeds(server, "reports/sales-report")

    assert printed.startswith("Sales in EUR, from ")
    (written,) = kept(server).rglob("sales.csv")
    assert written.read_text().splitlines()[-1].startswith("all,")


@pytest.mark.network
@pytest.mark.timeout(PATIENCE + 30)
def test_workday_digest_knows_the_day_in_berlin(server: Served):
    assert "Europe/Berlin" in succeeds(server, "workday-digest")


@pytest.mark.network
@pytest.mark.timeout(PATIENCE + 30)
def test_release_notes_are_rendered_when_they_change(server: Served):
    server.script_is(
        "release-notes", lambda script: script["environment"]["state"] == "ready", seconds=PATIENCE
    )
    notes = server.tree / "release-notes/NOTES.md"
    notes.write_text(notes.read_text() + "\n- one **more** thing\n")

    run: dict[str, Any] = server.succeeded("release-notes")

    assert run["cause"] == "files"
    (page,) = kept(server).rglob("notes.html")
    eventually(lambda: "<strong>more</strong>" in page.read_text(), what="the page")


def test_the_plan_of_the_examples_is_empty_once_they_are_served(server: Served):
    plan = json.loads(server.command("plan", "--json", code=None))

    assert (plan["actions"], plan["problems"], plan["held"]) == ([], [], None)
