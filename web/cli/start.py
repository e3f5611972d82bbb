"""How the processes of a server start one another, and what they hand on of its options."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self, TypedDict

LAST_PORT: Final = 65535
WAYS_TO_STOP: Final = ("drain", "leave", "cancel")
LOG_FORMATS: Final = ("text", "json")


class Given(TypedDict):
    """The options of a server, as `settings_for` takes them."""

    tree: Path | None
    data: Path | None
    host: str | None
    port: int | None
    on_stop: str | None
    log_format: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What `pysched serve` was given; None is left to the settings."""

    tree: Path | None = None
    data: Path | None = None
    host: str | None = None
    port: int | None = None
    on_stop: str | None = None
    log_format: str | None = None

    @property
    def given(self) -> Given:
        return Given(
            tree=self.tree,
            data=self.data,
            host=self.host,
            port=self.port,
            on_stop=self.on_stop,
            log_format=self.log_format,
        )

    def written(self) -> list[str]:
        """Return them as arguments of a command line."""
        named = {
            "--data": self.data,
            "--host": self.host,
            "--port": self.port,
            "--on-stop": self.on_stop,
            "--log-format": self.log_format,
        }
        options = [f"{name}={value}" for name, value in named.items() if value is not None]
        return [*options, "--", str(self.tree)] if self.tree is not None else options

    @classmethod
    def plain(cls, arguments: Sequence[str]) -> Self | None:
        """Read the arguments of `pysched serve …`, None where they leave anything to explain."""
        if arguments[:1] != ["serve"]:
            return None
        found: dict[str, Any] = {}
        rest = iter(arguments[1:])
        for each in rest:
            option, has_value, text = each.partition("=")
            name = option.removeprefix("--").replace("-", "_") if each.startswith("--") else "tree"
            if name in found:
                return None
            try:
                if name == "tree":
                    found[name] = _value("data", each)
                else:
                    found[name] = _value(name, text if has_value else next(rest, ""))
            except ValueError:
                return None
        return cls(**found)

    @classmethod
    def read(cls, arguments: Sequence[str]) -> Self:
        """Read what `written` wrote."""
        named = list(arguments)
        tree = None
        if "--" in named:
            tree = Path(named.pop())
            named.pop()
        given = {name: value for name, _, value in (each.partition("=") for each in named)}
        data, port = given.get("--data"), given.get("--port")
        return cls(
            tree=tree,
            data=None if data is None else Path(data),
            host=given.get("--host"),
            port=None if port is None else int(port),
            on_stop=given.get("--on-stop"),
            log_format=given.get("--log-format"),
        )


def _value(name: str, text: str) -> object:
    """Return an option's value as the command line's library would. Raises ValueError."""
    if not text or text.startswith("-"):
        raise ValueError(name)
    match name:
        case "data":
            return Path(text)
        case "host":
            return text
        case "port" if text.isdecimal() and text.isascii() and int(text) <= LAST_PORT:
            return int(text)
        case "on_stop" if text in WAYS_TO_STOP:
            return text
        case "log_format" if text in LOG_FORMATS:
            return text
        case _:
            raise ValueError(name)


def engine_command(options: Options) -> list[str]:
    """Return the command line of an engine with these options."""
    return _python("web.cli.engine", *options.written())


def serve_command(options: Options) -> list[str]:
    """Return the command line of `pysched serve` with these options."""
    return _python("web.cli.entry", "serve", *options.written())


def _python(module: str, *arguments: str) -> list[str]:
    # A directory named like one of our modules may be where the server is started: -P.
    return [sys.executable, "-P", "-m", module, *arguments]
