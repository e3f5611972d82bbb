"""Runs are told of a moment later, all of them and in their order."""

import asyncio

from engine.model.event import RunChanged
from engine.model.run import RunStatus
from tests.fakes.run_facts import a_run
from web.cli.afterwards import Afterwards

EVENTS = [RunChanged(a_run(f"r{number}", status=RunStatus.SUCCESS)) for number in range(3)]


def test_what_happens_in_one_turn_of_the_loop_is_told_after_it():
    told: list[RunChanged] = []

    async def happen() -> list[RunChanged]:
        afterwards = Afterwards(told.append)
        for event in EVENTS:
            afterwards.add(event)
        at_once = list(told)
        while len(told) < len(EVENTS):
            await asyncio.sleep(0)
        return at_once

    assert (asyncio.run(happen()), told) == ([], EVENTS)


def test_at_the_end_the_rest_is_told_at_once_and_not_again():
    told: list[RunChanged] = []

    async def happen() -> None:
        afterwards = Afterwards(told.append)
        afterwards.add(EVENTS[0])
        afterwards.tell_now()
        afterwards.tell_now()

    asyncio.run(happen())

    assert told == EVENTS[:1]
