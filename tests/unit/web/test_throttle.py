"""How guessing is slowed down, and whom that does not touch."""

import pytest

from web.auth.throttle import ACCOUNT, ADDRESS, FORGOTTEN_SECONDS, PAIR, Rule, Throttle

HERE, THERE = "203.0.113.7", "198.51.100.9"


def fail(throttle, times, account="ada", address=HERE, *, now=0.0):
    """Try so often, each as soon as it may be; returns the time afterwards."""
    for _ in range(times):
        wait = throttle.wait(account, address, now)
        if wait:
            now += wait
            throttle.wait(account, address, now)
    return now


def pauses(throttle, times, account="ada", address=HERE):
    now, found = 0.0, []
    for _ in range(times):
        wait = throttle.wait(account, address, now)
        found.append(wait)
        if wait:
            now += wait
            throttle.wait(account, address, now)
    return found


def test_after_some_failures_each_try_waits_twice_as_long_up_to_a_minute():
    assert pauses(Throttle(), 14) == [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_a_try_that_must_wait_makes_nobody_wait_longer():
    throttle = Throttle()
    fail(throttle, 5)

    assert [throttle.wait("ada", HERE, 0.5) for _ in range(20)] == [0.5] * 20


def test_many_tries_at_once_are_no_way_around():
    throttle = Throttle()

    assert [throttle.wait("ada", HERE, 0.0) == 0 for _ in range(8)] == [True] * 5 + [False] * 3


def test_another_case_is_no_other_account():
    throttle = Throttle()
    fail(throttle, 3, "ada")
    fail(throttle, 2, "ADA")

    assert throttle.wait("Ada", HERE, 0.0) == 1


def test_a_success_makes_a_fresh_start():
    throttle = Throttle()
    fail(throttle, 5)
    throttle.succeeded("Ada", HERE)

    assert pauses(throttle, 6) == [0, 0, 0, 0, 0, 1]


def test_one_address_cannot_try_all_accounts():
    throttle = Throttle()
    for number in range(ADDRESS.free):
        assert throttle.wait(f"user {number}", HERE, 0.0) == 0

    assert throttle.wait("another", HERE, 0.0) == 1
    assert throttle.wait("another", THERE, 0.0) == 0


def test_an_own_account_does_not_make_up_for_guesses_at_others():
    throttle = Throttle()
    for number in range(ADDRESS.free):
        throttle.wait(f"user {number}", HERE, 0.0)
        if number < ADDRESS.free // 2:
            throttle.wait("own", HERE, 0.0)
            throttle.succeeded("own", HERE)

    assert throttle.wait("another", HERE, 0.0) == 1


def test_one_ipv6_network_cannot_try_all_accounts():
    throttle = Throttle()
    for number in range(ADDRESS.free):
        assert throttle.wait(f"user {number}", f"2001:db8::{number:x}", 0.0) == 0

    assert throttle.wait("another", "2001:db8::ffff", 0.0) == 1
    assert throttle.wait("another", "2001:db8:0:1::1", 0.0) == 0


def test_one_account_cannot_be_tried_from_everywhere():
    throttle = Throttle()
    for number in range(ACCOUNT.free):
        assert throttle.wait("ada", f"10.0.0.{number}", 0.0) == 0

    assert throttle.wait("ada", HERE, 0.0) == 1


def test_guesses_from_everywhere_do_not_keep_the_owner_out():
    throttle = Throttle()
    throttle.wait("ada", HERE, 0.0)
    throttle.succeeded("ada", HERE)
    for number in range(5 * ACCOUNT.free):
        throttle.wait("ada", f"10.0.0.{number}", 0.0)

    assert throttle.wait("ada", HERE, 0.0) == 0


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_a_proxy_on_this_machine_is_not_taken_for_one_guesser(address):
    throttle = Throttle()
    for number in range(3 * ADDRESS.free):
        throttle.wait(f"user {number}", address, 0.0)

    assert throttle.wait("another", address, 0.0) == 0


def test_failures_are_forgotten():
    throttle = Throttle()
    now = fail(throttle, 12)

    later = now + FORGOTTEN_SECONDS

    assert fail(throttle, PAIR.free, now=later) == later


def test_a_try_that_came_to_nothing_does_not_count():
    throttle = Throttle()
    for _ in range(20):
        assert throttle.wait("ada", HERE, 0.0) == 0
        throttle.take_back("ada", HERE)


def test_what_is_remembered_is_bounded():
    throttle = Throttle(most=50)
    for number in range(1_000):
        throttle.wait(f"user {number}", f"10.0.{number % 200}.1", 0.0)
        throttle.succeeded(f"user {number}", HERE)

    assert (len(throttle._failures), len(throttle._opened)) == (50, 50)


def test_a_pause_has_a_bound_however_many_failures_there_are():
    assert [Rule(free=1, longest=60.0).pause(count) for count in (0, 1, 3, 10_000)] == [0, 1, 4, 60]


def test_nobody_waits_longer_than_a_minute():
    assert max(rule.longest for rule in (PAIR, ADDRESS, ACCOUNT)) == 60
