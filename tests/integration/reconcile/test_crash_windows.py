"""The engine dies between any two steps of a run: it starts at most once, and is never lost."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from engine.model.run import Cause, Outcome, RunStatus
from engine.model.script import Retry
from engine.ports import Transition
from tests.fakes.reconciled import Disk, Engine, on_a_loop
from tests.fakes.world import STARTUP, a_run, a_script, after, every, files

SCRIPT = "reports/daily"


def new_run(transition: Transition) -> bool:
    return bool(transition.new_runs)


def start(transition: Transition) -> bool:
    return any(run.status is RunStatus.RUNNING for run in transition.changed_runs)


def end(transition: Transition) -> bool:
    return any(run.status.final for run in transition.changed_runs)


def always(_: Any) -> bool:
    return True


def before_the_row(disk: Disk) -> None:
    disk.runs.gate.before = new_run


def after_the_row(disk: Disk) -> None:
    disk.runs.gate.after = new_run


def start_never_arrives(disk: Disk) -> None:
    disk.launcher.deaf = True


def start_never_answered(disk: Disk) -> None:
    disk.launcher.mute = True


def before_the_start_is_on_record(disk: Disk) -> None:
    disk.runs.gate.before = start


def after_the_start_is_on_record(disk: Disk) -> None:
    disk.runs.gate.after = start


def before_the_end_is_on_record(disk: Disk) -> None:
    disk.runs.gate.before = end


def after_the_end_is_on_record(disk: Disk) -> None:
    disk.runs.gate.after = end


def before_the_output_is_archived(disk: Disk) -> None:
    disk.files.archiving.before = always


def before_the_runner_may_forget(disk: Disk) -> None:
    disk.files.archiving.after = always


WINDOWS: list[Callable[[Disk], None]] = [
    before_the_row,
    after_the_row,
    start_never_arrives,
    start_never_answered,
    before_the_start_is_on_record,
    after_the_start_is_on_record,
    before_the_end_is_on_record,
    after_the_end_is_on_record,
    before_the_output_is_archived,
    before_the_runner_may_forget,
]
a_window = pytest.mark.parametrize("window", WINDOWS, ids=lambda window: window.__name__)


async def end_all(engine: Engine) -> None:
    """End what runs, and what that sets off, as long as something does."""
    await engine.quiet()
    while live := engine.live:
        for run_id in live:
            engine.disk.launcher.finish(run_id)
        await engine.quiet()


async def die_at(window: Callable[[Disk], None], disk: Disk) -> Engine:
    """Let the engine die in a window of the run that is due in a minute; returns the next one."""
    engine = await Engine(disk).start()
    window(disk)
    await engine.pass_time(60)
    await end_all(engine)
    await engine.kill()
    return await Engine(disk).start()


@a_window
@on_a_loop
async def test_a_run_is_started_once(window: Callable[[Disk], None], disk: Disk):
    disk.put(a_script(every(60)))

    engine = await die_at(window, disk)
    await end_all(engine)

    assert disk.launcher.starts == [run.id for run in disk.runs_of(SCRIPT)]


@a_window
@on_a_loop
async def test_a_run_gets_its_row_and_its_true_end(window: Callable[[Disk], None], disk: Disk):
    disk.put(a_script(every(60)))

    engine = await die_at(window, disk)
    await end_all(engine)

    rows = [row.run_id for row in disk.ledger(SCRIPT)]
    ends = [(run.id, run.status, run.exit_code) for run in disk.runs_of(SCRIPT)]
    assert ends == [(rows[0], RunStatus.SUCCESS, 0)]


@a_window
@on_a_loop
async def test_the_runner_forgets_it_at_last(window: Callable[[Disk], None], disk: Disk):
    disk.put(a_script(every(60)))

    engine = await die_at(window, disk)
    await end_all(engine)

    assert (disk.launcher.ended, engine.state.ending, disk.places.existing()) == ({}, {}, [])


@a_window
@on_a_loop
async def test_a_follower_runs_once(window: Callable[[Disk], None], disk: Disk):
    disk.put(a_script(every(60)), a_script(after(SCRIPT), script_id="reports/mail"))

    engine = await die_at(window, disk)
    await end_all(engine)

    counted = Counter(disk.launcher.requests[run_id].script for run_id in disk.launcher.starts)
    assert counted == {SCRIPT: 1, "reports/mail": 1}


@a_window
@on_a_loop
async def test_a_failed_run_is_tried_again_once(window: Callable[[Disk], None], disk: Disk):
    disk.put(a_script(every(3600), retry=Retry(attempts=2)))
    disk.clock.advance(3540)
    engine = await Engine(disk).start()
    window(disk)
    await engine.pass_time(60)
    for run_id in engine.live:
        disk.launcher.finish(run_id, 1)
    await engine.quiet()
    await engine.kill()

    engine = await Engine(disk).start()
    for run_id in engine.live:
        disk.launcher.finish(run_id, 1)
    await engine.quiet()
    await engine.pass_time(60)
    await end_all(engine)

    attempts = [(run.attempt, run.status) for run in disk.runs_of(SCRIPT)]
    assert attempts == [(1, RunStatus.FAILED), (2, RunStatus.SUCCESS)]


@a_window
@on_a_loop
async def test_a_startup_run_happens_once(window: Callable[[Disk], None], disk: Disk):
    disk.put(a_script(STARTUP))
    window(disk)
    engine = Engine(disk)
    starting = engine.tasks.spawn(engine.begin())
    await engine.quiet()
    await end_all(engine)
    await engine.kill()
    assert starting.done()

    engine = await Engine(disk).start()
    await end_all(engine)

    causes = [(run.cause, run.status) for run in disk.runs_of(SCRIPT)]
    assert (causes, len(disk.launcher.starts)) == ([(Cause.STARTUP, RunStatus.SUCCESS)], 1)


@a_window
@on_a_loop
async def test_a_file_sets_off_one_run(window: Callable[[Disk], None], disk: Disk):
    disk.put(a_script(files("*.csv")))
    engine = await Engine(disk).start()
    window(disk)
    disk.inboxes.put(SCRIPT, **{"/in/a.csv": "1"})
    looking = engine.tasks.spawn(engine.loop.look())
    await engine.quiet()
    await end_all(engine)
    await engine.kill()
    assert looking.done()
    disk.clock.advance(1)

    engine = await Engine(disk).start()
    await end_all(engine)

    assert [run.files for run in disk.runs_of(SCRIPT)] == [("/in/a.csv",)]


@on_a_loop
async def test_a_definition_that_was_not_saved_is_brought_into_force_anew(disk: Disk):
    engine = await Engine(disk).start()
    disk.put(a_script(every(60)))
    disk.scripts.gate.before = always
    engine.tasks.spawn(engine.loop.look())
    await engine.quiet()
    await engine.kill()

    engine = await Engine(disk).start()
    await engine.pass_time(60)

    assert [row.outcome for row in disk.ledger(SCRIPT)] == [Outcome.RAN]


@on_a_loop
async def test_a_removal_withdraws_what_waits_though_the_engine_died_over_it(disk: Disk):
    disk.put(a_script(), a_script(script_id="reports/long"))
    disk.slots = 1
    engine = await Engine(disk).start()
    await engine.execute("reports/long", "aaaaaa")
    await engine.execute(SCRIPT, "bbbbbb")
    disk.tree.remove(SCRIPT)
    disk.scripts.gate.after = always
    engine.tasks.spawn(engine.loop.look())
    await engine.quiet()
    await engine.kill()

    engine = await Engine(disk).start()
    await end_all(engine)

    (withdrawn,) = disk.runs_of(SCRIPT)
    assert (withdrawn.status, withdrawn.reason) == (RunStatus.CANCELLED, "the script was removed")


@on_a_loop
async def test_a_claim_that_nobody_can_account_for_is_interrupted(disk: Disk):
    disk.put(a_script(every(60)))
    engine = await Engine(disk).start()
    await engine.pass_time(60)
    await engine.kill()
    disk.launcher.crash()

    engine = await Engine(disk).start()

    (run,) = disk.runs_of(SCRIPT)
    assert (run.status, len(disk.launcher.starts)) == (RunStatus.INTERRUPTED, 1)


@on_a_loop
async def test_a_run_that_goes_on_after_its_end_is_stopped(disk: Disk):
    disk.put(a_script())
    engine = await Engine(disk).start()
    run = await engine.execute(SCRIPT)
    await engine.quiet()
    await engine.kill()
    assert not isinstance(run, str)
    over = replace(a_run(), id=run.id, status=RunStatus.CANCELLED)
    disk.runs.runs[run.id] = over

    engine = await Engine(disk).start()

    assert engine.live == []
