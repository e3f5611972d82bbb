"""Where the server's own messages go, and what a line of them holds.

`data/logs/pysched.log` gets every message as one JSON object, with all that was
bound to it (run_id, script_id, …), and is rotated by size. The terminal gets the
same JSON with `log.format: json`; otherwise only what needs attention, for people.
"""

import json
import logging
import sys
import threading
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

from web.visible import visible, visible_json, visible_lines

FILE_SIZE = 10_000_000
FILES_KEPT = 5
LINES_UNTIL_LOOK = 50

_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
"""What every record has; all else was bound by the caller."""

_LOUD = ("asyncio", "httpx", "httpcore", "watchfiles", "apscheduler", "dulwich", "uvicorn")
"""Libraries whose news below a warning is none to our operator."""


def bound(record: logging.LogRecord) -> dict[str, Any]:
    """Return what the caller bound to a record with `extra`."""
    return {name: value for name, value in vars(record).items() if name not in _OWN}


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, then what was bound."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": _moment(record).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **bound(record),
        }
        if record.exc_info:
            line["error_trace"] = self.formatException(record.exc_info)
        return visible_json(json.dumps(line, default=str, ensure_ascii=False))


class TextFormatter(logging.Formatter):
    """`14:05:00 warning message (run_id=… script_id=…)`; the trace only when debugging."""

    def __init__(self, *, traces: bool) -> None:
        super().__init__()
        self._traces = traces

    def format(self, record: logging.LogRecord) -> str:
        facts = " ".join(f"{name}={value}" for name, value in bound(record).items())
        text = f"{_moment(record).astimezone():%H:%M:%S} {record.levelname.lower()} "
        text += visible(record.getMessage() + (f" ({facts})" if facts else ""))
        if not record.exc_info:
            return text
        if self._traces:
            return f"{text}\n{visible_lines(self.formatException(record.exc_info))}"
        return f"{text}: {visible(repr(record.exc_info[1]))}; the log file has the trace"


class _File(RotatingFileHandler):
    """The log file; looks at its size now and then, since each look is three system calls."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, maxBytes=FILE_SIZE, backupCount=FILES_KEPT, encoding="utf-8")
        self._until_look = 0

    def shouldRollover(self, record: logging.LogRecord) -> bool:  # noqa: N802 - their name
        self._until_look -= 1
        if self._until_look > 0:
            return False
        self._until_look = LINES_UNTIL_LOOK
        return bool(super().shouldRollover(record))


def configure(directory: Path, *, level: str, as_json: bool) -> None:
    """Send all messages of this process to the log file and the terminal.

    `level` is debug, info, warning or error. Raises OSError when the file cannot be written.
    """
    # Messages name what scripts are called with and by whom: for this account alone.
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = _File(directory / "pysched.log")
    file.setFormatter(JsonFormatter())
    root = logging.getLogger()
    for old in tuple(root.handlers):
        root.removeHandler(old)
        old.close()
    root.setLevel(level.upper())
    root.addHandler(file)
    root.addHandler(_terminal(level, as_json=as_json))
    for name in _LOUD:
        logging.getLogger(name).setLevel(logging.WARNING)
    # The server's own account of a failed request would be the second one (web.errors).
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
    threading.excepthook = _log_failure_of_thread


def _log_failure_of_thread(found: threading.ExceptHookArgs) -> None:
    """Python itself would write the trace to the terminal and to nowhere else."""
    if found.exc_value is not None:
        name = found.thread.name if found.thread else ""
        extra = {"thread_of": name}
        logging.getLogger(__name__).error("a thread failed", exc_info=found.exc_value, extra=extra)


def _terminal(level: str, *, as_json: bool) -> logging.Handler:
    if as_json:
        handler = logging.StreamHandler(sys.stdout)
        handler.setFormatter(JsonFormatter())
        return handler
    handler = logging.StreamHandler(sys.stderr)
    debugging = level == "debug"
    handler.setFormatter(TextFormatter(traces=debugging))
    handler.setLevel(logging.DEBUG if debugging else logging.WARNING)
    return handler


def _moment(record: logging.LogRecord) -> datetime:
    return datetime.fromtimestamp(record.created, UTC)
