"""The real APScheduler: precision, jumps of the wall clock, housekeeping, a clean end."""

import asyncio
import logging
import resource
import statistics
import time
from datetime import UTC, datetime, timedelta

import pytest

from engine.schedule.alarm import ApsAlarm
from engine.schedule.jump import Jump

TURN = timedelta(milliseconds=20)


class SettableClock:
    """The real clock with a wall clock that a test may set."""

    def __init__(self) -> None:
        self.offset = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset

    def monotonic(self) -> float:
        return time.monotonic()


def test_half_of_the_rings_are_less_than_two_milliseconds_late():
    async def measure() -> list[float]:
        clock = SettableClock()
        alarm = ApsAlarm(clock)
        alarm.start()
        late: list[float] = []
        for _ in range(20):
            rang = asyncio.Event()
            at = clock.now() + timedelta(milliseconds=15)
            alarm.set(at, rang.set)
            await rang.wait()
            late.append((clock.now() - at).total_seconds())
        await alarm.stop()
        return late

    # The best of three, so that a neighbour's load does not decide.
    assert min(statistics.median(asyncio.run(measure())) for _ in range(3)) <= 0.002


def test_a_clock_that_jumps_ahead_rings_what_is_due_now_and_tells_of_the_jump_first():
    heard: list[object] = []

    async def scenario() -> None:
        clock = SettableClock()
        alarm = ApsAlarm(clock, heard.append, longest_sleep=TURN)
        alarm.start()
        alarm.set(clock.now() + timedelta(hours=1), lambda: heard.append("ring"))
        clock.offset = timedelta(hours=2)
        await asyncio.sleep(0.1)
        await alarm.stop()

    asyncio.run(scenario())
    assert [type(each) for each in heard] == [Jump, str]


def test_a_jump_that_the_alarm_itself_meets_is_told_before_the_ring():
    heard: list[object] = []

    async def scenario() -> None:
        clock = SettableClock()
        alarm = ApsAlarm(clock, heard.append)
        alarm.start()
        alarm.set(clock.now() + timedelta(milliseconds=30), lambda: heard.append("ring"))
        clock.offset = timedelta(hours=2)
        await asyncio.sleep(0.1)
        await alarm.stop()

    asyncio.run(scenario())
    assert [type(each) for each in heard] == [Jump, str]


def test_a_jump_says_by_how_much():
    jumps: list[Jump] = []

    async def scenario() -> None:
        clock = SettableClock()
        alarm = ApsAlarm(clock, jumps.append, longest_sleep=TURN)
        alarm.start()
        clock.offset = timedelta(hours=-1)
        await asyncio.sleep(0.1)
        await alarm.stop()

    asyncio.run(scenario())
    assert [round(jump.by / timedelta(hours=1), 3) for jump in jumps] == [-1]


def test_a_clock_that_runs_steadily_tells_of_no_jump():
    jumps: list[Jump] = []

    async def scenario() -> None:
        alarm = ApsAlarm(SettableClock(), jumps.append, longest_sleep=TURN)
        alarm.start()
        await asyncio.sleep(0.1)
        await alarm.stop()

    asyncio.run(scenario())
    assert jumps == []


def test_housekeeping_is_done_again_and_again():
    turns: list[int] = []

    async def work() -> None:
        turns.append(1)

    async def scenario() -> None:
        alarm = ApsAlarm(SettableClock())
        alarm.start()
        alarm.every(TURN, "sweep", work)
        await asyncio.sleep(0.3)
        await alarm.stop()

    asyncio.run(scenario())
    assert 5 <= len(turns) <= 15


def test_the_first_turn_can_be_earlier_than_the_interval():
    done = False

    async def work() -> None:
        nonlocal done
        done = True

    async def scenario() -> None:
        alarm = ApsAlarm(SettableClock())
        alarm.start()
        alarm.every(timedelta(hours=1), "sweep", work, first=timedelta())
        await asyncio.sleep(0.05)
        await alarm.stop()

    asyncio.run(scenario())
    assert done


def test_a_turn_that_is_still_at_work_is_not_joined_by_another():
    at_work, most = 0, 0

    async def work() -> None:
        nonlocal at_work, most
        at_work += 1
        most = max(most, at_work)
        await asyncio.sleep(0.1)
        at_work -= 1

    async def scenario() -> None:
        alarm = ApsAlarm(SettableClock())
        alarm.start()
        alarm.every(TURN, "sweep", work)
        await asyncio.sleep(0.25)
        await alarm.stop()

    asyncio.run(scenario())
    assert most == 1


def test_housekeeping_that_fails_is_told_and_tried_again(caplog: pytest.LogCaptureFixture):
    async def work() -> None:
        raise OSError("disk full")

    async def scenario() -> None:
        alarm = ApsAlarm(SettableClock())
        alarm.start()
        alarm.every(TURN, "sweep", work)
        await asyncio.sleep(0.15)
        await alarm.stop()

    asyncio.run(scenario())
    told = [record for record in caplog.records if record.message == "housekeeping failed"]
    assert len(told) >= 2


def test_housekeeping_goes_on_after_the_clock_was_set_back():
    turns: list[int] = []

    async def work() -> None:
        turns.append(1)

    async def scenario() -> None:
        clock = SettableClock()
        clock.offset = timedelta(hours=5)
        alarm = ApsAlarm(clock, longest_sleep=TURN)
        alarm.start()
        alarm.every(TURN, "sweep", work)  # planned five hours ahead, by the wrong clock
        clock.offset = timedelta()
        await asyncio.sleep(0.2)
        await alarm.stop()

    asyncio.run(scenario())
    assert len(turns) >= 2


def test_stopping_cancels_housekeeping_and_leaves_nothing_behind(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO)

    async def work() -> None:
        await asyncio.sleep(60)

    async def scenario() -> int:
        alarm = ApsAlarm(SettableClock())
        alarm.start()
        alarm.every(timedelta(hours=1), "sweep", work, first=timedelta())
        alarm.set(datetime.now(UTC) + timedelta(seconds=60), lambda: None)
        await asyncio.sleep(0.05)
        await alarm.stop()
        return len(asyncio.all_tasks())

    assert (asyncio.run(scenario()), caplog.records) == (1, [])


def test_waiting_costs_no_processor_time():
    async def scenario() -> float:
        clock = SettableClock()
        alarm = ApsAlarm(clock)
        alarm.start()
        alarm.set(clock.now() + timedelta(days=400), lambda: None)
        await asyncio.sleep(0.1)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
        await asyncio.sleep(0.5)
        used = resource.getrusage(resource.RUSAGE_SELF).ru_utime - before
        await alarm.stop()
        return used

    assert asyncio.run(scenario()) < 0.02


def test_what_was_set_before_the_start_rings_after_it():
    rings: list[int] = []

    async def scenario() -> None:
        clock = SettableClock()
        alarm = ApsAlarm(clock)
        alarm.set(clock.now(), lambda: rings.append(1))
        alarm.start()
        await asyncio.sleep(0.05)
        await alarm.stop()

    asyncio.run(scenario())
    assert rings == [1]


def test_stopping_an_alarm_twice_is_harmless():
    async def scenario() -> None:
        alarm = ApsAlarm(SettableClock())
        alarm.start()
        await alarm.stop()
        await alarm.stop()

    asyncio.run(scenario())
