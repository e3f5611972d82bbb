"""Hiding secrets in a stream of bytes, however it is cut."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from engine.runner.mask import HIDDEN, Mask, Masker, masked

letters = st.text("ab1", max_size=60).map(str.encode)
patterns = st.lists(st.text("ab1", min_size=4, max_size=9).map(str.encode), min_size=1, max_size=4)


def fed(pieces, *secrets):
    masker = Masker(Mask(secrets))
    return [masker.feed(piece) for piece in pieces] + [masker.end()]


def hidden_bytes(data: bytes, secrets: list[bytes]) -> bytes:
    """Say what is to come out, by the plain rule: every byte of every occurrence is hidden."""
    covered = bytearray(len(data))
    starts = set()
    for secret in secrets:
        for at in range(len(data) - len(secret) + 1):
            if data[at : at + len(secret)] == secret:
                starts.add(at)
                covered[at : at + len(secret)] = b"\1" * len(secret)
    reach = 0
    out = bytearray()
    for at, byte in enumerate(data):
        ends = [at + len(s) for s in secrets if at in starts and data[at : at + len(s)] == s]
        if ends and at >= reach:
            out += HIDDEN
        reach = max([reach, *ends])
        if not covered[at]:
            out.append(byte)
    return bytes(out)


@settings(max_examples=80)
@given(letters, patterns)
def test_every_byte_of_every_occurrence_is_hidden_and_no_other(data, secrets):
    assert masked(data, secrets) == hidden_bytes(data, secrets)


@settings(max_examples=80)
@given(st.lists(letters, max_size=8), patterns)
def test_how_output_is_cut_makes_no_difference(pieces, secrets):
    assert b"".join(fed(pieces, *secrets)) == masked(b"".join(pieces), secrets)


@settings(max_examples=50)
@given(letters, patterns)
def test_byte_by_byte_is_as_good_as_all_at_once(data, secrets):
    pieces = [bytes([byte]) for byte in data]

    assert b"".join(fed(pieces, *secrets)) == masked(data, secrets)


@settings(max_examples=80)
@given(st.lists(letters, max_size=8), patterns)
def test_no_secret_survives(pieces, secrets):
    out = b"".join(fed(pieces, *secrets))

    assert not any(secret in out for secret in secrets)


@settings(max_examples=50)
@given(st.lists(st.tuples(letters, st.sampled_from(["", "half", "all"])), max_size=8), patterns)
def test_pauses_lose_and_double_nothing_that_is_no_secret(pieces, secrets):
    whole = b"".join(data for data, _ in pieces)
    assume(not any(secret in whole for secret in secrets))
    masker = Masker(Mask(secrets))
    out = b""
    for data, pause in pieces:
        out += masker.feed(data)
        if pause:
            out += masker.release(half=pause == "half")

    assert out + masker.end() == whole


@settings(max_examples=50)
@given(st.lists(letters, max_size=8), patterns)
def test_no_secret_survives_pauses_that_show_half_of_it(pieces, secrets):
    masker = Masker(Mask(secrets))
    out = b""
    for data in pieces:
        out += masker.feed(data) + masker.release(half=True)

    out += masker.end()
    assert not any(secret in out for secret in secrets)


def test_text_without_secrets_is_not_held_back():
    assert fed([b"hello\n", b"world\n"], b"hunter22") == [b"hello\n", b"world\n", b""]


def test_what_may_begin_a_secret_waits_for_more():
    assert fed([b"see hunt", b"er22!"], b"hunter22") == [b"see ", b"***!", b""]


def test_what_only_looked_like_a_secret_is_shown():
    assert fed([b"see hunt", b"ing"], b"hunter22") == [b"see ", b"hunting", b""]


def test_the_end_shows_what_is_held_back():
    assert fed([b"see hunt"], b"hunter22") == [b"see ", b"hunt"]


def test_secrets_that_overlap_leave_nothing_of_one_another():
    assert masked(b"<abcdefghij>", [b"abcdef", b"defghij"]) == b"<***>"


def test_overlapping_secrets_in_two_pieces_are_one():
    assert fed([b"<abcdef", b"ghij>"], b"abcdef", b"defghij") == [b"<***", b">", b""]


def test_a_secret_within_a_longer_one_does_not_uncover_it():
    assert masked(b"the password123!", [b"password", b"password123"]) == b"the ***!"


def test_a_secret_that_repeats_itself_is_hidden_whole():
    assert masked(b"xababababy", [b"abab"]) == b"x***y"


def test_two_in_a_row_are_two():
    assert masked(b"abcdabcd", [b"abcd"]) == b"******"


def test_after_a_pause_a_prompt_is_seen():
    masker = Masker(Mask([b"password123"]))
    seen = masker.feed(b"pass")

    assert (seen, masker.release(half=True), masker.waits) == (b"", b"pass", False)


def test_after_a_short_pause_no_more_than_half_of_a_secret_is_seen():
    masker = Masker(Mask([b"password123"]))
    masker.feed(b"password1")

    assert (masker.release(half=True), masker.waits) == (b"passw", True)


def test_what_comes_after_a_pause_is_hidden_all_the_same():
    masker = Masker(Mask([b"password123"]))
    masker.feed(b"pass")
    masker.release(half=True)

    assert masker.feed(b"word123 ok\n") == b"*** ok\n"


def test_a_secret_of_fewer_than_four_bytes_is_left():
    assert masked(b"abc abcd", [b"abc"]) == b"abc abcd"


@pytest.mark.parametrize("byte", range(0, 256, 51))
def test_any_byte_can_be_part_of_a_secret(byte):
    secret = bytes([byte, 255 - byte, 0, 10, 13])

    assert fed([b"<" + secret[:3], secret[3:] + b">"], secret) == [b"<", b"***>", b""]
