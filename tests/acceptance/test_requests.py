"""What programs ask for over HTTP, with curl and with idempotency."""

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.acceptance.served import KEY, Served, eventually, served

ECHO = """
import os, sys
print(sys.argv[1:], os.environ.get("MOOD", ""))
if os.environ["PYSCHED_PAYLOAD"]:
    print(open(os.environ["PYSCHED_PAYLOAD"]).read())
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory):
    with served(tmp_path_factory.mktemp("requests")) as one:
        one.script("echo", ECHO, "triggers:\n  - url: true\n    args: [by-url]\n")
        one.script("nap", "import time; time.sleep(30)", "triggers: [{url: true}]\n")
        one.script("paused", "print('never')", "enabled: false\ntriggers: [{url: true}]\n")
        hooked = "triggers: [{url: true}, {url: {token: true}, name: by-hook}]\n"
        one.script("hooked", ECHO, hooked)
        one.script("closing", ECHO, "overlap: parallel\ntriggers: [{url: {token: true}}]\n")
        one.script("manual", "import sys; print('by hand'); sys.exit(7)")
        one.start()
        one.ended(one.execute("manual"))
        yield one


def test_execute_passes_arguments_and_environment(server: Served):
    answer = server.http.post(
        "/api/scripts/echo/execute", json={"args": ["a", "b c"], "env": {"MOOD": "fine"}}
    )

    run_id = answer.json()["run_id"]
    server.ended(run_id)
    assert server.output(run_id) == "['a', 'b c'] fine\n"


def test_a_paused_script_still_runs_by_hand(server: Served):
    run = server.ended(server.execute("paused"))

    assert (run["status"], run["cause"], run["requested_by"]) == (
        "success",
        "manual",
        "default key",
    )


def test_curl_triggers_waits_and_gets_the_result(server: Served):
    command = ["curl", "-s", "-X", "POST", "-H", f"X-API-Key: {KEY}", "-d", "hello there"]
    command += [f"{server.url}/api/scripts/echo/trigger?wait=20s"]

    answer = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)

    assert (answer["status"], answer["cause"], answer["exit_code"]) == ("success", "url", 0)
    assert server.output(answer["id"]) == "['by-url'] \nhello there\n"


def test_a_request_that_is_repeated_with_its_key_runs_once(server: Served):
    headers = {"Idempotency-Key": "order-4711"}

    def ask(_: int) -> str:
        with httpx.Client(base_url=server.url, headers={"X-API-Key": KEY, **headers}) as http:
            return http.post("/api/scripts/echo/trigger", timeout=20).json()["run_id"]

    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(ask, range(16)))

    assert len(answers) == 1
    server.ended(answers.pop())


def test_a_key_that_is_repeated_after_a_crash_finds_its_run_and_takes_no_other_body(
    server: Served,
):
    def ask(body: str) -> httpx.Response:
        return server.http.post(
            "/api/scripts/echo/trigger", headers={"Idempotency-Key": "order-1"}, content=body
        )

    first = ask("one").json()["run_id"]
    server.ended(first)
    server.kill_engine()
    server.wait_until_up()

    again, other = ask("one"), ask("two")
    assert (again.json(), other.status_code, other.json()["code"]) == (
        {"run_id": first},
        422,
        "idempotency_key_reused",
    )


def test_a_hook_fires_its_script_for_whoever_knows_the_address(server: Served):
    path = server.http.post("/api/hooks/hooked").json()["path"]
    command = ["curl", "-s", "-d", "hello there", f"{server.url}{path}?wait=20s"]

    answer = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)

    assert (answer["status"], answer["trigger"], answer["requested_by"]) == (
        "success",
        "by-hook",
        "hook",
    )
    assert server.output(answer["id"]) == "[] \nhello there\n"


def test_a_hook_is_closed_by_its_manifest(server: Served):
    path = server.http.post("/api/hooks/closing").json()["path"]
    assert httpx.post(server.url + path).status_code == 202

    server.write("closing/script.yaml", "triggers: [{url: true}]\n")

    eventually(lambda: httpx.post(server.url + path).status_code == 404, what="the end of the hook")


def test_overlap_refuses_a_second_trigger_with_409(server: Served):
    first = server.http.post("/api/scripts/nap/trigger").json()["run_id"]

    second = server.http.post("/api/scripts/nap/trigger")

    assert (second.status_code, second.json()["code"]) == (409, "overlap")
    assert server.http.post(f"/api/runs/{first}/cancel").status_code == 202
    run = server.ended(first)
    assert (run["status"], run["reason"]) == ("cancelled", "cancelled by default key")


@pytest.mark.parametrize("key", [None, "wrong", KEY + "x"])
def test_nobody_gets_in_without_the_key(server: Served, key: str | None):
    headers = {} if key is None else {"X-API-Key": key}

    answer = httpx.get(f"{server.url}/api/scripts", headers=headers)

    assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")


def test_a_follower_reads_lines_as_they_are_printed(server: Served, tmp_path: Path):
    code = "import time\nfor n in range(5):\n    print(n)\n    time.sleep(0.2)\n"
    server.script("slow", code)
    server.script_is("slow", lambda script: script["environment"]["state"] == "ready")
    run_id = server.execute("slow")
    eventually(lambda: server.run(run_id)["started_at"], what="the start")

    with server.http.stream("GET", f"/api/runs/{run_id}/output", params={"follow": True}) as answer:
        early = server.run(run_id)["status"]
        text = "".join(answer.iter_text())

    assert (early, text) == ("running", "0\n1\n2\n3\n4\n")


def test_the_command_line_talks_to_the_server(server: Served):
    server.command("trigger", "manual", "--wait", code=1)

    assert "by hand" in server.command("logs", "manual")
    assert "exit 7" in server.command("runs", "manual")
    listed = json.loads(server.command("runs", "manual", "--json"))
    assert {run["script"] for run in listed["items"]} == {"manual"}
    assert "manual" in server.command("status", code=None)


def test_a_command_without_a_server_says_how_to_start_one(tmp_path: Path):
    with served(tmp_path) as nobody:
        nobody.env["PYSCHED_URL"] = nobody.url
        said = nobody.command("status", code=1)

    assert "pysched serve" in said
    assert "Traceback" not in said
