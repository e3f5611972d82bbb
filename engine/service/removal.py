"""Take a directory out of the tree so that git can bring back all of it.

It is moved aside in one step, so that no scan sees half of it. What git does not hold
yet is committed from there, then the removal; only then it is gone for good. A failure
before that puts it back, and so does the next start if this process dies. A script that
runs goes on writing there meanwhile, so what git holds is looked at once more.
"""

import asyncio
import logging
from pathlib import Path

from engine.errors import NotRestorable
from engine.service.disk import told
from engine.service.workbench import Workbench
from engine.tree.staging import discard as remove_for_good
from engine.tree.staging import put_aside, put_back

logger = logging.getLogger(__name__)

_NAMED = 5
"""Files that a refusal names."""
_ATTEMPTS = 3
"""Commits of a directory that is written to all the while."""


class Removal:
    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        self._root = bench.root

    async def take_out(self, place: str, *, discard: bool, by: str) -> str | None:
        """Remove a directory; returns the commit, None when git never held anything of it.

        Files that git ignores, and what is written to all the while, go too if `discard` says
        so, else they are a reason to refuse.
        Raises NotRestorable, Unavailable without git, CannotWrite and NoSpace.
        """
        commits = self._bench.commits
        commits.repository()
        if not discard:
            await self._refuse_if_any(place, self._root / place)
        aside = await asyncio.to_thread(self._put_aside, place)
        try:
            if aside is not None:
                await self._keep(place, aside, discard=discard, by=by)
            commit = await commits.make({place: self._root / place}, f"Delete {place}", by)
        except BaseException:
            if aside is not None:
                put_back(self._root, aside)
            raise
        if aside is not None:
            await asyncio.to_thread(self._remove_for_good, aside)
        return commit

    async def _keep(self, place: str, aside: Path, *, discard: bool, by: str) -> None:
        """Have git hold all that lies aside. Raises NotRestorable when it cannot."""
        for _ in range(_ATTEMPTS):
            text = f"Keep {place} as it was"
            if await self._bench.commits.make({place: aside}, text, by) is None:
                break
        else:
            if not discard:
                raise NotRestorable(
                    f"{place} is written to all the while, so what comes last could not be "
                    "brought back. Wait for its runs or cancel them, or say discard=true to lose it"
                )
        if not discard:
            await self._refuse_if_any(place, aside)

    async def _refuse_if_any(self, place: str, found: Path) -> None:
        """Raise NotRestorable when a directory, now at `found`, holds what git would not."""
        repository = self._bench.commits.repository()
        left = await asyncio.to_thread(repository.left_out, place, found)
        if not left:
            return
        named, more = ", ".join(left[:_NAMED]), len(left) - _NAMED
        others = f" and {more} more" if more > 0 else ""
        raise NotRestorable(
            f"{place} holds files that git ignores or that are too large for it, so they could "
            f"not be brought back: {named}{others}. Move them away, or say discard=true to lose "
            "them"
        )

    def _put_aside(self, place: str) -> Path | None:
        """Return where the directory is now; None when there is none to be removed."""
        if not (self._root / place).is_dir():
            return None
        with told(place):
            return put_aside(self._root, place)

    def _remove_for_good(self, aside: Path) -> None:
        try:
            remove_for_good(aside)
        except OSError as error:
            # It is out of the tree, and the next start clears it.
            extra = {"directory": str(aside), "error": str(error)}
            logger.warning("a removed directory cannot be cleared", extra=extra)
