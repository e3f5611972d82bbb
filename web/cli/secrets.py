"""`pysched secret`: the secrets of a data directory, whether or not a server uses it.

A value never comes as an argument: the list of processes and the shell's history would
keep it. It is asked for, or read from the standard input.
"""

import sys
from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from web.cli.options import DataOption, JsonOption
from web.cli.settings import settings_for

if TYPE_CHECKING:
    from engine.model.secret import Secret
    from schemas.settings import Settings

T = TypeVar("T")

secret = typer.Typer(
    name="secret",
    help="Secrets for scripts: add, list, grant, remove, rotate their key.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Such as DB_PASSWORD.")]


@secret.command()
def add(
    name: NameArgument,
    scripts: Annotated[
        list[str] | None,
        typer.Option(
            "--script",
            metavar="PATTERN",
            help="Scripts that may have it, such as etl/*; may be repeated; default all.",
            show_default=False,
        ),
    ] = None,
    description: Annotated[
        str | None, typer.Option("--description", help="What it is for.", show_default=False)
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Also if it is there: give it another value.")
    ] = False,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Keep a secret; its value is asked for, or read from the standard input.

    Scripts get it by `${secret:NAME}` in their `env`. A running server knows it at once.
    """
    import asyncio

    from engine.model.secret import SHORTEST_HIDDEN, check_secret_name
    from engine.service import audit, secrets

    check_secret_name(name)
    settings, by = settings_for(data=data), audit.account()
    value = _read(f"Value of {name}")
    if replace:
        work = secrets.replace_secret(
            settings, name, value, scripts=scripts, description=description, by=by
        )
    else:
        work = secrets.add_secret(
            settings, name, value, scripts=scripts or (), description=description or "", by=by
        )
    kept = asyncio.run(_recorded(settings, work, "pysched secret add", name))
    if len(value.encode()) < SHORTEST_HIDDEN:
        sys.stderr.write(
            f"warning: values of fewer than {SHORTEST_HIDDEN} bytes are not hidden in output\n"
        )
    _tell(kept, f"kept secret {name} for {_scripts(kept)}", json=json)


@secret.command("list")
def list_(data: DataOption = None, json: JsonOption = False) -> None:
    """List the secrets with the scripts that may have them; values are never shown."""
    from engine.service import secrets

    found = secrets.secrets(settings_for(data=data))
    if json:
        from web.api.secret_shapes import secret_shape
        from web.cli.terminal import write_json

        write_json({"items": [secret_shape(one).model_dump(mode="json") for one in found]})
        return
    _print(found)


@secret.command()
def grant(
    name: NameArgument,
    patterns: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PATTERN]…", help="Scripts, such as etl/*.", show_default=False),
    ] = None,
    only: Annotated[
        bool, typer.Option("--only", help="These, and no scripts that had it before.")
    ] = False,
    everything: Annotated[bool, typer.Option("--all", help="All scripts.")] = False,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Let more scripts have a secret, or with --only no others."""
    import asyncio

    from engine.service import audit, secrets

    if bool(patterns) == everything:
        raise typer.BadParameter("give patterns of scripts, such as etl/*, or --all")
    settings, by = settings_for(data=data), audit.account()
    work = secrets.grant_secret(settings, name, patterns or (), only=only, by=by)
    granted = asyncio.run(_recorded(settings, work, "pysched secret grant", name))
    _tell(granted, f"secret {name} is for {_scripts(granted)}", json=json)


@secret.command()
def remove(name: NameArgument, data: DataOption = None) -> None:
    """Remove a secret; runs of scripts that refer to it fail at their start from now on."""
    import asyncio

    from engine.service import secrets

    settings = settings_for(data=data)
    work = secrets.remove_secret(settings, name)
    asyncio.run(_recorded(settings, work, "pysched secret remove", name))
    print(f"removed secret {name}")


@secret.command()
def rotate(data: DataOption = None) -> None:
    """Make a new key and encrypt all secrets with it.

    The file secret.key is exchanged while a server runs. Where PYSCHED_SECRET_KEY is the
    key, its new value is asked for, or read from the standard input: start the server with
    it afterwards.
    """
    import asyncio

    from engine.service import secrets

    settings = settings_for(data=data)
    text = _read("New PYSCHED_SECRET_KEY") if secrets.wants_key(settings) else None
    work = secrets.rotate_key(settings, text)
    count = asyncio.run(_recorded(settings, work, "pysched secret rotate"))
    print(f"{count} {'secret' if count == 1 else 'secrets'} encrypted with a new key")
    if settings.secret_key is not None:
        print("start the server with the new PYSCHED_SECRET_KEY now")


async def _recorded(
    settings: "Settings", work: Coroutine[Any, Any, T], action: str, name: str = ""
) -> T:
    """Do it, and put it in the audit log."""
    from engine.service import audit

    result = await work
    await audit.record(settings, action, name=name)
    return result


def _read(what: str) -> str:
    """Return a line from a terminal, which does not show it, or all of the standard input."""
    if sys.stdin.isatty():
        return typer.prompt(what, hide_input=True, confirmation_prompt=True, err=True)
    given = sys.stdin.buffer.read().decode("utf-8", "surrogateescape")
    # What `echo` and editors put behind it is no part of it.
    return given.removesuffix("\n").removesuffix("\r")


def _tell(kept: "Secret", sentence: str, *, json: bool) -> None:
    if not json:
        print(sentence)
        return
    from web.api.secret_shapes import secret_shape
    from web.cli.terminal import write_json

    write_json(secret_shape(kept).model_dump(mode="json"))


def _scripts(one: "Secret") -> str:
    return ", ".join(one.scripts) or "all scripts"


def _print(found: "Sequence[Secret]") -> None:
    from web.cli.terminal import columns, say, when

    if not found:
        say("no secrets; `pysched secret add NAME` keeps one")
        return
    columns(
        (
            one.name,
            _scripts(one),
            f"changed {when(one.updated.isoformat())} by {one.updated_by}",
            f"used {when(one.last_used.isoformat())}" if one.last_used else "never used",
            one.description,
        )
        for one in found
    )
