from pathlib import Path

from engine.tree.inbox import settled

CSV, TXT = Path("/s/inbox/a.csv"), Path("/s/inbox/b.txt")
NOW = 10**18


def test_a_file_being_written_is_not_there_yet() -> None:
    found = {CSV: (NOW - 10_000_000, 1, 1), TXT: (NOW - 10**9, 1, 2)}

    assert list(settled(found, NOW)) == [TXT]
