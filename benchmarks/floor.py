"""The least that could start the same processes."""

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What a run starts: the same interpreter, file, directory and environment."""

    interpreter: Path
    main: Path
    env: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def argv(self) -> list[str]:
        return [str(self.interpreter), str(self.main)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spawned:
    """Nanoseconds of the wall clock."""

    asked: int
    first_statement: int
    ended: int


def spawn(program: Program, output: Path) -> int:
    """Start it with its output in a file and return its pid."""
    return os.posix_spawn(
        program.argv[0],
        program.argv,
        program.env,
        file_actions=(
            (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ),
        setsigmask=(),
        setsigdef=(signal.SIGPIPE, signal.SIGINT),
    )


def spawn_and_wait(program: Program, output: Path) -> Spawned:
    asked = time.time_ns()
    pid = spawn(program, output)
    os.waitpid(pid, 0)
    ended = time.time_ns()
    return Spawned(asked=asked, first_statement=int(output.read_text()), ended=ended)


def keep_going(program: Program, outputs: Sequence[Path], at_once: int) -> list[int]:
    """Run once for each output, so many at a time; returns the first statements' times."""
    waiting = list(reversed(outputs))
    going = 0
    while waiting or going:
        while waiting and going < at_once:
            spawn(program, waiting.pop())
            going += 1
        os.waitpid(-1, 0)
        going -= 1
    return [int(output.read_text()) for output in outputs]


def xargs(program: Program, count: int, at_once: int, output: Path) -> float:
    """Run the program so often by `xargs -P` and return the seconds it took."""
    numbers = "".join(f"{number}\n" for number in range(count)).encode()
    command = ["xargs", f"-P{at_once}", "-n1", *program.argv]
    with output.open("wb") as sink:
        began = time.monotonic()
        subprocess.run(
            command, input=numbers, stdout=sink, check=True, env={**os.environ, **program.env}
        )
        return time.monotonic() - began
