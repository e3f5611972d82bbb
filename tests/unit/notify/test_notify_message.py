"""What a notice says."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.model.identity import ScriptId
from engine.model.notice import NoticeKind
from engine.model.run import RunStatus
from engine.notify.message import Facts, compose, trial
from engine.notify.rules import Told
from tests.fakes.clock import START
from tests.fakes.told import an_end

UTC = ZoneInfo("UTC")
FAILED = an_end(
    2, reason="exit 3", exit_code=3, peak_memory_bytes=14_600_000,
    commit="c" * 40, digest="d" * 64, lock="e" * 64, python="3.12.1",
)  # fmt: skip
BEFORE = replace(FAILED, id=an_end(1).id, status=RunStatus.SUCCESS, reason="", exit_code=0)


def facts(kind: NoticeKind = NoticeKind.FAILURE, **fields: Any) -> Facts:
    told = Told(kind=kind, run=FAILED.id, failures=fields.pop("failures", 1), since=START)
    values: dict[str, Any] = {
        "told": told,
        "script": ScriptId("etl/load"),
        "name": "Load",
        "now": START + timedelta(minutes=3),
        "zone": UTC,
        "run": FAILED,
    }
    return Facts(**{**values, **fields})


def text(kind: NoticeKind = NoticeKind.FAILURE, **fields: Any) -> str:
    return compose(facts(kind, **fields)).text


@pytest.mark.parametrize(
    ("kind", "fields", "subject"),
    [
        (NoticeKind.FAILURE, {}, "Load failed: exit 3"),
        (
            NoticeKind.FAILURE,
            {"run": replace(FAILED, status=RunStatus.TIMEOUT, reason="limit 5m")},
            "Load timed out: limit 5m",
        ),
        (
            NoticeKind.FAILURE,
            {"run": replace(FAILED, status=RunStatus.ENV_FAILED, reason="no such package")},
            "Load failed: env_failed: no such package",
        ),
        (
            NoticeKind.FAILURE,
            {"run": replace(FAILED, status=RunStatus.CANCELLED, reason="replaced by a newer run")},
            "Load failed and was not tried again: replaced by a newer run",
        ),
        (NoticeKind.RECOVERY, {}, "Load works again"),
        (NoticeKind.SUCCESS, {}, "Load succeeded"),
        (
            NoticeKind.MISSED,
            {"run": replace(FAILED, status=RunStatus.MISSED, reason="the server was down")},
            "Load missed a run: the server was down",
        ),
        (
            NoticeKind.MISSED,
            {"run": None, "expect_within": timedelta(hours=26)},
            "Load has not succeeded for 1d2h",
        ),
        (NoticeKind.LONG_RUNNING, {}, "Load takes long: it runs since 1m9s"),
    ],
)
def test_the_subject_says_what_happened(kind, fields, subject):
    assert compose(facts(kind, **fields)).subject == f"[pysched] {subject}"


@pytest.mark.parametrize(
    "line",
    [
        "Script:       Load (etl/load)",
        "Status:       failed",
        "Reason:       exit 3",
        "Exit code:    3",
        f"Run:          {FAILED.id}",
        "Duration:     9s",
        "Peak memory:  14.6 MB",
    ],
)
def test_a_failure_tells_of_the_run(line):
    assert line in text().splitlines()


def test_times_are_told_in_the_zone_of_the_server():
    (line,) = [
        each
        for each in text(zone=ZoneInfo("Europe/Berlin")).splitlines()
        if each.startswith("Finished:")
    ]

    assert line.endswith("CEST (+02:00)")


def test_the_last_lines_of_output_are_told_without_their_colours():
    said = text(lines=["reading", "\x1b[31mcannot find it\x1b[0m"])

    assert said.endswith("Last lines of output:\n  reading\n  cannot find it\n")


def test_the_link_is_told_where_the_server_has_an_address():
    link = "https://pysched.example.com/runs/1"

    assert f"Link:         {link}" in text(link=link)
    assert "Link" not in text()


def test_it_is_told_what_changed_since_the_last_success():
    before = replace(BEFORE, commit="a" * 40, lock="b" * 64, python="3.11.9")

    assert (
        "Changed since the last success:\n"
        "  commit: aaaaaaaaaaaa -> cccccccccccc\n"
        "  packages (lock): bbbbbbbbbbbb -> eeeeeeeeeeee\n"
        "  Python: 3.11.9 -> 3.12.1\n"
    ) in text(last_success=before)


def test_it_is_told_when_nothing_changed():
    assert "Nothing of the script or its environment changed" in text(last_success=BEFORE)


def test_nothing_is_compared_without_a_success():
    said = text()

    assert "hanged" not in said
    assert "Last success: none on record" in said


def test_a_series_of_failures_is_counted():
    assert "Failures:     5 since 2026-" in text(failures=5)


def test_a_recovery_tells_how_long_it_was_in_trouble():
    assert "Before:      5 failures since 2026-" in text(NoticeKind.RECOVERY, failures=5)


def test_a_test_says_that_it_is_one():
    message = trial("etl/load", "Load", START, UTC)

    assert message.subject == "[pysched] Test of the notifications of Load"


@settings(max_examples=100)
@given(st.text(max_size=50), st.text(max_size=50), st.lists(st.text(max_size=50), max_size=3))
def test_no_name_reason_or_output_breaks_out_of_its_line(name, reason, lines):
    message = compose(facts(name=name, run=replace(FAILED, reason=reason), lines=lines))

    assert message.subject.isprintable()
    assert all(line.isprintable() for line in message.text.split("\n"))
