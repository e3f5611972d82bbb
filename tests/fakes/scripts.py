"""A ScriptStore in memory."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from engine.model.identity import ScriptId, TriggerKey
from engine.ports import InForce


class FakeScriptStore:
    """`last_due` and `files` may be shared with a FakeRunStore, as the real ones share a table."""

    def __init__(
        self,
        last_due: dict[tuple[ScriptId, TriggerKey], datetime] | None = None,
        files: dict[tuple[ScriptId, TriggerKey], Mapping[str, str]] | None = None,
    ) -> None:
        self.entries: dict[ScriptId, InForce] = {}
        self.last_due = {} if last_due is None else last_due
        self.files = {} if files is None else files

    def load(self) -> Sequence[InForce]:
        return [
            replace(entry, last_due=self._last_due_of(script), files=self._files_of(script))
            for script, entry in sorted(self.entries.items())
        ]

    async def save(
        self, changed: Sequence[InForce] = (), removed: Collection[ScriptId] = ()
    ) -> None:
        for script in removed:
            self.entries.pop(script, None)
            self._forget_triggers(script)
        for entry in changed:
            self.entries[entry.id] = entry
            self._forget_triggers(entry.id)
            self.last_due |= {(entry.id, key): due for key, due in entry.last_due.items()}
            self.files |= {
                (entry.id, key): entry.files[key] for key in entry.last_due if key in entry.files
            }

    def _last_due_of(self, script: ScriptId) -> dict[TriggerKey, datetime]:
        return {key: due for (owner, key), due in self.last_due.items() if owner == script}

    def _files_of(self, script: ScriptId) -> dict[TriggerKey, Mapping[str, str]]:
        return {key: seen for (owner, key), seen in self.files.items() if owner == script}

    def _forget_triggers(self, script: ScriptId) -> None:
        for key in self._last_due_of(script):
            del self.last_due[script, key]
            self.files.pop((script, key), None)
