"""Who of those that ask at the same time has a turn."""

import asyncio

import pytest

from engine.editing.turns import MOST_WAITING, Turns
from engine.errors import Superseded, Unavailable


def play(scenario):
    return asyncio.run(asyncio.wait_for(scenario(), 10))


class Line:
    """Holds turns until it is told to let go, and notes who had one."""

    def __init__(self, at_once=1):
        self.turns = Turns(at_once)
        self.had: list[object] = []
        self.let_go = asyncio.Event()

    async def stand(self, key, name=None):
        async with self.turns.turn(key):
            self.had.append(name or key)
            await self.let_go.wait()

    def ask(self, key, name=None):
        return asyncio.create_task(self.stand(key, name))


async def settle():
    for _ in range(5):
        await asyncio.sleep(0)


def test_only_so_many_have_a_turn_at_a_time():
    async def scenario():
        line = Line(at_once=2)
        asked = [line.ask(key) for key in "abc"]
        await settle()
        before = list(line.had)
        line.let_go.set()
        await asyncio.gather(*asked)
        return before, line.had

    assert play(scenario) == (["a", "b"], ["a", "b", "c"])


def test_the_newest_for_a_file_takes_the_place_of_the_one_that_waits():
    async def scenario():
        line = Line()
        asked = [line.ask("first"), line.ask("file", "old"), line.ask("file", "new")]
        await settle()
        line.let_go.set()
        ends = await asyncio.gather(*asked, return_exceptions=True)
        return line.had, [type(end) for end in ends]

    assert play(scenario) == (["first", "new"], [type(None), Superseded, type(None)])


def test_one_that_has_begun_is_not_disturbed():
    async def scenario():
        line = Line()
        asked = [line.ask("file", "old"), line.ask("file", "new")]
        await settle()
        line.let_go.set()
        await asyncio.gather(*asked)
        return line.had

    assert play(scenario) == ["old", "new"]


def test_a_long_line_is_refused_at_once():
    async def scenario():
        line = Line()
        asked = [line.ask(number) for number in range(MOST_WAITING + 1)]
        await settle()
        with pytest.raises(Unavailable):
            await line.stand("one too many")
        line.let_go.set()
        await asyncio.gather(*asked)
        return len(line.had)

    assert play(scenario) == MOST_WAITING + 1


def test_who_goes_away_while_waiting_leaves_no_gap():
    async def scenario():
        line = Line()
        asked = [line.ask(key) for key in "abc"]
        await settle()
        asked[1].cancel()
        line.let_go.set()
        await asyncio.gather(*asked, return_exceptions=True)
        return line.had

    assert play(scenario) == ["a", "c"]


def test_a_turn_that_comes_as_its_owner_goes_away_is_passed_on():
    async def scenario():
        line = Line()
        asked = [line.ask(key) for key in "abc"]
        await settle()
        line.let_go.set()
        # One round of the loop: `a` ends and gives its turn to `b`, which has not woken yet.
        await asyncio.sleep(0)
        while not asked[0].done():
            await asyncio.sleep(0)
        asked[1].cancel()
        await asyncio.gather(*asked, return_exceptions=True)
        return line.had[0], line.had[-1]

    assert play(scenario) == ("a", "c")


def test_a_failure_gives_its_turn_back():
    async def scenario():
        turns = Turns(1)
        for _ in range(3):
            with pytest.raises(ZeroDivisionError):
                async with turns.turn("file"):
                    raise ZeroDivisionError
        return "all had a turn"

    assert play(scenario)


@pytest.mark.parametrize("next_key", ["b", "c"])
def test_who_goes_away_in_the_moment_of_his_turn_takes_it_from_nobody(next_key):
    async def scenario():
        line = Line()
        asked = [line.ask("a"), line.ask("b", "gone")]
        await settle()
        asked.append(line.ask(next_key, "next"))
        line.let_go.set()
        # The others come first: `next` into the line and `a` to its end, before `gone` wakes.
        asked[1].cancel()
        await asyncio.gather(*asked, return_exceptions=True)
        await line.stand("last")
        return line.had, asked[0].exception(), line.turns._free

    assert play(scenario) == (["a", "next", "last"], None, 1)
