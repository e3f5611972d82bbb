"""Read and write the files of scripts.

A file is written as it was asked for even if the script is then in error: that is
what writing a file means, and the last good definition stays in force. Whoever asked is
told what is wrong.
"""

import asyncio
import os
from datetime import UTC, datetime

from engine.errors import ChangedMeanwhile, FileTooLarge, NotFound
from engine.model.file import (
    ALWAYS,
    Edited,
    EditedFile,
    FileContent,
    FileInfo,
    FileList,
    Precondition,
    etag_of,
)
from engine.model.identity import ScriptId
from engine.service.disk import told
from engine.service.workbench import Workbench
from engine.tree.exchange import exchange, remove
from engine.tree.inner_path import InnerPath, inner_path
from engine.tree.script_files import list_files, read_file

LARGEST_SHOWN = 200_000
"""Bytes of a text that come with the refusal of an edit that was meant for another version."""


class FileEdits:
    def __init__(self, bench: Workbench, largest: int) -> None:
        """Edit files of up to `largest` bytes."""
        self._bench = bench
        self._root = bench.root
        self._largest = largest

    async def files(self, script: ScriptId) -> FileList:
        """Return the files of a script. Raises NotFound."""
        place = self._bench.place(script)
        return await asyncio.to_thread(self._list, place)

    def _list(self, place: InnerPath) -> FileList:
        with told("/".join(place)):
            return list_files(self._root, place, self._largest)

    async def file(self, script: ScriptId, path: str) -> FileContent:
        """Return a file. Raises NotFound, InvalidInput and FileTooLarge."""
        place, inner = self._bench.place(script), inner_path(path)
        return await asyncio.to_thread(self.read, place, inner)

    def read(self, place: InnerPath, path: InnerPath) -> FileContent:
        """Return a file; blocking. Raises as `file`."""
        with told("/".join((*place, *path))):
            return read_file(self._root, place, path, self._largest)

    async def write_file(
        self, script: ScriptId, path: str, content: bytes, precondition: Precondition, by: str
    ) -> EditedFile:
        """Write a file. Raises NotFound, InvalidInput, ChangedMeanwhile, CannotWrite, NoSpace."""
        place, inner = self._bench.place(script), inner_path(path)
        async with self._bench.turn:
            created, status = await asyncio.to_thread(
                self._write, place, inner, content, precondition
            )
            verb, what = "Create" if created else "Edit", f"{script}/{path}"
            commit = await self._bench.commits.try_to([what], f"{verb} {what}", by)
            await self._bench.look([script])
        problems = self._bench.problems(script)
        # Of what was written: somebody else may have changed the file on disk by now, and the
        # next edit must be refused then.
        info = FileInfo(
            path="/".join(inner),
            size=len(content),
            modified=datetime.fromtimestamp(status.st_mtime, UTC),
            etag=etag_of(content),
        )
        return EditedFile(
            info=info, result=Edited(problems=problems, created=created, commit=commit)
        )

    def _write(
        self, place: InnerPath, path: InnerPath, content: bytes, precondition: Precondition
    ) -> tuple[bool, os.stat_result]:
        """Write a file; returns whether it was not there before, and how it is now."""
        is_there = self.check(place, path, precondition)
        with told("/".join((*place, *path))):
            status = exchange(self._root, InnerPath((*place, *path)), content)
        return not is_there, status

    async def remove_file(
        self, script: ScriptId, path: str, precondition: Precondition, by: str
    ) -> Edited:
        """Remove a file. Raises NotFound, InvalidInput, ChangedMeanwhile, CannotWrite."""
        place, inner = self._bench.place(script), inner_path(path)
        async with self._bench.turn:
            await asyncio.to_thread(self._remove, place, inner, precondition)
            what = f"{script}/{path}"
            commit = await self._bench.commits.try_to([what], f"Remove {what}", by)
            await self._bench.look([script])
        return Edited(problems=self._bench.problems(script), commit=commit)

    def _remove(self, place: InnerPath, path: InnerPath, precondition: Precondition) -> None:
        name = "/".join((*place, *path))
        if not self.check(place, path, precondition):
            raise NotFound(f"{name}: there is no such file")
        with told(name):
            remove(self._root, InnerPath((*place, *path)))

    def check(self, place: InnerPath, path: InnerPath, precondition: Precondition) -> bool:
        """Return whether a file is there; blocking. Raises ChangedMeanwhile."""
        try:
            current = self.read(place, path)
        except NotFound:
            current = None
        except FileTooLarge:
            if precondition != ALWAYS:
                raise
            return True
        if not precondition.allows(current.info.etag if current else None):
            raise _conflict("/".join(path), current)
        return current is not None


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
