from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.runner import frames
from engine.runner.frames import NOTICE, STDERR, STDOUT, Frame
from engine.runs import output
from engine.runs.lines import LONGEST_LINE, LineJoiner, lines, tail
from engine.runs.output import Chunk, chunks, read, searchable

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def packed(*written: tuple[int, bytes]) -> bytes:
    """Pack what was written to the streams, one frame each, a second apart."""
    made, offset = [], 0
    for second, (stream, data) in enumerate(written):
        made.append(Frame(offset, second * 10**9, stream, data))
        offset = made[-1].end
    return frames.pack(made)


def with_hole() -> bytes:
    return frames.pack(
        [
            Frame(0, 0, STDOUT, b"head\nhal"),
            frames.hole(8, 92, 10**9),
            Frame(100, 10**9, STDOUT, b"f\ntail\n"),
        ]
    )


MIXED = packed((STDOUT, b"one "), (STDERR, b"oops\n"), (STDOUT, b"two\nthr"), (STDOUT, b"ee"))


def test_chunks_have_stream_time_and_offsets():
    second = list(chunks(MIXED))[1]

    assert second == Chunk(4, 9, EPOCH + timedelta(seconds=1), "stderr", b"oops\n")


def test_all_output_is_returned_byte_for_byte():
    assert read(MIXED).data == b"one oops\ntwo\nthree"


@pytest.mark.parametrize(("view", "data"), [("stdout", b"one two\nthree"), ("stderr", b"oops\n")])
def test_one_stream_can_be_read_alone(view, data):
    assert read(MIXED, view=view).data == data


def test_reading_goes_on_where_it_ended():
    first = read(MIXED, limit=6)

    assert (first.data, first.next_offset, first.more) == (b"one oo", 6, True)
    assert read(MIXED, offset=first.next_offset).data == b"ps\ntwo\nthree"


def test_the_end_is_an_empty_slice_at_the_same_offset():
    end = read(MIXED).next_offset

    assert read(MIXED, offset=end) == (b"", end, False)


def test_a_piece_that_fits_exactly_is_the_last():
    assert read(MIXED, limit=18) == (b"one oops\ntwo\nthree", 18, False)


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.sampled_from([STDOUT, STDERR]), st.binary(min_size=1, max_size=9))),
    st.integers(1, 12),
    st.sampled_from(["all", "stdout", "stderr"]),
)
def test_slices_of_any_size_add_up_to_the_whole(written, limit, view):
    source, whole, offset, more = packed(*written), b"", 0, True
    while more:
        data, offset, more = read(source, offset=offset, view=view, limit=limit)
        whole += data

    assert whole == read(source, view=view).data


@pytest.mark.parametrize("view", ["all", "stdout", "stderr"])
def test_what_was_cut_is_said_in_every_view(view):
    assert "92 bytes cut" in read(with_hole(), view=view).data.decode()


def test_a_notice_larger_than_the_limit_is_given_whole():
    assert read(with_hole(), offset=8, limit=1).data.decode() == "… 92 bytes cut …\n"


def test_lines_are_joined_by_stream_however_they_were_written():
    assert [(line.stream, line.text) for line in lines(MIXED)] == [
        ("stderr", "oops"),
        ("stdout", "one two"),
        ("stdout", "three"),
    ]


def test_a_line_has_the_time_and_place_of_its_first_byte():
    joined = list(lines(MIXED))[1]

    assert (joined.offset, joined.at) == (0, EPOCH)


def test_lines_of_one_read_have_their_own_places():
    assert [line.offset for line in lines(packed((STDOUT, b"one\ntwo\nthree")))] == [0, 4, 8]


def test_a_line_break_of_windows_is_no_part_of_the_text():
    assert [line.text for line in lines(packed((STDOUT, b"a\r\nb\rc\r\n")))] == ["a", "b\rc"]


def test_a_character_torn_between_two_reads_is_whole_in_the_text():
    euro = "€".encode()

    assert [line.text for line in lines(packed((1, euro[:1]), (1, euro[1:])))] == ["€"]


def test_undecodable_bytes_are_kept_and_replaced_in_the_text():
    (line,) = lines(packed((STDOUT, b"\xff\n")))

    assert (line.data, line.text) == (b"\xff\n", "\ufffd")


def test_a_line_that_a_hole_tears_is_ended_before_the_notice():
    assert [line.text for line in lines(with_hole())] == [
        "head",
        "hal",
        "… 92 bytes cut …",
        "f",
        "tail",
    ]


def test_a_line_without_end_comes_in_pieces():
    piece = b"x" * (LONGEST_LINE // 2)
    source = packed((STDOUT, piece), (STDOUT, piece), (STDOUT, b"rest\n"))

    assert [len(line.data) for line in lines(source)] == [LONGEST_LINE, 5]


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([STDOUT, STDERR]),
            st.text("ab\n", min_size=1, max_size=6).map(str.encode),
        )
    )
)
def test_lines_of_a_stream_add_up_to_the_stream(written):
    source = packed(*written)

    joined = b"".join(line.data for line in lines(source) if line.stream == "stdout")

    assert joined == read(source, view="stdout").data


def test_the_tail_is_the_last_lines():
    source = packed((STDOUT, b"1\n2\n3\n"), (STDERR, b"4\n"))

    assert [line.text for line in tail(source, 2)] == ["3", "4"]


def test_the_tail_of_one_stream_leaves_out_the_other():
    source = packed((STDOUT, b"1\n2\n"), (STDERR, b"3\n"))

    assert [line.text for line in tail(source, 1, "stdout")] == ["2"]


def test_a_joiner_holds_back_what_is_not_ended():
    joiner = LineJoiner()

    assert joiner.feed(Chunk(0, 3, EPOCH, "stdout", b"abc")) == []
    assert [line.data for line in joiner.flush()] == [b"abc"]
    assert joiner.flush() == []


def test_a_search_finds_a_word_that_the_other_stream_came_between():
    source = packed((STDOUT, b"need"), (STDERR, b"hay\n"), (STDOUT, b"le\n"))

    assert searchable(source) == "needle\n\nhay\n"


def test_of_a_large_stream_the_beginning_and_the_end_are_searched(monkeypatch):
    monkeypatch.setattr(output, "LARGEST_END", 8)
    numbers = [(STDOUT, b"%d " % number) for number in range(100)]

    assert searchable(packed(*numbers, (STDERR, b"short"))) == "0 1 2 3 \n7 98 99 \nshort"


def test_a_stream_that_fits_is_searched_as_it_is(monkeypatch):
    monkeypatch.setattr(output, "LARGEST_END", 6)

    assert searchable(packed((STDOUT, b"0123456789"), (STDOUT, b"ab"))) == "0123456789ab"


def test_notices_are_not_searched():
    assert "cut" not in searchable(with_hole())


def test_a_notice_of_the_runner_takes_no_room():
    source = frames.pack([Frame(0, 0, NOTICE, b"hello\n"), Frame(0, 0, STDOUT, b"x")])

    assert read(source) == (b"hello\nx", 1, False)
