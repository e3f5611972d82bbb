import subprocess
import sys
from pathlib import Path

import pytest

from web.cli import main, serve
from web.cli.start import WAYS_TO_STOP, Options, engine_command, serve_command


@pytest.mark.parametrize(
    "options",
    [
        Options(),
        Options(tree=Path("--odd=name")),
        Options(tree=Path("a tree"), data=Path("d=1"), host="::1", port=0, on_stop="leave"),
        Options(log_format="json"),
    ],
)
def test_options_are_read_as_they_were_written(options: Options):
    assert Options.read(options.written()) == options


PLAIN = [
    ["serve"],
    ["serve", "tree"],
    ["serve", "tree", "--data", "d", "--port", "0", "--host", "::1", "--on-stop", "leave"],
    ["serve", "--port=8000", "tree", "--data=a=b"],
    ["serve", "--log-format", "json"],
]
WITH_SOMETHING_TO_EXPLAIN = [
    [],
    ["--version"],
    ["status"],
    ["serve", "--help"],
    ["serve", "-h"],
    ["serve", "one", "two"],
    ["serve", "--port"],
    ["serve", "--port", "http"],
    ["serve", "--port", "65536"],
    ["serve", "--port", "٣"],
    ["serve", "--port", "1", "--port", "2"],
    ["serve", "--prot", "1"],
    ["serve", "--on-stop", "never"],
    ["serve", "--log-format", "xml"],
    ["serve", "--host", "--port"],
    ["serve", "--data", ""],
    ["serve", "--", "--odd=name"],
    ["serve", "--tree", "tree"],
]


@pytest.mark.parametrize("arguments", PLAIN)
def test_plain_arguments_are_read_as_the_command_line_reads_them(arguments, monkeypatch):
    found: list[Options] = []
    monkeypatch.setattr(serve, "begin", found.append)
    main.app(arguments, standalone_mode=False)

    assert [Options.plain(arguments)] == found


@pytest.mark.parametrize("arguments", WITH_SOMETHING_TO_EXPLAIN)
def test_all_other_arguments_are_left_to_the_command_line(arguments):
    assert Options.plain(arguments) is None


def test_each_way_to_stop_can_be_given_plainly():
    assert tuple(serve.OnStop) == WAYS_TO_STOP


def test_a_plain_start_does_without_the_library_of_the_command_line(tmp_path):
    probe = (
        "import sys; from web.cli import begin, entry; begin._runner = lambda _: sys.exit("
        "print('typer' in sys.modules)); sys.argv[1:] = ['serve', '.', '--port=0']; entry.main()"
    )
    found = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, check=True, cwd=tmp_path
    )

    assert found.stdout == "False\n"


def test_an_engine_and_a_server_that_follows_it_have_the_same_options():
    options = Options(tree=Path("tree"), port=80)

    assert engine_command(options)[4:] == serve_command(options)[5:] == ["--port=80", "--", "tree"]


HEAVY = (
    "apprise", "argon2", "cryptography", "httpx", "jedi", "limits", "prometheus_client",
    "requests", "ruamel", "typer", "web.api.users", "websockets", "yaml",
)  # fmt: skip


def test_an_engine_that_starts_imports_nothing_that_only_some_need():
    modules = "web.cli.engine, web.cli.serving, engine.service.engine"
    probe = f"import sys, {modules}; print([m for m in {HEAVY} if m in sys.modules])"

    found = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, check=True
    )

    assert found.stdout == "[]\n"
