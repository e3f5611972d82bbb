"""`pysched serve` and the engine process it becomes the parent of.

`serve` checks what can be checked, then turns into the runner, which outlives
engines; the runner starts `engine`, a hidden command with the same options.
"""

import gc
import os
import sys
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from engine.errors import InvalidSettings
from engine.runner.protocol import SOCKET_VARIABLE
from web.cli.failure import FAILED, USAGE, Failed
from web.cli.guard import already_served, guard_of
from web.cli.options import DataOption, TreeArgument
from web.cli.settings import settings_for

if TYPE_CHECKING:
    from schemas.settings import Settings


class OnStop(StrEnum):
    DRAIN = "drain"
    LEAVE = "leave"
    CANCEL = "cancel"


HostOption = Annotated[
    str | None,
    typer.Option(help="Address to listen on; default 127.0.0.1.", show_default=False),
]
PortOption = Annotated[
    int | None,
    typer.Option(
        min=0, max=65535, help="Port, 0 for a free one; default 8000.", show_default=False
    ),
]
OnStopOption = Annotated[
    OnStop | None,
    typer.Option(
        help="When the server stops: wait for runs, leave them going, or cancel them.",
        show_default=False,
    ),
]


def serve(
    tree: TreeArgument = None,
    data: DataOption = None,
    host: HostOption = None,
    port: PortOption = None,
    on_stop: OnStopOption = None,
) -> None:
    """Serve a tree: keep its schedules, run its scripts, answer on HTTP.

    Ctrl-C stops it and waits for runs that are going; a second Ctrl-C ends them.
    """
    settings = settings_for(tree, data, host=host, port=port, on_stop=on_stop)
    leaving = _prepare(settings)
    options = _engine_options(tree, data, host, port, on_stop)
    command = _command("engine", *options)
    if leaving is None:
        command = [*_runner(settings), "--", *command]
    else:
        typer.echo(f"taking over the runs that process {leaving} still watches")
    from web.cli.started import STARTED_VARIABLE

    now = datetime.now(UTC).isoformat()  # noqa: TID251 - the moment this names is right now
    started = os.environ.get(STARTED_VARIABLE, now)
    sys.stdout.flush()
    os.execve(command[0], command, {**os.environ, STARTED_VARIABLE: started})  # noqa: S606


def engine(
    tree: TreeArgument = None,
    data: DataOption = None,
    host: HostOption = None,
    port: PortOption = None,
    on_stop: OnStopOption = None,
) -> None:
    """Be the engine under a runner, or beside one that is leaving; started by `pysched serve`."""
    # What is made until the server is up stays: looking for garbage in it takes a seventh
    # of the start. `serve_engine` switches the collector on again.
    gc.disable()
    try:
        settings = settings_for(tree, data, host=host, port=port, on_stop=on_stop)
    except InvalidSettings as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(USAGE) from error
    from engine.service.ahead import look_ahead

    # Goes on while the rest is imported.
    ahead = look_ahead(settings)

    from functools import partial

    from web.deferred import import_fastapi

    import_fastapi()

    from engine.service.engine import Engine
    from web.cli.serving import CANNOT_START, serve_engine

    def anew() -> NoReturn:
        command = _command("serve", *_engine_options(tree, data, host, port, on_stop))
        os.execv(command[0], command)  # noqa: S606

    engine_of = partial(Engine.open, ahead=ahead)
    if SOCKET_VARIABLE in os.environ:
        raise typer.Exit(serve_engine(settings, engine_of))
    code = serve_engine(settings, engine_of, anew)
    # 3 is a word for the runner.
    raise typer.Exit(FAILED if code == CANNOT_START else code)


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


def _command(name: str, *options: str) -> list[str]:
    # A directory named like one of our modules may be where the server is started: -P.
    return [sys.executable, "-P", "-m", "web.cli.main", name, *options]


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


def _engine_options(
    tree: Path | None,
    data: Path | None,
    host: str | None,
    port: int | None,
    on_stop: OnStop | None,
) -> list[str]:
    named = {"--data": data, "--host": host, "--port": port, "--on-stop": on_stop}
    options = [f"{name}={value}" for name, value in named.items() if value is not None]
    return [*options, "--", str(tree)] if tree is not None else options
