"""What the web asks of the engine to change the tree: files, scripts and folders.

A part of `web.service`, as a protocol like it.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from engine.model.file import Edited, EditedFile, FileContent, FileList, Precondition
from engine.model.status import FolderReport, ScriptReport


class TreeEditing(Protocol):
    """Every method that takes an id or path raises NotFound when nothing has it."""

    # Files

    @property
    def largest_file(self) -> int:
        """Bytes of a file that is read or written."""
        ...

    async def files(self, script_id: str) -> FileList: ...

    async def file(self, script_id: str, path: str) -> FileContent: ...

    async def write_file(
        self,
        script_id: str,
        path: str,
        content: bytes,
        *,
        precondition: Precondition = ...,
        requested_by: str,
    ) -> EditedFile:
        """Write a file if it is the version meant, and bring it into force.

        Raises ChangedMeanwhile, InvalidInput, CannotWrite and NoSpace.
        """
        ...

    async def remove_file(
        self,
        script_id: str,
        path: str,
        *,
        precondition: Precondition = ...,
        requested_by: str,
    ) -> Edited: ...

    # Scripts that are changed

    async def change_script(
        self,
        script_id: str,
        changes: Mapping[str, object],
        *,
        precondition: Precondition = ...,
        requested_by: str,
    ) -> Edited:
        """Give keys of a manifest other values, None taking one out; nothing else of it changes.

        Raises ChangedMeanwhile, InvalidManifest, CannotWrite and NoSpace.
        """
        ...

    async def create_script(
        self,
        name: str,
        folder: str = "",
        *,
        changes: Mapping[str, object] = ...,
        code: str | None = None,
        requested_by: str,
    ) -> ScriptReport:
        """Create a script. Raises NameTaken, InvalidInput, InvalidManifest, CannotWrite."""
        ...

    async def remove_script(
        self, script_id: str, *, discard: bool = False, requested_by: str
    ) -> Edited:
        """Remove a script so that git can bring it back. Raises NotRestorable, CannotWrite."""
        ...

    async def create_folder(
        self, path: str, *, changes: Mapping[str, object] = ..., requested_by: str
    ) -> FolderReport:
        """Create a folder. Raises NameTaken, InvalidInput, InvalidManifest, CannotWrite."""
        ...

    async def change_folder(
        self,
        path: str,
        changes: Mapping[str, object],
        *,
        precondition: Precondition = ...,
        requested_by: str,
    ) -> tuple[FolderReport, str | None]:
        """Give keys of a `folder.yaml` other values; returns the folder and the file's ETag."""
        ...

    async def remove_folder(
        self, path: str, *, recursive: bool = False, discard: bool = False, requested_by: str
    ) -> tuple[Sequence[str], Edited]:
        """Remove a folder; returns the scripts that are gone with it. Raises NotEmpty too."""
        ...
