import os
from pathlib import Path

import pytest

from engine.runner.files import Claim
from engine.runner.frames import STDOUT, claim_in, read_frames
from engine.runner.framewriter import FrameWriter
from engine.runner.protocol import CLAIM_NAME


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


def test_output_follows_whole_claim_frames_on_a_disk_that_takes_half_of_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    claim = Claim(tmp_path / "run", {"id": "run"})
    write = os.write
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda fd, data: write(fd, data[:20]))
        claim.note(4711)
    writer = FrameWriter(tmp_path / "run", None, claim)
    writer.write(1, STDOUT, memoryview(b"hello"))
    writer.close()

    assert claim_in((tmp_path / "run" / CLAIM_NAME).read_bytes())["id"] == "run"
    assert [frame.data for frame in read_frames(tmp_path / "run")] == [b"hello"]


def _no_space(*_args: object) -> int:
    raise OSError(28, "No space left on device")
