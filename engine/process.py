"""Run a helper command such as uv and wait for it, leaving no process behind.

The only place outside the runner that starts a process; `companion` does it through
here. A command gets its own session, so that its whole process group can be killed:
on a timeout, when the waiting task is cancelled, and also after a normal end, because
a child that lingers in the background would keep files open and the pipes alive.

The end of a command is the end of its first process, not the end of its output:
what a lingering child still holds open is cut off after a short drain.

`asyncio`'s own subprocesses are not used: up to Python 3.12 their `wait` waits
for the end of the output as well, and a task that is cancelled while one is being
started hangs for ever (seen when a program ended just after a build).
"""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from engine.errors import CommandFailed
from engine.output_lines import OutputLines

DRAIN_SECONDS = 0.5
"""How long output may still arrive after the command has ended."""
REAP_SECONDS = 5.0
"""How long a killed process may take to go; only the kernel can hold it up that long."""
CHUNK = 65536


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletedCommand:
    """How a command ended and the lines it wrote, without terminal escapes or a last line end."""

    code: int
    """The exit code; negative for a signal."""
    stdout: str
    stderr: str


class CommandTimedOut(CommandFailed):
    """A helper command was killed because it took longer than its caller allows."""

    code = "command_timed_out"


def start_copy(work: Callable[[], None]) -> int:
    """Have `work` done by a copy of this process, and return its pid.

    Only while this process has a single thread: of others the copy would have the locks
    and not the thread that releases them. The copy runs nothing but `work`: no handlers
    of exit, and no signal handlers of ours.
    """
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        # Ctrl-C reaches it too, and has nothing to tell.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        work()
        code = 0
    except OSError:
        # A full disk, say; whoever waits for the result does without.
        code = 1
    except Exception as error:
        sys.excepthook(type(error), error, error.__traceback__)
    finally:
        os._exit(code)


def end_copy(pid: int) -> None:
    """Kill the copy if it is still at work, and wait for its end."""
    # Whoever started us may have left SIGCHLD ignored: the kernel then reaps the copy at its
    # end, and its number may be another process's by now. So it is asked for first.
    with suppress(ChildProcessError, ProcessLookupError):
        if os.waitpid(pid, os.WNOHANG) == (0, 0):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


async def run_command(  # noqa: PLR0913 - what a process can be given
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    timeout: float | None = None,  # noqa: ASYNC109 - the group must be killed, not only the wait
    on_line: Callable[[str], None] | None = None,
    nice: int | None = None,
    stdin: int = subprocess.DEVNULL,
) -> CompletedCommand:
    """Run `argv` with exactly `env`, and wait for its end.

    `timeout` is in seconds. `stdin` is the descriptor of a file to be read from its start;
    without it there is nothing on the command's standard input. `on_line` is called on
    the event loop for each line of both streams as it arrives; what it raises stops the
    command and is raised here. `nice` is the absolute priority from 0 to 19. Raises
    CommandFailed when the command cannot be started, CommandTimedOut after `timeout`.
    """
    process = start_process(argv, cwd, env, stdin=stdin)
    command = _Command(process, on_line)
    try:
        if nice is not None:
            command.lower_priority(nice)
        await asyncio.wait({command.ended}, timeout=timeout)
        if not command.ended.done():
            raise CommandTimedOut(f"{Path(argv[0]).name} was stopped: no end after {timeout:g} s")
    finally:
        command.kill()
        await asyncio.wait({command.ended}, timeout=REAP_SECONDS)
        await asyncio.wait({command.drained}, timeout=DRAIN_SECONDS)
        command.close()
    return command.result()


def start_process(
    argv: Sequence[str],
    cwd: Path,
    env: Mapping[str, str],
    *,
    stdin: int = subprocess.DEVNULL,
    stdout: int = subprocess.PIPE,
    stderr: int = subprocess.PIPE,
) -> subprocess.Popen[bytes]:
    """Start `argv` in a session of its own; the caller ends it. Raises CommandFailed."""
    try:
        return subprocess.Popen(  # noqa: S603 - callers give lists, never a shell's text
            argv,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            cwd=cwd,
            env=env,
            start_new_session=True,
        )
    except OSError as error:
        raise CommandFailed(f"cannot start {argv[0]} in {cwd}: {error.strerror or error}") from None


class _Command:
    """A process that runs, its output as it comes, and a thread that waits for its end."""

    def __init__(
        self, process: subprocess.Popen[bytes], on_line: Callable[[str], None] | None
    ) -> None:
        self._process = process
        self._loop = asyncio.get_running_loop()
        self._reaping = threading.Lock()
        self._error: Exception | None = None
        self.ended: asyncio.Future[None] = self._loop.create_future()
        self.drained: asyncio.Future[None] = self._loop.create_future()
        self._stdout, self._stderr = OutputLines(on_line), OutputLines(on_line)
        self._open: dict[IO[bytes], OutputLines] = {}
        for pipe, stream in ((process.stdout, self._stdout), (process.stderr, self._stderr)):
            if pipe is not None:
                self._open[pipe] = stream
                os.set_blocking(pipe.fileno(), False)
                self._loop.add_reader(pipe.fileno(), self._read, pipe)
        threading.Thread(target=self._wait, name=f"wait-{process.pid}", daemon=True).start()

    def lower_priority(self, nice: int) -> None:
        # The group and not the process: on Linux a priority belongs to a thread, and the
        # command may have started some already. One that has ended needs no priority.
        with suppress(ProcessLookupError):
            os.setpriority(os.PRIO_PGRP, self._process.pid, nice)

    def kill(self) -> None:
        """Kill the whole group, unless the end was seen: then that has been done."""
        with self._reaping:
            if self._process.returncode is None:
                self._kill_group()

    def close(self) -> None:
        for pipe in tuple(self._open):
            self._close(pipe)

    def result(self) -> CompletedCommand:
        if self._error is not None:
            raise self._error
        code = self._process.returncode
        if code is None:
            raise CommandFailed(f"process {self._process.pid} cannot be ended")
        return CompletedCommand(
            code=code, stdout=self._stdout.finish(), stderr=self._stderr.finish()
        )

    def _read(self, pipe: IO[bytes]) -> None:
        try:
            data = os.read(pipe.fileno(), CHUNK)
            if data:
                self._open[pipe].feed(data)
            else:
                self._close(pipe)
        except BlockingIOError:
            return
        except Exception as error:
            self._error = self._error or error
            self._close(pipe)
            self.kill()

    def _close(self, pipe: IO[bytes]) -> None:
        self._loop.remove_reader(pipe.fileno())
        pipe.close()
        del self._open[pipe]
        if not self._open and not self.drained.done():
            self.drained.set_result(None)

    def _wait(self) -> None:
        if hasattr(os, "waitid"):
            # Looked at before it is reaped: so long, its number cannot be that of
            # another group, and what is left of the group can be killed safely.
            os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOWAIT)
            with self._reaping:
                self._kill_group()
                self._process.wait()
        else:
            self._process.wait()
            self._kill_group()
        # A loop that was closed meanwhile has nobody left who waits.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._tell_end)

    def _tell_end(self) -> None:
        if not self.ended.done():
            self.ended.set_result(None)

    def _kill_group(self) -> None:
        # Nobody left is the usual case; macOS answers "not permitted" for a group of zombies.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
