"""What signals mean to an engine under a runner, and to one beside a leaving runner."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from engine.errors import Unavailable
from schemas.settings import RunSettings
from tests.fakes.engine import FakeEngine, a_health
from web.cli.stopping import Stopping


async def stopped_after(
    signals: int,
    *,
    alone: bool,
    running: int = 1,
    refusal: Exception | None = None,
    **settings: Any,
) -> tuple[bool, list[object]]:
    """Say whether the wait for runs is over after so many signals, and what was asked for."""
    engine = FakeEngine(state=a_health(running=running))
    if refusal is not None:
        engine.end_runs = refuse(refusal)
    stopping = Stopping(RunSettings(**settings), alone=alone)
    waiting: asyncio.Task[None] | None = None
    for _ in range(signals):
        stopping.ask()
        waiting = waiting or asyncio.create_task(stopping.wait_for_runs(engine))
        for _ in range(5):
            await asyncio.sleep(0)
    assert waiting is not None
    over = waiting.done()
    waiting.cancel()
    await asyncio.wait([waiting])
    return over, [what for (what,) in engine.asked]


def refuse(error: Exception):
    def end_runs() -> None:
        raise error

    return end_runs


def after(signals: int, **facts: Any) -> tuple[bool, list[object]]:
    return asyncio.run(stopped_after(signals, **facts))


@pytest.mark.parametrize("alone", [False, True])
def test_without_runs_nothing_is_waited_for(alone: bool):
    assert after(1, alone=alone, running=0) == (True, ["drain"])


@pytest.mark.parametrize("on_stop", ["drain", "cancel"])
def test_under_a_runner_the_engine_stays_to_write_down_the_ends(on_stop: str):
    assert after(1, alone=False, on_stop=on_stop) == (False, ["drain"])


def test_under_a_runner_a_second_signal_ends_the_wait():
    assert after(2, alone=False) == (True, ["drain"])


@pytest.mark.parametrize("alone", [False, True])
def test_with_leave_the_runs_are_left_at_once(alone: bool):
    assert after(1, alone=alone, on_stop="leave") == (True, ["drain"])


def test_alone_the_first_signal_waits():
    assert after(1, alone=True) == (False, ["drain"])


def test_alone_the_second_signal_has_the_runs_ended_and_waits_for_that():
    assert after(2, alone=True) == (False, ["drain", "end runs"])


def test_alone_the_third_signal_ends_the_wait():
    assert after(3, alone=True) == (True, ["drain", "end runs"])


def test_alone_cancel_has_the_runs_ended_at_once():
    assert after(1, alone=True, on_stop="cancel") == (False, ["drain", "end runs"])


def test_alone_runs_are_ended_when_the_time_to_drain_is_up():
    assert after(1, alone=True, drain_timeout=timedelta(0)) == (False, ["drain", "end runs"])


def test_runs_that_cannot_be_ended_are_left():
    gone = Unavailable("the runner is gone")

    assert after(1, alone=True, on_stop="cancel", refusal=gone) == (True, ["drain"])


def test_a_hand_over_ends_the_wait():
    async def hand_over() -> bool:
        stopping = Stopping(RunSettings(), alone=False)
        waiting = asyncio.create_task(stopping.wait_for_runs(FakeEngine(state=a_health(running=1))))
        await asyncio.sleep(0)
        stopping.hand_over()
        await asyncio.wait_for(waiting, 5)
        return stopping.asked.is_set()

    assert asyncio.run(hand_over())
