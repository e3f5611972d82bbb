import subprocess
import sys
from pathlib import Path

import pytest

from web.cli.start import Options, engine_command, serve_command


@pytest.mark.parametrize(
    "options",
    [
        Options(),
        Options(tree=Path("--odd=name")),
        Options(tree=Path("a tree"), data=Path("d=1"), host="::1", port=0, on_stop="leave"),
    ],
)
def test_options_are_read_as_they_were_written(options: Options):
    assert Options.read(options.written()) == options


def test_an_engine_and_a_server_that_follows_it_have_the_same_options():
    options = Options(tree=Path("tree"), port=80)

    assert engine_command(options)[4:] == serve_command(options)[5:] == ["--port=80", "--", "tree"]


def test_the_engine_does_without_the_library_of_the_command_line():
    probe = "import sys, web.cli.engine, web.cli.serving; print('typer' in sys.modules)"

    found = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, check=True
    )

    assert found.stdout == "False\n"
