"""The command `pysched serve`: its options and its help; `begin` does the work."""

from enum import StrEnum
from typing import Annotated

import typer

from web.cli.begin import begin
from web.cli.options import DataOption, TreeArgument
from web.cli.start import LAST_PORT, Options


class OnStop(StrEnum):
    DRAIN = "drain"
    LEAVE = "leave"
    CANCEL = "cancel"


class LogFormat(StrEnum):
    TEXT = "text"
    JSON = "json"


HostOption = Annotated[
    str | None,
    typer.Option(help="Address to listen on; default 127.0.0.1.", show_default=False),
]
PortOption = Annotated[
    int | None,
    typer.Option(
        min=0, max=LAST_PORT, help="Port, 0 for a free one; default 8000.", show_default=False
    ),
]
OnStopOption = Annotated[
    OnStop | None,
    typer.Option(
        help="When the server stops: wait for runs, leave them going, or cancel them.",
        show_default=False,
    ),
]
LogFormatOption = Annotated[
    LogFormat | None,
    typer.Option(
        help="What the terminal gets: text for people, json for log collectors.",
        show_default=False,
    ),
]


def serve(
    tree: TreeArgument = None,
    data: DataOption = None,
    host: HostOption = None,
    port: PortOption = None,
    on_stop: OnStopOption = None,
    log_format: LogFormatOption = None,
) -> None:
    """Serve a tree: keep its schedules, run its scripts, answer on HTTP.

    Ctrl-C stops it and waits for runs that are going; a second Ctrl-C ends them.
    """
    begin(
        Options(tree=tree, data=data, host=host, port=port, on_stop=on_stop, log_format=log_format)
    )
