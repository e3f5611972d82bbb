"""Where runs take place: the files they start from."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from engine.errors import InvalidInput
from engine.history.repository import Repository
from engine.model.identity import ScriptId, TriggerKey
from engine.model.script import Script
from engine.model.trigger import FilesTrigger
from engine.ports import Clock
from engine.tree.inbox import matching, settled


class TreeSources:
    """The Sources of a tree that may be a git work tree."""

    def __init__(
        self, root: Path, repository: Callable[[], Repository | None], checkouts: Path
    ) -> None:
        self._root = root
        self._repository = repository
        self.checkouts = checkouts

    def revision(self) -> str | None:
        repository = self._repository()
        return repository.head() if repository else None

    def live(self, script: ScriptId) -> Path:
        return self._root / script

    async def snapshot(self, script: ScriptId, revision: str | None) -> Path:
        repository = self._repository()
        if repository is None or revision is None:
            raise InvalidInput(
                f"{script}: source: snapshot needs a commit to check out, and the tree has none. "
                "Commit the tree, or set source: live."
            )
        return await asyncio.to_thread(self._checkout, repository, script, revision)

    def _checkout(self, repository: Repository, script: ScriptId, revision: str) -> Path:
        """Check a script out once a revision; runs of the same revision share the directory."""
        target = self.checkouts / revision / script
        target.parent.mkdir(parents=True, exist_ok=True)
        # The time of its last use, for `collect_checkouts`.
        os.utime(self.checkouts / revision)
        if target.is_dir():
            return target
        # Of its own, for runs that are made ready at the same time do the same.
        beside = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=self.checkouts))
        try:
            repository.export(revision, script, beside / target.name)
            (beside / target.name).rename(target)
        except OSError:
            if not target.is_dir():
                raise
        finally:
            shutil.rmtree(beside, ignore_errors=True)
        return target


class TreeInboxes:
    """The Inboxes of a tree: a file's stamp changes with its time, size or identity.

    A file that is still being written is not seen yet; the scan calls its script
    unsettled, so it is looked at again soon.
    """

    def __init__(self, root: Path, clock: Clock) -> None:
        self._root = root
        self._clock = clock

    def look(self, script: Script) -> Mapping[TriggerKey, Mapping[str, str]]:
        directory = self._root / script.id
        now_ns = int(self._clock.now().timestamp() * 1e9)
        return {
            trigger.key: {
                str(path): "-".join(map(str, stamp))
                for path, stamp in settled(matching(directory, trigger.pattern), now_ns).items()
            }
            for trigger in script.triggers
            if isinstance(trigger, FilesTrigger)
        }
