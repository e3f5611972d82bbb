"""What reaches the runner from outside: its command line and the start of a run."""

from pathlib import Path

import pytest

from engine.runner.options import BadOptions, Options, read_options
from engine.runner.request import read_start

START: dict[str, object] = {
    "op": "start",
    "id": "one",
    "script": "s",
    "directory": "/data/runs/one",
    "argv": ["python", "x.py"],
    "cwd": "/tree/s",
    "env": {"A": "1"},
    "timeout_ms": 1500,
    "memory": 100,
    "cpu": 0.5,
    "processes": 3,
    "output": 10,
    "grace_ms": 250,
    "merge": True,
}


def test_a_start_is_read_with_times_in_seconds():
    request = read_start(START)

    assert (request.timeout, request.grace, request.cpu) == (1.5, 0.25, 0.5)
    assert (request.memory, request.processes, request.output) == (100, 3, 10)
    assert (request.argv, request.env) == (["python", "x.py"], {"A": "1"})


@pytest.mark.parametrize("key", ["timeout_ms", "memory", "cpu", "processes", "output"])
def test_a_limit_of_null_is_no_limit(key: str):
    request = read_start(START | {key: None})

    assert getattr(request, key.removesuffix("_ms")) is None


@pytest.mark.parametrize(
    "change",
    [
        {"id": None},
        {"argv": []},
        {"argv": "python"},
        {"argv": [1]},
        {"env": {"A": 1}},
        {"directory": "relative"},
        {"memory": "much"},
        {"memory": True},
        {"timeout_ms": -1},
        {"merge": 1},
    ],
    ids=str,
)
def test_a_start_that_cannot_be_used_is_turned_down(change: dict[str, object]):
    with pytest.raises(ValueError, match=next(iter(change))):
        read_start(START | change)


def test_only_limits_of_the_tree_need_frequent_looks():
    free = START | {"memory": None, "cpu": None, "processes": None}

    assert read_start(START).limited
    assert not read_start(free).limited


def test_the_command_line_has_defaults(tmp_path: Path):
    assert read_options(["--data", str(tmp_path)]) == Options(data=tmp_path)


def test_the_command_line_is_read(tmp_path: Path):
    line = "--on-stop leave --drain-timeout 5 --restart-delay 0.1 -- python --data x"
    options = read_options(["--data", str(tmp_path), *line.split()])

    assert options == Options(
        data=tmp_path,
        on_stop="leave",
        drain_timeout=5.0,
        restart_delay=0.1,
        engine=("python", "--data", "x"),
    )


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "--data is missing"),
        (["--data"], "lacks its value"),
        (["--data", "/d", "--data", "/e"], "given twice"),
        (["--data", "/d", "--colour", "blue"], "unknown option --colour"),
        (["--data", "/d", "--on-stop", "never"], "must be drain, leave or cancel"),
        (["--data", "/d", "--drain-timeout", "soon"], "must be a number of seconds"),
        (["--data", "/d", "--restart-delay", "nan"], "must be a number of seconds"),
        (["--data", "/d", "--restart-delay", "-1"], "must be a number of seconds"),
    ],
)
def test_a_command_line_that_cannot_be_used_is_explained(arguments: list[str], told: str):
    with pytest.raises(BadOptions, match=told):
        read_options(arguments)
