"""One alarm for several."""

from datetime import timedelta

import pytest

from engine.schedule.shared_alarm import SharedAlarm
from tests.fakes.alarm import FakeAlarm
from tests.fakes.clock import START, FakeClock

SOON, LATER = START + timedelta(minutes=1), START + timedelta(minutes=2)


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def alarm(clock):
    return FakeAlarm(clock)


@pytest.fixture
def shared(alarm, clock):
    return SharedAlarm(alarm, clock)


def test_the_alarm_stands_at_the_earliest_time(shared, alarm):
    shared.part().set(LATER, lambda: None)
    shared.part().set(SOON, lambda: None)

    assert alarm.at == SOON


def test_each_part_is_rung_at_its_own_time(shared, alarm, clock):
    rung = []
    shared.part().set(LATER, lambda: rung.append("later"))
    shared.part().set(SOON, lambda: rung.append("soon"))

    clock.jump(SOON)
    alarm.ring_if_due()

    assert (rung, alarm.at) == (["soon"], LATER)


def test_parts_that_are_due_together_are_rung_together(shared, alarm, clock):
    rung = []
    for name in ("a", "b"):
        shared.part().set(SOON, lambda name=name: rung.append(name))

    clock.jump(LATER)
    alarm.ring_if_due()

    assert (rung, alarm.at) == (["a", "b"], None)


def test_a_setting_replaces_that_of_its_own_part_alone(shared, alarm):
    first, second = shared.part(), shared.part()
    first.set(SOON, lambda: None)
    second.set(LATER, lambda: None)
    first.set(None, lambda: None)

    assert alarm.at == LATER


def test_a_part_may_be_set_again_while_it_rings(shared, alarm, clock):
    part = shared.part()
    part.set(SOON, lambda: part.set(LATER, lambda: None))

    clock.jump(SOON)
    alarm.ring_if_due()

    assert alarm.at == LATER


def test_one_that_fails_takes_no_alarm_from_the_others(shared, alarm, clock):
    def fail():
        raise RuntimeError

    shared.part().set(SOON, fail)
    shared.part().set(LATER, lambda: None)
    clock.jump(SOON)
    with pytest.raises(RuntimeError):
        alarm.ring_if_due()

    assert alarm.at == LATER
