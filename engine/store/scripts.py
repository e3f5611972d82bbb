"""What is in force, kept over restarts: a cache of the tree.

It can be deleted at any time. A definition that this version cannot read any more
is therefore not an error: its script is given back as never seen, and the next
scan fills it in.
"""

import json
import logging
import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from engine.model.identity import EnvironmentKey, ScriptId, TriggerKey
from engine.model.script import Script
from engine.model.tree import Problem, Severity
from engine.ports import InForce
from engine.store.database import Database
from engine.store.moments import moment, stored

logger = logging.getLogger(__name__)

_LOAD = "SELECT id, signature, digest, definition, problems, environment FROM scripts ORDER BY id"
_LOAD_TRIGGERS = 'SELECT script, "trigger", last_due, files FROM trigger_state'
_SAVE = (
    "INSERT OR REPLACE INTO scripts (id, signature, digest, definition, problems, environment) "
    "VALUES (?, ?, ?, ?, ?, ?)"
)
_SAVE_TRIGGER = 'INSERT INTO trigger_state (script, "trigger", last_due, files) VALUES (?, ?, ?, ?)'
_REMOVE = "DELETE FROM scripts WHERE id = ?"
_REMOVE_TRIGGERS = "DELETE FROM trigger_state WHERE script = ?"


class SqliteScriptStore:
    """Implements ports.ScriptStore.

    `encode` and `decode` turn a script into text and back; `decode` raises ValueError,
    TypeError or KeyError for text of another version.
    """

    def __init__(
        self,
        database: Database,
        encode: Callable[[Script], str],
        decode: Callable[[str], Script],
    ) -> None:
        self._database = database
        self._encode = encode
        self._decode = decode

    def load(self) -> Sequence[InForce]:
        rows, triggers = self._database.read(
            lambda connection: (
                connection.execute(_LOAD).fetchall(),
                connection.execute(_LOAD_TRIGGERS).fetchall(),
            )
        )
        last_due: dict[str, dict[TriggerKey, datetime]] = {}
        files: dict[str, dict[TriggerKey, Mapping[str, str]]] = {}
        for script, trigger, due, seen in triggers:
            last_due.setdefault(script, {})[trigger] = moment(due)
            if seen is not None:
                files.setdefault(script, {})[trigger] = json.loads(seen)
        return [self._decoded(row, last_due.get(row[0], {}), files.get(row[0], {})) for row in rows]

    async def save(
        self, changed: Sequence[InForce] = (), removed: Collection[ScriptId] = ()
    ) -> None:
        """Replace whole entries, with what is known of their triggers, and forget others."""
        rows = [self._encoded(entry) for entry in changed]
        stale = [(entry.id,) for entry in changed] + [(script,) for script in removed]
        triggers = [
            (entry.id, trigger, stored(due), _encoded_files(entry.files.get(trigger)))
            for entry in changed
            for trigger, due in entry.last_due.items()
        ]

        def write(connection: sqlite3.Connection) -> None:
            connection.executemany(_REMOVE, [(script,) for script in removed])
            connection.executemany(_REMOVE_TRIGGERS, stale)
            connection.executemany(_SAVE, rows)
            connection.executemany(_SAVE_TRIGGER, triggers)

        # A last due time that is lost would be set to now, and what was missed never caught up.
        await self._database.write(write, durable=True)

    def _encoded(self, entry: InForce) -> tuple[str | None, ...]:
        return (
            entry.id,
            entry.signature,
            entry.digest,
            None if entry.script is None else self._encode(entry.script),
            _encoded_problems(entry.problems),
            entry.environment,
        )

    def _decoded(
        self,
        row: Sequence[Any],
        last_due: Mapping[TriggerKey, datetime],
        files: Mapping[TriggerKey, Mapping[str, str]],
    ) -> InForce:
        script_id, signature, digest, definition, problems, environment = row
        try:
            return InForce(
                id=ScriptId(script_id),
                signature=signature,
                digest=digest,
                script=None if definition is None else self._decode(definition),
                problems=_decoded_problems(problems),
                environment=None if environment is None else EnvironmentKey(environment),
                last_due=last_due,
                files=files,
            )
        except (ValueError, TypeError, KeyError) as error:
            logger.warning(
                "a cached definition cannot be read and is taken from the tree again",
                extra={"script_id": script_id, "reason": repr(error)},
            )
            return InForce(
                id=ScriptId(script_id), signature="", digest="", script=None, last_due=last_due
            )


def _encoded_files(seen: Mapping[str, str] | None) -> str | None:
    return None if seen is None else json.dumps(dict(seen))


def _encoded_problems(problems: Sequence[Problem]) -> str | None:
    if not problems:
        return None
    return json.dumps(
        [
            [found.path, found.line, found.column, found.severity, found.code, found.message]
            for found in problems
        ]
    )


def _decoded_problems(text: str | None) -> tuple[Problem, ...]:
    if text is None:
        return ()
    return tuple(
        Problem(
            path=path,
            line=line,
            column=column,
            severity=Severity(severity),
            code=code,
            message=message,
        )
        for path, line, column, severity, code, message in json.loads(text)
    )
