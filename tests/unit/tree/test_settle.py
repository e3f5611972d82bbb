from engine.tree.settle import is_racy, is_settling

MS = 1_000_000
NOW = 1_000_000 * MS


def test_a_change_within_the_last_clock_ticks_is_racy() -> None:
    assert is_racy(NOW - 10 * MS, NOW, NOW)


def test_a_change_30_ms_ago_is_not_racy() -> None:
    assert not is_racy(NOW - 30 * MS, NOW, NOW)


def test_a_change_30_ms_ago_may_still_be_going_on() -> None:
    assert is_settling(NOW - 30 * MS, NOW, NOW)


def test_a_change_120_ms_ago_is_over() -> None:
    assert not is_settling(NOW - 120 * MS, NOW, NOW)


def test_an_empty_file_may_be_written_for_longer() -> None:
    assert is_settling(NOW - 450 * MS, NOW, NOW, empty=True)
    assert not is_settling(NOW - 550 * MS, NOW, NOW, empty=True)


def test_a_stamp_far_in_the_future_is_not_new_for_ever() -> None:
    assert not is_racy(NOW + 3_600_000 * MS, NOW, NOW)


def test_what_a_long_look_read_at_its_beginning_may_be_half() -> None:
    assert is_settling(NOW - 30 * MS, NOW, NOW + 900 * MS)


def test_a_change_during_a_long_look_may_still_be_going_on() -> None:
    assert is_settling(NOW + 500 * MS, NOW, NOW + 900 * MS)
