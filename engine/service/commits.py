"""Commit what is edited through the server, in the name of who asked for it.

An edit of a file is made whether or not it can be committed: it is in the work tree
then, as an edit by hand is. A removal is not, since it could not be undone.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from engine.errors import EngineError, Unavailable
from engine.history.record import Message
from engine.history.repository import Repository
from engine.ports import Clock
from engine.tree.staging import IGNORE as STAGED

logger = logging.getLogger(__name__)


class Commits:
    def __init__(
        self, root: Path, repository: Callable[[], Repository | None], clock: Clock
    ) -> None:
        """Commit in the repository of the tree at `root`, which it may get later than we begin."""
        self._root = root
        self._repository = repository
        self._clock = clock

    def repository(self) -> Repository:
        """Return the repository of the tree. Raises Unavailable while there is none."""
        found = self._repository()
        if found is None:
            raise Unavailable(
                f"{self._root} is not under git (yet), so nothing can be brought back that is "
                "removed: try again in a moment, and look at the server's log if it goes on"
            )
        return found

    async def try_to(self, places: Iterable[str], text: str, by: str) -> str | None:
        """Commit places of the tree as they are now; None when there is no commit of it."""
        found = self._repository()
        if found is None:
            return None
        try:
            return await self.make({place: self._root / place for place in places}, text, by)
        except EngineError as error:
            logger.warning("an edit is not committed", extra={"edit": text, "error": str(error)})
            return None

    async def make(self, places: Mapping[str, Path], text: str, by: str) -> str | None:
        """Commit places, each as it lies somewhere. Raises Unavailable and BrokenRepository."""
        message = Message(text=text, author=by, at=self._clock.now())
        return await asyncio.to_thread(self.repository().record, places, message)


def keep_out(repository: Repository) -> None:
    """Keep out of git what the server itself puts into the tree.

    Only to spare people the sight of it: a disk that takes no writing is no reason to fail.
    """
    try:
        for pattern in (".venv", STAGED):
            repository.exclude(pattern)
    except EngineError as error:
        logger.warning("git is not told what to ignore", extra={"error": str(error)})
