"""What fails around a decision is logged, shown or made again, and hurts nothing else."""

import asyncio
from typing import Any

import pytest

from engine.errors import InvalidInput, Unavailable
from engine.model.run import RunStatus
from engine.model.script import Retry, Source
from engine.reconcile.notes import note
from engine.reconcile.tasks import Tasks
from tests.fakes.reconciled import Disk, Engine, on_a_loop
from tests.fakes.world import a_script, an_entry, every

SCRIPT = "reports/daily"


class FullJournal:
    async def record(self, action: str, subject: str, detail: str = "", error: str = "") -> None:
        raise Unavailable("disk full")


@on_a_loop
async def test_a_line_the_journal_does_not_take_is_left_to_the_log(
    disk: Disk, caplog: pytest.LogCaptureFixture
):
    await note(FullJournal(), "plan", SCRIPT)

    assert [record.message for record in caplog.records] == ["not in the journal"]


@on_a_loop
async def test_a_link_that_cannot_be_made_keeps_no_script_out_of_force(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
):
    def refuse(*_: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Engine, "_link", refuse)
    disk.put(a_script(every(60)))
    engine = await Engine(disk).start()

    await engine.pass_time(60)

    assert disk.statuses(SCRIPT) == [RunStatus.RUNNING]


@on_a_loop
async def test_a_link_is_not_made_to_an_environment_that_is_gone(disk: Disk):
    disk.put(a_script())
    engine = await Engine(disk).start()
    await engine.kill()
    disk.environments.lose(a_script().environment)
    disk.environments.hold()
    disk.scripts.entries.clear()
    disk.tree.put(an_entry(a_script(), digest="d2"))

    engine = await Engine(disk).start()

    assert engine.linked == []


@on_a_loop
async def test_a_mistake_while_the_line_is_looked_at_is_shown_and_made_good(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
):
    disk.put(a_script())
    engine = await Engine(disk).start()
    monkeypatch.setattr("engine.reconcile.queue.head", None)
    await engine.execute(SCRIPT)
    await engine.quiet()
    meanwhile = (disk.statuses(SCRIPT), engine.tasks.failure)

    monkeypatch.undo()
    await engine.pass_time(2)

    assert (meanwhile[0], "TypeError" in (meanwhile[1] or ""), disk.statuses(SCRIPT)) == (
        [RunStatus.QUEUED],
        True,
        [RunStatus.RUNNING],
    )


@on_a_loop
async def test_a_checkout_that_the_disk_does_not_take_is_made_again(disk: Disk):
    disk.put(a_script(source=Source.SNAPSHOT))
    disk.sources.gate.error = Unavailable("no space left on device")
    engine = await Engine(disk).start()
    await engine.execute(SCRIPT)
    await engine.quiet()
    meanwhile = disk.statuses(SCRIPT)

    disk.sources.gate.open()
    await engine.pass_time(2)

    assert (meanwhile, disk.statuses(SCRIPT)) == ([RunStatus.QUEUED], [RunStatus.RUNNING])


@on_a_loop
async def test_a_checkout_that_fails_after_its_run_was_cancelled_changes_nothing(disk: Disk):
    disk.put(a_script(source=Source.SNAPSHOT))
    engine = await Engine(disk).start()
    disk.sources.gate.before = lambda _: True
    run = await engine.execute(SCRIPT)
    await engine.quiet()
    assert not isinstance(run, str)
    engine.endings.cancel(run.id, "cancelled by ada")
    disk.sources.broken.add(a_script().id)

    disk.sources.gate.open()
    await engine.quiet()

    assert (disk.statuses(SCRIPT), engine.tasks.failure) == ([RunStatus.CANCELLED], None)


@on_a_loop
async def test_everybody_who_waits_is_told_what_for(disk: Disk):
    disk.slots = 1
    disk.put(*(a_script(script_id=name) for name in "abc"), a_script(retry=Retry(attempts=2)))
    engine = await Engine(disk).start()
    for name in "abc":
        await engine.execute(name, name * 6)
    engine.state.remove(a_script(script_id="c").id)

    reasons = engine.endings.dispatcher.admission().reasons

    assert set(reasons.values()) == {"waits for a free slot"}


@on_a_loop
async def test_the_runner_that_is_away_is_not_asked_again(disk: Disk):
    engine = await Engine(disk).start()
    disk.launcher.disconnect()

    engine.endings._reunion.ask_again()  # pyright: ignore[reportPrivateUsage]

    assert not engine.endings.dispatcher.ready


@on_a_loop
async def test_settling_gives_up_in_time(disk: Disk):
    tasks = Tasks()
    tasks.spawn(asyncio.Event().wait())

    settled = await tasks.settle(0.001)
    await tasks.cancel()

    assert (settled, tasks.count) == (False, 0)


@on_a_loop
async def test_work_that_fails_is_shown(disk: Disk):
    tasks = Tasks()

    async def fail() -> None:
        raise InvalidInput("no")

    tasks.spawn(fail())
    await tasks.settle()

    assert tasks.failure == "InvalidInput: no"


@on_a_loop
async def test_nothing_is_started_while_the_server_stops(disk: Disk):
    disk.put(a_script(every(60)))
    engine = await Engine(disk).start()
    engine.endings.dispatcher.draining = True

    await engine.pass_time(60)

    assert disk.statuses(SCRIPT) == [RunStatus.QUEUED]


@on_a_loop
async def test_output_is_told_to_listeners(disk: Disk):
    disk.put(a_script())
    engine = await Engine(disk).start()
    run = await engine.execute(SCRIPT)
    await engine.quiet()
    assert not isinstance(run, str)

    disk.launcher.write(run.id, b"hello\n")

    assert [getattr(event, "sizes", None) for event in engine.events][-1] == {run.id: 6}
