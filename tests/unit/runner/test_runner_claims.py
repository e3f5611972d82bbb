import os
from pathlib import Path

import pytest

from engine.runner.files import Claim


def test_a_claim_that_a_full_disk_does_not_take_leaves_no_file_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    closed: list[int] = []
    close = os.close

    def noted(fd: int) -> None:
        closed.append(fd)
        close(fd)

    monkeypatch.setattr(os, "write", _no_space)
    monkeypatch.setattr(os, "close", noted)

    with pytest.raises(OSError, match="No space left"):
        Claim(tmp_path / "run", {"id": "run"})

    assert len(closed) == 1


def _no_space(*_args: object) -> int:
    raise OSError(28, "No space left on device")
