"""Cancel a run in each of its states, and give up runs that can never start."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from engine.errors import Unavailable
from engine.model.run import Run, RunStatus
from engine.model.script import Overlap, Retry, Source
from tests.fakes.reconciled import Disk, Engine, on_a_loop
from tests.fakes.world import a_script, every

SCRIPT = "reports/daily"


def always(_: Any) -> bool:
    return True


async def asked(engine: Engine, script: str = SCRIPT, token: str = "abcdef") -> Run:
    run = await engine.execute(script, token)
    await engine.quiet()
    assert not isinstance(run, str)
    return run


@on_a_loop
async def test_a_queued_run_is_over_at_once(disk: Disk):
    disk.put(a_script(overlap=Overlap.QUEUE))
    engine = await Engine(disk).start()
    await asked(engine, token="aaaaaa")
    waiting = await asked(engine, token="bbbbbb")

    engine.endings.cancel(waiting.id, "cancelled by ada")
    await engine.quiet()

    stored = disk.runs.run(waiting.id)
    assert stored is not None
    assert (stored.status, stored.reason) == (RunStatus.CANCELLED, "cancelled by ada")


@on_a_loop
async def test_a_running_run_is_over_when_its_tree_is_gone(disk: Disk):
    disk.put(a_script())
    disk.launcher.obeys_cancel = False
    engine = await Engine(disk).start()
    run = await asked(engine)

    engine.endings.cancel(run.id, "cancelled by ada")
    await engine.quiet()
    meanwhile = engine.status(run.id)
    disk.launcher.finish(run.id, -9, ended_by="cancel", detail="cancelled by ada")
    await engine.quiet()

    assert (meanwhile, engine.status(run.id)) == (RunStatus.RUNNING, RunStatus.CANCELLED)


@on_a_loop
async def test_a_running_run_cannot_be_cancelled_while_the_runner_is_away(disk: Disk):
    disk.put(a_script())
    engine = await Engine(disk).start()
    run = await asked(engine)
    disk.launcher.disconnect()

    with pytest.raises(Unavailable):
        engine.endings.cancel(run.id, "cancelled by ada")


@on_a_loop
async def test_a_run_that_fails_as_it_is_cancelled_is_not_tried_again(disk: Disk):
    disk.put(a_script(retry=Retry(attempts=3)))
    disk.launcher.obeys_cancel = False
    engine = await Engine(disk).start()
    run = await asked(engine)

    engine.endings.cancel(run.id, "cancelled by ada")
    await engine.finish(run.id, 1)

    assert disk.statuses(SCRIPT) == ["failed"]


@on_a_loop
async def test_a_run_that_is_over_is_left_as_it_is(disk: Disk):
    disk.put(a_script())
    engine = await Engine(disk).start()
    run = await asked(engine)
    await engine.finish(run.id)

    engine.endings.cancel(run.id, "cancelled by ada")
    await engine.quiet()

    assert engine.status(run.id) is RunStatus.SUCCESS


@on_a_loop
async def test_a_run_whose_checkout_is_being_made_is_never_started(disk: Disk):
    disk.put(a_script(source=Source.SNAPSHOT))
    disk.sources.gate.before = always
    engine = await Engine(disk).start()
    run = await asked(engine)

    engine.endings.cancel(run.id, "cancelled by ada")
    disk.sources.gate.open()
    await engine.quiet()

    assert (engine.status(run.id), disk.launcher.starts) == (RunStatus.CANCELLED, [])


@on_a_loop
async def test_a_cancel_before_the_row_is_on_disk_is_not_forgotten(disk: Disk):
    disk.put(a_script(every(60)))
    engine = await Engine(disk).start()
    disk.runs.gate.before = lambda transition: bool(transition.new_runs)
    await engine.pass_time(60)
    (run,) = engine.state.active

    engine.endings.cancel(run.id, "cancelled by ada")
    disk.runs.gate.open()
    await engine.quiet()

    assert (disk.statuses(SCRIPT), disk.launcher.starts) == ([RunStatus.CANCELLED], [])


@on_a_loop
async def test_a_cancelled_run_makes_room_for_the_next(disk: Disk):
    disk.put(a_script(), a_script(script_id="reports/other"))
    disk.slots = 1
    engine = await Engine(disk).start()
    first = await asked(engine)
    second = await asked(engine, "reports/other", "bbbbbb")

    engine.endings.cancel(first.id, "cancelled by ada")
    await engine.quiet()

    assert engine.status(second.id) is RunStatus.RUNNING


@on_a_loop
async def test_runs_that_are_given_up_hold_up_nobody(disk: Disk):
    disk.slots = 1
    disk.put(*(a_script(script_id=f"reports/{name}") for name in "abc"))
    engine = await Engine(disk).start()
    disk.launcher.disconnect()
    for name in "abc":
        await asked(engine, f"reports/{name}", name * 6)
    disk.tree.remove("reports/a")
    engine.state.remove(a_script(script_id="reports/a").id)
    engine.state.remove(a_script(script_id="reports/b").id)

    disk.launcher.reconnect()
    await engine.quiet()

    assert [*disk.statuses("reports/b"), *disk.statuses("reports/c")] == [
        RunStatus.CANCELLED,
        RunStatus.RUNNING,
    ]


@on_a_loop
async def test_a_start_that_cannot_be_made_fails_with_its_reason(disk: Disk):
    disk.put(a_script(args=("x" * 2_000_000,)))
    engine = await Engine(disk).start()

    run = await asked(engine)

    stored = disk.runs.run(run.id)
    assert stored is not None
    assert (stored.status, "characters" in stored.reason) == (RunStatus.FAILED, True)


@on_a_loop
async def test_a_checkout_that_cannot_be_made_fails_with_its_reason(disk: Disk):
    script = a_script(source=Source.SNAPSHOT)
    disk.put(script)
    disk.sources.broken.add(script.id)
    engine = await Engine(disk).start()

    run = await asked(engine)

    stored = disk.runs.run(run.id)
    assert stored is not None
    assert (stored.status, stored.reason) == (RunStatus.FAILED, f"{SCRIPT} cannot be checked out")


@on_a_loop
async def test_a_mistake_in_the_program_fails_one_run_and_no_other(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
):
    disk.put(a_script(), a_script(script_id="reports/other"))
    engine = await Engine(disk).start()
    real = disk.sources.live

    def live(script: Any) -> Any:
        if script == SCRIPT:
            raise ZeroDivisionError("division by zero")
        return real(script)

    monkeypatch.setattr(disk.sources, "live", live)
    await asked(engine)
    await asked(engine, "reports/other", "bbbbbb")

    assert disk.statuses(SCRIPT) + disk.statuses("reports/other") == [
        RunStatus.FAILED,
        RunStatus.RUNNING,
    ]


@on_a_loop
async def test_a_disk_that_takes_no_directory_has_the_run_wait(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
):
    disk.put(a_script())
    engine = await Engine(disk).start()
    real = disk.files.request

    def request(*_: Any) -> Any:
        raise Unavailable("no space left on device")

    monkeypatch.setattr(disk.files, "request", request)
    monkeypatch.setattr("engine.reconcile.dispatch.TRY_AGAIN", timedelta(milliseconds=1))
    run = await asked(engine)
    meanwhile = engine.status(run.id)
    monkeypatch.setattr(disk.files, "request", real)
    while not disk.launcher.starts:
        await asyncio.sleep(0.001)
    await engine.quiet()

    assert (meanwhile, engine.status(run.id)) == (RunStatus.QUEUED, RunStatus.RUNNING)
