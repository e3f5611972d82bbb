"""Names of things, and how the names that we make are formed."""

import re
import unicodedata
from collections.abc import Container
from datetime import UTC, datetime
from hashlib import blake2b
from typing import NewType

from engine.errors import InvalidInput

ScriptId = NewType("ScriptId", str)
"""Path of the script's directory from the tree's root, such as `etl/extract`."""

RunId = NewType("RunId", str)
"""Sorts by time of request: `20261124T093000-3f2a9c01d4`."""

TriggerKey = NewType("TriggerKey", str)
"""Names a trigger inside its script: its `name`, else its kind and what it says."""

EnvironmentKey = NewType("EnvironmentKey", str)
"""Hash that names an environment's directory."""

PORTABLE_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*\Z")
"""Names that are accepted as they are (spec.md §2)."""

RESERVED_NAMES = frozenset(
    {
        "execute", "trigger", "auto-save", "history", "restore",
        "files", "next", "environment", "occurrences",
    }
)  # fmt: skip
"""Last path segments that the API uses after a script's id (spec.md §4)."""

LONGEST_NAME = 100


def safe_name(display: str, taken: Container[str] = ()) -> str:
    """Return the directory name for a display name: "API Call #1" gives `api-call-1`.

    Accents are folded; a name in `taken` or reserved by the API gets `-2`, `-3`, ….
    Raises InvalidInput when nothing is left of the name.
    """
    folded = unicodedata.normalize("NFKD", display).encode("ascii", "ignore").decode().lower()
    base = re.sub(r"[^a-z0-9]+", "-", folded).strip("-")[:LONGEST_NAME].rstrip("-")
    if not base:
        raise InvalidInput(
            f"no name can be made of {display!r}: it needs at least one letter or digit from a to z"
        )
    name, number = base, 2
    while name in taken or name in RESERVED_NAMES:
        name, number = f"{base}-{number}", number + 1
    return name


def occurrence_run_id(script: ScriptId, trigger: TriggerKey, due: datetime, attempt: int) -> RunId:
    """Form the id of the run of one occurrence, so that recording it twice gives one run."""
    token = blake2b(
        f"{script}\0{trigger}\0{due.astimezone(UTC).isoformat()}\0{attempt}".encode(), digest_size=6
    ).hexdigest()
    return _run_id(due, token)


def requested_run_id(now: datetime, token: str) -> RunId:
    """Form the id of a run somebody asked for; `token` is 12 random hex digits."""
    return _run_id(now, token)


def _run_id(moment: datetime, token: str) -> RunId:
    return RunId(f"{moment.astimezone(UTC):%Y%m%dT%H%M%S}-{token}")
