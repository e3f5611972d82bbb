"""The socket: whatever comes in, the runs go on."""

import json
import socket
import time

import pytest

from tests.integration.runner.runnerharness import Client, RunnerProcess


@pytest.mark.parametrize(
    "line",
    [
        b"nonsense",
        b"[]",
        b"7",
        b"\xff\xfe",
        b'{"op": "dance"}',
        b"{}",
        b"[" * 100_000,
        b'{"op": "ack", "ids": 3}',
        b'{"op": "stop", "mode": "drain"}',
        b'{"op": "start", "id": "one", "directory": "relative"}',
    ],
    ids=lambda line: line[:20].decode(errors="replace"),
)
def test_a_line_that_makes_no_sense_is_answered_and_nothing_else_happens(
    client: Client, line: bytes
):
    client.socket.sendall(line + b"\n")

    assert client.event("error")["message"]
    assert client.run("one")["exit_code"] == 0


def test_a_message_may_come_in_pieces(client: Client):
    for byte in json.dumps({"op": "list"}).encode() + b"\n":
        client.socket.sendall(bytes([byte]))

    assert client.event("list")["live"] == []


def test_messages_may_come_together(client: Client):
    client.socket.sendall(b'{"op": "list"}\n\n{"op": "list"}\n')

    assert [client.event("list")["live"], client.event("list")["live"]] == [[], []]


def test_a_run_that_is_asked_for_and_ended_in_one_breath_is_ended(client: Client):
    client.start("one", "import time; time.sleep(60)")
    client.send(op="kill", id="one", reason="never mind")

    assert client.exit("one")["detail"] == "never mind"


def test_a_list_right_after_a_start_has_the_run(client: Client):
    for number in range(20):
        client.start(f"run-{number}", "import time; time.sleep(60)")
    client.send(op="list")

    assert len(client.event("list")["live"]) == 20


def test_a_run_is_live_or_ended_in_every_list(client: Client):
    for number in range(10):
        client.start(f"run-{number}", argv=["/bin/true"])
    lists = [client.list() for _ in range(100)]

    assert {len(each["live"]) + len(each["ended"]) for each in lists} == {10}


def test_unknown_keys_are_ignored(client: Client):
    client.send(op="list", colour="blue")

    assert client.event("list")["live"] == []


def test_a_line_without_end_costs_the_connection_only(runner: RunnerProcess):
    client = runner.client()
    with pytest.raises((BrokenPipeError, ConnectionResetError)):
        _flood(client, b"x" * 1_000_000, times=200)

    assert runner.client().list()["live"] == []


def test_an_engine_that_goes_in_the_middle_of_a_line_is_forgotten(runner: RunnerProcess):
    client = runner.client()
    client.socket.sendall(b'{"op": "li')
    client.close()

    assert runner.client().list()["live"] == []


def test_a_newer_engine_replaces_the_older(runner: RunnerProcess):
    older = runner.client()
    newer = runner.client()

    with pytest.raises(StopIteration):
        older.next()
    assert newer.run("one")["exit_code"] == 0


def test_a_connection_without_hello_replaces_nobody(runner: RunnerProcess):
    engine = runner.client()
    visitor = runner.client(hello=False)
    visitor.list()
    visitor.close()

    assert engine.run("one")["exit_code"] == 0


def test_an_engine_that_does_not_read_is_dropped_and_loses_nothing(runner: RunnerProcess):
    deaf = runner.client()
    deaf.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    asked = b'{"op": "dance%s"}\n' % (b"e" * 4000)
    with pytest.raises((BrokenPipeError, ConnectionResetError)):
        _flood(deaf, asked, times=10_000)

    client = runner.client()
    assert client.run("one")["exit_code"] == 0


def test_output_notes_wait_for_an_engine_that_does_not_read(runner: RunnerProcess):
    engine = runner.client()
    engine.start("one", "import os, time\nwhile True: os.write(1, b'x'); time.sleep(0.001)")
    engine.event("started", "one")
    time.sleep(0.5)

    sizes = [engine.event("out")["sizes"]["one"] for _ in range(20)]

    assert sizes == sorted(sizes)
    engine.send(op="kill", id="one", reason="")
    assert engine.exit("one")["output_bytes"] >= sizes[-1]


def test_the_runner_tells_how_it_enforces_limits(runner: RunnerProcess):
    client = runner.client(hello=False)
    hello = client.hello()

    assert (hello["version"], hello["pid"]) == (1, runner.pid)
    assert hello["capabilities"]["memory"] == "sampled"


def test_the_exit_is_the_last_that_is_told_of_a_run(client: Client):
    report = client.run("one", "import os; os.write(1, b'x' * 1000)")
    before = len(client.seen)
    client.run("two", "import time; time.sleep(0.05)")

    assert report["output_bytes"] == 1000
    assert "out" not in [event["event"] for event in client.seen[before:]]


def _flood(client: Client, data: bytes, *, times: int) -> None:
    for _ in range(times):
        client.socket.sendall(data)
