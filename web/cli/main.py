"""The `pysched` command: which commands there are, and the way in.

Every command imports what it needs when it is called, so that the help and the
small commands are there at once.
"""

import sys
from typing import Annotated

import typer

from web.cli import (
    foreground,
    installation,
    keys,
    logs,
    notify,
    online,
    secrets,
    serve,
    tree,
    users,
)
from web.cli.failure import guarded

FILES = "Files, without a server"
SERVER = "A running server"
INSTALLATION = "Installation"

app = typer.Typer(
    name="pysched",
    help="A GitOps, file-driven scheduler for Python scripts.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.command(rich_help_panel=SERVER)(serve.serve)
app.command(rich_help_panel=SERVER)(online.status)
app.command(rich_help_panel=SERVER)(online.runs)
app.command(rich_help_panel=SERVER)(logs.logs)
app.command(rich_help_panel=SERVER)(online.trigger)
app.command(rich_help_panel=SERVER)(online.cancel)
app.add_typer(notify.notify, rich_help_panel=SERVER)
app.command(rich_help_panel=FILES)(tree.validate)
app.command(rich_help_panel=FILES)(tree.plan)
app.command(rich_help_panel=FILES)(tree.new)
app.command(rich_help_panel=FILES)(foreground.run)
app.command("next", rich_help_panel=FILES)(tree.next_)
app.command(rich_help_panel=FILES)(tree.schema)
app.command(rich_help_panel=INSTALLATION)(installation.gc)
app.command(rich_help_panel=INSTALLATION)(installation.doctor)
app.add_typer(users.user, rich_help_panel=INSTALLATION)
app.add_typer(keys.key, rich_help_panel=INSTALLATION)
app.add_typer(secrets.secret, rich_help_panel=INSTALLATION)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"pysched {version('pysched')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    del version


def main() -> None:
    """Run the command line and end the process with its exit code."""
    sys.exit(guarded(app))


if __name__ == "__main__":
    main()
