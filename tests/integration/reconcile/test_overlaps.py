"""Overlap, groups and slots from trigger to end, also for decisions that meet."""

from typing import Any

import pytest

from engine.model.run import Outcome, RunStatus
from engine.model.script import Overlap, Retry
from tests.fakes.reconciled import Disk, Engine, on_a_loop
from tests.fakes.world import a_script, after, every

SCRIPT = "reports/daily"
RUNNING, QUEUED, SUCCESS = RunStatus.RUNNING, RunStatus.QUEUED, RunStatus.SUCCESS
SKIPPED, CANCELLED = RunStatus.SKIPPED, RunStatus.CANCELLED


@pytest.mark.parametrize(
    ("fields", "statuses"),
    [
        ({"overlap": Overlap.SKIP}, [RUNNING, SKIPPED, SKIPPED]),
        ({"overlap": Overlap.QUEUE}, [RUNNING, QUEUED, QUEUED]),
        ({"overlap": Overlap.QUEUE, "queue_limit": 1}, [RUNNING, QUEUED, SKIPPED]),
        ({"overlap": Overlap.PARALLEL, "max_parallel": 2}, [RUNNING, RUNNING, SKIPPED]),
        ({"overlap": Overlap.REPLACE}, [CANCELLED, CANCELLED, RUNNING]),
    ],
)
@on_a_loop
async def test_moments_under_a_run_that_still_goes(
    disk: Disk, fields: dict[str, Any], statuses: list[RunStatus]
):
    disk.slots = 3
    disk.put(a_script(every(60), **fields))
    engine = await Engine(disk).start()

    await engine.pass_time(180)

    assert disk.statuses(SCRIPT) == statuses


@on_a_loop
async def test_a_queue_runs_one_after_the_other_in_order(disk: Disk):
    disk.put(a_script(every(60), overlap=Overlap.QUEUE))
    engine = await Engine(disk).start()
    await engine.pass_time(180)

    for _ in range(3):
        (run_id,) = engine.live
        await engine.finish(run_id)

    assert disk.launcher.starts == [row.run_id for row in disk.ledger(SCRIPT)]


@on_a_loop
async def test_scripts_of_one_group_never_run_together(disk: Disk):
    disk.put(a_script(every(60), group="db"), a_script(every(60), script_id="b", group="db"))
    engine = await Engine(disk).start()
    await engine.pass_time(60)
    together = len(engine.live)

    await engine.finish(engine.live[0])

    assert (together, len(engine.live), len(disk.launcher.starts)) == (1, 1, 2)


@on_a_loop
async def test_no_more_runs_go_at_once_than_there_are_slots(disk: Disk):
    disk.put(*(a_script(every(60), script_id=f"s{number}") for number in range(5)))
    engine = await Engine(disk).start()
    await engine.pass_time(60)

    most = len(engine.live)
    while engine.live:
        await engine.finish(engine.live[0])
        most = max(most, len(engine.live))

    assert (most, len(disk.launcher.starts)) == (2, 5)


@on_a_loop
async def test_two_requests_at_the_same_time_do_not_both_get_in(disk: Disk):
    disk.put(a_script())
    engine = await Engine(disk).start()
    disk.runs.gate.before = lambda _: True

    first = engine.tasks.spawn(engine.execute(SCRIPT, "aaaaaa"))
    second = engine.tasks.spawn(engine.execute(SCRIPT, "bbbbbb"))
    await engine.quiet()
    disk.runs.gate.open()

    assert [isinstance(await each, str) for each in (first, second)] == [False, True]


@on_a_loop
async def test_two_upstreams_that_end_together_set_off_one_run(disk: Disk):
    mail = a_script(after("a"), after("b"), script_id="mail")
    disk.put(a_script(script_id="a"), a_script(script_id="b"), mail)
    engine = await Engine(disk).start()
    await engine.execute("a", "aaaaaa")
    await engine.execute("b", "bbbbbb")
    await engine.quiet()

    for run_id in engine.live:
        disk.launcher.finish(run_id)
    await engine.quiet()

    assert disk.statuses("mail") == [RUNNING, SKIPPED]


@on_a_loop
async def test_a_request_during_a_pass_is_seen_by_it(disk: Disk):
    script = a_script(every(60))
    disk.put(script)
    engine = await Engine(disk).start()
    disk.clock.advance(60)
    disk.put(a_script(every(60), description="new"), digest="d2")
    disk.scripts.gate.before = lambda _: True
    engine.tasks.spawn(engine.loop.look())
    await engine.quiet()
    await engine.execute(SCRIPT)

    disk.scripts.gate.open()
    await engine.quiet()

    assert [row.outcome for row in disk.ledger(SCRIPT)] == [Outcome.SKIPPED]


@on_a_loop
async def test_a_retry_that_waits_keeps_the_next_moment_away(disk: Disk):
    disk.put(a_script(every(60), retry=Retry(attempts=2)))
    engine = await Engine(disk).start()
    await engine.pass_time(60)
    disk.clock.advance(59)

    disk.clock.advance(1)
    disk.launcher.finish(engine.live[0], 1)
    engine.alarm.ring_if_due()
    await engine.quiet()

    assert disk.statuses(SCRIPT) == [RunStatus.FAILED, QUEUED, SKIPPED]


@on_a_loop
async def test_a_retry_waits_its_delay_and_then_starts(disk: Disk):
    disk.put(a_script(retry=Retry(attempts=2)))
    engine = await Engine(disk).start()
    await engine.execute(SCRIPT)
    await engine.quiet()
    await engine.finish(engine.live[0], 1)
    before = list(engine.live)

    await engine.pass_time(10)

    assert (before, len(engine.live)) == ([], 1)


@on_a_loop
async def test_a_follower_waits_for_the_last_attempt(disk: Disk):
    disk.put(a_script(retry=Retry(attempts=2)), a_script(after(SCRIPT), script_id="mail"))
    engine = await Engine(disk).start()
    await engine.execute(SCRIPT)
    await engine.quiet()
    await engine.finish(engine.live[0], 1)
    after_the_first = disk.statuses("mail")
    await engine.pass_time(10)

    await engine.finish(engine.live[0])

    assert (after_the_first, disk.statuses("mail")) == ([], [RUNNING])
