"""The commands of `pysched` with their arguments and options, from the command line itself."""

from collections.abc import Iterator
from enum import Enum, EnumType
from pathlib import Path
from typing import Any, cast

from typer.main import get_command

from tools.reference.table import table
from web.cli.main import app

_KINDS = {Path: "PATH", int: "NUMBER"}


def commands() -> dict[str, Any]:
    """Return the commands that `pysched --help` shows, by name: `key add` for one of a group."""
    return dict(_below(get_command(app), ""))


def _below(group: Any, above: str) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if command.hidden:
            continue
        if hasattr(command, "commands"):
            yield from _below(command, f"{above}{name} ")
        else:
            yield f"{above}{name}", command


def options(command: Any) -> list[str]:
    """Return the names of a command's options, such as `--data`."""
    return [name for one in command.params for name in one.opts if name.startswith("-")]


def blocks() -> dict[str, str]:
    return {"commands": "\n\n".join("\n".join(_chapter(*one)) for one in commands().items())}


def _chapter(name: str, command: Any) -> Iterator[str]:
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    words = " ".join(["[OPTIONS]", *map(_bracketed, arguments)])
    yield f"### pysched {name}\n\n`pysched {name} {words}`\n"
    yield "\n".join(line.strip() for line in (command.help or "").splitlines())
    if command.params:
        yield ""
        yield table(
            ("argument or option", "meaning"),
            ((_names(one), _meaning(one)) for one in command.params),
        )


def _bracketed(argument: Any) -> str:
    name = argument.metavar or argument.name.upper()
    return name if argument.required or name.startswith("[") else f"[{name}]"


def _names(one: Any) -> str:
    if one.param_type_name == "argument":
        return f"`{one.metavar or one.name.upper()}`"
    value = "" if one.is_flag else f" {one.metavar or _kind(one)}"
    return f"`{', '.join(one.opts)}{value}`"


def _kind(one: Any) -> str:
    annotation: Any = one.type_descriptor.annotation
    if isinstance(annotation, EnumType):
        return "|".join(str(choice.value) for choice in cast("type[Enum]", annotation))
    return _KINDS.get(annotation, "TEXT")


def _meaning(one: Any) -> str:
    words = one.help or ""
    default = getattr(one.default, "value", one.default)
    if default not in (None, False, ""):
        words += f" Default {default}."
    return f"{words} Also `{one.envvar}`." if one.envvar else words
