"""`pysched serve` before it becomes the runner."""

import fcntl
import socket
import sys
from pathlib import Path

import pytest

from web.cli import begin as begin_module
from web.cli import engine
from web.cli.failure import guarded
from web.cli.main import app


@pytest.fixture
def executed(monkeypatch, tmp_path):
    """What `serve` would turn into, instead of turning into it."""
    found = []
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scripts").mkdir()
    (tmp_path / "tree").mkdir()
    monkeypatch.setattr(begin_module.os, "execve", lambda *arguments: found.append(arguments))
    return found


def serve(*arguments: str) -> int:
    return guarded(lambda: app(["serve", *arguments]))


def test_it_turns_into_the_runner_with_the_engine_as_its_child(executed, tmp_path):
    serve("tree", "--data", "d", "--port", "0", "--host", "127.0.0.1", "--on-stop", "leave")

    program, command, environ = executed[0]
    end = command.index("--")
    assert (program, command[1:3], command[4:6]) == (
        sys.executable,
        ["-I", "-S"],
        ["--data", str(tmp_path / "d")],
    )
    assert command[end + 1 :] == [
        sys.executable, "-P", "-m", "web.cli.engine", "--data=d", "--host=127.0.0.1",
        "--port=0", "--on-stop=leave", "--", "tree",
    ]  # fmt: skip
    assert "PYSCHED_SERVER_STARTED" in environ


def test_options_that_were_not_given_are_left_to_the_settings(executed, monkeypatch):
    monkeypatch.setenv("PYSCHED_SERVER__PORT", "0")
    serve()

    command = executed[0][1]
    assert command[-1] == "web.cli.engine"


def test_the_settings_tell_the_runner_how_to_stop(executed, tmp_path):
    (tmp_path / "pysched.yaml").write_text(
        "server: {port: 0}\nruns: {on_stop: cancel, drain_timeout: 1m, engine_restart_delay: 2s}\n"
    )
    serve()

    command = executed[0][1]
    assert command[6:12] == [
        "--on-stop", "cancel", "--drain-timeout", "60.0", "--restart-delay", "2.0",
    ]  # fmt: skip


def test_a_served_data_directory_is_left_alone(executed, tmp_path, capsys):
    (tmp_path / "data").mkdir()
    with (tmp_path / "data" / "runner.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write("4711\n")
        lock.flush()
        code = serve("--port", "0")

    assert (code, executed, "already served by process 4711" in capsys.readouterr().err) == (
        1,
        [],
        True,
    )


def test_a_lock_that_nobody_holds_is_no_hindrance(executed, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "runner.lock").write_text("4711\n")

    assert (serve("--port", "0"), len(executed)) == (0, 1)


def test_a_port_in_use_is_told_before_anything_starts(executed, capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        code = serve("--port", str(taken.getsockname()[1]))

    assert (code, executed, "is in use by another program" in capsys.readouterr().err) == (
        1,
        [],
        True,
    )


def test_a_host_that_is_none_of_ours_is_told(executed, capsys):
    assert (serve("--host", "no.such.host.invalid"), executed) == (1, [])


def test_a_data_directory_that_cannot_be_made_is_told(executed, tmp_path, capsys):
    (tmp_path / "file").write_text("")

    code = serve("--data", "file/data")

    assert (code, "cannot be used" in capsys.readouterr().err) == (1, True)


@pytest.mark.parametrize(("process", "code"), [(serve, 1), (lambda: engine.main([]), 2)])
def test_settings_that_cannot_be_used_name_the_place(executed, tmp_path, capsys, process, code):
    (tmp_path / "pysched.yaml").write_text("server: {prot: 1}\n")

    assert process() == code
    assert "pysched.yaml:1:10" in capsys.readouterr().err


def test_a_first_start_without_a_tree_says_how_to_get_one(executed, tmp_path, capsys):
    (tmp_path / "scripts").rmdir()

    code = serve("--port", "0")

    error = capsys.readouterr().err
    assert (code, executed, error.count("\n")) == (1, [], 1)
    assert f"no tree of scripts at {tmp_path / 'scripts'}" in error
    assert 'pysched new "Hello World"' in error
    assert not (tmp_path / "data").exists()


def test_a_tree_that_is_a_file_is_told(executed, tmp_path, capsys):
    (tmp_path / "file").write_text("")

    assert (serve("file"), "is no directory" in capsys.readouterr().err) == (1, True)


def test_a_tree_that_was_served_before_may_be_missing(executed, tmp_path):
    (tmp_path / "scripts").rmdir()
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "pysched.db").write_bytes(b"")

    assert (serve("--port", "0"), len(executed)) == (0, 1)


def test_the_engine_is_found_from_any_directory(executed, tmp_path):
    serve("--port", "0")

    assert Path(executed[0][1][3]).is_absolute()
