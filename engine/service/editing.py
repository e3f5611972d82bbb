"""Edits of the tree that are asked for: one at a time, checked, written, looked at, told.

An edit is made in a turn of its own, so that nothing of ours comes between the check
of the version it is meant for and the writing. It ends with a look at the script, so
that whoever made it is told its mistakes. A file is written as it was asked for even
if the script is then in error: that is what writing a file means, and the last good
definition stays in force.
"""

import asyncio
import logging
from pathlib import Path

from engine.errors import ChangedMeanwhile, FileTooLarge, NotFound
from engine.model.file import (
    ALWAYS,
    Edited,
    EditedFile,
    FileContent,
    FileList,
    Precondition,
)
from engine.model.identity import ScriptId
from engine.model.tree import Problem
from engine.reconcile.loop import Loop
from engine.reconcile.state import State
from engine.service.commits import Commits
from engine.service.disk import told
from engine.tree.exchange import exchange, remove
from engine.tree.inner_path import InnerPath, inner_path
from engine.tree.script_files import list_files, read_file
from engine.tree.staging import tidy

logger = logging.getLogger(__name__)

LARGEST_SHOWN = 200_000
"""Bytes of a text that come with the refusal of an edit that was meant for another version."""


class TreeEdits:
    def __init__(
        self, root: Path, state: State, loop: Loop, commits: Commits, largest: int
    ) -> None:
        """Edit the tree at `root`; `largest` are the bytes of a file that is read or written."""
        self._root = root
        self._state = state
        self._loop = loop
        self._commits = commits
        self._largest = largest
        self._turn = asyncio.Lock()

    async def files(self, script: ScriptId) -> FileList:
        """Return the files of a script. Raises NotFound."""
        place = self._place(script)
        return await asyncio.to_thread(self._list, place)

    def _list(self, place: InnerPath) -> FileList:
        with told("/".join(place)):
            return list_files(self._root, place, self._largest)

    async def file(self, script: ScriptId, path: str) -> FileContent:
        """Return a file. Raises NotFound, InvalidInput and FileTooLarge."""
        return await asyncio.to_thread(self._read, self._place(script), inner_path(path))

    def _read(self, place: InnerPath, path: InnerPath) -> FileContent:
        with told("/".join((*place, *path))):
            return read_file(self._root, place, path, self._largest)

    async def write_file(
        self, script: ScriptId, path: str, content: bytes, precondition: Precondition, by: str
    ) -> EditedFile:
        """Write a file. Raises NotFound, InvalidInput, ChangedMeanwhile, CannotWrite, NoSpace."""
        place, inner = self._place(script), inner_path(path)
        async with self._turn:
            created = await asyncio.to_thread(self._write, place, inner, content, precondition)
            what = f"{script}/{path}"
            text = f"{'Create' if created else 'Edit'} {what}"
            commit = await self._commits.try_to([what], text, by)
            problems = await self._look(script)
            info = (await asyncio.to_thread(self._read, place, inner)).info
        return EditedFile(
            info=info, result=Edited(problems=problems, created=created, commit=commit)
        )

    def _write(
        self, place: InnerPath, path: InnerPath, content: bytes, precondition: Precondition
    ) -> bool:
        """Write a file; returns whether it was not there before."""
        before = self._check(place, path, precondition)
        with told("/".join((*place, *path))):
            exchange(self._root, InnerPath((*place, *path)), content)
        return not before

    async def remove_file(
        self, script: ScriptId, path: str, precondition: Precondition, by: str
    ) -> Edited:
        """Remove a file. Raises NotFound, InvalidInput, ChangedMeanwhile, CannotWrite."""
        place, inner = self._place(script), inner_path(path)
        async with self._turn:
            await asyncio.to_thread(self._remove, place, inner, precondition)
            what = f"{script}/{path}"
            commit = await self._commits.try_to([what], f"Remove {what}", by)
            return Edited(problems=await self._look(script), commit=commit)

    def _remove(self, place: InnerPath, path: InnerPath, precondition: Precondition) -> None:
        name = "/".join(path)
        if not self._check(place, path, precondition):
            raise NotFound(f"{'/'.join(place)} has no file {name!r}")
        with told(name):
            remove(self._root, InnerPath((*place, *path)))

    def _check(self, place: InnerPath, path: InnerPath, precondition: Precondition) -> bool:
        """Return whether the file is there. Raises ChangedMeanwhile."""
        try:
            with told("/".join((*place, *path))):
                current = read_file(self._root, place, path, self._largest)
        except NotFound:
            current = None
        except FileTooLarge:
            if precondition != ALWAYS:
                raise
            return True
        if not precondition.allows(current.info.etag if current else None):
            raise _conflict("/".join(path), current)
        return current is not None

    async def _look(self, script: ScriptId) -> tuple[Problem, ...]:
        """Bring a script into force as its files are now; returns what is wrong with it."""
        await self._loop.look((script,), meant=(script,))
        entry = self._state.tree.entries.get(script)
        return entry.problems if entry else ()

    def _place(self, script: ScriptId) -> InnerPath:
        if script not in self._state.scripts:
            raise NotFound(f"there is no script {script!r}")
        return InnerPath(tuple(script.split("/")))


def tidy_tree(root: Path) -> None:
    """Clear what edits left that were cut off by the end of an earlier server."""
    try:
        for place in tidy(root):
            logger.warning("a removal was cut off and is undone", extra={"place": place})
    except OSError as error:
        logger.warning("unfinished edits stay as they are", extra={"error": str(error)})


def _conflict(path: str, current: FileContent | None) -> ChangedMeanwhile:
    if current is None:
        message = f"{path} is not there, and the edit is meant for a version of it"
        return ChangedMeanwhile(message, current=None, content=None)
    return ChangedMeanwhile(
        f"{path} is not the version that the edit is meant for: it is {current.info.etag} now. "
        "Bring the two together, and send the result with that ETag as If-Match",
        current=current.info.etag,
        content=_text(current.content),
    )


def _text(content: bytes) -> str | None:
    if len(content) > LARGEST_SHOWN:
        return None
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None
