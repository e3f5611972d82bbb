"""Create folders, change what they say to the scripts below, remove them.

A folder is a directory, of which git knows nothing while it is empty, so a new one gets
a `folder.yaml`. What that says holds for all scripts below: the whole tree is looked
at after a change.
"""

import asyncio
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from engine.errors import InvalidInput, NameTaken, NotEmpty, NotFound
from engine.model.file import Edited, Precondition, etag_of
from engine.model.identity import ScriptId
from engine.model.tree import Severity
from engine.service.disk import told
from engine.service.file_edits import FileEdits
from engine.service.removal import Removal
from engine.service.script_edits import check_folder
from engine.service.workbench import Workbench
from engine.spec.folder import FOLDER_FILE, folder_defaults
from engine.spec.template import SCHEMA_DIRECTORY, new_folder_file, schema_line
from engine.tree.create import checked_folder, real_folder, write_shared
from engine.tree.exchange import exchange
from engine.tree.inner_path import InnerPath
from engine.tree.places import at_or_below

_FILE = InnerPath((FOLDER_FILE,))
_NAMED = 5
"""Names that a refusal tells."""


class FolderEdits:
    def __init__(self, bench: Workbench, files: FileEdits, removal: Removal) -> None:
        self._bench = bench
        self._root = bench.root
        self._files = files
        self._removal = removal

    async def create(self, path: str, changes: Mapping[str, Any], by: str) -> str:
        """Create a folder, and those above it; returns its path in its one form.

        Raises InvalidInput for a path that cannot be used, NameTaken, InvalidManifest,
        CannotWrite and NoSpace.
        """
        folder = self._named(path)
        check_folder(folder, self._bench.state.scripts)
        async with self._bench.turn:
            await asyncio.to_thread(self._create, folder, changes)
            places = [f"{folder}/{FOLDER_FILE}", SCHEMA_DIRECTORY]
            await self._bench.commits.try_to(places, f"Create folder {folder}", by)
            await self._bench.look_at_all()
        return folder

    def _create(self, folder: str, changes: Mapping[str, Any]) -> None:
        files = new_folder_file(folder)
        own = f"{folder}/{FOLDER_FILE}"
        content = self._edited(folder, files[own].encode(), changes)
        with told(folder):
            parent, _, name = folder.rpartition("/")
            taken = {each.name.lower() for each in real_folder(self._root, parent).iterdir()}
            if name.lower() in taken:
                raise NameTaken(f"{folder} is there already; choose another name")
            write_shared(self._root, own, files)
            exchange(self._root, _parts(own), content)

    async def change(
        self, path: str, changes: Mapping[str, Any], precondition: Precondition, by: str
    ) -> tuple[str, Edited]:
        """Give keys of a `folder.yaml` other values, None taking one out; returns its path.

        Raises NotFound, ChangedMeanwhile, InvalidManifest, CannotWrite and NoSpace.
        """
        folder = checked_folder(path)
        self._check_is_there(folder)
        own = str(PurePosixPath(folder) / FOLDER_FILE)
        async with self._bench.turn:
            etag = await asyncio.to_thread(self._change, folder, own, changes, precondition)
            keys = ", ".join(sorted(changes))
            text = f"Change folder {folder or '.'}: {keys}"
            commit = await self._bench.commits.try_to([own], text, by)
            await self._bench.look_at_all()
        return folder, Edited(commit=commit, etag=etag)

    def _change(
        self, folder: str, own: str, changes: Mapping[str, Any], precondition: Precondition
    ) -> str:
        place = _parts(folder) if folder else InnerPath(())
        is_there = self._files.check(place, _FILE, precondition)
        before = self._files.read(place, _FILE).content if is_there else None
        fresh = f"{schema_line(folder, 'folder')}\n".encode()
        after = self._edited(folder, fresh if before is None else before, changes)
        if after != before:
            with told(own):
                exchange(self._root, _parts(own), after)
        return etag_of(after)

    def _edited(self, folder: str, before: bytes, changes: Mapping[str, Any]) -> bytes:
        """Return the text of a `folder.yaml`. Raises InvalidManifest when it would be wrong."""
        from engine.spec.edit import edit, refusal

        after = edit(str(PurePosixPath(folder) / FOLDER_FILE), before, changes)
        found = folder_defaults(folder, after).problems
        errors = [problem for problem in found if problem.severity is Severity.ERROR]
        if errors:
            raise refusal("nothing was written", errors)
        return after

    async def remove(
        self, path: str, *, recursive: bool, discard: bool, by: str
    ) -> tuple[tuple[ScriptId, ...], Edited]:
        """Remove a folder in a commit; returns the scripts that are gone with it.

        One that holds more than its `folder.yaml` only if `recursive` says so; `discard` is as in
        `Removal`. Raises NotFound, NotEmpty, NotRestorable, Unavailable and CannotWrite.
        """
        folder = self._named(path)
        self._check_is_there(folder)
        async with self._bench.turn:
            scripts = tuple(sorted(at_or_below(self._bench.state.scripts, folder)))
            if not recursive:
                await asyncio.to_thread(self._check_empty, folder)
            commit = await self._removal.take_out(folder, discard=discard, by=by)
            await self._bench.look_at_all(gone=scripts)
        return scripts, Edited(commit=commit)

    def _check_empty(self, folder: str) -> None:
        with told(folder):
            names = {each.name for each in (self._root / folder).iterdir()}
        others = sorted(names - {FOLDER_FILE})
        if others:
            named = ", ".join(others[:_NAMED]) + (", …" if len(others) > _NAMED else "")
            raise NotEmpty(
                f"{folder} holds {named}; remove that first, or say recursive=true to remove all"
            )

    def _check_is_there(self, folder: str) -> None:
        if folder and folder not in self._bench.state.tree.folders:
            raise NotFound(f"there is no folder {folder!r}")

    def _named(self, path: str) -> str:
        folder = checked_folder(path)
        if not folder:
            raise InvalidInput("the root of the tree can be neither created nor removed")
        return folder


def _parts(path: str) -> InnerPath:
    return InnerPath(tuple(path.split("/")))
