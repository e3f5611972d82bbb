"""Read a `start` message: checked as a whole before the claim, so nothing half started remains."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, TypeVar, cast

T = TypeVar("T")


class Request(NamedTuple):
    """What one run is to be; times in seconds, sizes in bytes, None for no limit."""

    id: str
    script: str
    directory: Path
    argv: list[str]
    cwd: str
    env: dict[str, str]
    timeout: float | None
    memory: int | None
    cpu: float | None
    processes: int | None
    output: int | None
    grace: float
    merge: bool
    mask: tuple[bytes, ...] = ()
    """What must not be seen in the output."""

    @property
    def limited(self) -> bool:
        """Say whether a limit hangs on samples."""
        return not (self.memory is None and self.cpu is None and self.processes is None)


def read_start(message: Mapping[str, object]) -> Request:
    """Return the request in a `start` message. Raises ValueError that names the wrong key."""
    argv = _strings(cast("list[object]", _get(message, "argv", list)))
    env = cast("dict[object, object]", _get(message, "env", dict))
    directory = Path(_get(message, "directory", str))
    if not argv or not directory.is_absolute():
        raise ValueError("start: argv must not be empty and directory must be absolute")
    return Request(
        id=_get(message, "id", str),
        script=_get(message, "script", str),
        directory=directory,
        argv=argv,
        cwd=_get(message, "cwd", str),
        env=dict(zip(_strings(list(env)), _strings(list(env.values())), strict=True)),
        timeout=_seconds(_limit(message, "timeout_ms")),
        memory=_whole(_limit(message, "memory")),
        cpu=_limit(message, "cpu"),
        processes=_whole(_limit(message, "processes")),
        output=_whole(_limit(message, "output")),
        grace=_seconds(_limit(message, "grace_ms")) or 0.0,
        merge=_get(message, "merge", bool),
        mask=_mask(message),
    )


def _get(message: Mapping[str, object], key: str, kind: type[T]) -> T:
    value = message.get(key)
    if not isinstance(value, kind):
        raise ValueError(f"start: {key} must be of type {kind.__name__}")
    return value


def _strings(values: list[object]) -> list[str]:
    if not all(isinstance(value, str) for value in values):
        raise ValueError("start: argv, env and mask must hold strings")
    return cast("list[str]", values)


def _mask(message: Mapping[str, object]) -> tuple[bytes, ...]:
    if "mask" not in message:
        return ()
    texts = _strings(cast("list[object]", _get(message, "mask", list)))
    return tuple(text.encode() for text in texts)


def _limit(message: Mapping[str, object], key: str) -> float | None:
    value = message.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise ValueError(f"start: {key} must be a number of at least 0, or null")
    return float(value)


def _seconds(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000


def _whole(number: float | None) -> int | None:
    return None if number is None else int(number)
