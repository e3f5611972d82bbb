"""Pieces of output: put together they are the output, and each is whole characters."""

import itertools
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.runs.output import Chunk, View, shows
from engine.runs.pieces import Cutter, Piece, unfinished

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
BYTES = st.one_of(
    st.binary(min_size=1, max_size=12),
    st.text(st.sampled_from("aé€😀\n"), min_size=1, max_size=6).map(str.encode),
    st.sampled_from([b"\xe2", b"\x82", b"\xac", b"\xf0\x9f", b"\xc3", b"\xff", b"\xed\xa0"]),
)
PARTS = st.lists(st.tuples(st.sampled_from(["stdout", "stderr"]), BYTES), max_size=12)
VIEWS: list[View] = ["all", "stdout", "stderr"]


def chunks_of(parts: list[tuple[str, bytes]]) -> list[Chunk]:
    made: list[Chunk] = []
    offset = 0
    for stream, data in parts:
        made.append(Chunk(offset, offset + len(data), NOON, stream, data))
        offset += len(data)
    return made


def since(chunks: list[Chunk], offset: int) -> list[Chunk]:
    """What a reader that begins at an offset is given."""
    return [
        one
        if one.offset >= offset
        else one._replace(offset=offset, data=one.data[offset - one.offset :])
        for one in chunks
        if one.end > offset
    ]


def cut(chunks: list[Chunk], view: View, *, size: int, start: int = 0) -> list[Piece]:
    cutter = Cutter(start, view, size)
    made = [piece for chunk in since(chunks, start) for piece in cutter.add(chunk)]
    return [*made, *cutter.rest(last=True)]


def text_of(pieces: list[Piece]) -> str:
    return "".join(piece.data.decode(errors="replace") for piece in pieces)


def whole(chunks: list[Chunk], view: View) -> str:
    data = b"".join(chunk.data for chunk in chunks if shows(view, chunk.stream))
    return data.decode(errors="replace")


@settings(max_examples=200)
@given(parts=PARTS, view=st.sampled_from(VIEWS), size=st.integers(1, 9))
def test_pieces_decoded_one_by_one_are_the_text(parts, view, size):
    chunks = chunks_of(parts)

    assert text_of(cut(chunks, view, size=size)) == whole(chunks, view)


@settings(max_examples=200)
@given(parts=PARTS, view=st.sampled_from(VIEWS), size=st.integers(1, 9), data=st.data())
def test_a_reader_may_begin_anew_behind_any_piece(parts, view, size, data):
    chunks = chunks_of(parts)
    pieces = cut(chunks, view, size=size)
    seen = data.draw(st.integers(0, len(pieces)))
    before = pieces[:seen]
    start = before[-1].next_offset if before else 0

    again = cut(chunks, view, size=data.draw(st.integers(1, 9)), start=start)

    assert text_of([*before, *again]) == whole(chunks, view)


@settings(max_examples=100)
@given(parts=PARTS, view=st.sampled_from(VIEWS), size=st.integers(1, 9))
def test_pieces_follow_one_another_without_a_gap(parts, view, size):
    pieces = cut(chunks_of(parts), view, size=size)

    assert pieces[0].offset == 0
    assert all(a.next_offset == b.offset for a, b in itertools.pairwise(pieces))
    assert pieces[-1].next_offset == sum(len(data) for _, data in parts)


@settings(max_examples=100)
@given(parts=PARTS, view=st.sampled_from(VIEWS))
def test_what_is_given_early_is_never_taken_back(parts, view):
    """As of a live run: everything that can be given is given after each chunk."""
    chunks = chunks_of(parts)
    cutter = Cutter(0, view)
    pieces: list[Piece] = []
    for chunk in chunks:
        pieces += [*cutter.add(chunk), *cutter.rest()]

    assert text_of([*pieces, *cutter.rest(last=True)]) == whole(chunks, view)


@pytest.mark.parametrize("size", [1, 5, 64])
def test_no_piece_is_larger_than_it_may_be(size):
    pieces = cut(chunks_of([("stdout", b"x" * 200), ("stderr", b"y" * 99)]), "all", size=size)

    assert {len(piece.data) for piece in pieces[:-1]} == {size}


def test_half_a_character_is_held_back_though_the_other_stream_went_on():
    chunks = chunks_of([("stdout", b"a\xe2\x82"), ("stderr", b"warning")])
    cutter = Cutter(0, "stdout")
    for chunk in chunks:
        assert cutter.add(chunk) == []

    assert cutter.rest() == [Piece(0, 1, b"a")]
    assert cutter.rest() == []


def test_output_of_the_other_stream_alone_moves_the_offset():
    cutter = Cutter(0, "stderr")
    cutter.add(Chunk(0, 9, NOON, "stdout", b"nine byte"))

    assert cutter.rest() == [Piece(0, 9, b"")]


def test_a_notice_of_what_was_cut_is_in_every_view_and_whole():
    notice = Chunk(10, 5_000, NOON, "notice", "… 4,990 bytes cut …\n".encode())
    cutter = Cutter(10, "stderr", size=4)

    assert [*cutter.add(notice), *cutter.rest()] == [Piece(10, 5_000, notice.data)]


@pytest.mark.parametrize(
    ("data", "held"),
    [
        (b"", 0),
        (b"abc", 0),
        ("é".encode(), 0),
        ("€".encode(), 0),
        ("😀".encode(), 0),
        (b"a\xc3", 1),
        (b"a\xe2\x82", 2),
        (b"\xf0\x9f\x98", 3),
        (b"\xff", 0),
        (b"\x80\x80\x80", 0),
        (b"\xe2\x28", 0),
        (b"\xe2\xc3", 1),
    ],
)
def test_only_what_may_become_a_character_is_held_back(data, held):
    assert unfinished(data) == held
