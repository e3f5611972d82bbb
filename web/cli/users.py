"""`pysched user`: the people who may log in, in a data directory, whether or not a server uses it.

A password is asked for, or read from standard input, and never an argument: those are seen
by every account of the machine, and kept by shells.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from web.cli.options import DataOption, JsonOption
from web.cli.settings import settings_for

if TYPE_CHECKING:
    from pathlib import Path

    from engine.model.user import User
    from schemas.settings import Settings

user = typer.Typer(
    name="user",
    help="People who log in: add, list, change, remove.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Such as ada.")]
RoleArgument = Annotated[
    str, typer.Argument(metavar="ROLE", help="viewer, operator, editor or admin.")
]
StdinOption = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input.")
]


@user.command()
def add(
    name: NameArgument,
    role: Annotated[
        str, typer.Option("--role", help="viewer, operator, editor or admin.")
    ] = "viewer",
    password_stdin: StdinOption = False,
    no_password: Annotated[
        bool, typer.Option("--no-password", help="Only a login link opens the account.")
    ] = False,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Make an account; asks for its password. A running server knows it at once."""
    import asyncio

    from engine.service import users

    if password_stdin and no_password:
        raise typer.BadParameter("--password-stdin and --no-password exclude one another")
    settings = settings_for(data=data)
    password = None if no_password else _password(from_stdin=password_stdin)
    made = asyncio.run(users.add_user(settings, name=name, role=role, password=password))
    _tell(made, f"added user {made.name}, {made.role.word}", as_json=json)
    _record(settings, "add", name=made.name, role=made.role.word)


@user.command("list")
def list_(data: DataOption = None, json: JsonOption = False) -> None:
    """List the users with role and last login."""
    from engine.service import users

    found = users.users(settings_for(data=data))
    if json:
        from web.api.account_shapes import user_shape
        from web.cli.terminal import write_json

        write_json({"items": [user_shape(one).model_dump(mode="json") for one in found]})
        return
    _print(found)


@user.command()
def remove(name: NameArgument, data: DataOption = None) -> None:
    """Remove an account; a running server lets it out within two seconds."""
    import asyncio

    from engine.service import users

    settings = settings_for(data=data)
    removed = asyncio.run(users.remove_user(settings, name))
    print(f"removed user {removed.name}")
    _record(settings, "remove", name=removed.name)


@user.command()
def password(
    name: NameArgument, password_stdin: StdinOption = False, data: DataOption = None
) -> None:
    """Give a user a new password, which ends his sessions; asks for it."""
    _change(
        data, name, "password", "has a new password", password=_password(from_stdin=password_stdin)
    )


@user.command()
def role(name: NameArgument, role: RoleArgument, data: DataOption = None) -> None:
    """Give a user another role, which ends his sessions."""
    _change(data, name, "role", f"is {role} now", role=role)


@user.command()
def disable(name: NameArgument, data: DataOption = None) -> None:
    """Let a user in no more, and keep his account."""
    _change(data, name, "disable", "is disabled", disabled=True)


@user.command()
def enable(name: NameArgument, data: DataOption = None) -> None:
    """Let a disabled user in again."""
    _change(data, name, "enable", "is enabled", disabled=False)


@user.command()
def link(name: NameArgument, data: DataOption = None, json: JsonOption = False) -> None:
    """Print a link that logs a user in once, within 24 hours; a newer link replaces it."""
    import asyncio

    from engine.model.session import link_path
    from engine.service import users
    from web.cli.client import find_server

    settings = settings_for(data=data)
    made, secret = asyncio.run(users.make_link(settings, name))
    base = settings.server.public_url or find_server(None, None, lambda: settings.paths.data).url
    url = base + link_path(secret)
    if json:
        from schemas.accounts import LoginLink
        from web.cli.terminal import write_json

        write_json(LoginLink(url=url, expires=made.expires).model_dump(mode="json"))
    else:
        print(url)
    _record(settings, "link", name=made.user)


def _change(
    data: "Path | None",
    name: str,
    command: str,
    sentence: str,
    *,
    role: str | None = None,
    password: str | None = None,
    disabled: bool | None = None,
) -> None:
    import asyncio

    from engine.service import users

    settings = settings_for(data=data)
    changed = asyncio.run(
        users.change_user(settings, name, role=role, password=password, disabled=disabled)
    )
    print(f"user {changed.name} {sentence}")
    _record(settings, command, name=changed.name, **({"role": role} if role else {}))


def _record(settings: "Settings", command: str, **facts: str) -> None:
    """Keep account of a change: last, so that a full disk keeps no link from its owner."""
    import asyncio

    from engine.service import audit

    asyncio.run(audit.record(settings, f"pysched user {command}", **facts))


def _password(*, from_stdin: bool) -> str:
    """Read a password: all of standard input but the end of its line, or what is typed twice."""
    import sys

    if from_stdin:
        return sys.stdin.read().removesuffix("\n").removesuffix("\r")
    if not sys.stdin.isatty():
        raise typer.BadParameter(
            "there is no terminal to ask for a password; give it with --password-stdin"
        )
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))


def _tell(made: "User", sentence: str, *, as_json: bool) -> None:
    if not as_json:
        print(sentence)
        return
    from web.api.account_shapes import user_shape
    from web.cli.terminal import write_json

    write_json(user_shape(made).model_dump(mode="json"))


def _print(found: "Sequence[User]") -> None:
    from web.cli.terminal import columns, say, when

    if not found:
        say("no users; `pysched user add NAME` makes one, and the first `pysched serve` an admin")
        return
    columns(
        (
            one.name,
            one.role.word,
            "disabled" if one.disabled else "no password" if one.password is None else "",
            f"last login {when(one.last_login.isoformat())}" if one.last_login else "never here",
        )
        for one in found
    )
