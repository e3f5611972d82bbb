"""A copy of the process is ended, whoever waits for it."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

PROGRAM = """
    import os, signal, sys, time
    from engine.process import end_copy, start_copy

    signal.signal(signal.SIGCHLD, getattr(signal, sys.argv[1]))
    pid = start_copy(lambda: time.sleep(float(sys.argv[2])))
    if sys.argv[2] == "0":
        # Until it is a zombie, or gone.
        while os.path.exists(f"/proc/{pid}/exe"):
            time.sleep(0.01)
    end_copy(pid)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        print("gone")
"""


@pytest.mark.parametrize("seconds", ["0", "60"])
@pytest.mark.parametrize("children", ["SIG_DFL", "SIG_IGN"])
def test_a_copy_is_gone_at_its_end(children: str, seconds: str) -> None:
    said = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(PROGRAM), children, seconds],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )

    assert (said.stdout, said.stderr) == ("gone\n", "")
