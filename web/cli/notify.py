"""`pysched notify`: what a running server told people, and a test of the way there."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from web.cli.failure import FAILED
from web.cli.online import server_for
from web.cli.options import DataOption, JsonOption, KeyOption, UrlOption, script_id

notify = typer.Typer(
    name="notify",
    help="Notifications: try them, list them.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@notify.command("test")
def try_out(
    script: Annotated[
        str | None,
        typer.Argument(
            metavar="SCRIPT", help="Tell all targets of this script.", show_default=False
        ),
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(
            "--to", metavar="TARGET", help="A mail address or an Apprise URL.", show_default=False
        ),
    ] = None,
    data: DataOption = None,
    url: UrlOption = None,
    key: KeyOption = None,
    json: JsonOption = False,
) -> None:
    """Send a test notification, and say what the other side answered.

    Ends with 1 unless it was taken everywhere.
    """
    if (script is None) == (to is None):
        raise typer.BadParameter("name a script, or a target with --to")
    wanted = {"to": to} if script is None else {"script": script_id(script)}
    with server_for(url, key, data) as server:
        found = server.post("/api/notifications/test", wanted)
    if json:
        from web.cli.terminal import write_json

        write_json(found)
    else:
        _print_tested(found["items"])
    if not all(each["delivered"] for each in found["items"]):
        raise typer.Exit(FAILED)


@notify.command("list")
def list_(
    *,
    script: Annotated[
        str | None, typer.Argument(metavar="SCRIPT", help="Only of this script.")
    ] = None,
    number: Annotated[int, typer.Option("-n", min=1, max=500, help="How many.")] = 20,
    data: DataOption = None,
    url: UrlOption = None,
    key: KeyOption = None,
    json: JsonOption = False,
) -> None:
    """List what people were told or are to be told, newest first."""
    wanted = script_id(script) if script else None
    with server_for(url, key, data) as server:
        found = server.get("/api/notifications", script=wanted, limit=number)
    if json:
        from web.cli.terminal import write_json

        write_json(found)
    elif found["items"]:
        _print_list(found["items"])
    else:
        typer.echo("no notifications", err=True)


def _print_tested(items: Sequence[Mapping[str, Any]]) -> None:
    from web.cli.terminal import columns

    columns(
        (each["target"], "delivered" if each["delivered"] else f"not delivered: {each['detail']}")
        for each in items
    )


def _print_list(items: Sequence[Mapping[str, Any]]) -> None:
    from web.cli.terminal import columns, when

    columns(
        (
            when(each["created_at"]),
            each["state"],
            each["target"],
            each["subject"],
            each["error"] or "",
        )
        for each in items
    )
