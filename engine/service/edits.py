"""What the engine lets people change of the tree: files, manifests, scripts and folders."""

from engine.model.file import (
    ALWAYS,
    Edited,
    EditedFile,
    FileContent,
    FileList,
    Precondition,
)
from engine.model.identity import ScriptId
from engine.service.compose import Composition


class Edits:
    """The part of Engine that edits the tree; each edit has the name of who asked for it."""

    _all: Composition

    @property
    def largest_file(self) -> int:
        """Bytes of a file that is read or written."""
        return self._all.settings.server.max_file

    async def files(self, script_id: str) -> FileList:
        """Return the files of a script. Raises NotFound."""
        return await self._all.edits.files(ScriptId(script_id))

    async def file(self, script_id: str, path: str) -> FileContent:
        """Return one file. Raises NotFound, InvalidInput and FileTooLarge."""
        return await self._all.edits.file(ScriptId(script_id), path)

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
        return await self._all.edits.write_file(
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
        return await self._all.edits.remove_file(
            ScriptId(script_id), path, precondition, requested_by
        )
