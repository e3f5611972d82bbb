"""A helper command leaves its output, its code and nothing else behind."""

import asyncio
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.errors import CommandFailed
from engine.process import CommandTimedOut, CompletedCommand, run_command

ENV = {"PATH": os.environ["PATH"]}


def run(code: str, cwd: Path, **options: object) -> CompletedCommand:
    return asyncio.run(python(code, cwd, **options))


async def python(code: str, cwd: Path, **options: object) -> CompletedCommand:
    return await run_command([sys.executable, "-c", code], cwd=cwd, env=ENV, **options)  # type: ignore[arg-type]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


async def eventually(condition: Callable[[], bool]) -> bool:
    for _ in range(300):
        if condition():
            return True
        await asyncio.sleep(0.01)
    return False


def test_both_streams_and_the_exit_code_come_back(tmp_path: Path):
    done = run("import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)", tmp_path)

    assert done == CompletedCommand(code=3, stdout="out", stderr="err")


def test_a_signal_is_a_negative_code(tmp_path: Path):
    assert run("import os; os.kill(os.getpid(), 9)", tmp_path).code == -9


def test_terminal_escapes_are_removed(tmp_path: Path):
    code = r"print('\x1b[1;31merror\x1b[0m: \x1b]8;;http://x\x07bad\x1b]8;;\x07')"

    assert run(code, tmp_path).stdout == "error: bad"


def test_each_line_is_told_as_it_arrives_even_the_last_without_an_end(tmp_path: Path):
    lines: list[str] = []

    run(r"import sys; sys.stdout.write('one\r\ntwo\rthree\nfour')", tmp_path, on_line=lines.append)

    assert lines == ["one", "two", "three", "four"]


def test_a_character_split_between_two_writes_stays_whole(tmp_path: Path):
    code = "import os, time\nfor b in 'é€'.encode(): os.write(1, bytes([b])); time.sleep(0.01)"

    assert run(code, tmp_path).stdout == "é€"


def test_the_command_sees_only_the_environment_it_is_given(tmp_path: Path):
    done = run("import os; print(sorted(set(os.environ) - {'LC_CTYPE'}))", tmp_path)

    assert done.stdout == "['PATH']"


def test_a_program_that_does_not_exist_is_said(tmp_path: Path):
    with pytest.raises(CommandFailed, match=r"cannot start /no/such/program .* No such file"):
        asyncio.run(run_command(["/no/such/program"], cwd=tmp_path, env=ENV))


def test_low_priority_holds_from_the_start(tmp_path: Path):
    code = "import os, time; time.sleep(0.1); print(os.getpriority(os.PRIO_PROCESS, 0))"

    assert run(code, tmp_path, nice=19).stdout == "19"


CHILD_THAT_STAYS = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(child.pid, flush=True)
"""


def test_a_child_that_lingers_is_killed_and_holds_nobody_up(tmp_path: Path):
    started = time.monotonic()

    child = int(run(CHILD_THAT_STAYS, tmp_path).stdout)

    assert asyncio.run(eventually(lambda: not alive(child)))
    assert time.monotonic() - started < 10


def test_a_timeout_kills_the_whole_group(tmp_path: Path):
    pids: list[str] = []

    with pytest.raises(CommandTimedOut, match="no end after"):
        run(
            CHILD_THAT_STAYS + "import time; time.sleep(60)",
            tmp_path,
            timeout=0.5,
            on_line=pids.append,
        )

    assert asyncio.run(eventually(lambda: not alive(int(pids[0]))))


def test_cancelling_kills_the_whole_group(tmp_path: Path):
    async def scenario() -> bool:
        pids: list[str] = []
        code = CHILD_THAT_STAYS + "import time; time.sleep(60)"
        task = asyncio.create_task(python(code, tmp_path, on_line=pids.append))
        await eventually(lambda: bool(pids))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return await eventually(lambda: not alive(int(pids[0])))

    assert asyncio.run(scenario())


def test_a_loop_that_ends_while_a_command_is_being_started_ends_too(tmp_path: Path):
    async def scenario() -> None:
        task = asyncio.create_task(python("import time; time.sleep(60)", tmp_path))
        await asyncio.sleep(0)
        assert not task.done()

    started = time.monotonic()
    asyncio.run(scenario())

    assert time.monotonic() - started < 10


def test_an_error_of_the_listener_stops_the_command_and_is_raised(tmp_path: Path):
    def listen(line: str) -> None:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        run("import time; print(1, flush=True); time.sleep(60)", tmp_path, on_line=listen)


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_no_descriptor_stays_open(tmp_path: Path):
    run("print(1)", tmp_path)
    before = open_descriptors()

    for _ in range(5):
        run("print(1)", tmp_path)

    assert open_descriptors() == before


def test_much_output_of_both_streams_is_whole(tmp_path: Path):
    code = "import sys\nfor n in range(20000): print(n); print(n, file=sys.stderr)"

    done = run(code, tmp_path)

    expected = [str(n) for n in range(20000)]
    assert (done.stdout.split(), done.stderr.split()) == (expected, expected)
