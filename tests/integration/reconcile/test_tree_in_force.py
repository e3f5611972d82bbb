"""What the tree shows comes into force, and what it does not show stays or goes as it should."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from engine.model.event import PlanApplied
from engine.model.identity import ScriptId
from engine.model.plan import CreateScript, DeleteScript, MarkScript, UpdateScript
from engine.model.run import Cause, Outcome, RunStatus
from engine.model.script import Overlap
from engine.model.tree import Problem
from engine.reconcile import passes
from engine.reconcile.preview import preview
from tests.fakes.reconciled import Disk, Engine, on_a_loop
from tests.fakes.world import (
    STARTUP,
    a_broken_entry,
    a_script,
    after,
    an_entry,
    applied,
    cron,
    every,
    files,
)

SCRIPT = ScriptId("reports/daily")


def seven(**fields: Any) -> list[Any]:
    return [a_script(every(60), script_id=f"s{number}", **fields) for number in range(7)]


@on_a_loop
async def test_a_new_script_comes_into_force_by_its_name_alone(disk: Disk):
    engine = await Engine(disk).start()
    disk.put(a_script())

    plan = await engine.look(SCRIPT)

    assert [type(action) for action in plan.actions] == [CreateScript]


@on_a_loop
async def test_a_second_pass_has_nothing_to_do(disk: Disk):
    disk.put(*seven())
    engine = await Engine(disk).start()

    plan = await engine.look()

    assert plan.actions == ()


@on_a_loop
async def test_the_dry_run_says_what_the_pass_then_does(disk: Disk):
    disk.put(a_script(), a_script(script_id="gone"), a_script(script_id="same"))
    engine = await Engine(disk).start()
    disk.put(a_script(every(60), script_id="new"), a_script(description="changed"), digest="d2")
    disk.tree.put(a_broken_entry("same"))
    disk.tree.remove("gone")
    clock = disk.clock
    said = preview(disk.tree.scan(), engine.state.scripts, disk.environments.state, clock.now())

    done = await engine.look()

    assert tuple(said.actions) == tuple(done.actions)


@on_a_loop
async def test_what_a_pass_changed_is_journalled(disk: Disk):
    disk.put(a_script(), a_script(script_id="gone"), a_script(script_id="bad"))
    engine = await Engine(disk).start()
    disk.put(a_script(description="new"), digest="d2")
    disk.tree.put(a_broken_entry("bad"))
    disk.tree.remove("gone")
    before = len(disk.journal.lines)

    await engine.look()

    lines = {(line.action, line.subject) for line in disk.journal.lines[before:]}
    assert lines == {
        (DeleteScript.__name__, "gone"),
        (MarkScript.__name__, "bad"),
        (UpdateScript.__name__, SCRIPT),
    }


@on_a_loop
async def test_listeners_hear_of_passes_that_changed_something_alone(disk: Disk):
    disk.put(a_script())
    engine = await Engine(disk).start()

    await engine.look()

    assert sum(isinstance(event, PlanApplied) for event in engine.events) == 1


@on_a_loop
async def test_listeners_hear_once_of_a_problem_that_is_no_scripts(disk: Disk):
    engine = await Engine(disk).start()
    problem = Problem(path="my script", code="x", message="m")
    disk.tree.report(problem)

    await engine.look()
    await engine.look()

    plans = [event.plan for event in engine.events if isinstance(event, PlanApplied)]
    assert [plan.problems for plan in plans] == [(problem,)]


@on_a_loop
async def test_a_removed_script_lets_its_run_end_and_withdraws_what_waits(disk: Disk):
    disk.put(a_script(overlap=Overlap.QUEUE), a_script(script_id="other"))
    engine = await Engine(disk).start()
    await engine.execute(SCRIPT, "aaaaaa")
    await engine.execute(SCRIPT, "bbbbbb")
    await engine.quiet()
    disk.tree.remove(SCRIPT)
    await engine.look()

    await engine.finish(engine.live[0])

    assert disk.statuses(SCRIPT) == [RunStatus.SUCCESS, RunStatus.CANCELLED]


@on_a_loop
async def test_a_broken_script_goes_on_with_its_last_good_definition(disk: Disk):
    disk.put(a_script(every(60)))
    engine = await Engine(disk).start()
    disk.tree.put(a_broken_entry())
    await engine.look()
    await engine.kill()

    engine = await Engine(disk).start()
    await engine.pass_time(60)

    assert disk.statuses(SCRIPT) == [RunStatus.RUNNING]


@on_a_loop
async def test_a_broken_script_goes_on_watching_its_files(disk: Disk):
    disk.put(a_script(files("*.csv")))
    engine = await Engine(disk).start()
    disk.tree.put(a_broken_entry())
    disk.inboxes.put(SCRIPT, **{"/in/a.csv": "1"})

    await engine.look()

    assert [run.cause for run in disk.runs_of(SCRIPT)] == [Cause.FILES]


@on_a_loop
async def test_too_many_removals_are_held_and_their_moments_are_told_as_blocked(disk: Disk):
    disk.slots = 10
    disk.put(*seven())
    engine = await Engine(disk).start()
    for number in range(6):
        disk.tree.remove(f"s{number}")

    plan = await engine.look()
    await engine.pass_time(60)

    outcomes = Counter(row.outcome for row in disk.runs.ledger.values())
    assert (bool(plan.held), plan.actions) == (True, ())
    assert outcomes == {Outcome.BLOCKED: 6, Outcome.RAN: 1}


@on_a_loop
async def test_held_removals_go_through_once_they_are_confirmed(disk: Disk):
    disk.put(*seven())
    engine = await Engine(disk).start()
    for number in range(6):
        disk.tree.remove(f"s{number}")
    await engine.look()

    engine.removals.confirm(engine.state.kept)
    plan = await engine.look()

    assert (len(plan.actions), list(engine.state.scripts)) == (6, ["s6"])


@on_a_loop
async def test_held_removals_survive_a_restart(disk: Disk):
    disk.put(*seven())
    engine = await Engine(disk).start()
    for number in range(6):
        disk.tree.remove(f"s{number}")
    await engine.look()
    await engine.kill()

    engine = await Engine(disk).start()

    assert (len(engine.state.scripts), len(engine.state.kept)) == (7, 6)


@on_a_loop
async def test_removals_that_are_held_no_more_go_by_the_pass_that_finds_it(disk: Disk):
    disk.put(*seven())
    engine = await Engine(disk).start()
    for number in range(6):
        disk.tree.remove(f"s{number}")
    await engine.look()
    disk.put(*(a_script(script_id=f"t{number}") for number in range(9)))
    await engine.look(*(f"t{number}" for number in range(9)))

    await engine.look("t0")

    assert len(engine.state.scripts) == 10


@on_a_loop
async def test_an_unreadable_tree_changes_nothing_and_schedules_go_on(disk: Disk):
    disk.put(a_script(every(60)))
    engine = await Engine(disk).start()
    disk.tree.unreadable = "the disk is not mounted"

    plan = await engine.look()
    await engine.pass_time(60)

    facts = (plan.actions, engine.loop.failure, disk.statuses(SCRIPT))
    assert facts == ((), "the disk is not mounted", [RunStatus.RUNNING])


@on_a_loop
async def test_a_tree_that_is_unreadable_at_the_start_keeps_what_was_in_force(disk: Disk):
    disk.put(a_script(every(60)))
    engine = await Engine(disk).start()
    await engine.kill()
    disk.tree.unreadable = "the disk is not mounted"

    engine = await Engine(disk).start()
    await engine.pass_time(60)

    assert disk.statuses(SCRIPT) == [RunStatus.RUNNING]


@on_a_loop
async def test_a_tree_that_was_never_readable_removes_nothing(disk: Disk):
    disk.tree.unreadable = "the disk is not mounted"
    engine = Engine(disk)
    engine.state.put(applied(a_script()))

    await engine.look()

    assert list(engine.state.scripts) == [SCRIPT]


@on_a_loop
async def test_a_tree_that_is_readable_again_is_brought_into_force(disk: Disk):
    disk.tree.unreadable = "the disk is not mounted"
    disk.put(a_script())
    engine = await Engine(disk).start()

    disk.tree.unreadable = None
    await engine.look()

    assert (list(engine.state.scripts), engine.loop.failure) == ([SCRIPT], None)


@on_a_loop
async def test_half_a_file_is_not_acted_upon(disk: Disk):
    disk.put(a_script(every(60)))
    engine = await Engine(disk).start()
    disk.tree.put(a_broken_entry())
    disk.tree.unsettled = frozenset({SCRIPT})

    plan = await engine.loop.look([SCRIPT])

    assert (plan.actions, engine.state.scripts[SCRIPT].problems) == ((), ())


@on_a_loop
async def test_half_a_file_is_looked_at_again_when_it_is_whole(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("engine.reconcile.loop.SETTLE_SECONDS", 0.001)
    disk.put(a_script(every(60)))
    engine = await Engine(disk).start()
    disk.tree.put(an_entry(a_script(), digest="half"))
    disk.tree.unsettled = frozenset({SCRIPT})
    await engine.loop.look([SCRIPT])
    whole = a_script(every(30))
    disk.tree.put(an_entry(whole, digest="whole"))
    disk.tree.unsettled = frozenset()

    while engine.state.script(SCRIPT) != whole:
        await engine.quiet()

    changes = [event.plan.actions for event in engine.events if isinstance(event, PlanApplied)]
    assert [[type(action) for action in actions] for actions in changes] == [
        [CreateScript],
        [UpdateScript],
    ]


@on_a_loop
async def test_a_mistake_is_shown_though_files_beside_it_are_written_all_the_time(disk: Disk):
    disk.put(a_script(every(60)))
    engine = await Engine(disk).start()
    disk.tree.put(a_broken_entry())
    disk.tree.unsettled = frozenset({SCRIPT})
    await engine.loop.look([SCRIPT])

    disk.clock.advance(2)
    await engine.loop.look([SCRIPT])

    assert engine.state.scripts[SCRIPT].problems != ()


@on_a_loop
async def test_a_circle_that_a_broken_script_closes_runs_once_round(disk: Disk):
    disk.put(a_script(after("b"), script_id="a"), a_script(script_id="b"))
    engine = await Engine(disk).start()
    disk.tree.put(a_broken_entry("a"))
    disk.put(a_script(after("a"), script_id="b"), digest="d2")
    await engine.look()
    await engine.execute("b")
    await engine.quiet()

    await engine.finish(engine.live[0])

    assert [row.outcome for row in disk.ledger("a")] == [Outcome.BLOCKED]


def plans(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the list of scripts that are planned from now on."""
    planned: list[str] = []
    real = passes.plan_files

    def plan(entry: Any, *facts: Any) -> Any:
        planned.append(entry.id)
        return real(entry, *facts)

    monkeypatch.setattr(passes, "plan_files", plan)
    return planned


@on_a_loop
async def test_a_full_pass_plans_what_may_have_changed_alone(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
):
    watching = a_script(files("*.csv"), script_id="watching")
    disk.put(*seven(), watching)
    engine = await Engine(disk).start()
    await engine.look()
    planned = plans(monkeypatch)
    disk.put(a_script(every(60), script_id="s3"), digest="d2")
    await engine.look()

    assert planned == ["s3", "watching"]


@on_a_loop
async def test_a_start_plans_what_may_have_changed_alone(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
):
    disk.put(*seven())
    await (await Engine(disk).start()).kill()
    disk.put(a_script(every(30), script_id="s3"), digest="d2")
    planned = plans(monkeypatch)

    engine = await Engine(disk).start()

    assert planned == ["s3"]
    assert all(engine.state.wakes.of(ScriptId(f"s{number}")) for number in range(7))


@on_a_loop
async def test_a_full_pass_after_the_clock_was_set_plans_all(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
):
    disk.put(*seven())
    engine = await Engine(disk).start()
    await engine.look()
    planned = plans(monkeypatch)

    disk.clock.jump(disk.clock.now() - timedelta(days=1))
    await engine.look()

    assert len(planned) == 7


@on_a_loop
async def test_a_startup_trigger_fires_once_for_a_server_whatever_its_engines(disk: Disk):
    disk.put(a_script(STARTUP))
    engine = await Engine(disk).start()
    await engine.finish(engine.live[0])
    await engine.kill()

    await Engine(disk).start()

    assert [row.outcome for row in disk.ledger(SCRIPT)] == [Outcome.RAN]


@on_a_loop
async def test_a_startup_trigger_fires_again_for_the_next_server(disk: Disk):
    disk.put(a_script(STARTUP))
    engine = await Engine(disk).start()
    await engine.finish(engine.live[0])
    await engine.kill()
    disk.clock.advance(60)
    disk.server_started = disk.clock.now()

    await Engine(disk).start()

    assert [row.outcome for row in disk.ledger(SCRIPT)] == [Outcome.RAN] * 2


@on_a_loop
async def test_files_that_appeared_while_the_server_was_down_set_off_a_run(disk: Disk):
    disk.put(a_script(files("*.csv")))
    disk.inboxes.put(SCRIPT, **{"/in/old.csv": "1"})
    engine = await Engine(disk).start()
    await engine.kill()
    disk.inboxes.put(SCRIPT, **{"/in/new.csv": "1"})
    disk.clock.advance(60)

    await Engine(disk).start()

    assert [run.files for run in disk.runs_of(SCRIPT)] == [("/in/new.csv",)]


@on_a_loop
async def test_a_directory_that_cannot_be_read_holds_up_no_other_script(disk: Disk):
    disk.put(a_script(files("*.csv")), a_script(files("*.csv"), script_id="other"))
    engine = await Engine(disk).start()
    disk.inboxes.unreadable.add(SCRIPT)
    disk.inboxes.put("other", **{"/in/a.csv": "1"})

    await engine.look()

    assert (disk.statuses(SCRIPT), disk.statuses("other")) == ([], [RunStatus.RUNNING])


@on_a_loop
async def test_a_plan_that_fails_hurts_no_other_script(disk: Disk, monkeypatch: pytest.MonkeyPatch):
    fail_for(SCRIPT, "plan_files", monkeypatch)
    disk.put(a_script(every(60)), a_script(every(60), script_id="other"))
    engine = await Engine(disk).start()

    await engine.pass_time(60)

    assert (disk.statuses(SCRIPT), disk.statuses("other")) == ([], [RunStatus.RUNNING])


@pytest.mark.parametrize("part", ["plan_files", "plan_moments"])
@on_a_loop
async def test_a_plan_that_fails_is_journalled_once_and_shown(
    disk: Disk, part: str, monkeypatch: pytest.MonkeyPatch
):
    fail_for(SCRIPT, part, monkeypatch)
    disk.put(a_script(every(60)))
    engine = await Engine(disk).start()
    await engine.look()
    await engine.look()

    lines = [line.error for line in disk.journal.lines if line.action == "plan"]
    assert (lines, SCRIPT in (engine.loop.failure or "")) == (["internal_error"], True)


@on_a_loop
async def test_a_plan_that_works_again_is_made_by_the_next_full_pass(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
):
    fail_for(SCRIPT, "plan_moments", monkeypatch)
    disk.put(a_script(every(60)))
    engine = await Engine(disk).start()
    monkeypatch.undo()

    await engine.look()
    await engine.pass_time(60)

    assert (engine.loop.failure, disk.statuses(SCRIPT)) == (None, [RunStatus.RUNNING])


def fail_for(script: str, part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a part of one script's plan fail as only a mistake in the program can."""
    real = getattr(passes, part)

    def planned(first: Any, observed: Any, now: Any) -> Any:
        subject = first.id if part == "plan_files" else first.in_force and first.in_force.id
        if subject == script:
            raise ZeroDivisionError("division by zero")
        return real(first, observed, now)

    monkeypatch.setattr(passes, part, planned)


@on_a_loop
async def test_a_pass_that_fails_is_followed_by_another(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("engine.reconcile.loop.TRY_AGAIN_SECONDS", 0.001)
    engine = await Engine(disk).start()
    disk.scripts.gate.error = ZeroDivisionError("division by zero")
    disk.put(a_script())
    engine.loop.look_at([SCRIPT])
    await engine.quiet()

    disk.scripts.gate.open()
    while SCRIPT not in engine.state.scripts:
        await engine.quiet()

    assert engine.tasks.failure == "ZeroDivisionError: division by zero"


@on_a_loop
async def test_a_due_pass_that_fails_is_made_again(disk: Disk):
    disk.put(a_script(cron("0 * * * *")))
    engine = await Engine(disk).start()
    disk.runs.gate.error = ZeroDivisionError("division by zero")
    await engine.pass_time(3600)
    meanwhile = disk.statuses(SCRIPT)

    disk.runs.gate.open()
    await engine.pass_time(2)

    assert (meanwhile, disk.statuses(SCRIPT)) == ([], [RunStatus.RUNNING])
