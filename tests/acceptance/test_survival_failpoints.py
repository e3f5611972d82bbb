"""A crash between any two steps of a run: at most one start, none lost in silence."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx
import pytest

from engine.failpoint import PLACES, Place
from tests.acceptance.served import Served, eventually, served

pytestmark = pytest.mark.timeout(120)

CODE = """
import os, sys
with open(os.environ["PYSCHED_STATE_DIR"] + "/starts", "a") as starts:
    starts.write(os.environ["PYSCHED_RUN_ID"] + "\\n")
print("went by", os.environ["PYSCHED_SCRIPT"])
sys.exit(7)
"""


def starts(server: Served, script: str) -> list[str]:
    """Return the runs that started, as the script wrote it down itself."""
    file = server.data / "state" / script / "starts"
    return file.read_text().split() if file.exists() else []


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server for all places; each test brings a script of its own."""
    directory = tmp_path_factory.mktemp("failpoints")
    env = {
        "PYSCHED_FAILPOINT_FILE": str(directory / "failpoint"),
        "PYSCHED_RUNS__ENGINE_RESTART_DELAY": "0",
    }
    with served(directory, env=env) as server:
        server.start()
        yield server


def die_at(server: Served, place: Place, script: str) -> dict[str, Any]:
    """Run a script under an engine that dies at the place; return the run once it is over."""
    armed = server.tree.parent / "failpoint"
    engine = eventually(server.engine, what="an engine")
    armed.write_text(place)
    # The answer may die with the engine.
    with suppress(httpx.HTTPError):
        server.execute(script)
    eventually(lambda: not armed.exists(), what=f"the death at {place}")
    engine.wait(20)
    server.wait_until_up()
    [run] = server.runs(script=script)
    return server.ended(run["id"])


@pytest.mark.parametrize("place", PLACES)
def test_an_engine_that_dies_at_a_step_starts_once_and_loses_nothing(shared: Served, place: Place):
    script = f"at-{place.replace('_', '-')}"
    shared.script(script, CODE)
    shared.script_is(script, lambda found: found["environment"]["state"] == "ready")

    run = die_at(shared, place, script)

    assert (run["status"], run["exit_code"], run["reason"]) == ("failed", 7, "exit 7")
    assert starts(shared, script) == [run["id"]]
    assert shared.output(run["id"]) == f"went by {script}\n"
    directory = shared.data / "runs" / run["id"][:6] / run["id"]
    eventually(lambda: not directory.exists(), what="an archived and cleared run")
    assert [found["id"] for found in shared.runs(q=f"went by {script}")] == [run["id"]]


def test_what_an_engine_did_not_archive_before_the_whole_server_was_killed_is_archived(
    server: Served,
):
    armed = server.tree.parent / "failpoint"
    server.env["PYSCHED_FAILPOINT_FILE"] = str(armed)
    server.env["PYSCHED_RUNS__ENGINE_RESTART_DELAY"] = "60"
    server.script("once", CODE)
    server.start()
    server.script_is("once", lambda found: found["environment"]["state"] == "ready")
    armed.write_text("end_committed")
    run_id = server.execute("once")
    eventually(lambda: not armed.exists(), what="the death of the engine")
    server.kill_server()

    server.start()

    directory = server.data / "runs" / run_id[:6] / run_id
    eventually(lambda: not directory.exists(), what="an archived and cleared run")
    run = server.run(run_id)
    assert (run["status"], run["exit_code"]) == ("failed", 7)
    assert server.output(run_id) == "went by once\n"
    assert starts(server, "once") == [run_id]


DEATHS = {
    "after_claim": ([], "cannot be proved started"),
    "after_spawn": (None, ""),
    "before_report": (["it"], "the runner died under it"),
}
"""By place: the starts, None where the script may or may not have come so far, and the reason."""


@pytest.mark.parametrize("place", DEATHS)
def test_a_runner_that_dies_at_a_step_leaves_an_interrupted_run_that_is_not_started_again(
    server: Served, place: str
):
    server.env["PYSCHED_FAILPOINT"] = place
    server.script("once", CODE)
    server.start()
    server.script_is("once", lambda found: found["environment"]["state"] == "ready")
    with suppress(httpx.HTTPError):
        server.execute("once")
    assert server.process is not None
    server.process.wait(20)

    del server.env["PYSCHED_FAILPOINT"]
    server.start()

    [run] = server.runs(script="once")
    run = server.ended(run["id"])
    expected, reason = DEATHS[place]
    assert (run["status"], run["exit_code"]) == ("interrupted", None)
    assert run["reason"].endswith(reason)
    found = starts(server, "once")
    assert found in ([[run["id"] for _ in expected]] if expected is not None else [[], [run["id"]]])
