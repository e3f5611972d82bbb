"""The one door of failures: every command ends in an exit code and at most one message.

0 success, 1 what was asked for failed or is invalid, 2 wrong usage, 130 Ctrl-C.
"""

import io
import os
import sys
from collections.abc import Callable

from engine.errors import EngineError

SUCCESS = 0
FAILED = 1
USAGE = 2
DIFFERENCE = 3
"""Of `pysched plan`: the tree is not in force as it is."""
INTERRUPTED = 130


class Failed(EngineError):
    """A command could not do what was asked; the message is the whole explanation."""

    code = "command_failed"


def guarded(command: Callable[[], object]) -> int:
    """Run a command and return its exit code; nothing but a SystemExit's code passes through.

    PYSCHED_DEBUG=1 shows where a failure comes from.
    """
    _print_anything()
    try:
        command()
        sys.stdout.flush()
    except SystemExit as end:
        return _exit_code(end)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _forget_output()
        return FAILED
    except EngineError as error:
        return _tell(error, str(error))
    except Exception as error:
        return _tell(error, f"unexpected {type(error).__name__}: {error}", unexpected=True)
    return SUCCESS


def _exit_code(end: SystemExit) -> int:
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _forget_output()
        return FAILED
    if end.code is None or isinstance(end.code, int):
        return end.code or SUCCESS
    sys.stderr.write(f"{end.code}\n")
    return FAILED


def _tell(error: BaseException, message: str, *, unexpected: bool = False) -> int:
    if debugging():
        import traceback

        traceback.print_exception(error)
    sys.stderr.write(f"error: {message}\n")
    if unexpected and not debugging():
        sys.stderr.write("PYSCHED_DEBUG=1 shows where it happened\n")
    return FAILED


def _print_anything() -> None:
    """Let a name that the terminal's encoding lacks, or that is no text, be shown escaped."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def debugging() -> bool:
    return os.environ.get("PYSCHED_DEBUG", "").lower() not in {"", "0", "false", "no"}


def _forget_output() -> None:
    # The reader is gone (`| head`). Python would complain once more when it flushes at exit.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
