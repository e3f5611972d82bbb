import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.runner import framewriter
from engine.runner.frames import NOTICE, STDERR, STDOUT, Frame, FrameReader, read_frames, segments
from engine.runner.framewriter import FrameWriter

chunks = st.lists(st.binary(min_size=1, max_size=40), max_size=40)


@pytest.fixture(autouse=True)
def small_segments(monkeypatch):
    monkeypatch.setattr(framewriter, "_SMALLEST", 64)
    monkeypatch.setattr(framewriter, "_LARGEST", 256)


@settings(max_examples=25)
@given(chunks, st.integers(2, 300))
def test_the_first_and_the_last_half_are_kept_and_nothing_else(written, limit):
    with tempfile.TemporaryDirectory() as name:
        writer = _write(Path(name), written, limit)
        frames = list(read_frames(Path(name)))

    whole = b"".join(written)
    half = limit // 2
    kept = whole if len(whole) <= 2 * half else whole[:half] + whole[-half:]
    assert b"".join(each.data for each in frames if each.stream != NOTICE) == kept
    assert writer.cut == len(whole) - len(kept) == sum(each.skipped for each in frames)
    assert writer.total == len(whole)


@settings(max_examples=25)
@given(chunks, st.integers(2, 300), st.lists(st.booleans(), max_size=40))
def test_a_follower_sees_each_byte_once_or_is_told_of_it(written, limit, looks):
    whole = b"".join(written)
    with tempfile.TemporaryDirectory() as name:
        writer = FrameWriter(Path(name), limit)
        reader = FrameReader(Path(name))
        seen: list[Frame] = []
        for number, data in enumerate(written):
            writer.write(number, STDOUT, memoryview(data))
            if number < len(looks) and looks[number]:
                while found := reader.read():
                    seen += found
        writer.close()
        while found := reader.read():
            seen += found

    assert [each.offset for each in seen[1:]] == [each.end for each in seen[:-1]]
    assert not whole or seen[-1].end == len(whole)
    for each in seen:
        assert each.stream == NOTICE or each.data == whole[each.offset : each.end]


@settings(max_examples=15)
@given(chunks)
def test_without_a_limit_everything_is_kept(written):
    with tempfile.TemporaryDirectory() as name:
        _write(Path(name), written, None)
        frames = list(read_frames(Path(name)))

    assert [each.data for each in frames] == written


def test_time_and_stream_of_each_frame_are_kept(tmp_path: Path):
    writer = FrameWriter(tmp_path)
    writer.write(5, STDERR, memoryview(b"oh"))
    writer.close()

    assert list(read_frames(tmp_path)) == [Frame(0, 5, STDERR, b"oh")]


def test_a_run_that_never_stops_takes_the_limit_and_a_segment_more(tmp_path: Path):
    writer = FrameWriter(tmp_path, 256)
    largest = 0
    for number in range(150):
        writer.write(number, STDOUT, memoryview(b"x" * 10))
        held = sum(len(each.data) for each in read_frames(tmp_path) if each.stream != NOTICE)
        largest = max(largest, held)
    writer.close()

    assert largest <= 256 + 64
    assert len(segments(tmp_path)) <= 12


def test_a_silent_run_makes_no_file(tmp_path: Path):
    FrameWriter(tmp_path, 100).close()

    assert segments(tmp_path) == []


def test_what_a_full_disk_did_not_take_is_cut_and_told(tmp_path: Path, monkeypatch):
    writer = FrameWriter(tmp_path)
    writer.write(1, STDOUT, memoryview(b"before"))
    with monkeypatch.context() as full:
        full.setattr(os, "writev", _no_space)
        writer.write(2, STDOUT, memoryview(b"lost"))
        writer.write(3, STDOUT, memoryview(b"more"))
    writer.write(4, STDOUT, memoryview(b"after"))
    writer.close()

    assert [(each.offset, each.skipped or each.data) for each in read_frames(tmp_path)] == [
        (0, b"before"),
        (6, 8),
        (14, b"after"),
    ]
    assert writer.cut == 8


def test_half_a_frame_that_a_full_disk_took_is_taken_back(tmp_path: Path, monkeypatch):
    writer = FrameWriter(tmp_path)
    writer.write(1, STDOUT, memoryview(b"before"))
    real = os.writev
    with monkeypatch.context() as full:
        full.setattr(os, "writev", lambda fd, parts: real(fd, [b"half"]))
        writer.write(2, STDOUT, memoryview(b"lost"))
    writer.close()

    assert [each.data for each in read_frames(tmp_path)] == [b"before"]


def test_a_directory_that_was_removed_costs_the_output_only(tmp_path: Path):
    writer = FrameWriter(tmp_path / "gone", 4)
    writer.write(1, STDOUT, memoryview(b"abcdefgh"))
    writer.close()

    assert (writer.total, writer.cut) == (8, 8)


def test_no_room_for_the_exact_cut_keeps_somewhat_more(tmp_path: Path, monkeypatch):
    writer = FrameWriter(tmp_path, 10)
    for number in range(4):
        writer.write(number, STDOUT, memoryview(b"0123456"))
    monkeypatch.setattr(Path, "rename", _no_space)
    writer.close()

    kept = b"".join(each.data for each in read_frames(tmp_path) if each.stream != NOTICE)
    assert kept.startswith(b"01234")
    assert kept.endswith(b"23456")
    assert writer.cut == 28 - len(kept)


def test_a_shortened_segment_is_for_this_account_alone(tmp_path: Path):
    _write(tmp_path, [b"0123456"] * 4, 10)

    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def _write(directory: Path, written: list[bytes], limit: int | None) -> FrameWriter:
    writer = FrameWriter(directory, limit)
    for number, data in enumerate(written):
        writer.write(number, STDOUT, memoryview(data))
    writer.close()
    return writer


def _no_space(*_args: object) -> int:
    raise OSError(28, "No space left on device")
