"""Keep a helper process beside the engine that is asked many things, such as completions.

What it does may hang, crash or grow without end: it is another process so that none of
that is the engine's, and whoever asks says how long an answer may take.
"""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from engine.errors import CommandFailed
from engine.process import CHUNK, REAP_SECONDS, CommandTimedOut, start_process


class Companion:
    """A helper process that stays: it is asked and answers, a line each, until it is ended.

    Its standard input and output are one socket. Everything here blocks, so it is called
    from threads, and only by one at a time but for `end`, which also ends a wait for an answer.
    """

    def __init__(self, argv: Sequence[str], *, cwd: Path, env: Mapping[str, str]) -> None:
        """Start it, with exactly `env`. Raises CommandFailed."""
        self.name = Path(argv[0]).name
        self._socket, theirs = socket.socketpair()
        nowhere = subprocess.DEVNULL
        try:
            end = theirs.fileno()
            self._process = start_process(argv, cwd, env, stdin=end, stdout=end, stderr=nowhere)
        except CommandFailed:
            self._socket.close()
            raise
        finally:
            theirs.close()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, question: bytes, *, seconds: float, longest: int) -> bytes:
        """Send a line and return the next one, both without their ends; an empty one only waits.

        Raises CommandTimedOut when there is no whole answer in time, CommandFailed when the
        process ended or the answer has more than `longest` bytes. It is of no more use then.
        """
        until = time.monotonic() + seconds
        answer = bytearray()
        try:
            if question:
                self._within(until)
                self._socket.sendall(question + b"\n")
            while not answer.endswith(b"\n"):
                self._within(until)
                data = self._socket.recv(CHUNK)
                answer += data
                if not data or len(answer) > longest:
                    why = "its answer is too long" if data else "it ended"
                    raise CommandFailed(f"{self.name} cannot be asked any more: {why}")
        except TimeoutError:
            raise CommandTimedOut(f"{self.name} gave no answer in {seconds:g} s") from None
        except OSError as error:
            raise CommandFailed(f"{self.name} cannot be asked any more: {error}") from None
        return bytes(answer[:-1])

    def _within(self, until: float) -> None:
        """Have the next call on the socket end by then."""
        left = until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._socket.settimeout(left)

    def end(self) -> None:
        """Kill it and what it started, and forget it."""
        if self._process.poll() is None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(REAP_SECONDS)
        self._socket.close()
