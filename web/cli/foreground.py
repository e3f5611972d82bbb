"""`pysched run`: one run in the foreground, with its own environment, env and limits."""

import getpass
import signal
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from web.cli.failure import FAILED, INTERRUPTED
from web.cli.options import DataOption, ScriptArgument, TreeOption, script_id
from web.cli.settings import settings_for

if TYPE_CHECKING:
    from engine.environments.session import BuildProgress
    from engine.model.run import Run
    from engine.service.foreground import Foreground

STDOUT = "stdout"
LINE = 60
"""Characters of a build's own line that are shown."""
TIMED_OUT = 124
"""As timeout(1) ends."""
SIGNALLED = 128
"""Plus the signal's number, as shells report it."""


def run(
    script: ScriptArgument,
    args: Annotated[
        list[str] | None,
        typer.Argument(metavar="-- ARGS", help="Arguments for the script.", show_default=False),
    ] = None,
    tree: TreeOption = None,
    data: DataOption = None,
) -> None:
    """Run a script once, here, and end with its exit code.

    Its environment is built first when it is missing. Nothing is recorded.
    """
    import asyncio

    from engine.service.foreground import Foreground

    settings = settings_for(tree, data)
    screen = _Screen()
    front = Foreground(settings.paths.scripts, settings, screen.write, screen.tell)
    try:
        ended, interrupted = asyncio.run(_run(front, script_id(script), args or []))
    finally:
        screen.close()
    _explain(ended)
    raise typer.Exit(INTERRUPTED if interrupted else exit_code_of(ended))


async def _run(front: "Foreground", script: str, args: list[str]) -> "tuple[Run, bool]":
    """Run to the end; returns the run, and whether Ctrl-C ended it.

    The first Ctrl-C asks the run to stop, which gives it its grace; the second leaves,
    and so does the first as long as the environment is being built.
    """
    import asyncio

    pressed = False
    work = asyncio.ensure_future(front.run(script, args, requested_by=getpass.getuser()))

    def stop() -> None:
        nonlocal pressed
        if pressed or not front.cancel():
            work.cancel()
            return
        pressed = True
        sys.stderr.write("stopping the run, Ctrl-C again to leave at once\n")

    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, stop)
    try:
        return await work, pressed
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


class _Screen:
    """The script's output as it is, and before it how far the build of its environment is."""

    def __init__(self) -> None:
        from web.cli.terminal import error_console

        console = error_console()
        self._status = console.status("") if console.is_terminal else None
        self._told = False

    def tell(self, progress: "BuildProgress") -> None:
        if self._status:
            text = f"building the environment: {progress.phase}"
            self._status.update(f"{text}  {progress.line.strip()[:LINE]}")
            self._status.start()
        elif not self._told:
            self._told = True
            sys.stderr.write("building the environment\n")

    def write(self, stream: str, data: bytes) -> None:
        self.close()
        target = sys.stdout if stream == STDOUT else sys.stderr
        target.buffer.write(data)
        target.flush()

    def close(self) -> None:
        if self._status:
            self._status.stop()


def exit_code_of(ended: "Run") -> int:
    """Return the script's own exit code, or what a shell would say of its end."""
    from engine.model.run import RunStatus

    if ended.status is RunStatus.TIMEOUT:
        return TIMED_OUT
    if ended.signal is not None:
        return SIGNALLED + ended.signal
    if ended.exit_code is not None:
        return ended.exit_code
    return 0 if ended.status is RunStatus.SUCCESS else FAILED


def _explain(ended: "Run") -> None:
    from engine.model.run import RunStatus

    if ended.status in {RunStatus.SUCCESS, RunStatus.SKIPPED}:
        return
    from web.cli.terminal import error_console, mark, say
    from web.cli.words import RUN_LOOKS, run_sentence

    to = error_console()
    sentence = run_sentence(ended.status, ended.reason, ended.duration_ms)
    say(mark(RUN_LOOKS[ended.status], to), f" {ended.script}: {sentence}", to=to)
