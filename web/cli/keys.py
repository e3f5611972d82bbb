"""`pysched key`: the API keys of a data directory, whether or not a server uses it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from web.cli.options import DataOption, JsonOption
from web.cli.settings import settings_for

if TYPE_CHECKING:
    from datetime import timedelta

    from engine.model.account import ApiKey

key = typer.Typer(
    name="key",
    help="API keys for programs: add, list, remove.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@key.command()
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Such as nightly-import.")],
    role: Annotated[
        str, typer.Option("--role", help="viewer, operator, editor or admin.")
    ] = "operator",
    scripts: Annotated[
        list[str] | None,
        typer.Option(
            "--script",
            metavar="PATTERN",
            help="Scripts it is for, such as etl/*; may be repeated; default all.",
            show_default=False,
        ),
    ] = None,
    expires: Annotated[
        str | None,
        typer.Option(
            "--expires", metavar="DURATION", help="Such as 90d; default never.", show_default=False
        ),
    ] = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Make a key and print its secret, which is shown only this once.

    A running server knows it at once.
    """
    import asyncio

    from engine.service import accounts, audit

    settings = settings_for(data=data)
    found, secret = asyncio.run(
        accounts.add_key(
            settings, name=name, role=role, scripts=scripts or (), lasts=_duration(expires)
        )
    )
    if json:
        from web.api.shapes import new_key_shape
        from web.cli.terminal import write_json

        write_json(new_key_shape(found, secret).model_dump(mode="json"))
    else:
        print(secret)
    # Last, so that a disk that is full now does not keep the secret from its holder.
    asyncio.run(audit.record(settings, "pysched key add", key_id=found.id, name=found.name))


@key.command("list")
def list_(data: DataOption = None, json: JsonOption = False) -> None:
    """List the keys with role, scripts, expiry and last use."""
    from engine.service import accounts

    found = accounts.keys(settings_for(data=data))
    if json:
        from web.api.shapes import key_shape
        from web.cli.terminal import write_json

        write_json({"items": [key_shape(one).model_dump(mode="json") for one in found]})
        return
    _print(found)


@key.command()
def remove(
    name: Annotated[str, typer.Argument(metavar="KEY", help="A key's name or id.")],
    data: DataOption = None,
) -> None:
    """Remove a key; a running server refuses it within two seconds."""
    import asyncio

    from engine.service import accounts, audit

    settings = settings_for(data=data)
    removed = asyncio.run(accounts.remove_key(settings, name))
    asyncio.run(audit.record(settings, "pysched key remove", key_id=removed.id, name=removed.name))
    print(f"removed key {removed.name} ({removed.id})")


def _duration(text: str | None) -> "timedelta | None":
    from schemas.quantities import parse_duration

    if text is None:
        return None
    try:
        return parse_duration(text)
    except ValueError as error:
        raise typer.BadParameter(f"--expires: {error}") from error


def _print(found: "Sequence[ApiKey]") -> None:
    from web.cli.terminal import columns, say, when

    if not found:
        say("no keys; `pysched key add NAME` makes one")
        return
    columns(
        (
            one.name,
            f"pysched_{one.id}_…",
            one.role.word,
            ", ".join(one.scripts) or "all scripts",
            f"until {when(one.expires.isoformat())}" if one.expires else "no expiry",
            f"used {when(one.last_used.isoformat())}" if one.last_used else "never used",
        )
        for one in found
    )
