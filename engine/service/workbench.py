"""What every edit of the tree works with: the place, turns, commits, a look afterwards.

Edits take turns, so that nothing of ours comes between the check of the version that
one is meant for and the writing, and end with a look at what they changed.
"""

import asyncio
import logging
from collections.abc import Collection
from pathlib import Path

from engine.errors import NotFound
from engine.model.identity import ScriptId
from engine.model.tree import Problem
from engine.reconcile.loop import Loop
from engine.reconcile.state import State
from engine.service.commits import Commits
from engine.tree.inner_path import InnerPath
from engine.tree.staging import tidy

logger = logging.getLogger(__name__)


class Workbench:
    def __init__(self, root: Path, state: State, loop: Loop, commits: Commits) -> None:
        self.root = root
        self.state = state
        self.commits = commits
        self.turn = asyncio.Lock()
        self._loop = loop

    async def look(self, scripts: Collection[ScriptId]) -> None:
        """Bring scripts into force as we have just left their files."""
        await self._loop.look(scripts, meant=scripts)

    async def look_at_all(self, gone: Collection[ScriptId] = ()) -> None:
        """Bring the whole tree into force; scripts that are `gone` we have removed."""
        await self._loop.look(None, meant=gone)

    def problems(self, script: ScriptId) -> tuple[Problem, ...]:
        """Return what is wrong with the files of a script, as they were last seen."""
        entry = self.state.tree.entries.get(script)
        return entry.problems if entry else ()

    def place(self, script: ScriptId) -> InnerPath:
        """Return where a script is. Raises NotFound."""
        if script not in self.state.scripts:
            raise NotFound(f"there is no script {script!r}")
        return InnerPath(tuple(script.split("/")))


def tidy_tree(root: Path) -> None:
    """Clear what edits left that were cut off by the end of an earlier server."""
    try:
        for place in tidy(root):
            logger.warning("a removal was cut off and is undone", extra={"place": place})
    except OSError as error:
        logger.warning("unfinished edits stay as they are", extra={"error": str(error)})
