"""Run a helper command such as uv and wait for it, leaving no process behind.

The only place outside the runner that starts a process. A command gets its own
session, so that its whole process group can be killed: on a timeout, when the
waiting task is cancelled, and also after a normal end, because a child that
lingers in the background would keep files open and the pipes alive.

The end of a command is the end of its first process, not the end of its output
(`asyncio`'s own `wait` waits for both up to Python 3.12): what a lingering child
still holds open is cut off after a short drain.
"""

import asyncio
import codecs
import os
import re
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from engine.errors import CommandFailed

DRAIN_SECONDS = 0.5
"""How long output may still arrive after the command has ended."""
REAP_SECONDS = 5.0
"""How long a killed process may take to go; only the kernel can hold it up that long."""
KEPT_CHARACTERS = 16_000_000
"""Of each stream; what comes after it reaches `on_line` and is not kept."""

_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_LINE_END = re.compile(r"\r\n|\n|\r")


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


async def run_command(
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    timeout: float | None = None,  # noqa: ASYNC109 - the group must be killed, not only the wait
    on_line: Callable[[str], None] | None = None,
    nice: int | None = None,
) -> CompletedCommand:
    """Run `argv` with nothing on its standard input and exactly `env`, and wait for its end.

    `timeout` is in seconds. `on_line` is called on the event loop for each line
    of both streams as it arrives. `nice` is the absolute priority from 0 to 19.
    Raises CommandFailed when it cannot be started, CommandTimedOut after `timeout`.
    """
    loop = asyncio.get_running_loop()
    try:
        transport, output = await loop.subprocess_exec(
            lambda: _Output(loop, on_line),
            *argv,
            stdin=asyncio.subprocess.DEVNULL,
            cwd=cwd,
            env=dict(env),
            start_new_session=True,
        )
    except OSError as error:
        raise CommandFailed(f"cannot start {argv[0]} in {cwd}: {error.strerror or error}") from None
    group = transport.get_pid()
    try:
        if nice is not None:
            _lower_priority(group, nice)
        await asyncio.wait({output.exited}, timeout=timeout)
        if not output.exited.done():
            raise CommandTimedOut(f"{Path(argv[0]).name} was stopped: no end after {timeout:g} s")
    finally:
        _kill_group(group)
        await asyncio.wait({output.exited}, timeout=REAP_SECONDS)
        await asyncio.wait({output.closed}, timeout=DRAIN_SECONDS)
        transport.close()
    code = transport.get_returncode()
    if code is None:
        raise CommandFailed(f"{argv[0]} ended without an exit code")
    return CompletedCommand(code=code, stdout=output.stdout.finish(), stderr=output.stderr.finish())


def _lower_priority(group: int, nice: int) -> None:
    # The group and not the process: on Linux a priority belongs to a thread, and the
    # command may have started some already. One that has ended needs no priority.
    with suppress(ProcessLookupError):
        os.setpriority(os.PRIO_PGRP, group, nice)


def _kill_group(group: int) -> None:
    # Nobody left is the usual case; macOS answers "not permitted" for a group of zombies.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


class _Output(asyncio.SubprocessProtocol):
    """Collects both streams and tells the end of the process from the end of its output."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, on_line: Callable[[str], None] | None
    ) -> None:
        self.stdout = _Stream(on_line)
        self.stderr = _Stream(on_line)
        self.exited: asyncio.Future[None] = loop.create_future()
        self.closed: asyncio.Future[None] = loop.create_future()

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        (self.stdout if fd == 1 else self.stderr).feed(data)

    def process_exited(self) -> None:
        self.exited.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self.closed.set_result(None)


class _Stream:
    """Turns chunks of bytes into lines without escapes."""

    def __init__(self, on_line: Callable[[str], None] | None) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._on_line = on_line
        self._open_line = ""
        self._kept: list[str] = []
        self._room = KEPT_CHARACTERS

    def feed(self, data: bytes, *, last: bool = False) -> None:
        *lines, self._open_line = _lines(self._open_line + self._decoder.decode(data, last))
        for line in lines:
            self._take(line)

    def finish(self) -> str:
        self.feed(b"", last=True)
        if self._open_line:
            self._take(self._open_line)
            self._open_line = ""
        return "\n".join(self._kept)

    def _take(self, line: str) -> None:
        clean = _ESCAPE.sub("", line)
        if self._room > 0:
            self._kept.append(clean)
            self._room -= len(clean) + 1
        if self._on_line is not None:
            self._on_line(clean)


def _lines(text: str) -> list[str]:
    # A carriage return at the very end may be the first half of CR LF: it stays
    # with the open line until the next chunk shows what follows.
    held = text[-1:] if text.endswith("\r") else ""
    parts = _LINE_END.split(text.removesuffix("\r"))
    parts[-1] += held
    return parts
