"""Rows of runs on terminals of any width, and in pipes."""

import io
from datetime import UTC, datetime

import pytest
from rich.console import Console

from web.cli import terminal
from web.cli.terminal import columns, fitting, when

LONG = "failed, " + "because of something " * 10
ROWS = [("12:00", "a", "success in 2 s", "id1"), ("12:01", "etl/load", LONG, "id2")]


def a_console(width: int, *, is_terminal: bool) -> Console:
    return Console(
        file=io.StringIO(), force_terminal=is_terminal, width=width, color_system=None,
        highlight=False, markup=False,
    )  # fmt: skip


@pytest.fixture
def printed(monkeypatch):
    def run(width: int, *, is_terminal: bool) -> list[str]:
        console = a_console(width, is_terminal=is_terminal)
        monkeypatch.setattr(terminal, "console", lambda: console)
        columns(ROWS, cut=[2])
        return console.file.getvalue().splitlines()

    return run


@pytest.mark.parametrize("width", [60, 80, 120])
def test_on_a_terminal_each_row_is_one_line_that_fits(printed, width):
    lines = printed(width, is_terminal=True)

    assert (len(lines), max(map(len, lines))) == (2, width)
    assert lines[1].endswith("…  id2")


def test_on_a_terminal_that_is_wide_enough_nothing_is_cut(printed):
    assert LONG.strip() in printed(400, is_terminal=True)[1]


def test_of_a_sentence_something_is_left_on_the_narrowest_terminal(printed):
    assert "failed, because…" in printed(10, is_terminal=True)[1]


def test_in_a_pipe_nothing_is_cut_and_no_row_is_padded_to_the_longest(printed):
    lines = printed(80, is_terminal=False)

    assert (LONG.strip() in lines[1], len(lines[0]) < 80) == (True, True)


def test_a_text_beside_others_is_cut_on_a_terminal_alone():
    assert [
        fitting("x" * 50, 60, a_console(80, is_terminal=is_terminal))
        for is_terminal in (True, False)
    ] == ["x" * 19 + "…", "x" * 50]


@pytest.mark.parametrize(("is_terminal", "length"), [(True, 8), (False, 19)])
def test_on_a_terminal_the_moments_of_today_go_without_their_date(monkeypatch, is_terminal, length):
    monkeypatch.setattr(terminal, "console", lambda: a_console(80, is_terminal=is_terminal))

    assert len(when(datetime.now(UTC).isoformat())) == length


def test_an_earlier_day_keeps_its_date(monkeypatch):
    monkeypatch.setattr(terminal, "console", lambda: a_console(80, is_terminal=True))

    assert len(when("2020-01-01T12:00:00Z")) == 19
