"""The disk is full for a while: what happened meanwhile is written later, in order."""

import asyncio

import pytest

from engine.errors import BrokenRepository, Unavailable, UnusableDatabase
from engine.model.event import RunChanged
from engine.model.run import Outcome, RunStatus
from tests.fakes.reconciled import Disk, Engine, on_a_loop
from tests.fakes.world import a_script, after, every

SCRIPT = "reports/daily"
FULL = Unavailable("pysched.db: database or disk is full")


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.reconcile.record.PAUSE_SECONDS", 0.001)


async def pause() -> None:
    """Let the writes be tried a few times."""
    await asyncio.sleep(0.02)


async def emptied(engine: Engine) -> None:
    engine.disk.runs.gate.open()
    engine.disk.scripts.gate.open()
    await engine.quiet()


@on_a_loop
async def test_a_moment_that_came_meanwhile_runs_afterwards(disk: Disk):
    disk.put(a_script(every(60)))
    engine = await Engine(disk).start()
    disk.runs.gate.error = FULL
    disk.clock.advance(60)
    engine.alarm.ring_if_due()
    await pause()
    meanwhile = (list(disk.launcher.starts), engine.recorder.failure)

    await emptied(engine)

    assert (meanwhile, [row.outcome for row in disk.ledger(SCRIPT)]) == (
        ([], str(FULL)),
        [Outcome.RAN],
    )


@on_a_loop
async def test_an_end_that_came_meanwhile_is_not_lost(disk: Disk):
    disk.put(a_script(every(60)), a_script(after(SCRIPT), script_id="mail"))
    engine = await Engine(disk).start()
    await engine.pass_time(60)
    disk.runs.gate.error = FULL
    disk.launcher.finish(engine.live[0])
    await pause()
    kept_by_the_runner = len(disk.launcher.ended)

    await emptied(engine)

    facts = (kept_by_the_runner, disk.statuses(SCRIPT), disk.statuses("mail"))
    assert facts == (1, [RunStatus.SUCCESS], [RunStatus.RUNNING])


@on_a_loop
async def test_listeners_hear_of_start_and_end_in_their_order(disk: Disk):
    disk.put(a_script())
    engine = await Engine(disk).start()
    run = await engine.execute(SCRIPT)
    disk.runs.gate.error = FULL
    await pause()
    assert not isinstance(run, str)
    disk.launcher.finish(run.id)
    await pause()

    await emptied(engine)

    told = [event.run.status for event in engine.events if isinstance(event, RunChanged)]
    assert told == [RunStatus.QUEUED, RunStatus.RUNNING, RunStatus.SUCCESS]


@on_a_loop
async def test_a_definition_that_changed_meanwhile_comes_into_force(disk: Disk):
    engine = await Engine(disk).start()
    disk.scripts.gate.error = FULL
    disk.put(a_script())
    engine.loop.look_at(None)
    await pause()

    await emptied(engine)

    assert (list(disk.scripts.entries), engine.recorder.failure) == ([SCRIPT], None)


@on_a_loop
async def test_the_engine_that_dies_over_a_full_disk_loses_nothing(disk: Disk):
    disk.put(a_script(every(60)))
    engine = await Engine(disk).start()
    await engine.pass_time(60)
    disk.runs.gate.error = FULL
    disk.launcher.finish(engine.live[0], 4)
    await pause()
    await engine.kill()

    await Engine(disk).start()

    assert [(run.status, run.exit_code) for run in disk.runs_of(SCRIPT)] == [(RunStatus.FAILED, 4)]


@on_a_loop
async def test_output_that_cannot_be_archived_is_archived_after_the_next(disk: Disk):
    disk.put(a_script())
    engine = await Engine(disk).start()
    disk.files.archiving.error = FULL
    first = await engine.execute(SCRIPT, "aaaaaa")
    await engine.quiet()
    assert not isinstance(first, str)
    await engine.finish(first.id)
    left = list(disk.files.archived)
    disk.files.archiving.open()
    second = await engine.execute(SCRIPT, "bbbbbb")
    await engine.quiet()
    assert not isinstance(second, str)

    await engine.finish(second.id)

    assert (left, list(disk.files.archived)) == ([], [second.id, first.id])


@on_a_loop
async def test_what_comes_later_waits_behind_what_has_to_be_repeated(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("engine.reconcile.record.PAUSE_SECONDS", 0.05)
    disk.put(a_script(script_id="a"), a_script(script_id="b"))
    engine = await Engine(disk).start()
    disk.runs.gate.error = FULL
    engine.tasks.spawn(engine.execute("a", "aaaaaa"))
    await asyncio.sleep(0.01)
    disk.runs.gate.open()

    engine.tasks.spawn(engine.execute("b", "bbbbbb"))
    await engine.quiet()

    assert [run.script for run in disk.runs.runs.values()] == ["a", "b"]


@on_a_loop
async def test_a_damaged_database_is_told_until_a_write_succeeds(disk: Disk):
    disk.put(a_script())
    engine = await Engine(disk).start()
    disk.runs.gate.error = UnusableDatabase("pysched.db: the database is damaged")
    with pytest.raises(UnusableDatabase):
        await engine.execute(SCRIPT)
    meanwhile = engine.recorder.failure
    await emptied(engine)

    await engine.execute(SCRIPT, "bbbbbb")

    assert (meanwhile, engine.recorder.failure) == ("pysched.db: the database is damaged", None)


@on_a_loop
async def test_a_run_is_recorded_though_nobody_can_tell_its_commit(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
):
    disk.put(a_script())
    engine = await Engine(disk).start()

    def damaged() -> None:
        raise BrokenRepository("HEAD cannot be read")

    monkeypatch.setattr(disk.sources, "revision", damaged)
    await engine.execute(SCRIPT)
    await engine.quiet()

    assert disk.statuses(SCRIPT) == ["failed"]
