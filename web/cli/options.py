"""Arguments and options that several commands share, so that they are the same everywhere."""

from pathlib import Path
from typing import Annotated

import typer

TreeArgument = Annotated[
    Path | None,
    typer.Argument(
        metavar="TREE", help="The directory of scripts; default ./scripts.", show_default=False
    ),
]
TreeOption = Annotated[
    Path | None,
    typer.Option("--tree", help="The directory of scripts; default ./scripts.", show_default=False),
]
DataOption = Annotated[
    Path | None,
    typer.Option("--data", help="The data directory; default ./data.", show_default=False),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
ScriptArgument = Annotated[
    str, typer.Argument(metavar="SCRIPT", help="A script's id, such as etl/load.")
]
UrlOption = Annotated[
    str | None,
    typer.Option(
        "--url",
        envvar="PYSCHED_URL",
        help="Address of the server; default the one that serves the data directory.",
        show_default=False,
    ),
]
KeyOption = Annotated[
    str | None,
    typer.Option(
        "--key", envvar="PYSCHED_DEFAULT_API_KEY", help="API key of the server.", show_default=False
    ),
]


def script_id(text: str) -> str:
    """Accept an id as a shell completes it: `./etl/load/` is `etl/load`."""
    return text.removeprefix("./").strip("/")
