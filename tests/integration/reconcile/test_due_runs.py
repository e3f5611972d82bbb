"""From a due moment to the end on record, over the real loop."""

from datetime import timedelta

from engine.model.event import RunChanged
from engine.model.run import Outcome, RunStatus
from tests.fakes.reconciled import Disk, Engine, on_a_loop
from tests.fakes.world import a_script, cron, every

SCRIPT = "reports/daily"


@on_a_loop
async def test_a_due_moment_runs_and_its_end_is_on_record(disk: Disk):
    disk.put(a_script(every(60)))
    engine = await Engine(disk).start()

    await engine.pass_time(60)
    await engine.finish(engine.live[0])

    rows = [(row.outcome, row.run_id) for row in disk.ledger(SCRIPT)]
    assert rows == [(Outcome.RAN, run.id) for run in disk.runs_of(SCRIPT) if run.exit_code == 0]


@on_a_loop
async def test_a_run_is_on_record_before_its_start_is_sent(disk: Disk):
    disk.put(a_script(every(60)))
    engine = await Engine(disk).start()
    disk.runs.gate.before = lambda transition: bool(transition.new_runs)
    await engine.pass_time(60)
    sent_before = list(disk.launcher.starts)

    disk.runs.gate.open()
    await engine.quiet()

    assert (sent_before, disk.launcher.starts) == ([], [disk.runs_of(SCRIPT)[0].id])


@on_a_loop
async def test_listeners_hear_of_a_run_in_the_order_of_its_states(disk: Disk):
    disk.put(a_script(every(60)))
    engine = await Engine(disk).start()

    await engine.pass_time(60)
    await engine.finish(engine.live[0], 3)

    told = [event.run.status for event in engine.events if isinstance(event, RunChanged)]
    assert told == [RunStatus.QUEUED, RunStatus.RUNNING, RunStatus.FAILED]


@on_a_loop
async def test_every_moment_of_a_day_has_one_row(disk: Disk):
    disk.put(a_script(cron("0 * * * *")))
    engine = await Engine(disk).start()

    for _ in range(24):
        await engine.pass_time(3600)
        await engine.finish(engine.live[0])

    assert len({row.due for row in disk.ledger(SCRIPT)}) == 24


@on_a_loop
async def test_a_run_carries_what_it_was_made_of(disk: Disk):
    disk.put(a_script(every(60)), digest="d7")
    engine = await Engine(disk).start()

    await engine.pass_time(60)

    (run,) = disk.runs_of(SCRIPT)
    ready = disk.environments.ready(a_script().environment)
    assert ready is not None
    made_of = (run.commit, run.digest, run.environment, run.lock, run.python)
    assert made_of == ("c" * 40, "d7", ready.key, ready.lock, ready.python)


@on_a_loop
async def test_a_run_knows_how_the_one_before_ended_though_that_is_not_on_disk_yet(disk: Disk):
    disk.put(a_script())
    engine = await Engine(disk).start()
    first = await engine.execute(SCRIPT, "aaaaaa")
    await engine.quiet()
    assert not isinstance(first, str)
    disk.runs.gate.before = lambda transition: any(r.status.final for r in transition.changed_runs)
    await engine.finish(first.id, 1)

    await engine.execute(SCRIPT, "bbbbbb")

    (second,) = engine.state.active.of(first.script)
    assert second.previous_status is RunStatus.FAILED


@on_a_loop
async def test_a_paused_script_leaves_rows_and_still_runs_by_hand(disk: Disk):
    disk.put(a_script(every(60), enabled=False))
    engine = await Engine(disk).start()

    await engine.pass_time(60)
    await engine.execute(SCRIPT)
    await engine.quiet()

    outcomes = [row.outcome for row in disk.ledger(SCRIPT)]
    assert (outcomes, disk.statuses(SCRIPT)) == ([Outcome.PAUSED], [RunStatus.RUNNING])


@on_a_loop
async def test_moments_missed_while_down_become_one_run_and_rows(disk: Disk):
    disk.put(a_script(cron("0 * * * *")))
    engine = await Engine(disk).start()
    await engine.kill()
    disk.clock.advance(timedelta(hours=5, minutes=30))

    engine = await Engine(disk).start()

    outcomes = [row.outcome for row in disk.ledger(SCRIPT)]
    assert (outcomes, len(engine.live)) == ([Outcome.MISSED] * 4 + [Outcome.CAUGHT_UP], 1)
