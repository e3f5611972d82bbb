"""Every scheduled moment leaves exactly one row, which says what became of it."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from tests.acceptance.served import Served, eventually, served

SECOND = timedelta(seconds=1)
PRINT = "print('hello')\n"
LONG = "import time\ntime.sleep(2.4)\n"
EVERY = "triggers:\n  - every: 1s\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    env = {"PYSCHED_RUNS__MAX_CONCURRENT": "20"}
    with served(tmp_path_factory.mktemp("schedule"), env=env) as one:
        one.script("every", PRINT, f"overlap: queue\n{EVERY}")
        one.script("cron", PRINT, 'overlap: queue\ntriggers:\n  - cron: "* * * * * *"\n')
        one.script("skips", LONG, f"overlap: skip\n{EVERY}")
        one.script("queues", LONG, f"overlap: queue\nqueue_limit: 1\n{EVERY}")
        one.script("replaces", LONG, f"overlap: replace\nstop_grace: 0s\n{EVERY}")
        one.script("parallels", LONG, f"overlap: parallel\nmax_parallel: 2\n{EVERY}")
        short = "import time\ntime.sleep(0.4)\n"
        one.script("group/a", short, f"group: warehouse\noverlap: queue\nqueue_limit: 3\n{EVERY}")
        one.script("group/b", short, f"group: warehouse\noverlap: queue\nqueue_limit: 3\n{EVERY}")
        one.script("paused", PRINT, f"enabled: false\n{EVERY}")
        one.script(
            "half-paused", PRINT, f"{EVERY}    enabled: false\n  - at: 2099-01-01T00:00:00\n"
        )
        one.start()
        yield one


def ledger(server: Served, script: str) -> list[dict[str, Any]]:
    """Return all rows of a script, oldest first, with `due` as a time."""
    rows: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        page = server.get(
            f"/api/scripts/{script}/occurrences",
            limit=200,
            **({"cursor": cursor} if cursor else {}),
        )
        rows += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    rows.reverse()
    return [{**row, "due": datetime.fromisoformat(row["due"])} for row in rows]


def ledger_of(server: Served, script: str, *, rows: int) -> list[dict[str, Any]]:
    """Return the ledger once it has so many rows."""

    def look() -> list[dict[str, Any]] | None:
        found = ledger(server, script)
        return found if len(found) >= rows else None

    return eventually(look, seconds=30, what=f"{rows} moments of {script}")


def gaps(rows: Sequence[dict[str, Any]]) -> set[timedelta]:
    return {later["due"] - row["due"] for row, later in pairwise(rows)}


def outcomes(rows: Sequence[dict[str, Any]]) -> list[str]:
    return [row["outcome"] for row in rows]


def spans(server: Served, *scripts: str) -> list[tuple[datetime, datetime]]:
    """Return when runs began and ended, of those that are over."""
    runs = [run for script in scripts for run in server.runs(script=script)]
    return sorted(
        (datetime.fromisoformat(run["started_at"]), datetime.fromisoformat(run["finished_at"]))
        for run in runs
        if run["started_at"] and run["finished_at"]
    )


def most_at_once(found: Sequence[tuple[datetime, datetime]]) -> int:
    steps = sorted([(begin, 1) for begin, _ in found] + [(end, -1) for _, end in found])
    most = now = 0
    for _, step in steps:
        now += step
        most = max(most, now)
    return most


# One row a second


@pytest.mark.parametrize("script", ["every", "cron"])
def test_a_trigger_of_every_second_leaves_one_row_and_one_run_a_second(server: Served, script: str):
    rows = ledger_of(server, script, rows=10)

    assert gaps(rows) == {SECOND}
    assert all(row["due"].microsecond == 0 for row in rows)
    assert set(outcomes(rows)) == {"ran"}
    runs = {run["id"]: run for run in server.runs(script=script)}
    assert len({row["run_id"] for row in rows}) == len(rows)
    for row in rows:
        run = runs[row["run_id"]]
        assert datetime.fromisoformat(run["scheduled_for"]) == row["due"]
        assert (run["cause"], run["trigger"]) == ("schedule", row["trigger"])


def test_a_run_starts_in_its_second_and_never_before_it_is_due(server: Served):
    ledger_of(server, "every", rows=10)
    late = [
        datetime.fromisoformat(run["started_at"]) - datetime.fromisoformat(run["scheduled_for"])
        for run in server.runs(script="every", status="success")
    ]

    assert min(late) >= timedelta()
    assert sorted(late)[len(late) // 2] < SECOND / 2


def test_an_at_trigger_runs_once_at_its_time(server: Served):
    moment = datetime.now(UTC).replace(microsecond=0) + 3 * SECOND
    server.script("once", PRINT, f"triggers:\n  - at: {moment.isoformat()}\n")
    found = server.script_is("once", lambda script: script["next_run"] is not None)
    assert datetime.fromisoformat(found["next_run"]) == moment

    run = server.succeeded("once")

    assert datetime.fromisoformat(run["scheduled_for"]) == moment
    assert server.get("/api/scripts/once")["next_run"] is None
    assert outcomes(ledger(server, "once")) == ["ran"]


# Overlap


def test_overlap_skip_leaves_a_row_that_says_so(server: Served):
    rows = ledger_of(server, "skips", rows=7)

    assert gaps(rows) == {SECOND}
    seen = {(row["outcome"], row["reason"]) for row in rows}
    assert seen == {("ran", ""), ("skipped", "overlap")}
    assert most_at_once(spans(server, "skips")) == 1
    skipped = next(row for row in rows if row["outcome"] == "skipped")
    assert server.run(skipped["run_id"])["status"] == "skipped"


def test_overlap_queue_runs_one_after_another_up_to_its_limit(server: Served):
    rows = ledger_of(server, "queues", rows=8)

    assert gaps(rows) == {SECOND}
    assert outcomes(rows)[:2] == ["ran", "ran"]
    full = [row["reason"] for row in rows if row["outcome"] == "skipped"]
    assert set(full) == {"queue limit 1 reached"}
    assert most_at_once(spans(server, "queues")) == 1


def test_overlap_replace_cancels_the_run_that_is_going(server: Served):
    rows = ledger_of(server, "replaces", rows=6)

    assert gaps(rows) == {SECOND}
    assert set(outcomes(rows)) == {"ran"}
    first = server.ended(rows[0]["run_id"])
    assert (first["status"], first["reason"]) == ("cancelled", "replaced by a newer run")
    assert most_at_once(spans(server, "replaces")) == 1


def test_overlap_parallel_runs_as_many_as_it_may(server: Served):
    rows = ledger_of(server, "parallels", rows=8)

    assert gaps(rows) == {SECOND}
    assert most_at_once(spans(server, "parallels")) == 2
    full = [row["reason"] for row in rows if row["outcome"] == "skipped"]
    assert set(full) == {"overlap: 2 of 2 parallel runs going"}


def test_scripts_of_one_group_never_run_at_the_same_time(server: Served):
    for script in ("group/a", "group/b"):
        assert gaps(ledger_of(server, script, rows=8)) == {SECOND}

    both = eventually(
        lambda: finished if len(finished := spans(server, "group/a", "group/b")) > 8 else None,
        seconds=30,
        what="some runs of both",
    )
    assert most_at_once(both) == 1

    def waits() -> bool:
        queued = [*server.runs(status="queued", script="group/a")]
        queued += server.runs(status="queued", script="group/b")
        return any(
            (run["waits_for"] or "").startswith("waits for group warehouse") for run in queued
        )

    assert eventually(waits, what="a run that waits for the group")


# Pauses


def test_a_paused_script_leaves_rows_that_say_so_and_runs_by_hand(server: Served):
    rows = ledger_of(server, "paused", rows=4)

    assert gaps(rows) == {SECOND}
    assert {(row["outcome"], row["reason"]) for row in rows} == {("paused", "enabled: false")}
    found = server.get("/api/scripts/paused")
    assert (found["status"], found["next_run"]) == ("paused", None)
    assert server.ended(server.execute("paused"))["cause"] == "manual"


def test_a_paused_trigger_leaves_the_others_going(server: Served):
    rows = ledger_of(server, "half-paused", rows=4)

    assert {(row["trigger"], row["outcome"]) for row in rows} == {("every:1s", "paused")}
    assert server.get("/api/scripts/half-paused")["next_run"] is not None


def test_a_script_that_is_switched_on_again_does_not_catch_up(server: Served):
    server.script("resumes", PRINT, f"enabled: false\n{EVERY}")
    ledger_of(server, "resumes", rows=3)

    server.write("resumes/script.yaml", EVERY)
    server.succeeded("resumes")

    seen = outcomes(ledger(server, "resumes"))
    assert seen == ["paused"] * seen.count("paused") + ["ran"] * seen.count("ran")
    assert all(run["cause"] == "schedule" for run in server.runs(script="resumes"))


# Downtime


@dataclass(frozen=True)
class Restarted:
    """A server that was down for five seconds."""

    server: Served
    before: Mapping[str, dict[str, Any]]
    """Its scripts, before."""


@pytest.fixture(scope="module")
def back(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Restarted]:
    with served(tmp_path_factory.mktemp("downtime")) as one:
        for catch_up in ("none", "latest", "all"):
            keys = f"    catch_up: {catch_up}\n"
            one.script(catch_up, PRINT, f"overlap: queue\n{EVERY}{keys}")
        window = "    catch_up: all\n    catch_up_window: 2s\n"
        one.script("window", PRINT, f"overlap: queue\n{EVERY}{window}")
        for name in ("one", "two"):
            jitter = 'triggers:\n  - cron: "0 0 1 1 *"\n    jitter: 2h\n'
            one.script(f"jitter-{name}", PRINT, jitter)
        one.start()
        moment = datetime.now(UTC).replace(microsecond=0) + 3 * SECOND
        one.script("done-once", PRINT, f"triggers:\n  - at: {moment.isoformat()}\n")
        one.succeeded("done-once")
        for script in ("none", "latest", "all", "window"):
            ledger_of(one, script, rows=3)
        before = one.scripts()
        one.stop()
        time.sleep(5)
        one.start()
        yield Restarted(one, before)


@pytest.fixture
def restarted(back: Restarted) -> Served:
    return back.server


def lost(server: Served, script: str) -> list[dict[str, Any]]:
    """Return the rows of the downtime, once the time after it has some as well."""

    def look() -> list[dict[str, Any]] | None:
        rows = ledger(server, script)
        away = [n for n, row in enumerate(rows) if row["outcome"] != "ran"]
        if not away or len(rows) < away[-1] + 3:
            return None
        assert gaps(rows) == {SECOND}
        return rows[away[0] : away[-1] + 1]

    rows = eventually(look, what=f"rows of the downtime of {script}")
    assert len(rows) >= 4
    return rows


def test_catch_up_none_leaves_a_row_for_each_missed_moment(restarted: Served):
    rows = lost(restarted, "none")

    assert set(outcomes(rows)) == {"missed"}
    assert {row["reason"] for row in rows} == {
        "the server was down or the machine asleep; catch_up: none"
    }
    assert restarted.runs(script="none", trigger="catch_up") == []


def test_catch_up_latest_runs_the_newest_missed_moment(restarted: Served):
    rows = lost(restarted, "latest")

    assert outcomes(rows) == ["missed"] * (len(rows) - 1) + ["caught_up"]
    run = restarted.ended(rows[-1]["run_id"])
    assert (run["status"], run["cause"]) == ("success", "catch_up")
    assert datetime.fromisoformat(run["scheduled_for"]) == rows[-1]["due"]


def test_catch_up_all_runs_every_missed_moment_in_order(restarted: Served):
    rows = lost(restarted, "all")

    assert set(outcomes(rows)) == {"caught_up"}
    runs = [restarted.ended(row["run_id"]) for row in rows]
    assert {run["status"] for run in runs} == {"success"}
    starts = [run["started_at"] for run in runs]
    assert starts == sorted(starts)


def test_moments_older_than_the_window_are_missed(restarted: Served):
    rows = lost(restarted, "window")

    seen = outcomes(rows)
    assert seen == ["missed"] * seen.count("missed") + ["caught_up"] * seen.count("caught_up")
    assert 1 <= seen.count("caught_up") <= 2
    assert rows[0]["reason"].endswith("older than its window of 2 seconds")


def test_a_moment_that_is_past_does_not_come_again_after_a_restart(restarted: Served):
    assert len(ledger(restarted, "done-once")) == 1
    assert restarted.get("/api/scripts/done-once")["next_run"] is None


def test_jitter_is_each_scripts_own_and_the_same_after_a_restart(back: Restarted):
    before, after = back.before, back.server.scripts()

    delays: list[timedelta] = []
    for name in ("jitter-one", "jitter-two"):
        assert after[name]["next_run"] == before[name]["next_run"]
        at = datetime.fromisoformat(after[name]["next_run"])
        delays.append(at - datetime(at.year, 1, 1, tzinfo=UTC))
    assert delays[0] != delays[1]
    assert all(timedelta() <= delay <= timedelta(hours=2) for delay in delays)


def test_the_terminal_and_the_api_list_what_is_coming(restarted: Served):
    said = restarted.command("next", "jitter-one", "-n", "3").split()
    asked = restarted.get("/api/scripts/jitter-one/next", n=3)["items"]

    dues = [datetime.fromisoformat(line) for line in said]
    assert dues == [datetime.fromisoformat(item["due"]) for item in asked]
    assert dues == [datetime(dues[0].year + number, 1, 1, tzinfo=UTC) for number in range(3)]
