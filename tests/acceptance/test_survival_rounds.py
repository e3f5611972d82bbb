"""Random kills, restarts, edits and triggers: the ledger and the scripts' own records agree.

Each script writes down each of its starts before it does anything else. That record
is what the server's rows are compared with in the end.
"""

import random
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress
from itertools import pairwise
from typing import Any

import httpx
import pytest

from engine.runner.protocol import CLAIM_NAME
from tests.acceptance.served import Served, eventually, lives

CODE = """
import os, sys, time
with open(os.environ["STARTS"], "a") as starts:
    starts.write(os.environ["PYSCHED_RUN_ID"] + "\\n")
lines, seconds, code = int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
for n in range(lines):
    print(os.environ["PYSCHED_RUN_ID"], "line", n, flush=True)
    time.sleep(seconds / lines)
sys.exit(code)
"""
SCRIPTS = {
    # lines, seconds, exit code; then the manifest
    "tick": ((3, 0.1, 0), "triggers: [{every: 1s}]\n"),
    "quick": ((1, 0.0, 0), "overlap: parallel\nmax_parallel: 4\n"),
    "long": ((40, 2.0, 7), "overlap: parallel\nmax_parallel: 3\n"),
    "queued": ((10, 0.3, 0), "overlap: queue\nqueue_limit: 50\n"),
    "again": ((10, 0.5, 0), "retry: {attempts: 2, delay: 0s, when: [interrupted]}\n"),
    "after": ((2, 0.0, 3), "triggers: [{after: quick}]\noverlap: queue\nqueue_limit: 50\n"),
}
RAN = {"success", "failed"}
ROUNDS = 20
SOAK_ROUNDS = 200


class Storm:
    """A server under which things break, in an order that the seed decides."""

    def __init__(self, server: Served, seed: int) -> None:
        self.server = server
        self.random = random.Random(seed)
        self.accepted: list[str] = []
        self.edits = 0
        server.env["PYSCHED_RUNS__ENGINE_RESTART_DELAY"] = "0"
        server.env["PYSCHED_RUNS__MAX_CONCURRENT"] = "8"
        server.write("folder.yaml", f"env: {{STARTS: {server.tree.parent / 'starts'}}}\n")
        for name in SCRIPTS:
            self._define(name)
        server.start()

    def _define(self, name: str) -> None:
        (lines, seconds, code), manifest = SCRIPTS[name]
        arguments = f'args: ["{lines}", "{seconds}", "{code}"]\n'
        self.server.script(name, CODE, f"description: edit {self.edits}\n{arguments}{manifest}")

    def round(self) -> None:
        for _ in range(self.random.randrange(4)):
            self.trigger()
        if self.random.random() < 0.5:
            self.edit()
        time.sleep(self.random.uniform(0, 0.6))
        choices: list[Callable[[], None]] = [self.kill_engine, self.hang_up, self.kill_server]
        self.random.choices(choices, weights=[5, 2, 3])[0]()
        if self.random.random() < 0.6:
            self.server.wait_until_up()

    def trigger(self) -> None:
        """Ask for a run; the server may be down, or go down before it answers."""
        script = self.random.choice(["quick", "long", "queued", "again"])
        with suppress(httpx.HTTPError):
            answer = self.server.http.post(f"/api/scripts/{script}/execute", json={})
            if answer.status_code == 202:
                self.accepted.append(answer.json()["run_id"])

    def edit(self) -> None:
        """Change a script's files in one step each, as editors do."""
        self.edits += 1
        name = self.random.choice(list(SCRIPTS))
        manifest = self.server.tree / name / "script.yaml"
        (lines, seconds, code), rest = SCRIPTS[name]
        text = f'description: edit {self.edits}\nargs: ["{lines}", "{seconds}", "{code}"]\n{rest}'
        for file, content in ((manifest, text), (manifest.with_name(f"{name}.py"), self._code())):
            draft = file.with_name(f".{file.name}.draft")
            draft.write_text(content)
            draft.replace(file)

    def _code(self) -> str:
        return f"{CODE}# edit {self.edits}\n"

    def kill_engine(self) -> None:
        engine = self.server.engine()
        if engine is not None:
            engine.kill()

    def hang_up(self) -> None:
        # Without an engine the process may be so young that SIGHUP still ends it.
        if self.server.engine() is not None:
            self.server.hang_up()

    def kill_server(self) -> None:
        self.server.kill_server()
        self.server.start(wait=False)

    def settle(self) -> list[dict[str, Any]]:
        """End the ticking and return all runs once none is active."""
        self.server.wait_until_up()
        (self.server.tree / "tick" / "script.yaml").unlink()
        self.server.script_is("tick", lambda found: not found["triggers"])
        active = ("queued", "running")
        eventually(
            lambda: not any(self.server.runs(status=status) for status in active),
            seconds=60,
            what="the end of all runs",
        )
        return self.server.runs()


def starts(server: Served) -> Counter[str]:
    return Counter((server.tree.parent / "starts").read_text().split())


def expected_output(run: dict[str, Any]) -> str:
    lines = SCRIPTS[run["script"]][0][0]
    return "".join(f"{run['id']} line {n}\n" for n in range(lines))


def check(storm: Storm, runs: list[dict[str, Any]]) -> None:
    started = starts(storm.server)
    rows = {run["id"]: run for run in runs}
    assert len(rows) == len(runs)
    assert {run["script"] for run in runs if run["status"] in RAN} == SCRIPTS.keys()
    assert max(started.values()) == 1, started.most_common(3)
    assert started.keys() <= rows.keys(), "a run started that has no row"
    assert set(storm.accepted) <= rows.keys(), "a run was accepted and forgotten"
    for run in runs:
        if run["status"] in RAN:
            assert run["id"] in started, run
            assert run["exit_code"] == SCRIPTS[run["script"]][0][2], run
            assert storm.server.output(run["id"]) == expected_output(run)
        elif run["status"] == "interrupted":
            assert run["reason"], run
            # What it had printed until then is kept.
            assert expected_output(run).startswith(storm.server.output(run["id"]))
        else:
            assert run["id"] not in started, run
    check_ledger(storm.server, rows)


def check_ledger(server: Served, rows: dict[str, dict[str, Any]]) -> None:
    """Every second has its one row, and each that ran has its run."""
    with closing(sqlite3.connect(server.data / "pysched.db")) as database:
        ledger = database.execute(
            "SELECT due, outcome, run_id FROM occurrences WHERE script = 'tick' ORDER BY due"
        ).fetchall()
    dues = [due for due, _, _ in ledger]
    step = min(later - due for due, later in pairwise(dues))
    assert dues == list(range(dues[0], dues[-1] + 1, step)), "a second without a row, or with two"
    for _, outcome, run_id in ledger:
        if outcome in {"ran", "caught_up"}:
            assert rows[run_id]["status"] in {*RAN, "interrupted"}, rows[run_id]


def no_process_is_left(server: Served) -> bool:
    return not [
        process
        for process in server.orphans()
        if lives(process) and "PYSCHED_RUN_ID" in process.environ()
    ]


def unarchived(server: Served) -> list[str]:
    return [str(path) for path in (server.data / "runs").glob(f"2*/*/{CLAIM_NAME}")]


def storm(server: Served, seed: int, rounds: int) -> None:
    one = Storm(server, seed)
    for _ in range(rounds):
        one.round()
    runs = one.settle()
    check(one, runs)
    eventually(lambda: not unarchived(server), what="the archive of all output")
    assert no_process_is_left(server)


@pytest.mark.timeout(600)
def test_twenty_rounds_of_kills_and_restarts_leave_true_records(server: Served):
    storm(server, 1, ROUNDS)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_two_hundred_rounds_of_kills_and_restarts_leave_true_records(server: Served):
    storm(server, 2, SOAK_ROUNDS)
