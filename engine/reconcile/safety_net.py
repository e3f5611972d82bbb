"""Decide how much the turn that comes every so often must look at.

Changes are found by events, and by a pass over all files where an event may have been
lost. Looking at the files of ten thousand scripts costs a third of a second, which
once a minute is most of what an idle server does. So while every directory is
watched, only each tenth turn looks at all files. The turns in between look at what
no event tells of: scripts that watch files or hold links, and those of which something
beside the files is not as it should be, such as an environment that vanished or a plan
that failed. Nine in ten turns thus cost a few milliseconds.

Nor does an event tell that a tree can be read which could not be, for want of open
files, say. The event that led to the failed look is used up, so all is looked at again.

Whatever else asks for a full pass gets it at once, such as events that were lost.
"""

from collections.abc import Callable, Collection
from typing import Final

from engine.model.identity import ScriptId
from engine.reconcile.loop import Loop

TURNS: Final = 10
"""Turns from one pass over all files to the next while every directory is watched."""


class SafetyNet:
    def __init__(
        self,
        loop: Loop,
        *,
        trusted: Callable[[], bool],
        unwatched: Callable[[], Collection[ScriptId]],
    ) -> None:
        """Say with `trusted` whether every directory is watched, and by events that come.

        `unwatched` names the scripts that may change without an event even so.
        """
        self._loop = loop
        self._trusted = trusted
        self._unwatched = unwatched
        self._turns_since = 0

    async def turn(self) -> None:
        """Have looked at what may have changed unnoticed; to be called every so often."""
        self._turns_since += 1
        if self._turns_since >= TURNS or not self._trusted() or self._loop.missed:
            self._turns_since = 0
            self._loop.look_at(None)
            return
        unsure = {*self._unwatched(), *await self._loop.unfinished()}
        if unsure:
            self._loop.look_at(unsure)
