"""Runs are told of a moment later, all of them and in their order."""

import asyncio
from collections.abc import Callable

import pytest

from engine.model.event import RunChanged
from engine.model.run import RunStatus
from tests.fakes.run_facts import a_run
from web.cli.afterwards import AT_ONCE, LATEST, QUIET, Afterwards


def events(count: int) -> list[RunChanged]:
    return [RunChanged(a_run(f"r{number}", status=RunStatus.SUCCESS)) for number in range(count)]


class Clockwork(asyncio.SelectorEventLoop):
    """A loop whose time goes on only as the test says, and at once when it waits."""

    now = 0.0

    def time(self) -> float:
        return self.now

    def turn(self, seconds: float = 0.0) -> None:
        self.now += seconds
        self.call_soon(self.stop)
        self.run_forever()


@pytest.fixture
def loop():
    clockwork = Clockwork()
    yield clockwork
    clockwork.close()


@pytest.fixture
def told() -> list[RunChanged]:
    return []


def adding(afterwards: Afterwards, news: list[RunChanged]) -> Callable[[], None]:
    return lambda: [afterwards.add(event) for event in news] and None


def test_what_happens_together_is_told_after_a_quiet_moment(loop, told):
    news = events(3)
    loop.call_soon(adding(Afterwards(told.append), news))
    loop.turn()
    at_once = list(told)
    loop.turn(QUIET)
    loop.turn()

    assert (at_once, told) == ([], news)


def test_a_burst_that_goes_on_is_told_before_it_ends(loop, told):
    afterwards = Afterwards(told.append)
    news = events(100)
    seconds = 0.0
    for event in news:
        loop.call_soon(afterwards.add, event)
        loop.turn(QUIET / 2)
        seconds += QUIET / 2
        if told:
            break

    assert LATEST <= seconds <= LATEST + 2 * QUIET


def test_many_are_told_in_several_turns_of_the_loop(loop, told):
    news = events(AT_ONCE + 1)
    loop.call_soon(adding(Afterwards(told.append), news))
    loop.turn()
    loop.turn(QUIET)
    first = len(told)
    loop.turn()

    assert (first, told) == (AT_ONCE, news)


def test_what_comes_later_is_told_as_well(loop, told):
    afterwards = Afterwards(told.append)
    news = events(2)
    for event in news:
        loop.call_soon(afterwards.add, event)
        loop.turn()
        loop.turn(QUIET)
        loop.turn()

    assert told == news


def test_one_that_cannot_be_told_keeps_none_of_the_others(loop, told):
    def tell(event: RunChanged) -> None:
        if event.run.id == "r0":
            raise OSError(28, "No space left on device")
        told.append(event)

    news = events(3)
    loop.call_soon(adding(Afterwards(tell), news))
    loop.turn()
    loop.turn(QUIET)
    loop.turn()

    assert told == news[1:]


def test_the_first_of_those_that_cannot_be_told_is_logged(loop, caplog):
    def tell(event: RunChanged) -> None:
        raise OSError(28, "No space left on device")

    afterwards = Afterwards(tell)
    loop.call_soon(adding(afterwards, events(3)))
    loop.turn()
    afterwards.tell_now()

    assert [record.message for record in caplog.records] == ["ends of runs cannot be told"]


def test_at_the_end_the_rest_is_told_at_once_and_not_again(loop, told):
    afterwards = Afterwards(told.append)
    news = events(1)
    loop.call_soon(adding(afterwards, news))
    loop.turn()
    afterwards.tell_now()
    afterwards.tell_now()

    assert told == news
