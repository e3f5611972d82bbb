"""The wall clock is set, or the machine sleeps: moments are settled once, and schedules go on."""

from datetime import timedelta

from engine.model.run import Outcome, RunStatus
from engine.model.trigger import CatchUp
from tests.fakes.clock import START
from tests.fakes.reconciled import Disk, Engine, on_a_loop
from tests.fakes.world import a_script, cron

SCRIPT = "reports/daily"
HOUR = timedelta(hours=1)


async def hourly(disk: Disk, **fields: object) -> Engine:
    disk.put(a_script(cron("0 * * * *", **fields)))
    return await Engine(disk).start()


async def jump(engine: Engine, by: timedelta) -> None:
    """Set the clock; the alarm notices and has everything looked at."""
    engine.disk.clock.jump(engine.disk.clock.now() + by)
    engine.loop.ring()
    engine.loop.look_at(None)
    await engine.quiet()


@on_a_loop
async def test_moments_that_a_jump_ahead_passes_are_missed_but_for_the_latest(disk: Disk):
    engine = await hourly(disk)

    await jump(engine, 3.5 * HOUR)

    outcomes = [row.outcome for row in disk.ledger(SCRIPT)]
    assert outcomes == [Outcome.MISSED, Outcome.MISSED, Outcome.CAUGHT_UP]


@on_a_loop
async def test_a_suspended_machine_catches_up_as_the_trigger_says(disk: Disk):
    engine = await hourly(disk, catch_up=CatchUp.NONE)

    await jump(engine, 2.5 * HOUR)

    assert [row.outcome for row in disk.ledger(SCRIPT)] == [Outcome.MISSED] * 2


@on_a_loop
async def test_a_clock_that_is_set_back_does_not_stop_the_schedule(disk: Disk):
    disk.clock.jump(START + 24 * 365 * HOUR)
    engine = await hourly(disk)
    await engine.pass_time(3600)
    await engine.finish(engine.live[0])

    await jump(engine, -24 * 365 * HOUR)
    await engine.pass_time(3600)

    assert disk.statuses(SCRIPT) == [RunStatus.SUCCESS, RunStatus.RUNNING]


@on_a_loop
async def test_a_clock_that_is_set_back_is_journalled(disk: Disk):
    engine = await hourly(disk)
    await engine.pass_time(3600)

    await jump(engine, -24 * HOUR)

    lines = [line.detail for line in disk.journal.lines if line.action == "settle"]
    assert ["set back" in detail for detail in lines] == [True]


@on_a_loop
async def test_a_moment_that_comes_twice_because_the_clock_was_set_back_runs_once(disk: Disk):
    engine = await hourly(disk)
    await engine.pass_time(3600)
    await engine.finish(engine.live[0])

    await jump(engine, -0.5 * HOUR)
    await engine.pass_time(3600)

    assert disk.statuses(SCRIPT) == [RunStatus.SUCCESS]
