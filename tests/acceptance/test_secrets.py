"""A secret goes into the runs that may have it, and comes out nowhere."""

import subprocess
from hashlib import sha256
from pathlib import Path

import pytest

from tests.acceptance.served import PYSCHED, Served, eventually, served

VALUE = "hunter22/of the+house"
CODE = """
import base64, hashlib, os, subprocess, sys, urllib.parse
token = os.environ["TOKEN"]
print("raw", token)
print("base64", base64.b64encode(f"ada:{token}".encode()).decode(), file=sys.stderr)
print("url", urllib.parse.quote(token, safe=""))
for character in token:
    sys.stdout.write(character)
    sys.stdout.flush()
print()
subprocess.run(["sh", "-c", "echo child $TOKEN"])
assert hashlib.sha256(token.encode()).hexdigest() == os.environ["EXPECTED"]
"""
MANIFEST = f"""
env:
  TOKEN: ${{secret:TOKEN}}
  EXPECTED: {sha256(VALUE.encode()).hexdigest()}
"""


def keep(server: Served, name: str, *options: str, value: str = VALUE) -> None:
    subprocess.run(
        [str(PYSCHED), "secret", "add", name, "--data", str(server.data), *options],
        input=value.encode(),
        env=server.env,
        check=True,
        timeout=60,
        stdout=subprocess.DEVNULL,
    )


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory):
    with served(tmp_path_factory.mktemp("secrets")) as one:
        one.script("etl/load", CODE, MANIFEST)
        one.script("web/site", "print('up')", "# the key:\nenv: {KEY: 'k-${secret:SITE_KEY}'}")
        one.start()
        keep(one, "TOKEN", "--script", "etl/*")
        yield one


def files_with(directory: Path, value: str) -> list[Path]:
    """Return the files of the data directory that hold a value, whatever they are."""
    return [
        path
        for path in directory.rglob("*")
        if path.is_file() and value.encode() in path.read_bytes()
    ]


def test_a_secret_reaches_its_script_and_is_seen_nowhere(server: Served):
    run = server.ended(server.execute("etl/load"))
    output = server.output(run["id"])

    assert (run["status"], run["reason"]) == ("success", "")
    lines = output.splitlines()
    assert {"raw ***", "url ***", "***", "child ***"} < set(lines)
    assert any(line.startswith("base64 YWRhO") and "***" in line for line in lines)
    assert "hunter22" not in output
    assert files_with(server.data, "hunter22") == []
    assert "hunter22" not in server.http.get("/api/secrets").text + server.said()


def test_a_secret_that_is_missing_is_told_before_and_at_the_run(server: Served):
    [told] = server.get("/api/scripts/web/site")["problems"]
    run = server.ended(server.execute("web/site"))

    assert (told["path"], told["line"], told["column"], told["severity"], told["code"]) == (
        "web/site/script.yaml",
        2,
        15,
        "warning",
        "unknown_secret",
    )
    assert "pysched secret add SITE_KEY" in told["message"]
    assert (run["status"], run["started_at"]) == ("failed", None)
    assert "there is no secret SITE_KEY" in run["reason"]

    made = server.http.post("/api/secrets", json={"name": "SITE_KEY", "value": VALUE})
    run = server.ended(server.execute("web/site"))
    assert (made.status_code, run["status"]) == (201, "success")
    assert server.get("/api/scripts/web/site")["problems"] == []
    assert server.get("/api/secrets/SITE_KEY")["last_used"] is not None


def test_a_secret_stays_hidden_when_the_engine_dies_under_the_run(server: Served):
    server.script(
        "etl/slow",
        "import os, time\nprint('begin', flush=True)\ntime.sleep(3)\nprint(os.environ['TOKEN'])",
        "env: {TOKEN: '${secret:TOKEN}'}",
    )
    server.script_is("etl/slow", lambda found: found["environment"]["state"] == "ready")
    run_id = server.execute("etl/slow")
    eventually(lambda: server.output(run_id) == "begin\n", what="the first line")
    server.kill_engine()
    server.wait_until_up()

    assert server.ended(run_id)["status"] == "success"
    assert server.output(run_id) == "begin\n***\n"
    assert files_with(server.data, "hunter22") == []


def test_a_caller_gets_no_secret_by_naming_it(server: Served):
    server.script("etl/echo", "import os; print(os.environ['SENT'])")
    server.script_is("etl/echo", lambda found: found["environment"]["state"] == "ready")
    answer = server.http.post(
        "/api/scripts/etl/echo/execute", json={"env": {"SENT": "${secret:TOKEN} $${x}"}}
    )
    run = server.ended(answer.json()["run_id"])

    assert server.output(run["id"]) == "${secret:TOKEN} $${x}\n"


def test_a_key_that_is_exchanged_under_the_server_is_noticed(server: Served):
    before = server.ended(server.execute("etl/load"))["status"]
    server.command("secret", "rotate")

    assert before == server.ended(server.execute("etl/load"))["status"] == "success"
    assert server.get("/api/health")["status"] == "ok"


def test_a_run_in_the_foreground_has_its_secrets_and_hides_them(server: Served):
    said = server.command("run", "etl/load")

    assert "raw ***" in said
    assert "hunter22" not in said
