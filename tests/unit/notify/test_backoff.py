"""When a delivery is tried again."""

from datetime import timedelta

import pytest

from engine.notify.backoff import GIVE_UP, LONGEST, next_try
from tests.fakes.clock import START


@pytest.mark.parametrize(("attempts", "seconds"), [(1, 5), (2, 15), (3, 45), (6, 1215), (7, 3600)])
def test_each_pause_is_longer_than_the_one_before_up_to_an_hour(attempts, seconds):
    assert next_try(attempts, START, START) == START + timedelta(seconds=seconds)


def test_no_number_of_attempts_is_too_large():
    assert next_try(10**9, START, START) == START + LONGEST


def test_a_notice_of_yesterday_is_given_up():
    assert next_try(2, START, START + GIVE_UP - timedelta(seconds=1)) is not None
    assert next_try(2, START, START + GIVE_UP) is None
