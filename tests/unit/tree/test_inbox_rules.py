from pathlib import Path

from engine.tree.inbox import appeared, settled

CSV, TXT = Path("/s/inbox/a.csv"), Path("/s/inbox/b.txt")
NOW = 10**18


def test_a_new_file_appeared() -> None:
    assert appeared({}, {CSV: (1, 1, 1)}) == (CSV,)


def test_a_file_with_another_stamp_appeared() -> None:
    assert appeared({CSV: (1, 1, 1)}, {CSV: (1, 2, 1)}) == (CSV,)


def test_a_file_that_stayed_or_went_did_not_appear() -> None:
    assert appeared({CSV: (1, 1, 1), TXT: (1, 1, 2)}, {CSV: (1, 1, 1)}) == ()


def test_files_appear_in_order() -> None:
    assert appeared({}, {TXT: (1, 1, 2), CSV: (1, 1, 1)}) == (CSV, TXT)


def test_a_file_being_written_is_not_there_yet() -> None:
    found = {CSV: (NOW - 10_000_000, 1, 1), TXT: (NOW - 10**9, 1, 2)}

    assert list(settled(found, NOW)) == [TXT]
