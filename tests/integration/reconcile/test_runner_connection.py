"""The connection to the runner breaks: every run is accounted for, none is started twice."""

from typing import Any

from engine.model.event import RunChanged
from engine.model.run import Run, RunStatus
from engine.model.script import Overlap, Retry, Source
from engine.ports import Transition
from engine.runner import protocol
from tests.fakes.reconciled import Disk, Engine, on_a_loop
from tests.fakes.world import a_script, every

SCRIPT = "reports/daily"


def end(transition: Transition) -> bool:
    return any(run.status.final for run in transition.changed_runs)


def always(_: Any) -> bool:
    return True


async def started(disk: Disk, **fields: Any) -> tuple[Engine, Run]:
    """Return an engine with one live run, asked for by hand."""
    disk.put(a_script(**fields))
    engine = await Engine(disk).start()
    run = await engine.execute(SCRIPT)
    await engine.quiet()
    assert not isinstance(run, str)
    return engine, run


@on_a_loop
async def test_a_start_that_was_claimed_and_not_answered_goes_on(disk: Disk):
    disk.launcher.mute = True
    engine, run = await started(disk)
    disk.launcher.mute = False

    disk.launcher.disconnect()
    disk.launcher.reconnect()
    await engine.quiet()

    assert (engine.status(run.id), disk.launcher.starts) == (RunStatus.RUNNING, [run.id])


@on_a_loop
async def test_a_start_that_never_arrived_is_sent_again(disk: Disk):
    disk.launcher.deaf = True
    engine, run = await started(disk)
    disk.launcher.deaf = False

    disk.launcher.disconnect()
    disk.launcher.reconnect()
    await engine.quiet()

    assert (engine.status(run.id), disk.launcher.starts) == (RunStatus.RUNNING, [run.id])


@on_a_loop
async def test_an_end_that_was_not_told_is_read_from_the_list(disk: Disk):
    engine, run = await started(disk)
    disk.launcher.disconnect()
    disk.launcher.finish(run.id, 3)

    disk.launcher.reconnect()
    await engine.quiet()

    stored = disk.runs.run(run.id)
    assert stored is not None
    assert (stored.status, stored.exit_code) == (RunStatus.FAILED, 3)


@on_a_loop
async def test_a_runner_that_died_leaves_its_runs_interrupted(disk: Disk):
    engine, run = await started(disk)

    disk.launcher.crash()
    disk.launcher.reconnect()
    await engine.quiet()

    assert engine.status(run.id) is RunStatus.INTERRUPTED


@on_a_loop
async def test_an_interrupted_run_is_tried_again_if_retry_says_so(disk: Disk):
    retry = Retry(attempts=2, when=(RunStatus.INTERRUPTED,))
    engine, _ = await started(disk, retry=retry)

    disk.launcher.crash()
    disk.launcher.reconnect()
    await engine.quiet()
    await engine.pass_time(60)

    assert disk.statuses(SCRIPT) == [RunStatus.INTERRUPTED, RunStatus.RUNNING]


@on_a_loop
async def test_a_start_that_is_refused_is_looked_into_and_found_running(disk: Disk):
    disk.launcher.mute = True
    engine, run = await started(disk)
    disk.launcher.mute = False
    # As if this engine had forgotten that it has sent it.
    engine.state.starting.clear()

    engine.endings.dispatcher.start_what_may()
    await engine.quiet()

    assert (engine.status(run.id), disk.launcher.starts) == (RunStatus.RUNNING, [run.id])


@on_a_loop
async def test_while_the_runner_is_away_runs_wait(disk: Disk):
    disk.put(a_script(every(60)))
    engine = await Engine(disk).start()
    disk.launcher.disconnect()
    await engine.pass_time(60)
    waiting = disk.statuses(SCRIPT)

    disk.launcher.reconnect()
    await engine.quiet()

    assert (waiting, disk.statuses(SCRIPT)) == ([RunStatus.QUEUED], [RunStatus.RUNNING])


@on_a_loop
async def test_an_end_told_twice_is_not_put_away_before_it_is_on_record(disk: Disk):
    engine, run = await started(disk)
    disk.runs.gate.before = end
    await engine.finish(run.id)

    disk.launcher.disconnect()
    disk.launcher.reconnect()
    await engine.quiet()

    assert list(disk.launcher.ended) == disk.places.existing() == [run.id]


@on_a_loop
async def test_an_end_found_at_the_start_is_not_put_away_before_it_is_on_record(disk: Disk):
    engine, run = await started(disk)
    await engine.kill()
    disk.launcher.finish(run.id)
    disk.runs.gate.before = end

    await Engine(disk).start()

    assert list(disk.launcher.ended) == disk.places.existing() == [run.id]


@on_a_loop
async def test_nothing_is_started_while_runs_are_matched(disk: Disk):
    engine, _ = await started(disk, overlap=Overlap.QUEUE)
    disk.put(a_script(script_id="reports/other"))
    await engine.look()
    disk.files.surveying.after = always
    disk.launcher.disconnect()
    disk.launcher.reconnect()

    await engine.execute("reports/other", "bbbbbb")
    await engine.quiet()

    assert disk.statuses("reports/other") == [RunStatus.QUEUED]


@on_a_loop
async def test_what_was_asked_for_while_runs_are_matched_starts_afterwards(disk: Disk):
    engine, _ = await started(disk)
    disk.put(a_script(script_id="reports/other"))
    await engine.look()
    disk.files.surveying.after = always
    disk.launcher.disconnect()
    disk.launcher.reconnect()
    await engine.execute("reports/other", "bbbbbb")
    await engine.quiet()

    disk.files.surveying.open()
    await engine.quiet()

    assert disk.statuses("reports/other") == [RunStatus.RUNNING]


@on_a_loop
async def test_a_matching_that_the_next_break_overtakes_counts_for_nothing(disk: Disk):
    engine, _ = await started(disk)
    disk.files.surveying.after = always
    disk.launcher.disconnect()
    disk.launcher.reconnect()
    await engine.quiet()
    disk.launcher.disconnect()

    disk.files.surveying.open()
    await engine.quiet()

    assert not engine.endings.dispatcher.ready


@on_a_loop
async def test_a_matching_that_fails_is_made_again(disk: Disk, monkeypatch: Any):
    monkeypatch.setattr("engine.reconcile.reunion.ASK_AGAIN_SECONDS", 0.001)
    engine, run = await started(disk)
    disk.files.surveying.error = OSError("no such disk")
    disk.launcher.disconnect()
    disk.launcher.finish(run.id)
    disk.launcher.reconnect()
    await engine.quiet()

    disk.files.surveying.open()
    while not engine.endings.dispatcher.ready:
        await engine.quiet()
    await engine.quiet()

    assert engine.status(run.id) is RunStatus.SUCCESS


@on_a_loop
async def test_a_cancel_while_it_is_matched_stops_the_run_that_goes_on(disk: Disk):
    disk.launcher.mute = True
    engine, run = await started(disk)
    disk.launcher.mute = False
    disk.files.surveying.after = always
    disk.launcher.disconnect()
    disk.launcher.reconnect()
    await engine.quiet()

    engine.endings.cancel(run.id, "cancelled by ada")
    disk.files.surveying.open()
    await engine.quiet()

    assert (engine.live, engine.status(run.id)) == ([], RunStatus.CANCELLED)


@on_a_loop
async def test_a_cancel_while_it_is_matched_ends_the_run_that_was_never_started(disk: Disk):
    disk.launcher.deaf = True
    engine, run = await started(disk)
    disk.launcher.deaf = False
    disk.files.surveying.after = always
    disk.launcher.disconnect()
    disk.launcher.reconnect()
    await engine.quiet()

    engine.endings.cancel(run.id, "cancelled by ada")
    disk.files.surveying.open()
    await engine.quiet()

    assert (disk.launcher.starts, engine.status(run.id)) == ([], RunStatus.CANCELLED)


@on_a_loop
async def test_a_replaced_run_is_stopped_once_the_runner_is_back(disk: Disk):
    engine, old = await started(disk, overlap=Overlap.REPLACE)
    disk.launcher.disconnect()
    new = await engine.execute(SCRIPT, "bbbbbb")
    assert not isinstance(new, str)

    disk.launcher.reconnect()
    await engine.quiet()

    found = {run.id: run.status for run in disk.runs_of(SCRIPT)}
    assert found == {old.id: RunStatus.CANCELLED, new.id: RunStatus.RUNNING}


@on_a_loop
async def test_a_checkout_that_ends_while_runs_are_matched_waits(disk: Disk):
    disk.sources.gate.before = always
    engine, run = await started(disk, source=Source.SNAPSHOT)
    disk.files.surveying.after = always
    disk.launcher.disconnect()
    disk.launcher.reconnect()
    disk.sources.gate.open()
    await engine.quiet()
    meanwhile = list(disk.launcher.starts)

    disk.files.surveying.open()
    await engine.quiet()

    assert (meanwhile, disk.launcher.starts) == ([], [run.id])


@on_a_loop
async def test_a_checkout_that_was_under_way_leads_to_one_start(disk: Disk):
    disk.sources.gate.before = always
    engine, run = await started(disk, source=Source.SNAPSHOT)
    disk.launcher.disconnect()
    disk.launcher.reconnect()
    await engine.quiet()

    disk.sources.gate.open()
    await engine.quiet()

    assert (disk.launcher.starts, engine.status(run.id)) == ([run.id], RunStatus.RUNNING)


@on_a_loop
async def test_a_cancel_before_the_first_matching_stops_the_run_that_goes_on(disk: Disk):
    disk.launcher.mute = True
    engine, run = await started(disk)
    await engine.kill()
    disk.files.surveying.after = always
    engine = Engine(disk)
    starting = engine.tasks.spawn(engine.begin())
    await engine.quiet()

    engine.endings.cancel(run.id, "cancelled by ada")
    disk.files.surveying.open()
    await starting
    await engine.quiet()

    assert (engine.live, engine.status(run.id)) == ([], RunStatus.CANCELLED)


@on_a_loop
async def test_what_is_found_of_a_run_that_was_cancelled_meanwhile_changes_nothing(disk: Disk):
    disk.slots = 1
    disk.put(a_script(script_id="reports/other"))
    engine, _ = await started(disk)
    waiting = await engine.execute("reports/other", "bbbbbb")
    assert not isinstance(waiting, str)
    # Nothing can be told of it: it will be found lost.
    (disk.places.run(waiting.id) / protocol.CLAIM_NAME).mkdir(parents=True)
    disk.files.surveying.after = always
    disk.launcher.disconnect()
    disk.launcher.reconnect()
    await engine.quiet()

    engine.endings.cancel(waiting.id, "cancelled by ada")
    disk.files.surveying.open()
    await engine.quiet()

    told = [e.run.status for e in engine.events if isinstance(e, RunChanged)][-2:]
    assert told == [RunStatus.QUEUED, RunStatus.CANCELLED]


@on_a_loop
async def test_a_start_that_is_not_answered_yet_keeps_its_slot(disk: Disk):
    disk.slots = 1
    disk.put(a_script(script_id="reports/other"))
    disk.launcher.mute = True
    engine, run = await started(disk)

    await engine.execute("reports/other", "bbbbbb")
    await engine.quiet()

    assert disk.launcher.asked == [run.id]


@on_a_loop
async def test_a_checkout_that_is_being_made_keeps_its_slot(disk: Disk):
    disk.slots = 1
    disk.put(a_script(script_id="reports/other"))
    disk.sources.gate.before = always
    engine, run = await started(disk, source=Source.SNAPSHOT)

    await engine.execute("reports/other", "bbbbbb")
    await engine.quiet()

    made = [script for script, _ in disk.sources.snapshots]
    assert (made, disk.launcher.asked) == ([run.script], [])


@on_a_loop
async def test_a_checkout_is_made_once_for_a_run(disk: Disk):
    disk.sources.gate.before = always
    parallel = {"overlap": Overlap.PARALLEL, "max_parallel": 2}
    engine, run = await started(disk, source=Source.SNAPSHOT, **parallel)

    engine.endings.dispatcher.start_what_may()
    await engine.quiet()

    assert [script for script, _ in disk.sources.snapshots] == [run.script]
