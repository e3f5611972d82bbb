import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from engine.model.identity import RunId, ScriptId
from engine.model.script import Limits
from engine.ports import (
    RunExited,
    RunnerConnected,
    RunOutput,
    RunStarted,
    StartRefused,
    StartRequest,
)
from engine.runner import protocol
from engine.runs import wire
from engine.runs.reports import exit_report, moment
from tests.fakes.launcher import wire_report
from tests.fakes.run_facts import NOON, a_report

NOON_NS = int(NOON.timestamp()) * 10**9
REQUEST = StartRequest(
    id=RunId("20260501T120000-aa"),
    script=ScriptId("etl/load"),
    directory=Path("/data/runs/x"),
    argv=("/python", "/tree/load.py"),
    cwd=Path("/tree"),
    env={"A": "ä\udc80"},
    limits=Limits(timeout=timedelta(seconds=1.5), memory=512, cpu=1.5, processes=4, output=10),
    stop_grace=2.5,
    merge_output=True,
    mask=("t0k", "dDBr"),
)


def test_an_operation_is_one_line_of_ascii():
    line = wire.encode({"op": "kill", "id": "x", "reason": "zwei\nZeilen ü"})

    assert line.isascii()
    assert line.count(b"\n") == 1


def test_a_start_has_every_key_of_the_protocol():
    assert wire.start(REQUEST).keys() == protocol.Start.__annotations__.keys()


def test_a_start_without_secrets_says_nothing_of_a_mask():
    assert "mask" not in wire.start(replace(REQUEST, mask=()))


def test_no_representation_of_a_start_shows_environment_or_secrets():
    assert "t0k" not in repr(replace(REQUEST, env={"TOKEN": "t0k"}))


def test_a_start_carries_times_in_milliseconds():
    start = wire.start(REQUEST)

    assert (start["timeout_ms"], start["grace_ms"]) == (1500, 2500)


def test_an_environment_that_is_not_unicode_survives_the_wire():
    assert json.loads(wire.encode(wire.start(REQUEST)))["env"] == {"A": "ä\udc80"}


@pytest.mark.parametrize(
    ("event", "translated"),
    [
        (
            {"event": "started", "id": "x", "pid": 7, "started_ns": NOON_NS, "new_key": 1},
            RunStarted(id=RunId("x"), at=NOON, pid=7),
        ),
        ({"event": "refused", "id": "x"}, StartRefused(id=RunId("x"))),
        ({"event": "out", "sizes": {"x": 9}}, RunOutput(sizes={RunId("x"): 9})),
        ({"event": "exit", "report": wire_report(a_report())}, RunExited(report=a_report())),
        ({"event": "invented"}, None),
    ],
)
def test_events_become_the_ports_words(event, translated):
    assert wire.run_event(event) == translated


@pytest.mark.parametrize(
    "event",
    [
        {"event": "started", "id": "x"},
        {"event": "out", "sizes": 3},
        {"event": "exit", "report": []},
    ],
)
def test_a_known_event_that_is_damaged_is_refused(event):
    with pytest.raises((ValueError, AttributeError)):
        wire.run_event(event)


def test_the_list_becomes_what_the_runner_knows():
    live: protocol.LiveRun = {"id": "a", "pid": 1, "started_ns": NOON_NS, "output_bytes": 0}
    event: protocol.ListEvent = {
        "event": "list",
        "live": [live],
        "ended": [wire_report(a_report())],
    }

    assert wire.connected(event, "boot-1") == RunnerConnected(
        live={RunId("a"): NOON}, ended=[a_report()], boot="boot-1"
    )


def test_a_damaged_list_is_refused():
    with pytest.raises(ValueError, match="list cannot be read"):
        wire.connected({"event": "list"}, "")  # type: ignore[typeddict-item]


@pytest.mark.parametrize(
    ("greeting", "message"),
    [
        ({"version": 99, "pid": 1, "boot": "", "capabilities": {}}, "speaks version 99"),
        ({"version": protocol.VERSION}, "not complete"),
    ],
)
def test_a_runner_that_is_not_understood_is_refused(greeting, message):
    with pytest.raises(ValueError, match=message):
        wire.hello(greeting)


def test_events_are_cut_from_the_stream_wherever_it_is_split():
    data = b'{"event":"a"}\n{"event":"b"}\n'
    cutter = wire.Lines()

    events = [event["event"] for n in range(len(data)) for event in cutter.feed(data[n : n + 1])]

    assert events == ["a", "b"]


@pytest.mark.parametrize("line", [b"{\n", b"[]\n", b'{"event": 3}\n', b"\xff\n"])
def test_a_line_that_is_no_event_is_refused(line):
    with pytest.raises(ValueError):  # noqa: PT011 - of json, of unicode, or ours
        list(wire.Lines().feed(line))


def test_a_report_comes_over_the_wire_unchanged():
    report = a_report(exit_code=-9, ended_by="memory", detail="why")

    assert exit_report(json.loads(json.dumps(wire_report(report)))) == report


@pytest.mark.parametrize("content", [None, {}, {**wire_report(a_report()), "finished_ns": "late"}])
def test_a_damaged_report_is_refused(content):
    with pytest.raises(ValueError, match="exit report"):
        exit_report(content)


def test_a_moment_keeps_its_microseconds():
    assert moment(NOON_NS + 1_234_567) == NOON + timedelta(microseconds=1234)
