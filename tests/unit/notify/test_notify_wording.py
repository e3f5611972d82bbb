"""How text is made fit to be sent."""

from datetime import timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.notify.wording import duration, last_lines, moment, one_line, plain, shortened, size
from tests.fakes.world import at


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("plain", "plain"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("10%\r50%\r100%", "100%"),
        ("ended\r\n", "ended"),
        ("a\tb", "a   b"),
        ("a\x00\x07\x7fb", "ab"),
        ("abc\u202edef\u2028", "abcdef"),
        ("\x1b", ""),
        ("grüße 日本", "grüße 日本"),
    ],
)
def test_a_line_is_shown_without_what_moves_a_terminal(raw, shown):
    assert plain(raw) == shown


@settings(max_examples=200)
@given(st.text(st.characters() | st.sampled_from("\x1b[];\r\n\x07m0"), max_size=60))
def test_no_text_is_more_than_one_printable_line(text):
    assert one_line(text).isprintable()


def test_a_line_break_in_a_name_begins_no_header():
    assert one_line("Daily\r\nBcc: all@example.com") == "Daily Bcc: all@example.com"


def test_a_long_text_is_cut_where_its_room_ends():
    assert shortened("abcdef", 4) == "abc…"


def test_the_last_lines_are_kept_and_the_first_ones_go():
    assert last_lines(["one", "two", "three"], room=10) == ["two", "three"]


def test_a_last_line_that_is_too_long_is_cut():
    (line,) = last_lines(["x" * 10_000], room=10)

    assert len(line) == 500


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (timedelta(), "0s"),
        (timedelta(milliseconds=60), "60ms"),
        (timedelta(seconds=1.54), "1.5s"),
        (timedelta(seconds=12.3), "12s"),
        (timedelta(minutes=90), "1h30m"),
        (timedelta(days=2, seconds=1), "2d1s"),
    ],
)
def test_a_length_of_time_is_written_as_manifests_have_it(span, text):
    assert duration(span) == text


@pytest.mark.parametrize(
    ("count", "text"), [(12, "12 B"), (530_000_000, "530 MB"), (1_066_000_000, "1.07 GB")]
)
def test_a_size_has_three_figures(count, text):
    assert size(count) == text


@pytest.mark.parametrize(
    ("zone", "text"),
    [
        (ZoneInfo("Europe/Berlin"), "2026-11-24 10:30:00 CET (+01:00)"),
        (ZoneInfo("UTC"), "2026-11-24 09:30:00 UTC (+00:00)"),
        (ZoneInfo("America/Sao_Paulo"), "2026-11-24 06:30:00 -03:00"),
        (timezone(timedelta(hours=5)), "2026-11-24 14:30:00 UTC+05:00 (+05:00)"),
    ],
)
def test_a_moment_is_told_with_its_zone(zone, text):
    assert moment(at("2026-11-24 09:30"), zone) == text
