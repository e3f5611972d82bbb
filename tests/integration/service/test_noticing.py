"""From what happens to scripts to the outbox."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from engine.errors import NotFound, Unavailable
from engine.model.event import PlanApplied, RunChanged
from engine.model.notice import Delivery
from engine.model.plan import DeleteScript, Plan
from engine.model.run import Run, RunStatus
from engine.model.script import Limits, Script
from engine.ports import NoticeFilter, Settled, Transition
from engine.reconcile.state import State
from engine.reconcile.tasks import Tasks
from engine.schedule.jump import Wakefulness
from engine.schedule.shared_alarm import SharedAlarm
from engine.service.notices import Notices, Wording
from engine.service.notifications import Notifications
from engine.service.notify_parts import NotifyParts
from engine.store.database import Database
from engine.store.notifications import SqliteNotificationStore
from engine.store.runs import SqliteRunStore
from tests.fakes.alarm import FakeAlarm
from tests.fakes.clock import START, FakeClock
from tests.fakes.told import an_end, telling
from tests.fakes.world import a_script, applied

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
SUCCESS, RUNNING = RunStatus.SUCCESS, RunStatus.RUNNING


class Files:
    """Output of runs; a run without any cannot be read."""

    def __init__(self) -> None:
        self.lines: Sequence[str] = ()

    def look(self, run_id: str, reader: Any) -> Any:
        if not self.lines:
            raise NotFound("no output")
        return [type("Line", (), {"text": line}) for line in self.lines]


class World:
    """A server's memory and database; `notifications` can be replaced as if it had restarted."""

    def __init__(self, database: Database) -> None:
        self.clock = FakeClock()
        self.alarm = FakeAlarm(self.clock)
        self.runs = SqliteRunStore(database)
        self.store = SqliteNotificationStore(database)
        self.files = Files()
        self.calls = 0
        self.restart()

    def restart(self, *scripts: Script, active: Sequence[Run] = ()) -> None:
        self.state = State(Wakefulness(self.clock.now(), self.clock.monotonic()))
        for script in scripts:
            self.state.put(applied(script))
        for run in active:
            self.state.active.put(run)
        parts = NotifyParts(
            clock=self.clock,
            state=self.state,
            runs=self.runs,
            store=self.store,
            alarm=SharedAlarm(self.alarm, self.clock),
            tasks=Tasks(),
        )
        wording = Wording(
            zone=ZoneInfo("UTC"),
            public_url="https://pysched.example.com/",
            redact=lambda text: text.replace("hunter2", "***"),
        )
        notices = Notices(self.runs, self.files, wording)  # pyright: ignore[reportArgumentType]
        self.notifications = Notifications(parts, notices, self._deliver)
        self.notifications.begin()

    def _deliver(self) -> None:
        self.calls += 1

    def turn(self) -> None:
        asyncio.run(self.notifications.turns.turn())

    def record(self, run: Run) -> None:
        """Write an end as the loop does, and crash before anybody hears of it."""
        asyncio.run(self.runs.commit(Transition(new_runs=[run], ends_to_tell=[run.id])))

    def end(self, run: Run) -> None:
        self.record(run)
        self.notifications.receive(RunChanged(run))
        self.turn()

    def pass_time(self, by: timedelta) -> None:
        self.clock.advance(by)
        assert self.alarm.ring_if_due(), f"the alarm is set to {self.alarm.at}"
        self.turn()

    @property
    def told(self) -> list[Delivery]:
        return list(reversed(self.store.page(NoticeFilter(), limit=100).items))

    @property
    def subjects(self) -> list[str]:
        return [each.notice.subject.removeprefix("[pysched] ") for each in self.told]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    database = Database(tmp_path / "pysched.db")
    yield World(database)
    database.close()


def test_a_failure_is_put_in_the_outbox_for_each_target(world):
    world.restart(telling(to=("ops@example.com", "json://h/")))
    world.files.lines = ["reading", "cannot find it"]
    world.end(an_end(reason="exit 3"))

    assert [(each.target, each.notice.subject) for each in world.told] == [
        ("ops@example.com", "[pysched] Load failed: exit 3"),
        ("json://h/", "[pysched] Load failed: exit 3"),
    ]
    assert "  cannot find it\n" in world.told[0].notice.text
    assert f"https://pysched.example.com/runs/{an_end().id}" in world.told[0].notice.text
    assert world.calls == 1


def test_secrets_are_taken_out_of_what_is_told(world):
    world.restart(telling())
    world.files.lines = ["password hunter2"]
    world.end(an_end(reason="hunter2"))

    (told,) = world.told
    assert "hunter2" not in told.notice.subject + told.notice.text


def test_a_notice_without_output_is_better_than_none(world):
    world.restart(telling())
    world.end(an_end())

    assert world.subjects == ["Load failed"]


def test_an_end_before_a_crash_is_told_after_it(world):
    world.record(an_end())
    world.restart(telling())
    world.turn()

    assert world.subjects == ["Load failed"]


def test_an_end_is_told_once_whatever_is_heard_of_it(world):
    world.restart(telling())
    world.end(an_end())
    world.restart(telling())
    world.turn()
    world.notifications.receive(RunChanged(an_end()))
    world.turn()

    assert world.subjects == ["Load failed"]


def test_a_recovery_after_a_restart_knows_of_the_failures_before(world):
    world.restart(telling())
    world.end(an_end(1))
    world.restart(telling())
    world.end(an_end(2, SUCCESS))

    assert world.subjects == ["Load failed", "Load works again"]


def test_what_changed_since_the_last_success_is_told(world):
    world.restart(telling("failure"))
    world.end(an_end(1, SUCCESS, commit="a" * 40))
    world.end(an_end(2, commit="b" * 40))

    (told,) = world.told
    assert "commit: aaaaaaaaaaaa -> bbbbbbbbbbbb" in told.notice.text


@pytest.mark.parametrize("script", [telling(enabled=False), a_script(script_id="etl/load")])
def test_a_script_that_tells_nothing_leaves_nothing_to_decide_on(world, script):
    world.restart(script)
    world.end(an_end())

    assert (world.told, world.store.ends(9)) == ([], [])


def test_a_run_that_is_gone_keeps_nobody_waiting(world):
    world.restart(telling())
    run = an_end()
    asyncio.run(world.runs.commit(Transition(ends_to_tell=[run.id])))
    world.end(an_end(2))

    assert world.subjects == ["Load failed"]


class FullDisk:
    """The store, on a disk that takes nothing the first time."""

    def __init__(self, store: SqliteNotificationStore) -> None:
        self._store = store
        self._full = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def settle(self, settled: Settled) -> None:
        if self._full:
            self._full = False
            raise Unavailable("the disk is full")
        await self._store.settle(settled)


@pytest.mark.parametrize(
    ("script", "happens"),
    [
        (telling(), lambda world: world.record(an_end())),
        (telling("missed", expect_within=HOUR), lambda world: world.clock.advance(HOUR)),
        (
            telling("long_running", limits=Limits(timeout=MINUTE)),
            lambda world: world.clock.advance(HOUR),
        ),
    ],
    ids=["an end", "a success that does not come", "a run that takes long"],
)
def test_a_full_disk_silences_nothing(world, script, happens):
    going = an_end(9, RUNNING, started_at=START, finished_at=None)
    world.restart(script, active=[going])
    world.turn()
    happens(world)
    world.notifications._store = FullDisk(world.store)
    world.turn()
    assert world.told == []
    assert world.alarm.at == world.clock.now() + timedelta(seconds=10)
    world.turn()

    assert len(world.told) == 1


def test_a_full_disk_does_not_forget_whom_to_wait_for(world):
    world.restart(telling("missed", expect_within=HOUR))
    world.notifications._store = FullDisk(world.store)
    world.turn()
    world.turn()
    world.clock.advance(30 * MINUTE)
    world.restart(telling("missed", expect_within=HOUR))
    world.turn()

    assert world.alarm.at == START + HOUR


# Successes that do not come

DAILY = telling("missed", "recovery", expect_within=26 * HOUR)


def test_a_success_that_does_not_come_is_told_when_its_time_is_over(world):
    world.restart(DAILY)
    world.turn()
    world.pass_time(26 * HOUR)

    assert world.subjects == ["Load has not succeeded for 1d2h"]


def test_it_is_told_once_and_a_success_begins_anew(world):
    world.restart(DAILY)
    world.turn()
    world.pass_time(26 * HOUR)
    assert world.alarm.at is None
    world.end(an_end(26 * 60 + 5, SUCCESS))
    world.clock.jump(START + 53 * HOUR)
    world.alarm.ring_if_due()
    world.turn()

    assert world.subjects == [
        "Load has not succeeded for 1d2h",
        "Load works again",
        "Load has not succeeded for 1d2h",
    ]


def test_a_success_puts_the_time_off(world):
    world.restart(DAILY)
    world.turn()
    world.end(an_end(30, SUCCESS))

    assert world.alarm.at == START + 26 * HOUR + 30 * MINUTE


def test_a_restart_does_not_begin_to_count_anew(world):
    world.restart(DAILY)
    world.turn()
    world.clock.advance(20 * HOUR)
    world.restart(DAILY)
    world.turn()

    assert world.alarm.at == START + 26 * HOUR


def test_a_script_that_is_switched_off_is_not_waited_for_and_begins_anew(world):
    world.restart(DAILY)
    world.turn()
    world.state.put(applied(replace(DAILY, enabled=False)))
    world.notifications.receive(PlanApplied(Plan(actions=[DeleteScript(id=DAILY.id)])))
    world.turn()
    assert world.alarm.at is None
    world.clock.advance(5 * HOUR)
    world.state.put(applied(DAILY))
    world.notifications.receive(PlanApplied(Plan(actions=[DeleteScript(id=DAILY.id)])))
    world.turn()

    assert world.alarm.at == START + 31 * HOUR


def test_a_script_that_is_gone_is_forgotten(world):
    world.restart(DAILY)
    world.turn()
    world.state.remove(DAILY.id)
    world.notifications.receive(PlanApplied(Plan(actions=[DeleteScript(id=DAILY.id)])))
    world.turn()

    assert (world.alarm.at, world.store.standings()) == (None, {})


# Runs that take long

LIMITED = telling("long_running", limits=Limits(timeout=timedelta(seconds=100)))
GOING = an_end(1, RUNNING, started_at=START, finished_at=None, duration_ms=None)


def test_a_run_that_takes_long_is_told_once(world):
    world.restart(LIMITED)
    world.state.active.put(GOING)
    world.notifications.receive(RunChanged(GOING))
    world.turn()
    world.pass_time(timedelta(seconds=80))

    assert world.subjects == ["Load takes long: it runs since 1m20s"]
    assert world.alarm.at is None


def test_a_run_that_ended_in_time_is_not(world):
    world.restart(LIMITED)
    world.state.active.put(GOING)
    world.notifications.receive(RunChanged(GOING))
    world.turn()
    world.state.active.remove(GOING.id)
    world.end(an_end(1, SUCCESS))

    assert (world.alarm.at, world.told) == (None, [])


def test_a_run_that_goes_on_over_a_restart_is_told_once(world):
    for _ in range(2):
        world.restart(LIMITED, active=[GOING])
        world.turn()
        world.clock.jump(START + timedelta(seconds=80))
        world.turn()

    assert world.subjects == ["Load takes long: it runs since 1m20s"]


def test_what_is_usual_is_learned_from_successes(world):
    world.restart(telling("long_running"))
    for number in (1, 2, 3):
        world.end(an_end(number, SUCCESS, duration_ms=100_000))
    going = an_end(4, RUNNING, started_at=START, finished_at=None)
    world.state.active.put(going)
    world.notifications.receive(RunChanged(going))
    world.turn()

    assert world.alarm.at == START + 5 * MINUTE
