"""The first steps of a server: check what can be checked, then turn into the runner.

The runner outlives engines; it starts `web.cli.engine` with the same options.
"""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from web.cli.failure import Failed
from web.cli.guard import already_served, guard_of
from web.cli.settings import settings_for
from web.cli.start import Options, engine_command
from web.cli.started import STARTED_VARIABLE

if TYPE_CHECKING:
    from schemas.settings import Settings


def begin(options: Options) -> None:
    """Become the runner, which starts the engine; an engine beside a runner that is leaving.

    Raises EngineError for what would only end the engine later.
    """
    settings = settings_for(**options.given)
    leaving = _prepare(settings)
    command = engine_command(options)
    if leaving is None:
        command = [*_runner(settings), "--", *command]
    else:
        sys.stdout.write(f"taking over the runs that process {leaving} still watches\n")
    now = datetime.now(UTC).isoformat()  # noqa: TID251 - the moment this names is right now
    started = os.environ.get(STARTED_VARIABLE, now)
    sys.stdout.flush()
    os.execve(command[0], command, {**os.environ, STARTED_VARIABLE: started})  # noqa: S606


def _prepare(settings: "Settings") -> int | None:
    """Find out now what would only end the engine later. Raises EngineError.

    Returns the pid of a runner whose runs are to be taken over, None when there is none.
    """
    from web.listening import bind

    data = settings.paths.data
    _check_tree(settings.paths.scripts, data)
    try:
        data.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Failed(f"the data directory {data} cannot be used: {error.strerror}") from error
    guard = guard_of(data)
    if guard is None:
        bind(settings.server.host, settings.server.port).close()
        return None
    if not guard.leaving:
        raise already_served(data, guard.pid)
    return guard.pid


def _check_tree(tree: Path, data: Path) -> None:
    """Refuse a first start without a tree.

    A later one is let be: the tree's disk may not be mounted yet, and until it is
    the scripts that are in force stay so.
    """
    if tree.is_dir() or (data / "pysched.db").exists():
        return
    if tree.exists():
        raise Failed(f"{tree} is no directory; name your tree: `pysched serve DIR`")
    raise Failed(
        f'there is no tree of scripts at {tree}; make one with `pysched new "Hello World"`, '
        "or name yours: `pysched serve DIR`"
    )


def _runner(settings: "Settings") -> list[str]:
    from engine import runner

    runs = settings.runs
    return [
        *(sys.executable, "-I", "-S", str(Path(runner.__file__).parent / "__main__.py")),
        *("--data", str(settings.paths.data)),
        *("--on-stop", runs.on_stop),
        *("--drain-timeout", str(runs.drain_timeout.total_seconds())),
        *("--restart-delay", str(runs.engine_restart_delay.total_seconds())),
    ]
