"""Read the command line. By hand: argparse would be a tenth of the process's memory."""

import os
from pathlib import Path
from typing import NamedTuple

from engine.runner.protocol import OnStop

USAGE = (
    "usage: python -I -S engine/runner/__main__.py --data DIR [--on-stop drain|leave|cancel] "
    "[--drain-timeout SECONDS] [--restart-delay SECONDS] [-- ENGINE COMMAND…]"
)


class BadOptions(Exception):
    """The command line can't be used; the message says why."""


class Options(NamedTuple):
    data: Path
    """Absolute."""
    on_stop: OnStop = "drain"
    drain_timeout: float = 60.0
    restart_delay: float = 0.5
    engine: tuple[str, ...] = ()


def read_options(arguments: list[str]) -> Options:
    """Return the options. Raises BadOptions."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    options, engine = arguments[:end], tuple(arguments[end + 1 :])
    values = dict(zip(options[::2], options[1::2], strict=False))
    if len(options) % 2 or len(values) * 2 != len(options):
        raise BadOptions(f"an option lacks its value or is given twice\n{USAGE}")
    data = values.pop("--data", None)
    on_stop = values.pop("--on-stop", "drain")
    if not data:
        raise BadOptions(f"--data is missing\n{USAGE}")
    if on_stop not in ("drain", "leave", "cancel"):
        raise BadOptions(f"--on-stop {on_stop}: must be drain, leave or cancel")
    found = Options(
        data=Path(os.path.realpath(data)),
        on_stop=on_stop,
        drain_timeout=_seconds(values, "--drain-timeout", 60.0),
        restart_delay=_seconds(values, "--restart-delay", 0.5),
        engine=engine,
    )
    if values:
        raise BadOptions(f"unknown option {next(iter(values))}\n{USAGE}")
    return found


def _seconds(values: dict[str, str], name: str, default: float) -> float:
    text = values.pop(name, None)
    if text is None:
        return default
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < float("inf"):
        raise BadOptions(f"{name} {text}: must be a number of seconds, 0 or more")
    return number
