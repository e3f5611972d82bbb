"""The engine process, under a runner or beside one that is leaving; started by `pysched serve`.

A program of its own and no command of `pysched`: the library of the command line would
cost each start 50 ms and each engine 2 MB.
"""

import gc
import os
import sys
from collections.abc import Sequence
from functools import partial
from typing import NoReturn

from engine.errors import InvalidSettings
from engine.runner.protocol import SOCKET_VARIABLE
from web.cli.failure import FAILED, USAGE, guarded
from web.cli.settings import settings_for
from web.cli.start import Options, serve_command


def run(options: Options) -> int:
    """Be the engine until the end, and return the exit code."""
    # What is made until the server is up stays: looking for garbage in it takes a seventh
    # of the start. `serve_engine` switches the collector on again.
    gc.disable()
    try:
        settings = settings_for(**options.given)
    except InvalidSettings as error:
        sys.stderr.write(f"error: {error}\n")
        return USAGE
    from engine.service.ahead import look_ahead

    # Goes on while the rest is imported.
    ahead = look_ahead(settings)

    from web.deferred import import_fastapi

    import_fastapi()

    from engine.service.engine import Engine
    from web.cli.serving import CANNOT_START, serve_engine

    def anew() -> NoReturn:
        command = serve_command(options)
        os.execv(command[0], command)  # noqa: S606

    engine_of = partial(Engine.open, ahead=ahead)
    if SOCKET_VARIABLE in os.environ:
        return serve_engine(settings, engine_of)
    code = serve_engine(settings, engine_of, anew)
    # 3 is a word for the runner.
    return FAILED if code == CANNOT_START else code


def main(arguments: Sequence[str]) -> int:
    """Read the options as `engine_command` writes them, and run."""
    return guarded(lambda: sys.exit(run(Options.read(arguments))))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
