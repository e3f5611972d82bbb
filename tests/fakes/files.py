"""Files of scripts as the web sees them, in memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from engine.errors import ChangedMeanwhile, EngineError, NotFound
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
from engine.model.identity import safe_name
from engine.model.status import FolderReport, ScriptReport
from engine.model.tree import Problem
from engine.tree.inner_path import inner_path

MANIFEST = "script.yaml"
THEN = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@dataclass
class FakeFiles:
    """Contents by script and path; a part of FakeEngine."""

    disk: dict[tuple[str, str], bytes] = field(default_factory=dict[tuple[str, str], bytes])
    edits: list[tuple[str, ...]] = field(default_factory=list[tuple[str, ...]])
    """What was changed: verb, script, path and who asked."""
    mistakes: tuple[Problem, ...] = ()
    """What each edit finds wrong afterwards."""
    disk_failure: EngineError | None = None
    largest_file: int = 1_000

    async def files(self, script_id: str) -> FileList:
        self.script(script_id)
        found = [
            _info(path, data) for (owner, path), data in self.disk.items() if owner == script_id
        ]
        return FileList(items=found, complete=True)

    async def file(self, script_id: str, path: str) -> FileContent:
        found = self._content(script_id, path)
        if found is None:
            raise NotFound(f"{script_id} has no file {path!r}")
        return FileContent(info=_info(path, found), content=found)

    async def write_file(
        self,
        script_id: str,
        path: str,
        content: bytes,
        *,
        precondition: Precondition = ALWAYS,
        requested_by: str,
    ) -> EditedFile:
        before = self._content(script_id, path)
        self._check(before, precondition)
        self.edits.append(("write", script_id, path, requested_by))
        self.disk[script_id, path] = content
        result = Edited(problems=self.mistakes, created=before is None)
        return EditedFile(info=_info(path, content), result=result)

    async def remove_file(
        self,
        script_id: str,
        path: str,
        *,
        precondition: Precondition = ALWAYS,
        requested_by: str,
    ) -> Edited:
        before = self._content(script_id, path)
        self._check(before, precondition)
        if before is None:
            raise NotFound(f"{script_id} has no file {path!r}")
        self.edits.append(("remove", script_id, path, requested_by))
        del self.disk[script_id, path]
        return Edited(problems=self.mistakes)

    async def change_script(
        self,
        script_id: str,
        changes: Mapping[str, object],
        *,
        precondition: Precondition = ALWAYS,
        requested_by: str,
    ) -> Edited:
        before = self._content(script_id, MANIFEST)
        self._check(before, precondition)
        self.edits.append(("change", script_id, *sorted(changes), requested_by))
        return Edited(problems=self.mistakes, etag=etag_of(b"changed"))

    async def create_script(
        self,
        name: str,
        folder: str = "",
        *,
        changes: Mapping[str, object] | None = None,
        code: str | None = None,
        requested_by: str,
    ) -> ScriptReport:
        self._check(None, ALWAYS)
        script = f"{folder}/{safe_name(name)}".lstrip("/")
        self.edits.append(("create", script, *sorted(changes or {}), code or "", requested_by))
        return self.made(script)

    async def remove_script(
        self, script_id: str, *, discard: bool = False, requested_by: str
    ) -> Edited:
        self.script(script_id)
        self._check(None, ALWAYS)
        self.edits.append(("remove", script_id, "all" if discard else "", requested_by))
        return Edited(commit="c" * 40)

    async def create_folder(
        self, path: str, *, changes: Mapping[str, object] | None = None, requested_by: str
    ) -> FolderReport:
        self._check(None, ALWAYS)
        self.edits.append(("create folder", path, *sorted(changes or {}), requested_by))
        return a_folder(path)

    async def change_folder(
        self,
        path: str,
        changes: Mapping[str, object],
        *,
        precondition: Precondition = ALWAYS,
        requested_by: str,
    ) -> tuple[FolderReport, str | None]:
        self._check(self.disk.get((path, "folder.yaml")), precondition)
        self.edits.append(("change folder", path, *sorted(changes), requested_by))
        return a_folder(path), etag_of(b"changed")

    async def remove_folder(
        self, path: str, *, recursive: bool = False, discard: bool = False, requested_by: str
    ) -> tuple[Sequence[str], Edited]:
        self._check(None, ALWAYS)
        self.edits.append(("remove folder", path, str(recursive), str(discard), requested_by))
        return ["etl/load"] if recursive else [], Edited(commit="c" * 40)

    def _content(self, script_id: str, path: str) -> bytes | None:
        self.script(script_id)
        inner_path(path)
        return self.disk.get((script_id, path))

    def _check(self, before: bytes | None, precondition: Precondition) -> None:
        if self.disk_failure:
            raise self.disk_failure
        tag = None if before is None else etag_of(before)
        if not precondition.allows(tag):
            text = None if before is None else before.decode(errors="replace")
            raise ChangedMeanwhile("it is another version", current=tag, content=text)

    def script(self, script_id: str) -> ScriptReport:
        raise NotImplementedError

    def made(self, script_id: str) -> ScriptReport:
        """Have a script that is new."""
        raise NotImplementedError


def _info(path: str, content: bytes) -> FileInfo:
    return FileInfo(path=path, size=len(content), modified=THEN, etag=etag_of(content))


def a_folder(path: str) -> FolderReport:
    return FolderReport(
        path=path, name=path, description="", defaults={}, scripts=0, scripts_below=0, problems=()
    )
