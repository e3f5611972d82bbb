from datetime import UTC, datetime, timedelta

from engine.schedule.jump import Jump, Wakefulness

START = datetime(2026, 5, 1, 9, 0, tzinfo=UTC)


def test_time_that_passes_on_both_clocks_is_no_jump():
    awake = Wakefulness(START, 100.0)

    assert awake.look(START + timedelta(minutes=5), 400.0) is None


def test_a_small_difference_is_drift():
    awake = Wakefulness(START, 100.0)

    assert awake.look(START + timedelta(seconds=31.9), 130.0) is None


def test_drift_does_not_add_up_to_a_jump():
    awake = Wakefulness(START, 0.0)

    looks = [awake.look(START + timedelta(seconds=31 * n), 30.0 * n) for n in range(1, 11)]

    assert looks == [None] * 10


def test_a_machine_that_slept_woke_up_no_earlier_than_the_time_that_passed_allows():
    awake = Wakefulness(START, 100.0)

    jump = awake.look(START + timedelta(hours=2, seconds=10), 110.0)

    assert jump == Jump(by=timedelta(hours=2), awake_since=START + timedelta(hours=2))


def test_a_clock_that_is_set_back_is_a_jump_below_zero():
    awake = Wakefulness(START, 100.0)

    jump = awake.look(START - timedelta(hours=1), 100.0)

    assert jump == Jump(by=timedelta(hours=-1), awake_since=START - timedelta(hours=1))


def test_the_engine_is_awake_since_the_last_jump():
    awake = Wakefulness(START, 100.0)
    awake.look(START + timedelta(hours=2), 100.0)

    awake.look(START + timedelta(hours=2, minutes=1), 160.0)

    assert awake.awake_since == START + timedelta(hours=2)
