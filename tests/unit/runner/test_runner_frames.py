from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import engine.runner.frames
from engine.runner.frames import (
    HEADER,
    NOTICE,
    STDERR,
    STDOUT,
    Frame,
    FrameReader,
    hole,
    pack,
    parse,
    read_frames,
    segment_name,
    segments,
    since,
)

pieces = st.lists(
    st.tuples(st.integers(0, 2**63), st.sampled_from([STDOUT, STDERR, NOTICE, 0]), st.binary()),
    max_size=12,
)


def frames_of(parts: list[tuple[int, int, bytes]]) -> list[Frame]:
    """Lay pieces end to end; stream 0 stands for a hole."""
    frames: list[Frame] = []
    offset = 0
    for at_ns, stream, data in parts:
        frame = Frame(offset, at_ns, stream, data)
        if stream == 0:
            frame = hole(offset, len(data) + 1, at_ns)
        frames.append(frame)
        offset = frame.end
    return frames


@settings(max_examples=30)
@given(pieces)
def test_packed_frames_are_parsed_to_the_same_frames(parts):
    frames = frames_of(parts)

    assert list(parse(pack(frames))) == frames


@settings(max_examples=30)
@given(pieces, st.data())
def test_a_torn_end_costs_the_last_frame_only(parts, data):
    frames = frames_of(parts)
    packed = pack(frames)
    torn = packed[: data.draw(st.integers(0, len(packed)))]

    found = list(parse(torn))

    assert found == frames[: len(found)]
    assert len(pack(found)) <= len(torn)
    assert len(found) == len(frames) or len(pack(frames[: len(found) + 1])) > len(torn)


@settings(max_examples=30)
@given(pieces, st.integers(0, 40))
def test_reading_from_an_offset_gives_the_rest_of_the_output(parts, offset):
    frames = frames_of(parts)

    rest = list(since(frames, offset))

    whole = _bytes(frames)
    assert _bytes(rest) == whole[offset:]


@settings(max_examples=30)
@given(pieces, st.binary(max_size=30))
def test_zeros_and_garbage_after_a_power_cut_end_the_segment(parts, garbage):
    frames = frames_of(parts)

    assert list(parse(pack(frames) + bytes(13) + garbage)) == frames


def test_a_length_that_is_damaged_does_not_swallow_memory():
    assert list(parse(HEADER.pack(1, STDOUT, 2**31) + b"x" * 100)) == []


def test_a_hole_is_told_with_its_size():
    notice, _rest = since([Frame(1500, 7, STDOUT, b"x")], 0)

    assert (notice.data.decode(), notice.end) == ("… 1,500 bytes cut …\n", 1500)


def test_a_run_without_output_has_no_frames(tmp_path: Path):
    assert list(read_frames(tmp_path)) == []
    assert list(read_frames(tmp_path / "missing")) == []


def test_a_hole_between_segments_becomes_a_notice(tmp_path: Path):
    _segment(tmp_path, 0, b"head")
    _segment(tmp_path, 10, b"tail")

    assert [(each.offset, each.stream, each.skipped) for each in read_frames(tmp_path)] == [
        (0, STDOUT, 0),
        (4, NOTICE, 6),
        (10, STDOUT, 0),
    ]


def test_a_reader_that_asks_from_inside_a_hole_is_told_what_is_left_of_it(tmp_path: Path):
    _segment(tmp_path, 0, b"head")
    _segment(tmp_path, 10, b"tail")

    notice, tail = read_frames(tmp_path, 7)

    assert (notice.offset, notice.skipped, tail.data) == (7, 3, b"tail")


def test_segments_that_overlap_give_each_byte_once(tmp_path: Path):
    _segment(tmp_path, 0, b"abcdef")
    _segment(tmp_path, 4, b"ef")

    assert _bytes(list(read_frames(tmp_path))) == b"abcdef"


@pytest.mark.parametrize("offset", [0, 1, 5, 6])
def test_a_follower_gets_what_is_new(tmp_path: Path, offset: int):
    _segment(tmp_path, 0, b"abc")
    reader = FrameReader(tmp_path, offset)
    first = _bytes(reader.read())
    with (tmp_path / segment_name(0)).open("ab") as file:
        file.write(pack([Frame(3, 1, STDERR, b"def")]))

    assert first + _bytes(reader.read()) == b"abcdef"[offset:]
    assert reader.read() == []


def test_a_follower_waits_for_a_frame_that_is_half_written(tmp_path: Path):
    _segment(tmp_path, 0, b"abc")
    packed = pack([Frame(3, 1, STDOUT, b"def")])
    reader = FrameReader(tmp_path)
    reader.read()
    with (tmp_path / segment_name(0)).open("ab") as file:
        file.write(packed[:15])
        file.flush()
        assert reader.read() == []
        file.write(packed[15:])
    assert _bytes(reader.read()) == b"def"


def test_a_follower_goes_on_in_the_next_segment_and_tells_of_a_torn_one(tmp_path: Path):
    _segment(tmp_path, 0, b"abc")
    reader = FrameReader(tmp_path)
    reader.read()
    with (tmp_path / segment_name(0)).open("ab") as file:
        file.write(pack([Frame(3, 1, STDOUT, b"def")])[:15])
    _segment(tmp_path, 6, b"ghi")

    notice, tail = reader.read()

    assert (notice.skipped, tail.data) == (3, b"ghi")


def test_a_follower_survives_the_removal_of_what_it_reads(tmp_path: Path):
    _segment(tmp_path, 0, b"abc")
    reader = FrameReader(tmp_path)
    reader.read()
    (tmp_path / segment_name(0)).unlink()
    _segment(tmp_path, 9, b"xyz")

    assert [each.skipped for each in reader.read()] == [6, 0]


def test_a_segment_that_vanishes_before_it_is_opened_is_passed_over(tmp_path: Path, monkeypatch):
    _segment(tmp_path, 9, b"xyz")
    listings = iter([[0, 9]])
    monkeypatch.setattr(
        engine.runner.frames, "segments", lambda where: next(listings, None) or segments(where)
    )

    notice, tail = read_frames(tmp_path)

    assert (notice.skipped, tail.data) == (9, b"xyz")


def test_a_frame_larger_than_one_look_is_read(tmp_path: Path):
    _segment(tmp_path, 0, b"x" * 3_000_000)

    assert len(_bytes(list(read_frames(tmp_path)))) == 3_000_000


def test_files_that_do_not_belong_are_ignored(tmp_path: Path):
    (tmp_path / "output-x.frames").write_bytes(b"x")
    (tmp_path / "exit.json").write_bytes(b"{}")

    assert list(read_frames(tmp_path)) == []


def _bytes(frames: list[Frame]) -> bytes:
    """Lay out the output, with a dot for each byte that was cut."""
    return b"".join(b"." * each.skipped if each.stream == NOTICE else each.data for each in frames)


def _segment(directory: Path, offset: int, data: bytes) -> None:
    frame = Frame(offset, 1, STDOUT, data)
    (directory / segment_name(offset)).write_bytes(pack([frame]))
