"""What the engine lets people change of the tree: files, manifests, scripts and folders."""

import asyncio
from collections.abc import Mapping, Sequence

from engine.errors import NotFound
from engine.model.file import (
    ALWAYS,
    Edited,
    EditedFile,
    FileContent,
    FileList,
    Precondition,
)
from engine.model.identity import ScriptId
from engine.model.status import FolderReport, ScriptReport
from engine.service.compose import Composition
from engine.service.folders import folder_reports

NOTHING: Mapping[str, object] = {}


class Edits:
    """The part of Engine that edits the tree; each edit has the name of who asked for it."""

    _all: Composition

    @property
    def largest_file(self) -> int:
        """Bytes of a file that is read or written."""
        return self._all.settings.server.max_file

    async def files(self, script_id: str) -> FileList:
        """Return the files of a script. Raises NotFound."""
        return await self._all.edits.files.files(ScriptId(script_id))

    async def file(self, script_id: str, path: str) -> FileContent:
        """Return one file. Raises NotFound, InvalidInput and FileTooLarge."""
        return await self._all.edits.files.file(ScriptId(script_id), path)

    async def write_file(
        self,
        script_id: str,
        path: str,
        content: bytes,
        *,
        precondition: Precondition = ALWAYS,
        requested_by: str,
    ) -> EditedFile:
        """Write a file, whatever it says, and tell what is wrong with the script then.

        Raises NotFound, InvalidInput, ChangedMeanwhile, CannotWrite and NoSpace.
        """
        return await self._all.edits.files.write_file(
            ScriptId(script_id), path, content, precondition, requested_by
        )

    async def remove_file(
        self,
        script_id: str,
        path: str,
        *,
        precondition: Precondition = ALWAYS,
        requested_by: str,
    ) -> Edited:
        """Remove a file. Raises NotFound, InvalidInput, ChangedMeanwhile and CannotWrite."""
        return await self._all.edits.files.remove_file(
            ScriptId(script_id), path, precondition, requested_by
        )

    async def change_script(
        self,
        script_id: str,
        changes: Mapping[str, object],
        *,
        precondition: Precondition = ALWAYS,
        requested_by: str,
    ) -> Edited:
        """Give keys of a script's manifest other values; None takes one out.

        Raises NotFound, ChangedMeanwhile, InvalidManifest, CannotWrite and NoSpace.
        """
        return await self._all.edits.scripts.change(
            ScriptId(script_id), changes, precondition, requested_by
        )

    async def create_script(
        self,
        name: str,
        folder: str = "",
        *,
        changes: Mapping[str, object] = NOTHING,
        code: str | None = None,
        requested_by: str,
    ) -> ScriptReport:
        """Create a script from the template; `changes` are keys of its manifest.

        Raises InvalidInput, NameTaken, InvalidManifest, CannotWrite and NoSpace.
        """
        script = await self._all.edits.scripts.create(name, folder, changes, code, requested_by)
        return self._all.reports.one(script, self._all.clock.now())

    async def remove_script(
        self, script_id: str, *, discard: bool = False, requested_by: str
    ) -> Edited:
        """Remove a script in a commit that can be undone; `discard`: also what git ignores.

        Raises NotFound, NotRestorable, Unavailable, CannotWrite and NoSpace.
        """
        return await self._all.edits.scripts.remove(
            ScriptId(script_id), discard=discard, by=requested_by
        )

    async def create_folder(
        self, path: str, *, changes: Mapping[str, object] = NOTHING, requested_by: str
    ) -> FolderReport:
        """Create a folder; `changes` are keys of its `folder.yaml`.

        Raises InvalidInput, NameTaken, InvalidManifest, CannotWrite and NoSpace.
        """
        return await self._folder(await self._all.edits.folders.create(path, changes, requested_by))

    async def change_folder(
        self,
        path: str,
        changes: Mapping[str, object],
        *,
        precondition: Precondition = ALWAYS,
        requested_by: str,
    ) -> tuple[FolderReport, str | None]:
        """Give keys of a `folder.yaml` other values; returns the folder and the file's ETag.

        None takes a key out. Raises NotFound, ChangedMeanwhile, InvalidManifest, CannotWrite.
        """
        folder, edited = await self._all.edits.folders.change(
            path, changes, precondition, requested_by
        )
        return await self._folder(folder), edited.etag

    async def remove_folder(
        self, path: str, *, recursive: bool = False, discard: bool = False, requested_by: str
    ) -> tuple[Sequence[str], Edited]:
        """Remove a folder in a commit; returns the scripts that are gone with it.

        Raises NotFound, NotEmpty, NotRestorable, Unavailable, CannotWrite and NoSpace.
        """
        return await self._all.edits.folders.remove(
            path, recursive=recursive, discard=discard, by=requested_by
        )

    async def _folder(self, path: str) -> FolderReport:
        state = self._all.state
        found = await asyncio.to_thread(
            folder_reports, self._all.root, state.tree, tuple(state.scripts)
        )
        report = next((each for each in found if each.path == path), None)
        if report is None:
            raise NotFound(f"there is no folder {path!r}")
        return report
