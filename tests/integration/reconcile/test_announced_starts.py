"""That a run is sent is on record before it is: its claim need not outlive the machine."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from engine.model.run import RunStatus
from engine.ports import StartTurnedDown, Transition
from tests.fakes.reconciled import Disk, Engine, on_a_loop
from tests.fakes.world import a_script

FIRST, SECOND = "reports/first", "reports/second"


def announced(transition: Transition) -> bool:
    return any(
        run.status is RunStatus.QUEUED and run.boot is not None for run in transition.changed_runs
    )


async def one_goes_and_one_waits(disk: Disk) -> tuple[Engine, Any, Any]:
    disk.slots = 1
    disk.put(a_script(script_id=FIRST), a_script(script_id=SECOND))
    engine = await Engine(disk).start()
    first = await engine.execute(FIRST, "aaaaaa")
    second = await engine.execute(SECOND, "bbbbbb")
    await engine.quiet()
    return engine, first, second


@on_a_loop
async def test_the_first_row_of_a_run_that_may_start_at_once_says_so(disk: Disk):
    disk.put(a_script(script_id=FIRST))
    engine = await Engine(disk).start()
    disk.runs.gate.after = lambda transition: bool(transition.new_runs)
    engine.tasks.spawn(engine.execute(FIRST))
    await engine.quiet()
    (row,) = disk.runs_of(FIRST)
    asked = list(disk.launcher.asked)
    disk.runs.gate.open()
    disk.runs.gate.before = announced
    await engine.quiet()

    assert (row.boot, asked) == (disk.launcher.boot, [])
    assert disk.launcher.starts == [row.id]


@on_a_loop
async def test_a_run_that_waits_is_announced_before_it_is_sent(disk: Disk):
    engine, first, second = await one_goes_and_one_waits(disk)
    waiting = disk.runs.runs[second.id].boot
    disk.runs.gate.before = announced
    await engine.finish(first.id)
    held = list(disk.launcher.asked)
    disk.runs.gate.open()
    await engine.quiet()

    assert (waiting, held) == (None, [first.id])
    assert disk.launcher.starts == [first.id, second.id]
    assert disk.runs.runs[second.id].boot == disk.launcher.boot


@on_a_loop
async def test_a_run_keeps_its_slot_while_it_is_announced(disk: Disk):
    engine, first, second = await one_goes_and_one_waits(disk)
    disk.runs.gate.before = announced
    await engine.finish(first.id)

    third = await engine.execute(FIRST, "cccccc")
    await engine.quiet()
    disk.runs.gate.open()
    await engine.quiet()

    assert not isinstance(third, str)
    assert disk.launcher.starts == [first.id, second.id]


@pytest.mark.parametrize("sent", [True, False])
@on_a_loop
async def test_after_the_machine_went_down_only_a_run_that_was_not_sent_starts(
    disk: Disk, sent: bool
):
    disk.put(a_script(script_id=FIRST))
    engine = await Engine(disk).start()
    disk.launcher.deaf = True
    engine.endings.dispatcher.ready = sent
    run = await engine.execute(FIRST)
    await engine.quiet()
    await engine.kill()
    disk.launcher.crash()
    disk.launcher.boot = "boot-2"
    engine = await Engine(disk).start()

    assert not isinstance(run, str)
    assert disk.launcher.starts == ([] if sent else [run.id])
    assert (engine.status(run.id) is RunStatus.INTERRUPTED) == sent


@on_a_loop
async def test_after_a_crash_of_the_program_alone_a_run_that_was_announced_starts(disk: Disk):
    disk.put(a_script(script_id=FIRST))
    engine = await Engine(disk).start()
    disk.launcher.deaf = True
    run = await engine.execute(FIRST)
    await engine.quiet()
    await engine.kill()
    disk.launcher.crash()
    await Engine(disk).start()

    assert not isinstance(run, str)
    assert disk.launcher.starts == [run.id]


@on_a_loop
async def test_a_run_that_is_cancelled_while_it_is_announced_is_not_sent(disk: Disk):
    engine, first, second = await one_goes_and_one_waits(disk)
    disk.runs.gate.before = announced
    await engine.finish(first.id)
    engine.endings.cancel(second.id, "cancelled by ada")
    disk.runs.gate.open()
    await engine.quiet()

    assert disk.launcher.starts == [first.id]
    assert engine.status(second.id) is RunStatus.CANCELLED


@on_a_loop
async def test_a_run_that_is_cancelled_before_its_first_row_is_there_is_not_sent(disk: Disk):
    disk.put(a_script(script_id=FIRST))
    engine = await Engine(disk).start()
    disk.runs.gate.before = lambda transition: bool(transition.new_runs)
    engine.tasks.spawn(engine.execute(FIRST, "aaaaaa"))
    await engine.quiet()
    (run,) = engine.state.active.of(a_script(script_id=FIRST).id)
    engine.endings.cancel(run.id, "cancelled by ada")
    disk.runs.gate.open()
    await engine.quiet()
    again = await engine.execute(FIRST, "bbbbbb")
    await engine.quiet()

    assert not isinstance(again, str)
    assert disk.launcher.starts == [again.id]
    assert engine.status(run.id) is RunStatus.CANCELLED


@on_a_loop
async def test_a_stop_takes_back_what_was_announced_and_not_sent(disk: Disk):
    engine, first, second = await one_goes_and_one_waits(disk)
    disk.runs.gate.before = announced
    await engine.finish(first.id)
    engine.endings.dispatcher.draining = True
    disk.runs.gate.open()
    await engine.quiet()
    announced_row = disk.runs.runs[second.id].boot
    engine.endings.take_back_promises()
    await engine.quiet()
    await engine.kill()
    disk.launcher.boot = "boot-2"
    await Engine(disk).start()

    assert announced_row == "boot-1"
    assert disk.launcher.starts == [first.id, second.id]


@on_a_loop
async def test_a_stop_leaves_what_was_sent_and_not_answered_as_it_is(disk: Disk):
    disk.put(a_script(script_id=FIRST))
    engine = await Engine(disk).start()
    disk.launcher.deaf = True
    run = await engine.execute(FIRST)
    await engine.quiet()
    engine.endings.take_back_promises()
    await engine.quiet()

    assert not isinstance(run, str)
    assert disk.runs.runs[run.id].boot == disk.launcher.boot


@on_a_loop
async def test_a_start_that_the_runner_turned_down_is_asked_for_again(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("engine.reconcile.dispatch.TRY_AGAIN", timedelta(milliseconds=1))
    disk.put(a_script(script_id=FIRST))
    engine = await Engine(disk).start()
    disk.launcher.deaf = True
    run = await engine.execute(FIRST)
    await engine.quiet()
    assert not isinstance(run, str)
    disk.launcher.deaf = False
    engine.endings.receive(StartTurnedDown(id=run.id))
    await asyncio.sleep(0.01)
    await engine.quiet()

    assert disk.launcher.starts == [run.id]


@on_a_loop
async def test_a_stopping_engine_is_not_busy_however_full_it_is(disk: Disk):
    engine, _, _ = await one_goes_and_one_waits(disk)
    full = engine.endings.dispatcher.is_busy
    engine.endings.dispatcher.draining = True

    assert full
    assert not engine.endings.dispatcher.is_busy


@on_a_loop
async def test_a_run_goes_on_until_its_end_is_on_record(disk: Disk):
    disk.put(a_script(script_id=FIRST))
    engine = await Engine(disk).start()
    run = await engine.execute(FIRST)
    await engine.quiet()
    assert not isinstance(run, str)
    disk.runs.gate.before = lambda transition: any(
        changed.status.final for changed in transition.changed_runs
    )
    await engine.finish(run.id)
    meanwhile = engine.state.ending.get(run.id)
    disk.runs.gate.open()
    await engine.quiet()

    assert meanwhile is not None
    assert meanwhile.status is RunStatus.RUNNING
    assert engine.state.ending == {}
