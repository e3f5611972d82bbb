from itertools import accumulate, repeat

from engine.runs.client import FIRST_DELAY, LONGEST_DELAY, STEADY, next_delay


def test_attempts_are_quick_at_first_and_then_ever_slower_up_to_a_bound():
    delays = accumulate(repeat(0.01, 9), lambda delay, lasted: next_delay(delay, lasted=lasted))

    assert list(delays)[1:] == [0.02, 0.04, 0.08, 0.16, 0.32, 0.64, LONGEST_DELAY, LONGEST_DELAY]


def test_the_first_attempt_again_is_quick():
    assert next_delay(0.0, lasted=0.0) == FIRST_DELAY


def test_after_a_connection_that_lasted_the_next_attempt_is_quick():
    assert next_delay(LONGEST_DELAY, lasted=STEADY * 2) == FIRST_DELAY
